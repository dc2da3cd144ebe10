"""PostgreSQL's server as Debian runs it: up, on at boot, and with the settings that seawall's file says.

A setting that only a start can change means a restart, which ends what the apps are doing with their databases: the
plan says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from seawall.agent import process
from seawall.agent.data import fence, psql
from seawall.agent.data.wanted import PostgresqlServer
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.data_server import systemctl
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

#: What ``systemctl enable postgresql`` makes; that unit starts all clusters which are to start by themselves.
AT_BOOT = Path("/etc/systemd/system/multi-user.target.wants/postgresql.service")
TIMEOUT = 300  #: seconds that a start may take: it repairs what a crash left
#: What a setting needs to take effect (PostgreSQL's documentation, 54.25, pg_settings, "context").
START = "postmaster"
SETTINGS = "SELECT name, current_setting(name), context, coalesce(sourcefile, '') FROM pg_settings WHERE name IN ({})"
#: What nobody has put anything into yet.
EMPTY = "SELECT count(*) = 0 FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"


@dataclass(frozen=True)
class Setting:
    """A setting as the server has it, what it needs to change, and the file that it is from."""

    value: str
    context: str
    source: str


@dataclass(frozen=True)
class ServerFound:
    """``there``: the cluster exists. ``enabled`` at boot. ``fenced``: another took its place, so it stays down."""

    there: bool = False
    runs: bool = False
    enabled: bool = False
    settings: Mapping[str, Setting] = field(default_factory=dict)
    fenced: bool = False


def unit(version: str) -> str:
    """Debian's unit of the cluster."""
    return f"postgresql@{version}-main.service"


def observe(resource: PostgresqlServer) -> ServerFound:
    """How it is. Raises ApplyFailed where it runs and does not answer."""
    if not psql.is_there(resource.version):
        return ServerFound()
    enabled = AT_BOOT.is_symlink()
    if fence.fence(resource.version) is not None:
        return ServerFound(there=True, enabled=enabled, fenced=True)
    if not psql.runs(resource.version):
        return ServerFound(there=True, enabled=enabled)
    return ServerFound(True, True, enabled, _settings(resource))


def _settings(resource: PostgresqlServer) -> dict[str, Setting]:
    names = ", ".join(psql.text(name) for name in sorted(resource.wanted))
    try:
        rows = psql.ask(SETTINGS.format(names))
    except CommandFailed as error:
        raise ApplyFailed(
            f"PostgreSQL {resource.version} runs and does not answer",
            place=unit(resource.version),
            state="nothing has been changed",
            remedy="`sudo -u postgres psql` on the host must work; pg_hba.conf needs `local all postgres peer`",
            output=error.output,
        ) from error
    return {name: Setting(*rest) for name, *rest in rows}


def _differing(resource: PostgresqlServer, found: ServerFound) -> dict[str, Setting]:
    """The settings that are not as wanted, and that nobody else has the last word on."""
    return {
        name: now
        for name, now in found.settings.items()
        if now.value != resource.wanted[name] and not _is_anothers(now.source, resource.file)
    }


def _is_anothers(source: str, ours: str) -> bool:
    """Whether the file is read after ours: those of a folder are, by their names, and ALTER SYSTEM's is the last."""
    path, mine = PurePath(source), PurePath(ours)
    return path.name == "postgresql.auto.conf" or (path.parent == mine.parent and path.name > mine.name)


def diff(resource: PostgresqlServer, found: ServerFound) -> Change | None:
    """What must happen, or None."""
    differing = _differing(resource, found)
    if found.fenced or (found.runs and found.enabled and not differing):
        return None
    lines = [] if found.enabled else ["starts at boot"]
    lines += [f"{name} {now.value!r} → {resource.wanted[name]!r}" for name, now in sorted(differing.items())]
    action = "start"
    if found.runs:
        restarts = any(now.context == START for now in differing.values())
        lines += ["it is restarted: what the apps of this host are asking it fails meanwhile"] if restarts else []
        action = "restart" if restarts else "reload"
    before = texts.digest(found.there, found.runs, found.enabled, sorted(found.settings.items()))
    return Change("postgresql", f"{resource.version}/main", action, "\n".join(lines), before)


def apply(resource: PostgresqlServer, _found: ServerFound, _work: Work) -> None:
    """Have it run as it should, once its files are ones that it can read. Raises ApplyFailed, CheckRefused."""
    found = observe(resource)  # anew: another file's settings may have been taken on just before
    if not found.there:
        raise ApplyFailed(
            f"the host has no PostgreSQL cluster {resource.version}/main",
            place=f"/etc/postgresql/{resource.version}/main",
            remedy=f"make one on the host: pg_createcluster {resource.version} main",
        )
    systemctl("PostgreSQL", TIMEOUT, "daemon-reload")  # what is said of the unit holds from here on
    if not found.enabled:
        systemctl("PostgreSQL", TIMEOUT, "enable", "--quiet", "postgresql.service")
    if not found.runs:
        systemctl("PostgreSQL", TIMEOUT, "start", unit(resource.version))
        found = observe(resource)
    psql.check_files()
    if _is_new():
        _with_checksums(resource.version)
    else:
        _take_on(resource, found)
    left = _differing(resource, observe(resource))
    if left:
        name, now = min(left.items())
        raise ApplyFailed(
            f"PostgreSQL has {name} = {now.value!r}, and should have {resource.wanted[name]!r}",
            place=now.source or resource.file,
            remedy="see that postgresql.conf ends with include_dir = 'conf.d', and sets nothing below it",
        )


def _take_on(resource: PostgresqlServer, found: ServerFound) -> None:
    """Read the files again, or start anew where a setting needs that."""
    differing = _differing(resource, found)
    if any(now.context == START for now in differing.values()):
        systemctl("PostgreSQL", TIMEOUT, "restart", unit(resource.version))
    elif differing:
        systemctl("PostgreSQL", TIMEOUT, "reload", unit(resource.version))


def _is_new() -> bool:
    """Whether no app has anything on the server yet, and its files have no checksums."""
    return psql.ask(f"{EMPTY}; SHOW data_checksums") == [["t"], ["off"]]


def _with_checksums(version: str) -> None:
    """Start anew, with checksums of all that lies on the disk: only a server that is down can be given them
    (pg_checksums(1)), and one without data in a moment."""
    systemctl("PostgreSQL", TIMEOUT, "stop", unit(version))
    program = f"/usr/lib/postgresql/{version}/bin/pg_checksums"
    command = [program, "--enable", "--pgdata", f"/var/lib/postgresql/{version}/main"]
    done = process.run(command, timeout=TIMEOUT, user=psql.ADMIN, cwd="/")
    systemctl("PostgreSQL", TIMEOUT, "start", unit(version))
    if done.returncode != 0:
        raise ApplyFailed("PostgreSQL's files could not be given checksums", output=process.tail(done.output))
