"""SW101 to SW110: how the app is started, and what belongs on a developer's machine alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import for_developing, function_of, unconditional, under_main
from seawall.checks.static.source import Source
from seawall.config.detect.source import Module, keyword

DEBUGGING = "https://flask.palletsprojects.com/en/stable/debugging/"
TRUE = frozenset({"1", "true", "yes", "on"})


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
)
