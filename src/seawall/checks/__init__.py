"""The production checklist: one rule a function, with id, severity, evidence, remedy and reference."""
