"""The rules that look at the live site and its hosts."""
