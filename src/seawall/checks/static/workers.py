"""SW605 to SW610: several processes at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import for_developing, function_of, under_main
from seawall.checks.static.source import Source
from seawall.config.detect.source import Module, keyword, literal
from seawall.stack.sizing import ONE_PROCESS

SCHEDULERS = re.compile(r"(^|\.)(BackgroundScheduler|APScheduler|BlockingScheduler|AsyncIOScheduler)$")


def limits_in_memory(source: Source) -> Iterator[Evidence]:
    """Flask-Limiter counts in the memory of each worker unless it is told otherwise."""
    if (
        not _several_processes(source)
        or source.is_set("RATELIMIT_STORAGE_URI")
        or source.is_set("RATELIMIT_STORAGE_URL")
    ):
        return
    for module, call in source.calls("flask_limiter.Limiter", "flask_limiter.extension.Limiter"):
        storage = keyword(call, "storage_uri")
        if storage is None or (literal(storage) or "").startswith("memory://"):
            yield source.at(module, call)


def cache_in_memory(source: Source) -> Iterator[Evidence]:
    if _several_processes(source):
        for setting in source.set_to("CACHE_TYPE"):
            if str(setting.constant).lower() in {"simplecache", "simple", "flask_caching.backends.simplecache"}:
                yield source.at(setting.module, setting.node)


def sockets_without_queue(source: Source) -> Iterator[Evidence]:
    if _several_processes(source):
        for module, call in source.calls("flask_socketio.SocketIO"):
            inits = [c for _, c, _ in source.named_calls if keyword(c, "message_queue") is not None]
            if not inits:
                yield source.at(module, call)


def scheduler_in_every_worker(source: Source) -> Iterator[Evidence]:
    """A scheduler or thread that starts when the app is made: each worker has one."""
    if not _several_processes(source):
        return
    for module in source.sources.main:
        for call in module.calls:
            started = isinstance(call.func, ast.Attribute) and call.func.attr == "start"
            aside = under_main(module, call) or for_developing(module, call)
            if started and not aside and _at_start(module, call) and _schedules(source, module, call):
                yield source.at(module, call)


def tables_made_at_start(source: Source) -> Iterator[Evidence]:
    if not _several_processes(source):
        return
    for module in source.sources.main:
        for call in module.calls:
            makes = isinstance(call.func, ast.Attribute) and call.func.attr == "create_all"
            if makes and not under_main(module, call) and _at_start(module, call) and not for_developing(module, call):
                yield source.at(module, call)


def _several_processes(source: Source) -> bool:
    """Whether more than one process answers; without a seawall.toml, its default says so."""
    if source.project is None or len(source.project.hosts) > 1:
        return True
    server = source.project.server
    return server.kind not in ONE_PROCESS and (server.workers == "auto" or server.workers > 1)


def _at_start(module: Module, call: ast.Call) -> bool:
    """Whether the call is made on import or by the factory of the app."""
    function = function_of(module, call)
    return function is None or function.name in {"create_app", "make_app", "init_app"}


def _schedules(source: Source, module: Module, call: ast.Call) -> bool:
    """Whether what is started is a scheduler or a thread."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else call
    made: list[ast.expr] = [owner]
    if isinstance(owner, ast.Name):
        made = [assignment.value for assignment in source.given_to(module.tree, owner.id)]
    names = {source.sources.qualified(module, each.func) for each in made if isinstance(each, ast.Call)}
    return any(SCHEDULERS.search(name) or name in {"threading.Thread", "threading.Timer"} for name in names)


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW605",
            Severity.WARNING,
            "Each worker counts requests for itself",
            "A limit of 5 is one of 5 times the number of workers, and begins anew with each release.",
            'Give Limiter a storage that all share: storage_uri="redis://localhost:6379".',
            "https://flask-limiter.readthedocs.io/en/stable/#configuring-a-storage-backend",
        ),
        limits_in_memory,
    ),
    Check(
        Rule(
            "SW606",
            Severity.NOTE,
            "Each worker has a cache of its own",
            "What one forgets, the others still show.",
            'Use a cache that all share: CACHE_TYPE = "RedisCache".',
            "https://flask-caching.readthedocs.io/en/latest/",
        ),
        cache_in_memory,
    ),
    Check(
        Rule(
            "SW607",
            Severity.WARNING,
            "Workers cannot pass on each other's messages",
            "A message reaches the visitors of one worker only.",
            "Give SocketIO a message_queue, such as redis://, and one worker a host.",
            "https://flask-socketio.readthedocs.io/en/latest/deployment.html#using-multiple-workers",
        ),
        sockets_without_queue,
    ),
    Check(
        Rule(
            "SW608",
            Severity.WARNING,
            "Every worker starts a scheduler or thread of its own",
            "What should happen once happens once for each worker, and again with each release.",
            "Make it a process or a schedule of its own: [processes] or [schedule].",
            "https://apscheduler.readthedocs.io/en/3.x/faq.html",
        ),
        scheduler_in_every_worker,
    ),
    Check(
        Rule(
            "SW610",
            Severity.NOTE,
            "Every worker makes the tables when it starts",
            "Two that start together may both try, and one fails; changed columns are not seen at all.",
            "Use migrations (Flask-Migrate), or name a command as `release.setup`.",
            "https://flask-migrate.readthedocs.io/en/latest/",
        ),
        tables_made_at_start,
    ),
)
