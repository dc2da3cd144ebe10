"""What a person asks of an app's data on its hosts."""
