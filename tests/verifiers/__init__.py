"""Independent verifiers, each wrapped in one module, and what they must say of a host made by seawall's defaults."""
