"""What a host can hold, one file a kind: ``observe`` what is there, ``diff`` it with what should be, ``apply``."""
