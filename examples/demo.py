"""The demonstration behind `make demo`: the guestbook online on this machine, a second version under traffic, and back.

It does what a person would do: it calls the `seawall` command and looks at the app through its https address, while a
steady stream of requests notes what each of them got. The last line says how many there were and how many failed.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from seawall.traffic import Report, TrafficPlan, TrafficProcess

EXAMPLES = Path(__file__).parent
PROJECT = EXAMPLES.parent / ".demo" / "guestbook"
COMMAND = Path(sys.executable).with_name("seawall")
RATE = 200
#: Traffic before the first change and after the last, seconds.
CALM = 2


def main() -> None:
    fresh_project()
    port = choose_port()
    say("The guestbook goes online on this machine: `seawall up`")
    seawall("up")
    address = f"https://localhost:{port}"
    say(f"Now {RATE} requests a second arrive, and a second version is released under them: `seawall up`")
    plan = TrafficPlan(
        f"{address}/",
        rate=RATE,
        ca_file=str(PROJECT / ".seawall/local/tls/ca.crt"),
        mark=r"[Vv]ersion[^0-9]{0,40}([12]\.0)",
    )
    with TrafficProcess.start(plan) as traffic:
        time.sleep(CALM)
        shutil.copytree(EXAMPLES / "second-version", PROJECT, dirs_exist_ok=True)
        seawall("up")
        time.sleep(CALM)
        say("And it is taken back, still under traffic: `seawall rollback`")
        seawall("rollback", "-e", "local")
        time.sleep(CALM)
        report = traffic.stop()
    finish(report, address)


def fresh_project() -> None:
    """A copy of the example of its own; what an earlier demonstration left running is stopped first."""
    if PROJECT.exists():
        if (PROJECT / ".seawall").exists():
            seawall("down")
        shutil.rmtree(PROJECT)
    shutil.copytree(EXAMPLES / "guestbook", PROJECT)


def choose_port() -> int:
    """The usual port, or any free one if somebody has it; written into the project's own file."""
    https, http = (usual if is_free(usual) else any_free() for usual in (8443, 8080))
    with (PROJECT / "seawall.toml").open("a") as config:
        config.write(f"\n[local]\nport = {https}\nhttp_port = {http}\n")
    return https


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def any_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seawall(*arguments: str) -> None:
    """The command as a person would type it, in the project. A failure ends the demonstration."""
    done = subprocess.run([COMMAND, "-C", str(PROJECT), *arguments], check=False)
    if done.returncode:
        sys.exit(f"demo: `seawall {' '.join(arguments)}` failed with exit code {done.returncode}")


def say(text: str) -> None:
    print(f"\n── {text}", flush=True)


def finish(report: Report, address: str) -> None:
    where = PROJECT.relative_to(Path.cwd()) if PROJECT.is_relative_to(Path.cwd()) else PROJECT
    run = f"{COMMAND.relative_to(Path.cwd()) if COMMAND.is_relative_to(Path.cwd()) else COMMAND} -C {where}"
    say("What the visitors saw")
    print("   " + report.line())
    for mark in report.marks:
        print(f"   version {mark.name}: {mark.count} answers")
    for at, what in report.failures[:5]:
        print(f"   failed: {at:.2f} s: {what}")
    print(f"\n   look at it   {address}   (trust {where}/.seawall/local/tls/ca.crt, or accept the warning)")
    print(f"   its state    {run} status -e local")
    print(f"   its logs     {run} logs -e local")
    print(f"   stop it      {run} down\n")
    stall = round(report.longest_stall_ms)
    print(f"demo: {report.requests} requests, {report.failed} failed, longest stall {stall} ms, {address}")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
