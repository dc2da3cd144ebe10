"""A server of one's own: looked at, made a good home, and never closed to the one who does it."""
