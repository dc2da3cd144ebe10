"""Running the app's own commands in a release: as the app's user, in its code, with its environment."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence

from seawall.agent.errors import BadRequest, CommandFailed, MigrationFailed
from seawall.agent.masking import masker
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.process import PATH, WITHOUT_GAIN, run
from seawall.agent.releases import Made
from seawall.agent.vocabulary import Release

#: Bound on a migration, seconds: a long one is common, an endless one waits for a lock nobody will release.
MIGRATION_TIMEOUT = 3600
#: As in the app's units: what it writes is its own.
UMASK = 0o077


def environment(at: ReleasePlaces, places: Places, env: Mapping[str, str]) -> dict[str, str]:
    """What the app's processes see: its variables, the virtual environment first on PATH, its data as home."""
    return {"PATH": f"{at.venv}/bin:{PATH}", "HOME": str(places.data), "VIRTUAL_ENV": str(at.venv), **env}


def run_once(
    what: str,
    command: str,
    places: Places,
    at: ReleasePlaces,
    release: Release,
    *,
    on_line: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    """Run the set-up or migration command, its output shown with secrets masked. Raises MigrationFailed."""
    mask = masker(release)
    shown: list[str] = []

    def hear(line: str) -> None:
        shown.append(mask(line))
        on_line(shown[-1])

    argv = ["/bin/sh", "-c", command]
    env = environment(at, places, release.env)
    user = places.layout.user or None
    try:
        done = run(
            argv,
            timeout=MIGRATION_TIMEOUT,
            cwd=str(at.code),
            env=env,
            user=user,
            umask=UMASK,
            on_line=hear,
            cancelled=cancelled,
        )
    except CommandFailed as error:
        raise MigrationFailed(f"{what}: {error.fact}", place=command, output="\n".join(shown[-30:])) from error
    if done.returncode:
        raise MigrationFailed(
            f"the {what} command failed with exit code {done.returncode}",
            place=command,
            remedy="its output is below",
            output="\n".join(shown[-30:]),
        )


def become(places: Places, made: Made, argv: Sequence[str]) -> None:
    """Replace this process by a one-off command in the release's environment. Does not return."""
    at = places.release(made.id)
    env = {**environment(at, places, made.release.env), "LANG": "C.UTF-8"}
    if "TERM" in os.environ:
        env["TERM"] = os.environ["TERM"]
    os.chdir(at.code)
    _drop_rights(places)
    found = shutil.which(argv[0], path=env["PATH"])
    words = [*WITHOUT_GAIN, found, *argv[1:]] if found and places.layout.user else list(argv)
    ours = signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the command is to find it as a shell would leave it
    try:
        os.execvpe(words[0], words, env)  # noqa: S606 - an argument list, and this process is to become it
    except OSError as error:
        signal.signal(signal.SIGPIPE, ours)
        raise BadRequest(
            f"{shlex.quote(argv[0])} cannot be run: {error.strerror}",
            place=f"release {made.id}",
            remedy="commands are looked up in the release's virtual environment, then on the host",
        ) from error


def _drop_rights(places: Places) -> None:
    if places.layout.user:
        os.setgroups([])
        os.setgid(places.gid)
        os.setuid(places.uid)
    os.umask(UMASK)
