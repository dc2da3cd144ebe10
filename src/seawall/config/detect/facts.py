"""What was found in a project: values, where each was read, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Interface = Literal["wsgi", "asgi"]
Kind = Literal["secret", "database", "redis", "plain"]


class Sure(StrEnum):
    """How sure a fact is."""

    FOUND = "found"
    SEVERAL = "several"
    NONE = "none"


@dataclass(frozen=True, order=True)
class Evidence:
    """The place a value was read from: a path inside the project and a line, counted from 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Item(Generic[T]):
    """One value and its place."""

    value: T
    evidence: Evidence


@dataclass(frozen=True)
class Fact(Generic[T]):
    """One fact about the project.

    ``found``: the fact is known; for a fact with one value, ``items[0]`` is it and the rest are
    the candidates it was preferred to, by ``rule``; for a fact that is a list, all items hold.
    ``several``: the candidates in ``items`` cannot be told apart, a person must choose.
    ``none``: nothing was found. ``remarks`` are sentences for the person, each with its place.
    """

    sure: Sure
    items: tuple[Item[T], ...] = ()
    rule: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def best(self) -> T | None:
        """The value of a fact with one value; None unless it is ``found``."""
        return self.items[0].value if self.sure is Sure.FOUND and self.items else None

    @property
    def values(self) -> tuple[T, ...]:
        """All values, best first."""
        return tuple(item.value for item in self.items)


def nothing(remarks: Iterable[str] = ()) -> Fact[T]:
    """A fact that was not found."""
    return Fact(Sure.NONE, (), "", tuple(remarks))


def listing(items: Iterable[Item[T]], remarks: Iterable[str] = ()) -> Fact[T]:
    """A fact that is a list, one item for each value: all of them hold."""
    unique: dict[T, Item[T]] = {}
    for item in items:
        unique.setdefault(item.value, item)
    found = tuple(unique.values())
    return Fact(Sure.FOUND if found else Sure.NONE, found, "", tuple(remarks))


def chosen(items: Iterable[Item[T]], rule: str = "", remarks: Iterable[str] = ()) -> Fact[T]:
    """A fact with one value: the first item, preferred to the others by `rule`."""
    found = tuple(items)
    return Fact(Sure.FOUND if found else Sure.NONE, found, rule, tuple(remarks))


def undecided(items: Iterable[Item[T]], remarks: Iterable[str] = ()) -> Fact[T]:
    """A fact with one value whose candidates cannot be told apart."""
    return Fact(Sure.SEVERAL, tuple(items), "", tuple(remarks))


@dataclass(frozen=True)
class App:
    """A WSGI or ASGI callable of the project.

    `module` and `name` are what is imported; `factory` says that `name` is called without
    arguments to get the callable. `made` is where the app object is constructed.
    """

    module: str
    name: str
    factory: bool
    interface: Interface
    framework: str
    made: Evidence

    @property
    def entry(self) -> str:
        """The import path as seawall.toml writes it: ``flaskr:create_app()``."""
        return f"{self.module}:{self.name}{'()' if self.factory else ''}"

    @property
    def flask_option(self) -> str:
        """The app as ``flask --app`` takes it, without the names that Flask tries by itself
        (flask.cli.locate_app: app, application, create_app, make_app)."""
        usual = {"create_app", "make_app"} if self.factory else {"app", "application"}
        return self.module if self.name in usual else f"{self.module}:{self.name}"


@dataclass(frozen=True)
class StaticFolder:
    """Files the app offers as they are: the URL they begin with, and the folder."""

    url: str
    folder: str


@dataclass(frozen=True)
class Requirements:
    """A file that names the packages of the app. `exact`: every version is written in it."""

    path: str
    kind: str
    exact: bool


@dataclass(frozen=True)
class PythonVersion:
    """The Python the project asks for: one version (``3.11``), or only a range (``>=3.9``)."""

    version: str | None
    constraint: str


@dataclass(frozen=True)
class Process:
    """A process beside the web app, by its name and command."""

    name: str
    command: str


class Need(StrEnum):
    """What happens to the app when a variable is absent."""

    REQUIRED = "required"  # it fails, or goes on with None
    OPTIONAL = "optional"  # it asks first
    DEFAULTED = "defaulted"  # it has another value ready


@dataclass(frozen=True)
class Variable:
    """An environment variable the app reads. Its value is never looked at."""

    name: str
    need: Need
    kind: Kind

    @property
    def secret(self) -> bool:
        """Whether the value should be kept as a secret: keys, and URLs that carry passwords."""
        return self.kind != "plain"


@dataclass(frozen=True)
class Store:
    """A database (its ``kind`` as under ``[database]``) or a Redis, and the variable that its URL is looked for in."""

    kind: str
    variable: str


@dataclass(frozen=True)
class Findings:
    """All that is known of a project from reading it."""

    name: Fact[str]
    app: Fact[App]
    static: Fact[StaticFolder]
    requirements: Fact[Requirements]
    install: Fact[str]
    python: Fact[PythonVersion]
    setup: Fact[str]
    migrate: Fact[str]
    processes: Fact[Process]
    health: Fact[str]
    variables: Fact[Variable]
    database: Fact[Store]
    redis: Fact[Store]
    dotenv: Fact[str]
    hard_coded_key: Evidence | None
    persist: Fact[str]
    packages: Fact[str]
    workers: Fact[int]
    remarks: tuple[str, ...]
