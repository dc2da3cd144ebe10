"""The parts of `seawall tune` that decide and draw: what is tried, what follows from it, and how it is shown."""
