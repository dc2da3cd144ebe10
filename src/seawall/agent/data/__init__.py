"""An app's data on a host: databases, backups of them and of the app's files, the proof that those can be restored."""
