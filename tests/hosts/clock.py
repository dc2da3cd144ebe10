"""Wrong clocks: of single programs, since a test host has the clock of this machine."""

import base64
import datetime
from pathlib import Path

from .commands import run
from .machine import Host

SOURCE = Path(__file__).with_name("clock.c")
ON_HOST = "/usr/local/lib/clock.so"


def library(folder: Path) -> Path:
    """What makes the clock of a process wrong, made in this folder; `at` has it used."""
    made = folder / "clock.so"
    run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE)])
    return made


def at(shift: int, library: str) -> dict[str, str]:
    """The environment of a process whose clock is wrong by `shift` seconds."""
    return {"LD_PRELOAD": library, "CLOCK_SHIFT": str(shift)}


def wrong_on(host: Host, day: str, folder: Path, *programs: str) -> None:
    """From now on these programs of the host live at noon of `day`, as what comes first on PATH."""
    content = base64.b64encode(library(folder).read_bytes()).decode()
    host.run(["sh", "-c", f"base64 -d >{ON_HOST}"], stdin=content)
    noon = datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00")
    shift = round((noon - datetime.datetime.now(datetime.UTC)).total_seconds())
    variables = " ".join(f"{name}={value}" for name, value in at(shift, ON_HOST).items())
    for program in programs:
        script = f'#!/bin/sh\nexec env {variables} /usr/bin/{program} "$@"\n'
        host.write_file(f"/usr/local/bin/{program}", script, mode="755")


def right_on(host: Host, *programs: str) -> None:
    """Take that back."""
    host.run(["rm", *(f"/usr/local/bin/{program}" for program in programs)])
