"""SW106 to SW111: what visitors see when something fails, and guards that may be gone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.source import Source
from seawall.config.detect.source import Function, Module

ERRORS = "https://cheatsheetseries.owasp.org/cheatsheets/Error_Handling_Cheat_Sheet.html"
TRACEBACKS = ("traceback.format_exc", "traceback.format_exception", "traceback.format_tb")


def errors_passed_on(source: Source) -> Iterator[Evidence]:
    for name in ("PROPAGATE_EXCEPTIONS", "TRAP_HTTP_EXCEPTIONS", "TRAP_BAD_REQUEST_ERRORS"):
        for setting in source.set_to(name):
            if setting.constant is True:
                yield source.at(setting.module, setting.node)


def tracebacks_answered(source: Source) -> Iterator[Evidence]:
    """A view or error handler that returns a traceback."""
    for module in source.sources.main:
        for function in _answering(module):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value and _calls(source, module, node.value, TRACEBACKS):
                    yield source.at(module, node)


def exceptions_answered(source: Source) -> Iterator[Evidence]:
    """``return str(error)`` where the error may be any: its text names files, queries and hosts."""
    for module in source.sources.main:
        for function in _answering(module):
            for name, body in _caught(function):
                for node in body:
                    if isinstance(node, ast.Return) and node.value and _tells(node.value, name):
                        yield source.at(module, node)


def asserts_guard(source: Source) -> Iterator[Evidence]:
    """``assert current_user.is_admin``: gone with python -O."""
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Assert) and any(
                isinstance(part, ast.Name | ast.Attribute)
                and source.sources.qualified(module, part) in {"flask_login.current_user", "flask.session"}
                for part in ast.walk(node.test)
            ):
                yield source.at(module, node)


def _answering(module: Module) -> Iterator[Function]:
    """Views and error handlers: functions with a route's or a handler's decorator."""
    verbs = {"route", "get", "post", "put", "patch", "delete", "errorhandler", "app_errorhandler"}
    for node in module.nodes:
        if isinstance(node, Function) and any(
            isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr in verbs
            for d in node.decorator_list
        ):
            yield node


def _caught(function: Function) -> Iterator[tuple[str, list[ast.AST]]]:
    """The names that any exception is caught as, and the nodes where it is known by that name."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
            handles = decorator.func.attr.endswith("errorhandler") and decorator.args
            if handles and _anything(decorator.args[0]) and function.args.args:
                yield function.args.args[0].arg, list(ast.walk(function))
    for node in ast.walk(function):
        if isinstance(node, ast.ExceptHandler) and node.name and (node.type is None or _anything(node.type)):
            yield node.name, [inner for statement in node.body for inner in ast.walk(statement)]


def _anything(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value == 500
    return isinstance(node, ast.Name) and node.id in {"Exception", "BaseException"}


def _tells(node: ast.expr, name: str) -> bool:
    """Whether the text of the exception is in an answer: ``str(error)``, ``repr(error)`` or in an f-string."""
    for part in ast.walk(node):
        told: ast.expr | None = None
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in {"str", "repr"}:
            told = part.args[0] if part.args else None
        elif isinstance(part, ast.FormattedValue):
            told = part.value
        if isinstance(told, ast.Name) and told.id == name:
            return True
    return False


def _calls(source: Source, module: Module, node: ast.expr, names: tuple[str, ...]) -> bool:
    return any(isinstance(p, ast.Call) and source.sources.qualified(module, p.func) in names for p in ast.walk(node))


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW106",
            Severity.WARNING,
            "Exceptions are passed on to the server",
            "Visitors get the server's bare error instead of the app's page, and what was wrong may be shown.",
            "Remove the setting: Flask turns it on by itself in debug mode and in tests.",
            "https://flask.palletsprojects.com/en/stable/config/#PROPAGATE_EXCEPTIONS",
        ),
        errors_passed_on,
    ),
    Check(
        Rule(
            "SW107",
            Severity.WARNING,
            "A traceback is sent to the visitor",
            "It shows paths, versions, queries and sometimes secrets.",
            "Log it with app.logger.exception(), and answer with a page that says nothing of it.",
            ERRORS,
        ),
        tracebacks_answered,
    ),
    Check(
        Rule(
            "SW108",
            Severity.WARNING,
            "The text of any exception is sent to the visitor",
            "The text of an unexpected exception names files, queries and hosts.",
            "Log it, and answer with words of your own; catch the exceptions whose text is meant for visitors by name.",
            ERRORS,
        ),
        exceptions_answered,
    ),
    Check(
        Rule(
            "SW111",
            Severity.WARNING,
            "An assert guards what visitors may do",
            "Python leaves asserts out when it is started with -O, and the guard with them.",
            "Use `if not …: abort(403)`.",
            "https://docs.python.org/3/reference/simple_stmts.html#the-assert-statement",
        ),
        asserts_guard,
    ),
)
