"""How quickly the usual servers answer, and seawall's own defaults: `python -m bench serve`; see docs/performance.md.

All of them run the same app on the same test host, and are asked in turns, so that a busy machine slows all alike.
"""
