"""Who may come to an app's database from other hosts: lines of pg_hba.conf, and ufw's rules where the host has it.

The lines are the file's first ones, and end with one that turns the role away from anywhere else, whatever wider rule
an administrator has written below.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
import shutil
from dataclasses import dataclass

from seawall.agent import files, process
from seawall.agent.data import psql
from seawall.agent.data.wanted import REPLICATION, PostgresqlDoor
from seawall.agent.resources import firewall, texts
from seawall.agent.resources.postgresql_database import hba_path, is_rule
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

PORT = 5432


@dataclass(frozen=True)
class DoorFound:
    """The text of pg_hba.conf, and ufw's rules for the app's database, None where there is no ufw."""

    hba: str = ""
    rules: tuple[str, ...] | None = None


def lines(resource: PostgresqlDoor) -> tuple[str, ...]:
    """The lines of pg_hba.conf (PostgreSQL's documentation, 21.1); none where nobody may come."""
    if not resource.clients:
        return ()
    user = resource.user
    return (
        f"# {user} from other hosts: over TLS, by its password. Written by seawall.",
        *(f'hostssl {_database(resource)} "{user}" {_network(one)} scram-sha-256' for one in resource.clients),
        # "all" does not mean replication (21.1).
        f'host {"all,replication" if resource.name == REPLICATION else "all"} "{user}" all reject',
    )


def rules(resource: PostgresqlDoor) -> tuple[str, ...]:
    """ufw's rules (ufw(8)), as `ufw show added` shows them."""
    comment = _comment(resource.user)
    return tuple(
        f"allow from {one} to {resource.address} port {PORT} proto tcp comment '{comment}'" for one in resource.clients
    )


def observe(resource: PostgresqlDoor) -> DoorFound:
    """How it is. Raises ApplyFailed where ufw is there and does not work."""
    hba = files.read_text(str(hba_path(resource.version))) or ""
    if shutil.which("ufw", path=process.PATH) is None:
        return DoorFound(hba)
    added = [line[4:].strip() for line in firewall.says(["ufw", "show", "added"]).splitlines()]
    return DoorFound(hba, tuple(rule for rule in added if rule.endswith(f" comment '{_comment(resource.user)}'")))


def diff(resource: PostgresqlDoor, found: DoorFound) -> Change | None:
    """What must change, or None."""
    there, wanted = _lines_of(resource.user, found.hba), lines(resource)
    told: list[str] = []
    if there != wanted or not _come_first(found.hba, wanted):
        told += [f"{hba_path(resource.version)}:", *_compared(there, wanted)]
    opened = rules(resource) if found.rules is not None else ()
    if (found.rules or ()) != opened:
        told += ["ufw:", *_compared(found.rules or (), opened)]
    if not told:
        return None
    stamp = texts.digest(found.hba, found.rules)
    return Change("database access", resource.name, "update" if there else "create", "\n".join(told), stamp)


def apply(resource: PostgresqlDoor, _found: DoorFound, work: Work) -> None:
    """Make it so. Raises ApplyFailed, CheckRefused with every file as it was."""
    work.undo.keep_state("postgresql_door", resource.version, "")  # which is put back last, when the files are back
    _write_hba(resource, work)
    if shutil.which("ufw", path=process.PATH) is None:
        return
    for path in firewall.WRITTEN[1:3]:
        work.undo.keep(path)
    there, wanted = observe(resource).rules or (), rules(resource)
    for rule in wanted:
        if rule not in there:
            firewall.ufw(*shlex.split(rule))
    for rule in there:
        if rule not in wanted:
            firewall.ufw("--force", "delete", *shlex.split(rule.partition(" comment ")[0]))


def put_back(version: str, _state: str) -> None:
    """Have the server and ufw read their files again. Raises CommandFailed, ApplyFailed."""
    if psql.runs(version):
        psql.ask("SELECT FROM pg_reload_conf();")
    if shutil.which("ufw", path=process.PATH) and firewall.says(["ufw", "status"]).startswith("Status: active"):
        firewall.ufw("reload")


def _write_hba(resource: PostgresqlDoor, work: Work) -> None:
    path = str(hba_path(resource.version))
    was = files.look(path)
    text = was.content.decode("utf-8", "surrogateescape")
    mine = _lines_of(resource.user, text)
    others = "".join(line for line in text.splitlines(keepends=True) if line.rstrip("\n") not in mine)
    fresh = "".join(f"{line}\n" for line in lines(resource)) + others
    work.undo.write_file(path, fresh.encode("utf-8", "surrogateescape"), was.mode, was.uid, was.gid)
    psql.check_files()
    psql.ask("SELECT FROM pg_reload_conf();")


def _lines_of(user: str, hba: str) -> tuple[str, ...]:
    """The lines about a role's coming from other hosts."""
    name = re.escape(user)
    mine = re.compile(
        rf'# {name} from other hosts: .* Written by seawall\.|hostssl \S+ "{name}" \S+ scram-sha-256'
        rf'|host \S+ "{name}" all reject'
    )
    return tuple(line for line in hba.splitlines() if mine.fullmatch(line))


def _come_first(hba: str, wanted: tuple[str, ...]) -> bool:
    """Whether they stand together and nothing of anybody else's is before them: the first line that fits decides."""
    if not wanted:
        return True
    before, there, _ = hba.partition("".join(f"{line}\n" for line in wanted))
    return bool(there) and all(is_rule(line) for line in before.splitlines())


def _compared(there: tuple[str, ...], wanted: tuple[str, ...]) -> list[str]:
    gone = [f"-{line}" for line in there if line not in wanted]
    come = [f"+{line}" for line in wanted if line not in there]
    return [*gone, *come] or ["its lines come first, before those that others wrote"]


def _database(resource: PostgresqlDoor) -> str:
    """Quoted, but for the word that is no database."""
    return REPLICATION if resource.name == REPLICATION else f'"{resource.name}"'


def _network(address: str) -> str:
    """One address as pg_hba.conf has it."""
    return f"{address}/{ipaddress.ip_address(address).max_prefixlen}"


def _comment(user: str) -> str:
    return f"{firewall.OF_DATABASES} {user}"
