"""Workers beside the web app: the Procfile's lines, Celery and RQ."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seawall.config.detect.facts import Evidence, Fact, Item, Process, listing
from seawall.config.detect.procfile import Line, needs_shell, web_target
from seawall.config.detect.source import Function, Module, Sources, keyword, literal, own_nodes
from seawall.config.detect.tree import printable

CELERY = frozenset({"celery.Celery", "celery.app.base.Celery"})
QUEUES = frozenset({"rq.Queue", "rq.queue.Queue"})
SETTINGS = ("config", "settings")


def find_processes(sources: Sources, procfile: tuple[Line, ...]) -> Fact[Process]:
    """The processes: the Procfile's own words first, else a worker each for Celery and RQ."""
    remarks: list[str] = []
    named = list(_of_procfile(procfile, remarks))
    found = [] if named else [*_celery(sources, remarks), *_rq(sources, remarks)]
    if named:
        remarks += [
            f"{item.evidence}: {item.value.command} was not added; the Procfile names the processes."
            for item in [*_celery(sources, []), *_rq(sources, [])]
            if not any(item.value.command.split()[0] in other.value.command for other in named)
        ]
    return listing(_distinct([*named, *found]), remarks)


def _of_procfile(procfile: tuple[Line, ...], remarks: list[str]) -> Iterator[Item[Process]]:
    for line in procfile:
        if line.name == "web":
            target = web_target(procfile)
            used = f" It names {target}." if target else ""
            remarks.append(f"{line.evidence}: the web line was not taken over; seawall runs the app's server.{used}")
        elif line.name != "release" and needs_shell(line.command):
            remarks.append(f"{line.evidence}: {line.name} needs a shell, which processes have not; it is left out.")
        elif line.name != "release":
            name = re.sub(r"[^a-z0-9-]", "-", line.name.lower()).strip("-") or "process"
            yield Item(Process(name, line.command), line.evidence)


def _distinct(items: list[Item[Process]]) -> list[Item[Process]]:
    """Give each process a name of its own: worker, worker-2, …"""
    taken: set[str] = set()
    result = []
    for item in items:
        name, count = item.value.name, 1
        while name in taken:
            count += 1
            name = f"{item.value.name}-{count}"
        taken.add(name)
        result.append(Item(Process(name, item.value.command), item.evidence))
    return result


def _celery(sources: Sources, remarks: list[str]) -> list[Item[Process]]:
    """One worker for the best Celery object: ``celery -A module:name`` finds ``app`` and ``celery`` by itself."""
    found = sorted(_celery_objects(sources), key=lambda pair: (pair[0].name.count("."), pair[0].name, pair[1]))
    if not found:
        return []
    ready = [(module, name) for module, name in found if _served_by(module)]
    module, name = (ready or found)[0]
    target = module.name if name in {"app", "celery"} else f"{module.name}:{name}"
    evidence = module.at(module.assigned[name][0])
    if len(found) > 1:
        others = ", ".join(
            f"{other.name}:{attribute}" for other, attribute in found if (other, attribute) != (module, name)
        )
        remarks.append(f"{evidence}: Celery runs as {target}; there is also {others}.")
    for other in sources.main:
        if "beat_schedule" in ast.dump(other.tree):
            remarks.append(
                f"{printable(other.path)}: Celery has a beat schedule; add beat = "
                f'"celery -A {target} beat --schedule data/beat" under [processes] and "data" to persist.'
            )
            break
    return [Item(Process("worker", f"celery -A {target} worker --loglevel INFO"), evidence)]


def _served_by(module: Module) -> bool:
    """Whether a module is there for the worker to import: it makes the web app first (make_celery.py)."""
    return "celery" in module.path.stem or "worker" in module.path.stem or "tasks" in module.path.stem


def _celery_objects(sources: Sources) -> Iterator[tuple[Module, str]]:
    for module in sources.main:
        for name, values in module.assigned.items():
            if any(_is_celery(sources, module, value) for value in values):
                yield module, name


def _is_celery(sources: Sources, module: Module, value: ast.expr) -> bool:
    if isinstance(value, ast.Subscript):  # app.extensions["celery"], Flask's own pattern
        return literal(value.slice) == "celery" and ast.unparse(value.value).endswith(".extensions")
    if not isinstance(value, ast.Call):
        return False
    name = sources.qualified(module, value.func)
    inner, rest = sources.split(name)
    made = inner.functions.get(rest) if inner else None
    return name in CELERY or bool(inner and made and _returns_celery(sources, inner, made))


def _returns_celery(sources: Sources, module: Module, function: Function) -> bool:
    """``make_celery(app)``: its result is named by its annotation, or it makes a Celery and returns a plain name."""
    if function.returns is not None:
        return sources.qualified(module, function.returns) in CELERY
    nodes = list(own_nodes(function))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    returns = [node.value for node in nodes if isinstance(node, ast.Return)]
    made = any(sources.qualified(module, call.func) in CELERY for call in calls)
    names = {"celery", "celery_app"}
    return made and any(isinstance(value, ast.Name) and value.id in names for value in returns)


def _rq(sources: Sources, remarks: list[str]) -> list[Item[Process]]:
    """One worker for all queues; a script of the project that starts a worker itself comes first."""
    script = _worker_script(sources)
    queues = list(_queues(sources))
    if script:
        return [script]
    if not queues:
        return []
    names = list(dict.fromkeys(name for name, _ in queues))
    settings = _redis_settings(sources)
    option = f"-c {settings} " if settings else ""
    if not settings:
        remarks.append(
            f"{queues[0][1]}: rq worker asks Redis at localhost unless RQ_REDIS_URL says otherwise; set it to the "
            "app's own Redis URL if that is elsewhere."
        )
    return [Item(Process("worker", f"rq worker {option}{' '.join(names)}"), queues[0][1])]


def _queues(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for module in sources.main:
        for call in module.calls:
            if sources.qualified(module, call.func) in QUEUES:
                given = keyword(call, "name", 0)
                name = "default" if given is None else literal(given)
                if name and re.fullmatch(r"[\w.-]+", name):
                    yield name, module.at(call)


def _redis_settings(sources: Sources) -> str:
    """A module that holds ``REDIS_URL``, which ``rq worker -c`` reads: the worker then follows the app's own."""
    for module in sources.main:
        if "REDIS_URL" in module.assigned and module.path.stem in SETTINGS:
            return module.name
    return ""


def _worker_script(sources: Sources) -> Item[Process] | None:
    """A file that makes an RQ worker and starts it when it is run (``python worker.py``)."""
    for module in sources.main:
        makes = any(sources.qualified(module, call.func) == "rq.Worker" for call in module.calls)
        for node in module.tree.body:
            if makes and isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
                return Item(Process("worker", f"python {module.path}"), module.at(node))
    return None
