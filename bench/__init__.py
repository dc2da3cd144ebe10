"""Measurements of seawall against its budgets: `python -m bench` from the repository's root.

Every figure is a median, stands beside `ssh host true` (or another yardstick) measured in the same run, in turns, and
is judged as a ratio to it, so that a slower or busier machine moves both. Nothing here fails for being slow.
"""
