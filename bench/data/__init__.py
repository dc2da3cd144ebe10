"""What the care for data costs: the memory of backups, what travels, and what visitors notice."""
