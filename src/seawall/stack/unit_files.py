"""systemd as a reader of files: where units lie, and how it hears that they have changed."""

from __future__ import annotations

from seawall.agent.vocabulary import Service

UNIT_DIR = "/etc/systemd/system"
#: systemd itself, which reads its units again.
UNITS = Service("systemd", reload=("systemctl", "daemon-reload"))
