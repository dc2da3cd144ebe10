"""Where in a file a node stands: under which function, class and conditions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from seawall.checks.static.settings import DEVELOPING
from seawall.config.detect.source import Function, Module, Sources

FACTORY = re.compile(r"create|make|build|init|configure|set_?up|factory|get_app")


def around(module: Module, node: ast.AST) -> Iterator[ast.AST]:
    """The nodes around a node, the nearest first."""
    at = module.parents.get(node)
    while at is not None:
        yield at
        at = module.parents.get(at)


def function_of(module: Module, node: ast.AST) -> Function | None:
    """The function a node is in."""
    return next((outer for outer in around(module, node) if isinstance(outer, Function)), None)


def under_main(module: Module, node: ast.AST) -> bool:
    """Whether the node is under ``if __name__ == "__main__"``."""
    return any(isinstance(outer, ast.If) and _asks_name(outer.test) for outer in around(module, node))


def for_developing(module: Module, node: ast.AST) -> bool:
    """Whether a condition around the node says that it is for developing or testing."""
    inside: ast.AST = node
    for outer in around(module, node):
        if isinstance(outer, ast.If) and inside in outer.body and _is_developing(outer.test):
            return True
        if isinstance(outer, Function | ast.ClassDef) and DEVELOPING.search(outer.name):
            return True
        inside = outer
    return False


@lru_cache(256)
def _is_developing(test: ast.expr) -> bool:
    return bool(DEVELOPING.search(ast.unparse(test)))


def unconditional(module: Module, node: ast.AST) -> bool:
    """Whether nothing decides if the node is reached, but the function that it is in."""
    return not any(
        isinstance(outer, ast.If | ast.IfExp | ast.ExceptHandler | ast.Match) for outer in around(module, node)
    )


def makes_the_app(function: Function | None) -> bool:
    """Whether a function sets up the app, as far as its name says; outside all functions the import does."""
    return function is None or bool(FACTORY.search(function.name))


def imported_with(sources: Sources, first: Iterable[str]) -> frozenset[str]:
    """The project's modules that importing these imports, themselves included."""
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        name = waiting.pop()
        if name in sources.modules and name not in found:
            found.add(name)
            waiting += [name.rpartition(".")[0], *_imports(sources, sources.modules[name])]
    return frozenset(found)


def _imports(sources: Sources, module: Module) -> Iterator[str]:
    plain = (alias.name for node in module.nodes if isinstance(node, ast.Import) for alias in node.names)
    for dotted in (*plain, *module.imports.values(), *module.stars):
        found, _ = sources.split(dotted)
        if found is not None:
            yield found.name


@lru_cache(256)
def _asks_name(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))
