"""The rules that need no server: they read the project's files."""
