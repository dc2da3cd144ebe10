"""Plan: what every host would change, whole, before anything does."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seawall.agent.resource import build, resource_to_wire
from seawall.agent.vocabulary import Change, Requirements, Source, to_wire
from seawall.config import made_secrets
from seawall.config.git import ask_git
from seawall.config.made_secrets import Own
from seawall.config.model import LOCAL, Project
from seawall.config.providers import asking
from seawall.config.required import required
from seawall.config.requirements import read_requirements
from seawall.config.rules import looks_secret
from seawall.config.secrets import read_secrets
from seawall.config.variables import resolve, to_ask
from seawall.errors import ConfigError
from seawall.operations.data import database_host
from seawall.operations.data.database_host import DatabasePlan
from seawall.operations.hosts import AskPassword, Begun, Hear, Host, finish_or_undo, greeted, person
from seawall.operations.tree import Tree, list_tree
from seawall.stack import templates
from seawall.stack.compose import compose
from seawall.stack.composition import Away, Composition
from seawall.stack.facts import Facts

if TYPE_CHECKING:
    from seawall.operations.checking import Checking


@dataclass(frozen=True)
class ReleasePlan:
    """How the release would differ from the live one; names only where values are secret."""

    live: str
    new: bool
    files: dict[str, list[str]]
    env: dict[str, list[str]]
    requirements: bool
    settings: list[dict[str, str]]
    other: list[str]


@dataclass
class HostPlan:
    """What one host would change. ``missing`` are the objects it lacks, with the bytes it already has of each."""

    host: Host
    composition: Composition
    changes: tuple[Change, ...]
    release: ReleasePlan
    missing: dict[str, int]
    fingerprint: str
    notes: tuple[str, ...] = ()

    @property
    def start_only(self) -> bool:
        """The live release is the wanted one, but it is not running."""
        return not self.release.new and bool(self.host.live) and not self.host.running

    @property
    def empty(self) -> bool:
        return not self.changes and not self.release.new and not self.start_only


@dataclass
class Plan:
    """The plan for all hosts. ``release_id`` is what the new release will be called on each of them; ``databases`` are
    the hosts of the app's database that are its own, ``stale`` why they are not what the file takes them for."""

    project: Project
    tree: Tree
    hosts: list[HostPlan]
    notes: tuple[str, ...]
    own: Own = field(default_factory=Own)
    databases: tuple[DatabasePlan, ...] = ()
    stale: ConfigError | None = None

    @property
    def empty(self) -> bool:
        return all(host.empty for host in self.hosts) and not any(item.changes for item in self.databases)

    @property
    def release_id(self) -> str:
        return max((str(host.host.app["next"]) for host in self.hosts), key=lambda name: int(name[1:]))

    def refuse_stale(self) -> None:
        """Raises ConfigError where the database has moved since the file was written."""
        if self.stale is not None:
            raise self.stale

    def close(self) -> None:
        for host in [*(item.host for item in self.databases), *(item.host for item in self.hosts)]:
            host.session.close()


@dataclass(frozen=True)
class Wanted:
    """What the project wants, read from it once for all hosts."""

    project: Project
    tree: Tree
    env: dict[str, str]
    requirements: Requirements
    source: Source
    secret_names: tuple[str, ...]
    notes: tuple[str, ...]
    required: frozenset[str] = frozenset()
    own: Own = field(default_factory=Own)


def make_plan(
    project: Project,
    begun: Begun,
    ask: AskPassword,
    *,
    recover: Hear | None = None,
    checking: Checking | None = None,
) -> Plan:
    """Compare the project with its hosts, which are being connected to while the project is read.

    With ``recover`` a deployment that was cut off is finished or undone first, and ``recover`` hears what was done.
    With ``checking`` the production checklist is gone through meanwhile; its errors are raised as ChecklistFailed.
    """
    wanted = read_project(project)
    if checking is not None:
        checking.begin(project, wanted.tree)
    if project.environment != LOCAL:
        templates.warm()
    hosts = [greeted(project, name, target, session, ask) for name, target, session in begun.apps]
    databases = [greeted(project, name, target, session, ask) for name, target, session in begun.databases]
    if recover is not None:
        for host in (*databases, *hosts):
            finish_or_undo(host, recover)
    places = database_host.find(project, databases, hosts) if databases else None
    plans = [plan_host(wanted, host, places.away if places else None) for host in hosts]
    apart_plans = database_host.plans(project, wanted.own, databases, places) if places else []
    there = (*databases, *hosts)
    notes = [*project.warnings, *wanted.notes, *wanted.tree.notes, *plans[0].composition.notes]
    notes += [
        f"{host.name}: {host.interrupted}; the next deploy takes care of it" for host in there if host.interrupted
    ]
    notes += [f"{host.name}: {host.app['busy']}" for host in there if host.app["busy"]]
    notes += [f"{plan.host.name}: {note}" for plan in plans for note in plan.notes]
    notes += [f"{plan.host.name}: {note}" for plan in apart_plans for note in plan.notes]
    notes += checking.notes() if checking is not None else []
    stale = places.stale if places else None
    return Plan(project, wanted.tree, plans, tuple(dict.fromkeys(notes)), wanted.own, tuple(apart_plans), stale)


def read_project(project: Project) -> Wanted:
    """Read what travels. Raises ProjectError, SecretError, ConfigError."""
    secrets = read_secrets(project.directory, project.environment)
    with asking(to_ask(project, secrets), project.directory) as provided:
        tree = list_tree(project.directory, project.app.root, project.app.exclude)
        read = read_requirements(project.root, project.app.requirements)
        printed = provided()
        variables = resolve(project, secrets, printed)
    own = made_secrets.own_secrets(project, {**secrets, **printed})
    requirements = Requirements(
        path=read.path,
        text=read.text,
        locked=read.locked,
        python=project.app.python,
        install_project=project.app.install_project,
    )
    made_here = [project.database.variable] if project.database.kind != "none" else []
    made_here += [project.database.replica_variable] if project.database.names_replica else []
    secret = {*variables.secret, *(name for name in variables.values if looks_secret(name)), *made_here}
    return Wanted(
        project,
        tree,
        variables.values,
        requirements,
        _source(tree.root),
        tuple(sorted(secret)),
        (*variables.notes, *made_secrets.notes(project, own)),
        required(project.root, read),
        own,
    )


def plan_host(wanted: Wanted, host: Host, away: Away | None = None) -> HostPlan:
    """Ask one host what it would change; ``away`` is the app's database, where it is on a host of its own.

    Raises HostError, and ConfigError for what cannot work there.
    """
    facts = Facts.from_wire(host.session.facts).with_memory(host.app["memory"])
    composition = compose(
        wanted.project,
        host.target,
        facts,
        tree=wanted.tree.entries,
        env=wanted.env,
        requirements=wanted.requirements,
        source=wanted.source,
        required=wanted.required,
        own=wanted.own.values,
        away=away,
    )
    composition = replace(composition, release=replace(composition.release, secret_names=wanted.secret_names))
    answer = host.session.request("plan", **_question(wanted.project, composition))
    return HostPlan(
        host,
        composition,
        tuple(build(Change, change) for change in answer["changes"]),
        ReleasePlan(**answer["release"]),
        answer["missing"],
        answer["fingerprint"],
        tuple(answer["notes"]),
    )


def _question(project: Project, composition: Composition) -> dict[str, Any]:
    return {
        "resources": [resource_to_wire(resource) for resource in composition.resources],
        "release": to_wire(composition.release),
        "domains": [*project.domains, *project.redirect_from],
    }


def _source(root: Path) -> Source:
    """Commit and state of the working tree, where the project is in git and git is here."""
    try:
        commit, _, message = _git(root, "log", "-1", "--no-color", "--format=%H %s").partition(" ")
        dirty = bool(_git(root, "status", "--porcelain", "--", "."))
    except (OSError, subprocess.SubprocessError):
        return Source(by=person())
    return Source(commit, dirty, person(), message)


def _git(root: Path, *arguments: str) -> str:
    return ask_git(root, *arguments).decode(errors="replace").strip()
