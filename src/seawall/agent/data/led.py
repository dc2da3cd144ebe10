"""A command of the app's own, led to another database than the app's: one that was restored or copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seawall.agent import commands, process
from seawall.agent.data.vocabulary import Data
from seawall.agent.errors import CommandFailed
from seawall.agent.masking import masker
from seawall.agent.places import Places
from seawall.agent.process import Completed
from seawall.agent.vocabulary import Release


def run(
    command: str, places: Places, live: str, release: Release, env: Mapping[str, str], *, timeout: float
) -> Completed:
    """Run it as the app's user in its ``live`` release, with the variables ``env``; its ``output`` hides their secrets.

    Raises CommandFailed if it cannot be started or runs out of time (seconds).
    """
    at = places.release(live)
    done = process.run(
        ["/bin/sh", "-c", command],
        timeout=timeout,
        cwd=str(at.code),
        env=commands.environment(at, places, dict(env)),
        user=places.layout.user or None,
        umask=commands.UMASK,
    )
    return Completed(done.returncode, "", "", masker(release)(process.tail(done.output)))


def elsewhere(env: Mapping[str, str], data: Data, url: Callable[[str], str], redis: str = "") -> dict[str, str]:
    """The app's variables, with those that lead to its database, and its Redis, made to lead to others. Raises
    CommandFailed where none leads to the database: a check that looked at the live one would prove nothing."""
    variable = data.database.variable if data.database else ""
    live = env.get(variable, "")
    if not live:
        raise CommandFailed(
            f"the live release has no {variable}, so its check could not be led to the restored database",
            remedy="deploy, and run the drill again",
        )
    led = {name: url(value) if value == live else value for name, value in env.items()}
    own = data.redis.socket if data.redis else ""
    return {name: value.replace(own, redis) if own else value for name, value in led.items()}
