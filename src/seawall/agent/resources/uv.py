"""uv, in a virtual environment of its own. It is observed by reading a folder's name, and never run for that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from seawall.agent import files, process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, Uv

#: The host's certificate authorities: pip brings its own list, which lacks those an administrator added.
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def observe(resource: Uv) -> str:
    """The version that is there, "" if none."""
    place = Path(resource.path)
    if not os.access(place / "bin" / "uv", os.X_OK):
        return ""
    versions = sorted(info.name[3:-10] for info in place.glob("lib/python*/site-packages/uv-*.dist-info"))
    return versions[0] if len(versions) == 1 else ""


def diff(resource: Uv, version: str) -> Change | None:
    """What must change, or None."""
    if version == resource.version:
        return None
    if version:
        return Change("uv", resource.path, "update", f"uv {version} → {resource.version}", version)
    return Change("uv", resource.path, "install", f"uv {resource.version}", "absent")


def apply(resource: Uv, _version: str, work: Work) -> None:
    """Build the virtual environment beside its place and put it there. Raises ApplyFailed, DiskFull or OSError."""

    def build(place: str) -> None:
        """As the build user, if there is one; what it made is then ours, so that no build can change uv later."""
        Path(place).mkdir(0o755)
        if resource.user:
            os.chown(place, files.uid_of(resource.user), -1)
        _run(resource, ["python3", "-m", "venv", place], work)
        _run(resource, _pip(place, resource.version), work)
        if resource.user:
            _take_over(place)

    work.undo.replace_tree(resource.path, build)


def _pip(place: str, version: str) -> list[str]:
    options = ["--disable-pip-version-check", "--no-cache-dir", "--no-input", "--only-binary", ":all:"]
    options += ["--cert", AUTHORITIES] if Path(AUTHORITIES).exists() else []
    return [f"{place}/bin/python", "-m", "pip", "install", *options, f"uv=={version}"]


def _run(resource: Uv, command: list[str], work: Work) -> None:
    rights: dict[str, Any] = {"user": resource.user or None, "umask": 0o022, "cwd": "/"}
    try:
        process.check(command, timeout=600, **rights, on_line=work.on_line, cancelled=work.cancelled)
    except CommandFailed as error:
        raise ApplyFailed(
            f"uv {resource.version} could not be installed", place=resource.path, output=error.output
        ) from error


def _take_over(place: str) -> None:
    files.give(place, *texts.ids("", ""))
