"""The app itself: its object or factory, its import path, and which one when there are several.

Candidates are ranked by these rules, the first that tells two apps apart decides:

1. the Procfile's web line names it;
2. ``FLASK_APP`` in .flaskenv names it;
3. it is not in tests, examples, documentation or scripts;
4. it is offered by a module called wsgi or asgi;
5. it is in app.py or wsgi.py at the import root, where Flask itself looks;
6. it has a name Flask itself tries (app, application, create_app, make_app);
7. a Django project is served by wsgi.py unless its asgi.py uses channels.

Two apps that no rule tells apart are reported as ``several``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from seawall.config.detect.construction import Construction, construction, returned
from seawall.config.detect.facts import (
    App,
    Evidence,
    Fact,
    Item,
    chosen,
    nothing,
    undecided,
)
from seawall.config.detect.source import Function, Module, Sources, source_root
from seawall.config.detect.tree import Tree, printable

OBJECTS = ("app", "application")
FACTORIES = ("create_app", "make_app")
RULES = (
    "the Procfile's web line names it",
    "FLASK_APP in .flaskenv names it",
    "the other is in tests, examples or scripts",
    "it is offered by a wsgi or asgi module",
    "it is in app.py or wsgi.py, where Flask itself looks",
    "it has a name Flask itself tries",
    "Django serves WSGI unless channels are used",
)


SERVED = frozenset({"wsgi", "asgi", "app", "main", "run", "server", "application"})
NOT_SERVED = frozenset({"tasks", "worker", "workers", "jobs", "manage", "celery_worker"})
WORKERS = frozenset({"celery", "rq", "huey", "dramatiq"})


@dataclass(frozen=True)
class Candidate:
    """A module-level name that is, or makes, an app; `problem` says why it cannot be served."""

    app: App
    evidence: Evidence
    construction: Construction
    rank: tuple[int, ...]
    kind: int
    problem: str = ""


@dataclass(frozen=True)
class _Named:
    """A module-level name and the app behind it; `function` if it is a factory."""

    module: Module
    name: str
    construction: Construction
    function: Function | None = None


@dataclass(frozen=True)
class Hints:
    """What other files say the app is called, as ``module:name`` or ``module``."""

    procfile: str = ""
    flaskenv: str = ""


def find_app(tree: Tree, sources: Sources, hints: Hints) -> tuple[Fact[App], Construction | None]:
    """The app, ranked by the rules above, and where it is constructed."""
    every = list(_candidates(tree, sources, hints))
    remarks = tuple(f"{c.evidence}: {c.problem}" for c in every if c.problem)
    usable = [candidate for candidate in every if not candidate.problem]
    best = _best_of_each(usable)
    if not best:
        return nothing(remarks), None
    items = tuple(Item(candidate.app, candidate.evidence) for candidate in best)
    if len(best) == 1:
        return chosen(items, "", _aside_remark(best[0])), best[0].construction
    if best[0].rank == best[1].rank:
        return undecided(items, remarks), None
    rule = next(rule for rule, ours, theirs in zip(RULES, best[0].rank, best[1].rank, strict=True) if ours != theirs)
    return chosen(items, rule, remarks), best[0].construction


def given_app(tree: Tree, sources: Sources, entry: str) -> tuple[Fact[App], Construction | None]:
    """The app a person named (``module:name`` or ``module:factory()``)."""
    wanted = entry.removesuffix("()")
    for candidate in _candidates(tree, sources, Hints()):
        if f"{candidate.app.module}:{candidate.app.name}" == wanted and not candidate.problem:
            found = Item(candidate.app, candidate.evidence)
            return chosen([found], "it was named"), candidate.construction
    module, _, name = wanted.partition(":")
    app = App(module, name or "app", entry.endswith("()"), "wsgi", "", Evidence(entry, 1))
    remark = f"{entry} was not found by reading the project; it is taken as given, as WSGI."
    return chosen([Item(app, app.made)], "it was named", [remark]), None


def _best_of_each(candidates: list[Candidate]) -> list[Candidate]:
    """The best name of each app (several names often lead to one construction), best app first."""
    best: dict[Evidence, Candidate] = {}
    for candidate in sorted(candidates, key=_preference):
        best.setdefault(candidate.app.made, candidate)
    return sorted(best.values(), key=lambda candidate: (candidate.rank, _preference(candidate)))


def _preference(candidate: Candidate) -> tuple[object, ...]:
    app = candidate.app
    usual = [*OBJECTS, *FACTORIES]
    order = usual.index(app.name) if app.name in usual else len(usual)
    depth = app.module.count(".")
    return (candidate.rank[:4], candidate.kind, candidate.rank, order, depth, app.module, app.name)


def _candidates(tree: Tree, sources: Sources, hints: Hints) -> Iterator[Candidate]:
    for module in sources:
        for name in _names(module, hints):
            found = construction(sources, module, name)
            if found:
                yield _candidate(_Named(module, name, found), hints, _unreachable(tree, module))
        for name, function in module.functions.items():
            made = returned(sources, module, function)
            if made:
                problem = _unusable(function) or _unreachable(tree, module)
                yield _candidate(_Named(module, name, made, function), hints, problem)


def _names(module: Module, hints: Hints) -> Iterator[str]:
    """Names that may be apps: those assigned here; those imported too where that is the custom."""
    yield from module.assigned
    hinted = {hint.partition(":")[0] for hint in (hints.procfile, hints.flaskenv)}
    if module.path.stem in {"wsgi", "asgi"} or module.name in hinted:
        yield from (name for name in module.imports if name in OBJECTS)


def _kind(named: _Named) -> int:
    """Among the names of one app: the object itself, and an object the project makes for serving
    (``run.py``, or one that gives its factory arguments), come before the factory; an object some
    other module makes for its own use, such as a worker's, comes last."""
    module = named.module
    if named.function:
        return 1
    if named.construction.module is module:
        return 0
    values = [v for v in module.assigned.get(named.name, []) if isinstance(v, ast.Call)]
    with_arguments = any(value.args or value.keywords for value in values)
    others = {origin.partition(".")[0] for origin in module.imports.values()}
    if "." in module.name or others & WORKERS or module.name in NOT_SERVED:
        return 2
    return 0 if module.name in SERVED or with_arguments else 2


def _candidate(named: _Named, hints: Hints, problem: str) -> Candidate:
    made, module = named.construction, named.module
    place = module.at(named.function) if named.function else _place(module, named.name)
    app = App(
        module.name,
        named.name,
        named.function is not None,
        made.interface,
        made.framework,
        made.module.at(made.call),
    )
    return Candidate(app, place, made, _rank(module, app, hints), _kind(named), problem)


def _place(module: Module, name: str) -> Evidence:
    values = module.assigned.get(name)
    return module.at(values[0]) if values else Evidence(printable(module.path), 1)


def _rank(module: Module, app: App, hints: Hints) -> tuple[int, ...]:
    """One number a rule, in RULES' order; lower is better."""
    at_root = "." not in app.module
    return (
        0 if _named(app, hints.procfile) else 1,
        0 if _named(app, hints.flaskenv) else 1,
        1 if module.aside else 0,
        0 if module.path.stem in {"wsgi", "asgi"} else 1,
        0 if at_root and app.module in {"app", "wsgi"} else 1,
        0 if app.name in (*OBJECTS, *FACTORIES) else 1,
        {"channels": 0, "django": 1}.get(app.framework, 0) + _plain_asgi(app),
    )


def _plain_asgi(app: App) -> int:
    return 1 if app.framework == "django" and app.interface == "asgi" else 0


def _named(app: App, hint: str) -> bool:
    module, _, name = hint.removesuffix("()").partition(":")
    if not hint or app.module != module:
        return False
    return app.name == name if name else app.name in (*OBJECTS, *FACTORIES)


def _unusable(function: Function) -> str:
    """Why a factory cannot be called by a server; empty if it can."""
    if isinstance(function, ast.AsyncFunctionDef):
        return f"{function.name}() is async; a server needs a plain function that returns the app."
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    required = [arg.arg for arg in positional[: len(positional) - len(spec.defaults)]]
    required += [arg.arg for arg, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is None]
    if not required:
        return ""
    return (
        f"{function.name}() cannot be called without {', '.join(required)}; add a wsgi.py that "
        f"calls it, such as app = {function.name}(...), or give the arguments defaults."
    )


def _unreachable(tree: Tree, module: Module) -> str:
    """Why a module cannot be imported from the project's root: its name is none, or it is in a plain folder and
    imports its neighbours by their bare names."""
    if not all(part.isidentifier() for part in module.name.split(".")):
        return "the name of the file or of a folder above it cannot be imported; rename it with letters, digits and _."
    folder = module.folder
    if folder in {PurePosixPath(), source_root(tree)} or tree.has(folder / "__init__.py"):
        return ""
    for origin in module.imports.values():
        top = origin.partition(".")[0]
        if tree.has(folder / f"{top}.py") or tree.has(folder / top / "__init__.py"):
            shown = printable(folder)
            return (
                f"imports {top} from beside itself, so the app runs from {shown}/ only; "
                f"run seawall there, or make {shown} a package."
            )
    return ""


def _aside_remark(candidate: Candidate) -> tuple[str, ...]:
    if not candidate.rank[2]:
        return ()
    return (f"{candidate.evidence}: the only app is in tests, examples or scripts.",)
