"""The settings of Flask's configuration that the code makes, as far as they hold in production.

Read are ``app.config[NAME] = …``, ``app.config.update(NAME=…)``, ``from_mapping``, ``setdefault``, ``app.debug = …``,
the classes named Config, and modules named config or settings. Left out is what stands in a class or under a condition
whose name says that it is for developing or testing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from seawall.config.detect.source import Module, Sources, literal

FILES = frozenset({"config", "settings", "default_settings", "default_config", "configuration", "production"})
CLASS = re.compile(r"(Config|Configuration|Settings)$|^(Config|Settings|Production)")
DEVELOPING = re.compile(r"dev|test|debug|local|TYPE_CHECKING", re.IGNORECASE)
ASIDE = re.compile(r"(^|_)(dev|devel|development|test|tests|testing|local|debug)(_|$)", re.IGNORECASE)
ATTRIBUTES = {"secret_key": "SECRET_KEY", "debug": "DEBUG", "testing": "TESTING"}
LOADERS = frozenset({"update", "from_mapping"})


@dataclass(frozen=True)
class Setting:
    """One place that gives a setting its value. ``fallback``: only if it has none yet; ``filled``: the environment may
    give it another one, as pydantic's settings do."""

    name: str
    value: ast.expr
    module: Module
    node: ast.AST
    fallback: bool = False
    filled: bool = False

    @property
    def constant(self) -> object:
        """The value where it is a literal, else ``...``."""
        return self.value.value if isinstance(self.value, ast.Constant) else ...

    @property
    def declared(self) -> bool:
        """Whether it stands in a class or module of settings, which another one may take the place of."""
        targets = self.node.targets if isinstance(self.node, ast.Assign) else [getattr(self.node, "target", None)]
        return any(isinstance(target, ast.Name) for target in targets)


def read_settings(sources: Sources) -> tuple[Setting, ...]:
    """Every setting, in the order of the files."""
    return tuple(setting for module in sources.main for setting in _Reader(sources, module).settings())


class _Reader:
    def __init__(self, sources: Sources, module: Module) -> None:
        self.sources = sources
        self.module = module
        self.is_settings = module.path.stem.lower() in FILES or (
            bool({"config", "settings"} & set(module.folder.parts)) and not DEVELOPING.search(module.path.stem)
        )

    def settings(self) -> Iterator[Setting]:
        if not ASIDE.search(self.module.path.stem):
            yield from self._of(self.module.tree.body, self.is_settings, frozenset())

    def _of(self, body: list[ast.stmt], named: bool, aliases: frozenset[str]) -> Iterator[Setting]:
        """The settings in statements; ``named`` says that a plain name is one too, ``aliases`` stand for app.config."""
        aliases |= _aliases(body)
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                if not DEVELOPING.search(statement.name):
                    inside = self._of(statement.body, bool(CLASS.search(statement.name)), aliases)
                    yield from (
                        (replace(setting, filled=True) for setting in inside) if _is_filled(statement) else inside
                    )
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                if not DEVELOPING.search(statement.name):
                    yield from self._of(statement.body, False, aliases)
            elif isinstance(statement, ast.If):
                yield from self._of_if(statement, named, aliases)
            else:
                yield from self._of_statement(statement, named, aliases)
                for inner in _bodies(statement):
                    yield from self._of(inner, named, aliases)

    def _of_if(self, statement: ast.If, named: bool, aliases: frozenset[str]) -> Iterator[Setting]:
        if not DEVELOPING.search(ast.unparse(statement.test)) and "__main__" not in ast.unparse(statement.test):
            yield from self._of(statement.body, named, aliases)
        yield from self._of(statement.orelse, named, aliases)

    def _of_statement(self, statement: ast.stmt, named: bool, aliases: frozenset[str]) -> Iterator[Setting]:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if name := _name(target, named, aliases):
                    yield Setting(name, statement.value, self.module, statement)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            if name := _name(statement.target, named, aliases):
                yield Setting(name, statement.value, self.module, statement)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield from self._of_call(statement.value, aliases)

    def _of_call(self, call: ast.Call, aliases: frozenset[str]) -> Iterator[Setting]:
        if not isinstance(call.func, ast.Attribute) or not _is_config(call.func.value, aliases):
            return
        if call.func.attr == "setdefault" and len(call.args) == 2 and (name := literal(call.args[0])):
            yield Setting(name, call.args[1], self.module, call, fallback=True)
        if call.func.attr in LOADERS:
            for argument in call.keywords:
                if argument.arg:
                    yield Setting(argument.arg, argument.value, self.module, argument.value)
            for name, value in _items(call.args):
                yield Setting(name, value, self.module, value)


def _is_filled(statement: ast.ClassDef) -> bool:
    """Whether a class takes its values from the environment, and what is written in it where there is none."""
    return any(ast.unparse(base).endswith("BaseSettings") for base in statement.bases)


def _items(arguments: list[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    for given in arguments:
        if isinstance(given, ast.Dict):
            for key, value in zip(given.keys, given.values, strict=True):
                if name := literal(key):
                    yield name, value


def _name(target: ast.expr, named: bool, aliases: frozenset[str]) -> str:
    if isinstance(target, ast.Subscript) and _is_config(target.value, aliases):
        return literal(target.slice) or ""
    if isinstance(target, ast.Attribute) and _names_app(target.value):
        return ATTRIBUTES.get(target.attr, "")
    return target.id if named and isinstance(target, ast.Name) and target.id.isupper() else ""


def _is_config(node: ast.expr, aliases: frozenset[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "config"
    return isinstance(node, ast.Name) and node.id in aliases


def _names_app(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"app", "application", "current_app"}


def _aliases(body: list[ast.stmt]) -> frozenset[str]:
    """Names for ``app.config`` (``settings = app.config``)."""
    found: Mapping[str, ast.expr] = {
        target.id: statement.value
        for statement in body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    return frozenset(
        name for name, value in found.items() if isinstance(value, ast.Attribute) and value.attr == "config"
    )


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks inside with, try, for and while."""
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(statement, name, None)
        if isinstance(inner, list):
            yield inner
    if isinstance(statement, ast.Try):
        for handler in statement.handlers:
            yield handler.body
