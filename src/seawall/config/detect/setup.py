"""The command that sets the app up once: it makes the database's tables.

Such a command (the Flask tutorial's ``init-db``) often drops the tables first, so it belongs to the first release
and never to each deployment.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.config.detect.facts import App, Evidence, Fact, Item, chosen, nothing, undecided
from seawall.config.detect.source import DEEPEST, Function, Module, Sources, keyword, literal, own_nodes

MAKES_TABLES = ("executescript", "create_all", "create_tables")


@dataclass(frozen=True)
class _Command:
    """A command of the ``flask`` program whose function makes tables."""

    words: str
    evidence: Evidence
    problem: str = ""


def find_setup(sources: Sources, app: App | None, migrate: Fact[str]) -> Fact[str]:
    """The set-up command, as ``flask --app APP init-db``."""
    commands = list(_commands(sources))
    remarks = [f"{command.evidence}: {command.problem}" for command in commands if command.problem]
    usable = [command for command in commands if not command.problem]
    if migrate.items and usable:
        remarks += [
            f"{command.evidence}: flask {command.words} makes tables too; migrations do that, so it is left out."
            for command in usable
        ]
        return nothing(remarks)
    if app is None or not usable:
        return nothing(remarks)
    items = [Item(f"flask --app {app.flask_option} {command.words}", command.evidence) for command in usable]
    if len({item.value for item in items}) > 1:
        return undecided(items, remarks)
    return chosen(items[:1], remarks=remarks)


def _commands(sources: Sources) -> Iterator[_Command]:
    added = {
        sources.qualified(module, call.args[0])
        for module in sources
        for call in module.calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add_command" and call.args
    }
    for module in sources.main:
        for node in module.nodes:
            if isinstance(node, Function) and node.decorator_list and _makes_tables(sources, module, node):
                yield from _command(sources, module, node, added)


def _command(sources: Sources, module: Module, function: Function, added: set[str]) -> Iterator[_Command]:
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        made_by = call.func if call else decorator
        plain = sources.qualified(module, made_by) == "click.command"
        text = ast.unparse(made_by)
        if plain or text.endswith(".cli.command"):
            name = literal(keyword(call, "name", 0)) if call else None
            registered = not plain or f"{module.name}.{function.name}" in added
            problem = "" if registered else "makes tables, but is not added to the app's commands; it is left out."
            problem = problem or _waits(sources, module, function)
            words = name or _default_name(function.name)
            group = "" if plain else _group(module, made_by)
            yield _Command(f"{group}{words}", module.at(function), problem)


def _group(module: Module, made_by: ast.expr) -> str:
    """A blueprint's commands are in a group called by the blueprint's name (Blueprint.cli)."""
    owner = (
        made_by.value.value if isinstance(made_by, ast.Attribute) and isinstance(made_by.value, ast.Attribute) else None
    )
    values = module.assigned.get(owner.id, []) if isinstance(owner, ast.Name) else []
    for value in values:
        if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("Blueprint"):
            given = keyword(value, "cli_group")
            if isinstance(given, ast.Constant) and given.value is None:
                return ""
            return f"{literal(given) or literal(keyword(value, 'name', 0))} "
    return ""


def _default_name(function: str) -> str:
    """Click's name for a function's command (click 8.2 and later leave the ending out)."""
    for ending in ("_command", "_cmd", "_group", "_grp"):
        function = function.removesuffix(ending)
    return function.replace("_", "-").lower()


def _waits(sources: Sources, module: Module, function: Function) -> str:
    """Why a command cannot run by itself; empty if it can."""
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        name = sources.qualified(module, decorator.func)
        required = keyword(decorator, "required")
        needed = isinstance(required, ast.Constant) and bool(required.value)
        if name in {"click.confirmation_option", "click.password_option"} or keyword(decorator, "prompt") is not None:
            return "makes tables, but asks questions; it is left out, run it by hand."
        if (name == "click.argument" and required is None) or (name.startswith("click.") and needed):
            return "makes tables, but needs arguments; it is left out, run it by hand."
    return ""


def _makes_tables(sources: Sources, module: Module, function: Function, depth: int = 0) -> bool:
    """Whether a function runs a script of SQL or creates all tables, itself or through the project's functions."""
    for node in own_nodes(function):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in MAKES_TABLES:
            return True
        inner, name = sources.split(sources.qualified(module, node.func))
        called = inner.functions.get(name) if inner else None
        if inner and called and depth < DEEPEST // 4 and _makes_tables(sources, inner, called, depth + 1):
            return True
    return False
