"""Paths in a project's code, as far as they follow from literals, ``__file__`` and Flask's own folders."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from seawall.config.detect.source import DEEPEST, Module, Sources

UNCHANGED = frozenset({"abspath", "realpath", "resolve", "absolute", "fspath", "str", "Path", "PurePath"})
FALLBACKS = frozenset({"get", "getenv", "setdefault"})


@dataclass(frozen=True)
class Places:
    """The folders a path may begin at, relative to the project: Flask's instance folder and root path."""

    instance: str | None
    root: str


@dataclass(frozen=True)
class Paths:
    """Evaluates the paths that expressions of one module name; `local` are the names of the function around them."""

    sources: Sources
    module: Module
    places: Places
    local: Mapping[str, list[ast.expr]] = field(default_factory=dict)
    depth: int = 0

    def of(self, node: ast.expr | None) -> str | None:
        """The path, relative to the project's root; absolute ones begin with a slash. None if it cannot be told."""
        if self.depth > DEEPEST or node is None:
            return None
        inner = replace(self, depth=self.depth + 1)
        return inner._of_operation(node) if isinstance(node, ast.BinOp | ast.JoinedStr) else inner._of_value(node)

    def _of_value(self, node: ast.expr) -> str | None:
        found: str | None = None
        if isinstance(node, ast.Constant):
            found = node.value if isinstance(node.value, str) else None
        elif isinstance(node, ast.Name):
            found = self._of_name(node)
        elif isinstance(node, ast.Attribute):
            found = self._of_attribute(node)
        elif isinstance(node, ast.Call):
            found = self._of_call(node)
        elif isinstance(node, ast.Subscript):
            found = self._of_parents(node)
        elif isinstance(node, ast.BoolOp):  # os.environ.get("X") or "a path": what holds without the variable
            found = self.of(node.values[-1])
        return found

    def _of_operation(self, node: ast.BinOp | ast.JoinedStr) -> str | None:
        if isinstance(node, ast.JoinedStr):
            parts = [self.of(v.value if isinstance(v, ast.FormattedValue) else v) for v in node.values]
            return None if None in parts else "".join(part for part in parts if part is not None)
        left, right = self.of(node.left), self.of(node.right)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Add):
            return left + right
        return posixpath.join(left, right) if isinstance(node.op, ast.Div) else None

    def _of_name(self, node: ast.Name) -> str | None:
        if node.id == "__file__":
            return str(self.module.path)
        values = self.local.get(node.id) or self.module.assigned.get(node.id)
        return self.of(values[-1]) if values else self._elsewhere(node)

    def _of_attribute(self, node: ast.Attribute) -> str | None:
        if node.attr == "instance_path":
            return self.places.instance
        if node.attr == "root_path":
            return self.places.root
        if node.attr == "parent":
            owner = self.of(node.value)
            return None if owner is None else _dirname(owner)
        return self._elsewhere(node)

    def _elsewhere(self, node: ast.Name | ast.Attribute) -> str | None:
        """A name of another module of the project (``config.BASE_DIR``)."""
        other, name = self.sources.split(self.sources.qualified(self.module, node))
        if other is None or other is self.module or name not in other.assigned:
            return None
        return replace(self, module=other, local={}).of(other.assigned[name][-1])

    def _of_call(self, call: ast.Call) -> str | None:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        arguments = [self.of(argument) for argument in call.args]
        found: str | None = None
        if name == "joinpath":
            found = _joined([self.of(owner), *arguments])
        elif name == "Path" or self.sources.qualified(self.module, call.func) == "os.path.join":
            found = _joined(arguments)
        elif name == "dirname" and arguments:
            found = None if arguments[0] is None else _dirname(arguments[0])
        elif name in UNCHANGED:
            found = arguments[0] if arguments else self.of(owner)
        elif name in FALLBACKS and len(arguments) > 1:
            found = arguments[1]
        return found

    def _of_parents(self, node: ast.Subscript) -> str | None:
        """``Path(__file__).resolve().parents[1]``."""
        if not (isinstance(node.value, ast.Attribute) and node.value.attr == "parents"):
            return None
        path = self.of(node.value.value)
        count = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if path is None or not isinstance(count, int):
            return None
        for _ in range(count + 1):
            path = _dirname(path)
        return path


def _dirname(path: str) -> str:
    """The folder of a path; that of a file at the project's root is ``.``, and ``..`` lies outside."""
    normal = posixpath.normpath(path)
    if normal == "." or normal.endswith(".."):
        return posixpath.normpath(posixpath.join(normal, ".."))
    return posixpath.dirname(normal) or "."


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return posixpath.join(*known) if known and len(known) == len(parts) else None
