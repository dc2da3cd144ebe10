"""SW1xx: how the app is started, and what it shows of itself when something fails."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import for_developing, function_of, unconditional, under_main
from seawall.checks.static.source import Source
from seawall.config.detect.source import Function, Module, keyword

DEBUGGING = "https://flask.palletsprojects.com/en/stable/debugging/"
ERRORS = "https://cheatsheetseries.owasp.org/cheatsheets/Error_Handling_Cheat_Sheet.html"
TRUE = frozenset({"1", "true", "yes", "on"})
TRACEBACKS = ("traceback.format_exc", "traceback.format_exception", "traceback.format_tb")


def debug_on(source: Source) -> Iterator[Evidence]:
    """``DEBUG = True``, ``app.debug = True`` and ``app.run(debug=True)`` where a server would run it."""
    yield from _switched_on(source, "DEBUG")
    for module, call in _runs(source):
        if _true(keyword(call, "debug")) and source.is_certain(module, call) and function_of(module, call) is None:
            yield source.at(module, call)


def debug_when_started(source: Source) -> Iterator[Evidence]:
    for module, call in _runs(source):
        if _true(keyword(call, "debug")) and under_main(module, call):
            yield source.at(module, call)


def runs_at_import(source: Source) -> Iterator[Evidence]:
    for module, call in _runs(source):
        if source.is_certain(module, call) and function_of(module, call) is None:
            yield source.at(module, call)


def debug_in_environment(source: Source) -> Iterator[Evidence]:
    for name, value, place in source.given_values():
        if (name == "FLASK_DEBUG" and value.lower() in TRUE) or (name == "FLASK_ENV" and value == "development"):
            yield place


def testing_on(source: Source) -> Iterator[Evidence]:
    yield from _switched_on(source, "TESTING")


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


def werkzeug_debugger(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls("werkzeug.debug.DebuggedApplication"):
        if source.is_certain(module, call):
            yield source.at(module, call)


def developer_tools(source: Source) -> Iterator[Evidence]:
    tools = (
        "flask_debugtoolbar.DebugToolbarExtension",
        "werkzeug.middleware.profiler.ProfilerMiddleware",
        "flask_profiler.init_app",
    )
    for module, call in source.calls(*tools):
        if not under_main(module, call) and not for_developing(module, call):
            yield source.at(module, call)


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


def _switched_on(source: Source, name: str) -> Iterator[Evidence]:
    """The places that switch a setting on, whatever the environment says. One in a class or module of settings counts
    only if no other of them says something else: which of them is used is not known."""
    if source.app is not None and source.app.framework not in {"flask", "quart", "django"}:
        return
    every = source.set_to(name)
    for setting in every:
        replaced = setting.declared and any(other.constant is not True for other in every)
        sure = setting.declared and unconditional(setting.module, setting.node)
        if setting.constant is not True or setting.filled or replaced:
            continue
        if sure or source.is_certain(setting.module, setting.node):
            yield source.at(setting.module, setting.node)


def _runs(source: Source) -> Iterator[tuple[Module, ast.Call]]:
    """Calls of Flask's development server."""
    for module in source.sources.main:
        names = {"app", "application"} | _apps(source, module)
        for call in module.calls:
            func = call.func
            if isinstance(func, ast.Attribute) and func.attr == "run" and getattr(func.value, "id", "") in names:
                yield module, call


def _apps(source: Source, module: Module) -> set[str]:
    return {
        name
        for name, values in module.assigned.items()
        if any(isinstance(v, ast.Call) and source.sources.qualified(module, v.func) == "flask.Flask" for v in values)
    }


def _true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


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
            "SW101",
            Severity.ERROR,
            "Debug mode is on",
            "Whoever provokes an error gets the interactive debugger, which runs any code they type.",
            "Remove it, or take it from the environment: `flask --debug run` turns it on for you alone.",
            DEBUGGING,
        ),
        debug_on,
    ),
    Check(
        Rule(
            "SW102",
            Severity.NOTE,
            "The file starts the debugger when it is run by hand",
            "seawall never runs the file so, but somebody who does it on a server opens the debugger to the world.",
            "Use `flask --debug run` at home, and drop debug=True.",
            DEBUGGING,
        ),
        debug_when_started,
    ),
    Check(
        Rule(
            "SW103",
            Severity.ERROR,
            "The development server starts when the module is imported",
            "The application server imports the module and then waits for ever: no request is answered.",
            'Put app.run() under `if __name__ == "__main__":`, or remove it.',
            "https://flask.palletsprojects.com/en/stable/deploying/",
        ),
        runs_at_import,
    ),
    Check(
        Rule(
            "SW104",
            Severity.ERROR,
            "The environment turns debug mode on",
            "Whoever provokes an error gets tracebacks, and with the debugger runs any code they type.",
            "Remove it from [env] and .env.production; a plain .env is the place for your own machine.",
            DEBUGGING,
        ),
        debug_in_environment,
    ),
    Check(
        Rule(
            "SW105",
            Severity.ERROR,
            "Testing mode is on",
            "Exceptions pass through the app instead of becoming error pages, and extensions drop their protections.",
            "Set TESTING in the tests alone.",
            "https://flask.palletsprojects.com/en/stable/config/#TESTING",
        ),
        testing_on,
    ),
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
            "SW109",
            Severity.ERROR,
            "Werkzeug's debugger wraps the app",
            "Whoever provokes an error gets a console that runs any code they type.",
            "Remove DebuggedApplication, or wrap the app under a condition on app.debug.",
            "https://werkzeug.palletsprojects.com/en/stable/debug/",
        ),
        werkzeug_debugger,
    ),
    Check(
        Rule(
            "SW110",
            Severity.WARNING,
            "A developer's tool is part of the app",
            "A toolbar or profiler slows every request and shows what the app does inside.",
            "Set it up under `if app.debug:`.",
            "https://owasp.org/Top10/A05_2021-Security_Misconfiguration/",
        ),
        developer_tools,
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
