"""Which expressions of a function carry what a visitor sent, as far as one function shows.

A name carries it once anything that carries it is assigned to it. Numbers, and what the usual functions have made
harmless, do not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.checks.static.guards import function_of
from seawall.config.detect.source import Function, Module, Sources, own_nodes

SENT = frozenset(
    (
        *("args", "form", "values", "json", "data", "cookies", "headers", "files", "query_string", "url", "full_path"),
        *("get_json", "get_data", "stream", "referrer", "path", "view_args"),
    )
)
HARMLESS = frozenset(
    (
        *("int", "float", "bool", "len", "isinstance", "UUID", "escape", "quote", "quote_plus", "url_for", "safe_join"),
        *("secure_filename", "hexdigest", "digest", "basename", "index", "count", "any", "all", "hash", "strptime"),
        *("fromisoformat", "clean", "validate", "get_or_404", "first_or_404"),
    )
)


@dataclass(frozen=True)
class Taint:
    """One function's names that carry what a visitor sent."""

    sources: Sources
    module: Module
    names: frozenset[str]

    def holds(self, node: ast.AST | None) -> bool:
        """Whether a visitor's words are in the expression."""
        if node is None or isinstance(node, ast.Compare):
            return False
        if isinstance(node, ast.Name):
            return node.id in self.names
        if isinstance(node, ast.Attribute) and self._is_request(node.value):
            return node.attr in SENT
        return any(self.holds(part) for part in _passing_on(node))

    def _is_request(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and self.sources.qualified(self.module, node) in {
            "flask.request",
            "flask.globals.request",
            "quart.request",
        }


def taint_at(sources: Sources, module: Module, node: ast.AST) -> Taint:
    """What carries a visitor's words in the function around ``node``."""
    function = function_of(module, node)
    taint = Taint(sources, module, frozenset(_path_parameters(function)) if function else frozenset())
    if function is None:
        return taint
    for _ in range(4):  # names may be assigned before what they are assigned from is known
        grown = taint.names | {
            name for target, value in _bindings(function) if taint.holds(value) for name in _names(target)
        }
        if grown == taint.names:
            break
        taint = Taint(sources, module, grown)
    return taint


def _passing_on(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression whose content ends up in its value."""
    if isinstance(node, ast.Call) and _last_name(node.func) in HARMLESS:
        return
    if isinstance(node, ast.Subscript):  # a table that is looked into with a visitor's word answers with its own
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    else:
        yield from ast.iter_child_nodes(node)


def _path_parameters(function: Function) -> Iterator[str]:
    """Parameters of a view that take slashes from the URL (``<path:name>``)."""
    for decorator in function.decorator_list:
        for part in ast.walk(decorator):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "<path:" in part.value:
                yield from (piece.partition(">")[0] for piece in part.value.split("<path:")[1:])


def _bindings(function: Function) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in own_nodes(function):
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, ast.For | ast.AsyncFor):
            yield node.target, node.iter
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield node.optional_vars, node.context_expr


def _names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _names(element)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
