"""What of the distribution's starts at boot: the links that `systemctl enable` makes, made so that they can be taken
back."""

from __future__ import annotations

import os

from seawall.agent import files
from seawall.agent.files import ABSENT, Found
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import AtBoot, Change

#: What is started with the system, and where packages put units (systemd.unit(5)).
WANTS = "/etc/systemd/system/multi-user.target.wants"
UNITS = "/lib/systemd/system"


def observe(resource: AtBoot) -> Found:
    """The unit's link, if it is there."""
    return files.look(os.path.join(WANTS, resource.unit))


def diff(resource: AtBoot, found: Found) -> Change | None:
    """What must change, or None."""
    if resource.on == (found.kind != ABSENT):
        return None
    words = "starts at boot" if resource.on else "does not start at boot"
    return Change("at-boot", resource.unit, "update", words, texts.digest_of(found, False))


def apply(resource: AtBoot, _found: Found, work: Work) -> None:
    """Make or remove the link; systemd reads it at the next boot. Raises OSError."""
    path = os.path.join(WANTS, resource.unit)
    if resource.on:
        work.undo.make_link(path, os.path.join(UNITS, resource.unit))
    else:
        work.undo.remove(path)
