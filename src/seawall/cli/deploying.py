"""Carrying out a plan, for `deploy` and `up`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from seawall.cli import console
from seawall.cli.following import follow
from seawall.cli.render.deployed import Done
from seawall.errors import Declined

if TYPE_CHECKING:
    from seawall.operations.plan import Plan


def accept(question: str) -> None:
    """Ask. Raises Declined if the answer is not yes."""
    if not console.confirmed(question):
        raise Declined("not done, as you wished", state="nothing was changed")


def carry_out(plan: Plan) -> Done:
    """Do what the plan says, if anything, and tell of it."""
    from seawall.operations.deploy import deploy

    before = {item.host.name: item.host.live for item in plan.hosts}
    if plan.empty:
        return Done(plan.hosts[0].host.live, before, 0.0)
    begun = time.monotonic()
    made = any(item.release.new for item in plan.hosts)
    done = follow(deploy(plan), plan.release_id if made else plan.hosts[0].host.live, plan.hosts)
    return Done(done.live, done.before, time.monotonic() - begun, done.troubles)
