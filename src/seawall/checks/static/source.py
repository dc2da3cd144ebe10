"""What the static rules look at: a project's files, read once and never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path, PurePosixPath

from seawall.checks.finding import InFile
from seawall.checks.static.discreet import blanked, discreet
from seawall.checks.static.guards import for_developing, function_of, imported_with, makes_the_app, unconditional
from seawall.checks.static.pages import Page, without_comments
from seawall.checks.static.settings import Setting, read_settings
from seawall.checks.static.taint import Taint, taint_in
from seawall.config.detect.app import Hints, find_app, given_app
from seawall.config.detect.construction import Construction
from seawall.config.detect.environment import flask_app
from seawall.config.detect.procfile import read_procfile, web_target
from seawall.config.detect.routes import Prefixes, Route, read_prefixes, read_routes
from seawall.config.detect.source import ASIDE, Module, Sources, read_sources
from seawall.config.detect.tree import Tree, printable, read_tree
from seawall.config.document import Document
from seawall.config.dotenv import dotenv_files, read_dotenv
from seawall.config.git import tracked_files
from seawall.config.lines import Key
from seawall.config.model import LOCAL, Project
from seawall.errors import ConfigErrors

TEMPLATES = frozenset({".html", ".htm", ".jinja", ".jinja2", ".j2", ".xml", ".xhtml"})


@dataclass(frozen=True)
class Source:
    """``directory`` is what evidence is relative to; ``project`` and ``document`` are absent where there is no
    seawall.toml. ``tree`` is what travels to a host, ``whole`` all there is. ``today`` decides which versions are out
    of support."""

    directory: Path
    tree: Tree
    whole: Tree
    sources: Sources
    project: Project | None
    document: Document | None
    today: date
    _texts: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)
    _taints: dict[ast.AST | None, Taint] = field(default_factory=dict, repr=False, compare=False)
    _said: dict[tuple[ast.AST, re.Pattern[str]], bool] = field(default_factory=dict, repr=False, compare=False)
    _given: dict[ast.AST, Mapping[str, list[ast.Assign]]] = field(default_factory=dict, repr=False, compare=False)

    # places

    def at(self, module: Module, node: ast.AST, fact: str = "") -> InFile:
        """The line of a node."""
        return self.line(module.path, getattr(node, "lineno", 1), fact)

    def hidden(self, module: Module, node: ast.AST, fact: str = "") -> InFile:
        """The line of a node whose literals nobody should read."""
        return masked(self.at(module, node, fact))

    def line(self, path: str | PurePosixPath, number: int, fact: str = "") -> InFile:
        """A line of a file of the app; 0 is the file as a whole."""
        lines = self._lines(str(path)) if number else []
        text = discreet(lines[number - 1]) if 0 < number <= len(lines) else ""
        return InFile(printable(self.prefix / path), number, text, fact)

    def configured(self, *key: str | int, fact: str = "") -> InFile:
        """The line of seawall.toml that sets a key for this environment."""
        assert self.document is not None  # noqa: S101 - a rule about a setting has a project
        overlay: Key = ("environments", self.project.environment if self.project else "", *key)
        name, _, line = self.document.place(
            overlay if _holds(self.document.environments, overlay[1:]) else key
        ).rpartition(":")
        text = self.document.text.splitlines()[int(line) - 1 : int(line)]
        return InFile(name, int(line), discreet("".join(text)), fact)

    def text(self, path: str | PurePosixPath) -> str:
        """A file's text, read once."""
        return "\n".join(self._lines(str(path)))

    def _lines(self, path: str) -> list[str]:
        if path not in self._texts:
            self._texts[path] = self.tree.text(path).splitlines()
        return self._texts[path]

    @property
    def prefix(self) -> PurePosixPath:
        """The folder of the app in the folder that is checked."""
        return PurePosixPath(self.project.app.root if self.project else ".")

    # what is in the project

    @cached_property
    def app(self) -> Construction | None:
        """The call that makes the app."""
        if self.project:
            return given_app(self.tree, self.sources, self.project.app.entry)[1]
        hints = Hints(web_target(read_procfile(self.tree)), flask_app(self.tree))
        return find_app(self.tree, self.sources, hints)[1]

    @property
    def is_flask(self) -> bool:
        return self.app is not None and self.app.framework == "flask"

    @property
    def app_line(self) -> InFile:
        """Where the app is made; rules about what is missing point there."""
        assert self.app is not None  # noqa: S101 - asked only of apps that were found
        return self.at(self.app.module, self.app.call)

    @cached_property
    def prefixes(self) -> Prefixes:
        return read_prefixes(self.sources)

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """The GET routes that are written as literals."""
        return tuple(read_routes(self.sources, self.prefixes))

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Every setting of Flask's configuration that the code makes for production."""
        return read_settings(self.sources)

    def set_to(self, name: str) -> list[Setting]:
        """The places where one setting is made."""
        return [setting for setting in self.settings if setting.name == name]

    def is_set(self, name: str) -> bool:
        """Whether anything makes a setting: the code, or the environment as ``from_prefixed_env`` reads it."""
        return bool(self.set_to(name)) or f"FLASK_{name}" in self.given

    @cached_property
    def given(self) -> frozenset[str]:
        """The variables that the app is given on a host: those of [env], the secrets, and where its data is."""
        project = self.project
        if project is None:
            return frozenset()
        database = {project.database.variable} if project.database.kind != "none" else set()
        redis = {project.redis.variable} if project.redis.enabled else set()
        return frozenset({*project.env, *project.secrets, *database, *redis})

    def given_values(self) -> Iterator[tuple[str, str, InFile]]:
        """The variables of [env] and of the environment's own .env file, with their values and places."""
        if self.project is None:
            return
        for name, value in self.project.env.items():
            yield name, value, self.configured("env", name)
        if self.project.environment == LOCAL:
            return  # what is in a plain .env reaches no host
        for file in dotenv_files(self.project.directory, self.project.environment):
            yield from _variables(file)

    @cached_property
    def templates(self) -> tuple[PurePosixPath, ...]:
        """The Jinja templates of the app."""
        return tuple(p for p in self.tree.files if p.suffix in TEMPLATES and not ASIDE & set(p.parts[:-1]))

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The templates' texts."""
        return tuple(Page(path, without_comments(self.text(path))) for path in self.templates)

    @cached_property
    def tracked(self) -> frozenset[str]:
        """The files that git keeps, relative to the app's root; none where there is no git."""
        return tracked_files(self.tree.root)

    # questions that many rules ask

    def taint(self, module: Module, node: ast.AST) -> Taint:
        """What carries a visitor's words where a node stands."""
        function = function_of(module, node)
        if function is None:
            return Taint(self.sources, module, frozenset())
        if function not in self._taints:
            self._taints[function] = taint_in(self.sources, module, function)
        return self._taints[function]

    def given_to(self, inside: ast.AST, name: str) -> list[ast.Assign]:
        """The assignments to a name anywhere in a function or file, by line."""
        if inside not in self._given:
            found: dict[str, list[ast.Assign]] = {}
            for node in ast.walk(inside):
                if isinstance(node, ast.Assign):
                    for target in node.targets:
                        found.setdefault(getattr(target, "id", ""), []).append(node)
            self._given[inside] = {name: sorted(nodes, key=lambda node: node.lineno) for name, nodes in found.items()}
        return self._given[inside].get(name, [])

    def says(self, inside: ast.AST, words: re.Pattern[str]) -> bool:
        """Whether these words are anywhere in a function or file."""
        if (inside, words) not in self._said:
            self._said[inside, words] = bool(words.search(ast.unparse(inside)))
        return self._said[inside, words]

    @cached_property
    def loaded(self) -> frozenset[str]:
        """The names of the modules that a server imports with the app; all of them, where the app is not known."""
        entry = self.project.app.entry.partition(":")[0] if self.project else ""
        first = [name for name in (entry, self.app.module.name if self.app else "") if name in self.sources.modules]
        return imported_with(self.sources, first) if first else frozenset(self.sources.modules)

    def is_certain(self, module: Module, node: ast.AST) -> bool:
        """Whether a server reaches the node whenever it starts the app."""
        return (
            module.name in self.loaded
            and unconditional(module, node)
            and makes_the_app(function_of(module, node))
            and not for_developing(module, node)
        )

    def imports(self, *packages: str) -> bool:
        """Whether the app imports one of these packages."""
        return bool(set(packages) & self._packages)

    @cached_property
    def _packages(self) -> frozenset[str]:
        origins = [origin for module in self.sources.main for origin in (*module.imports.values(), *module.stars)]
        return frozenset(origin.partition(".")[0] for origin in origins)

    def calls(self, *names: str) -> Iterator[tuple[Module, ast.Call]]:
        """The app's calls of functions by their dotted names (``flask.send_file``)."""
        for module, call, name in self.named_calls:
            if name in names:
                yield module, call

    @cached_property
    def named_calls(self) -> tuple[tuple[Module, ast.Call, str], ...]:
        """All calls of the app with the dotted name of what is called; empty where that is no plain name."""
        return tuple((m, call, self.sources.qualified(m, call.func)) for m in self.sources.main for call in m.calls)


def read_source(
    directory: Path,
    project: Project | None,
    document: Document | None,
    *,
    travels: Collection[str] | None = None,
    today: date | None = None,
) -> Source:
    """Read the project in ``directory``; nothing of it is imported or run. Of what does not travel only the .env files
    are looked at, and what git keeps."""
    whole = read_tree(project.root if project else directory)
    tree = whole
    if travels is not None:
        tree = replace(whole, files=tuple(p for p in whole.files if str(p) in travels or p.name.startswith(".env")))
    today = today or date.today()
    return Source(directory, tree, whole, read_sources(tree), project, document, today)


def _variables(file: Path) -> Iterator[tuple[str, str, InFile]]:
    """A .env file's variables; none of one that is wrong, of which reading the configuration tells."""
    try:
        values = read_dotenv(file)
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ConfigErrors):
        return
    for number, line in enumerate(lines, start=1):
        match = re.match(r"\s*(?:export\s+)?['\"]?(\w+)['\"]?\s*=", line)
        if match and match[1] in values:
            yield match[1], values[match[1]], InFile(printable(file.name), number, discreet(line))


def masked(place: InFile) -> InFile:
    """The same line without the texts in quotes, or what follows an equals sign where there are none."""
    return InFile(place.path, place.line, blanked(place.text), place.fact)


def _holds(data: object, key: Key) -> bool:
    for part in key:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True
