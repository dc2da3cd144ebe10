"""The tool's own front for the local target, for a machine without nginx. It imports nothing of seawall."""
