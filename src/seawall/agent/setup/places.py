"""Where a host's own set-up is kept; apps know nothing of it."""

from __future__ import annotations

HOME = "/var/lib/seawall/host"
PROFILE = f"{HOME}/profile.json"
LOCK = f"{HOME}/lock"
PENDING = f"{HOME}/pending.json"
#: What is made first, and kept whatever becomes of the rest; and what waits for a confirmation.
CALM_OWNED, CALM_UNDO = f"{HOME}/owned.json", f"{HOME}/undo-calm"
GUARDED_OWNED, GUARDED_UNDO = f"{HOME}/owned-guarded.json", f"{HOME}/undo"
