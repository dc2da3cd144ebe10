"""SW60x: the database, files that are kept, and several processes at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from seawall.checks.finding import Evidence, InFile, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import for_developing, function_of, under_main
from seawall.checks.static.source import Source, masked
from seawall.config.detect.migrations import find_migrate
from seawall.config.detect.persist import find_persist
from seawall.config.detect.procfile import read_procfile
from seawall.config.detect.source import Module, keyword, literal

SQLITE = "https://www.sqlite.org/whentouse.html"
SCHEDULERS = re.compile(r"(^|\.)(BackgroundScheduler|APScheduler|BlockingScheduler|AsyncIOScheduler)$")
REMOTE = re.compile(
    r"^(postgres|postgresql|mysql|mariadb)(\+\w+)?://([^/@]*@)?(?P<host>[^/:?]+)[^?]*(\?(?P<options>.*))?$"
)
AT_HOME = frozenset({"localhost", "127.0.0.1", "[", "db", "postgres", "mysql", "database"})
ENCRYPTED = re.compile(
    r"sslmode=(require|verify-ca|verify-full)|ssl=(true|1|require)|ssl_ca=|sslrootcert=|ssl_mode=", re.I
)


def sqlite_on_many_hosts(source: Source) -> Iterator[Evidence]:
    if source.project is not None and len(source.project.hosts) > 1:
        yield from _sqlite(source)


def sqlite_with_many_workers(source: Source) -> Iterator[Evidence]:
    """Several processes that write to one SQLite file wait for each other, and fail after five seconds. With a timeout
    or the write-ahead log, as ``PRAGMA journal_mode=WAL``, somebody has thought of it."""
    project = source.project
    if (
        project is None
        or len(project.hosts) > 1
        or not (project.server.workers == "auto" or project.server.workers > 1)
    ):
        return
    if not any("journal_mode" in source.text(module.path) for module in source.sources.main):
        yield from _sqlite(source)


def files_not_kept(source: Source) -> Iterator[Evidence]:
    """What the app writes, and `app.persist` does not name."""
    project = source.project
    if project is None:
        return
    for item in find_persist(source.tree, source.sources, source.app).items:
        path = item.value
        kept = any(path == each or path.startswith(f"{each}/") for each in project.app.persist)
        unused = path == "instance" and not _uses_instance(source, item.evidence.line, item.evidence.path)
        if not kept and not unused:
            yield source.line(item.evidence.path, item.evidence.line, f"{path} is not under app.persist")


def database_in_clear(source: Source) -> Iterator[Evidence]:
    """An address of a database on another machine without TLS, in [env] or in the code."""
    for name, value in (source.project.env if source.project else {}).items():
        if _in_clear(value):
            yield masked(source.configured("env", name))
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _in_clear(node.value):
                yield source.hidden(module, node)


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


def migrations_not_run(source: Source) -> Iterator[Evidence]:
    project = source.project
    if project is None or project.release.migrate:
        return
    procfile = read_procfile(source.tree)
    found = find_migrate(source.tree, source.sources, None, procfile)
    scripts = [p for p in source.tree.files if p.suffix == ".py" and p.parent.name == "versions"]
    if found.items or scripts:
        yield source.line(scripts[0] if scripts else found.items[0].evidence.path, 1)


def tables_made_at_start(source: Source) -> Iterator[Evidence]:
    if not _several_processes(source):
        return
    for module in source.sources.main:
        for call in module.calls:
            makes = isinstance(call.func, ast.Attribute) and call.func.attr == "create_all"
            if makes and not under_main(module, call) and _at_start(module, call) and not for_developing(module, call):
                yield source.at(module, call)


def code_is_writable(source: Source) -> Iterator[Evidence]:
    """A kept path with Python files in it: the app may write to what it keeps."""
    for index, path in enumerate(source.project.app.persist if source.project else ()):
        folder = PurePosixPath(path)
        if any(file.suffix == ".py" and (folder in file.parents or folder == file) for file in source.tree.files):
            yield source.configured("app", "persist", index)


def uploads_are_served(source: Source) -> Iterator[Evidence]:
    """Uploads in a folder that the front server offers as it is."""
    folders = set(source.project.static.values()) if source.project else {"static"}
    for name in ("UPLOAD_FOLDER", "UPLOADS_FOLDER", "UPLOAD_PATH"):
        for setting in source.set_to(name):
            text = " ".join(literal(part) or "" for part in ast.walk(setting.value) if isinstance(part, ast.Constant))
            path = re.sub(r"\s+", "/", text).strip("/")
            if any(
                path == folder or f"{path}/".startswith(f"{folder}/") or "static/" in f"{path}/" for folder in folders
            ):
                yield source.at(setting.module, setting.node)


def queries_shown(source: Source) -> Iterator[Evidence]:
    for setting in source.set_to("SQLALCHEMY_ECHO"):
        if setting.constant is True:
            yield source.at(setting.module, setting.node)
    for module, call in source.calls("sqlalchemy.create_engine"):
        echo = keyword(call, "echo")
        if isinstance(echo, ast.Constant) and echo.value and not for_developing(module, call):
            yield source.at(module, call)


def _sqlite(source: Source) -> Iterator[InFile]:
    """Where the app says that its database is SQLite, unless the host gives it another one."""
    if any(re.search(r"DATABASE|DB_UR[LI]", name) for name in source.given - set(_env_of_sqlite(source))):
        return
    for name in _env_of_sqlite(source):
        yield source.configured("env", name)
    for module in source.sources.main:
        for node in module.nodes:
            text = literal(node) if isinstance(node, ast.Constant) else None
            if text and re.match(r"sqlite(\+\w+)?:///[^:]", text) and not for_developing(module, node):
                yield source.at(module, node)
    for module, call in source.calls("sqlite3.connect"):
        if literal(keyword(call, "database", 0)) != ":memory:" and not for_developing(module, call):
            yield source.at(module, call)


def _env_of_sqlite(source: Source) -> list[str]:
    return [
        name for name, value in (source.project.env if source.project else {}).items() if value.startswith("sqlite:")
    ]


def _uses_instance(source: Source, line: int, path: str) -> bool:
    """Whether the line writes there: Flask-SQLAlchemy's SQLite file does not where the host gives another database."""
    text = source.line(path, line).text
    return "sqlite:" not in text or not any("DATABASE" in name for name in source.given)


def _in_clear(url: str) -> bool:
    match = REMOTE.match(url)
    if not match or match["host"] in AT_HOME or set("{}<>$%") & set(match["host"]):
        return False
    return not ENCRYPTED.search(match["options"] or "")


def _several_processes(source: Source) -> bool:
    """Whether more than one process answers; without a seawall.toml, its default says so."""
    workers = source.project.server.workers if source.project else "auto"
    hosts = len(source.project.hosts) if source.project else 1
    return workers == "auto" or workers > 1 or hosts > 1


def _at_start(module: Module, call: ast.Call) -> bool:
    """Whether the call is made on import or by the factory of the app."""
    function = function_of(module, call)
    return function is None or function.name in {"create_app", "make_app", "init_app"}


def _schedules(source: Source, module: Module, call: ast.Call) -> bool:
    """Whether what is started is a scheduler or a thread."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else call
    made: list[ast.expr] = [owner]
    if isinstance(owner, ast.Name):
        made = [n.value for n in module.nodes if isinstance(n, ast.Assign) and _assigns(n, owner.id)]
    names = [source.sources.qualified(module, each.func) for each in made if isinstance(each, ast.Call)]
    return any(SCHEDULERS.search(name) or name in {"threading.Thread", "threading.Timer"} for name in names)


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW601",
            Severity.WARNING,
            "Several hosts have a SQLite database each",
            "What a visitor writes on one host is not there on the next request.",
            "Use a database that all hosts share, such as PostgreSQL.",
            SQLITE,
        ),
        sqlite_on_many_hosts,
    ),
    Check(
        Rule(
            "SW602",
            Severity.NOTE,
            "Several processes write to one SQLite file",
            "Writers wait for each other; under load some fail with `database is locked`.",
            "Switch on the write-ahead log (PRAGMA journal_mode=WAL), or use PostgreSQL if there is much to write.",
            "https://www.sqlite.org/wal.html",
        ),
        sqlite_with_many_workers,
    ),
    Check(
        Rule(
            "SW603",
            Severity.WARNING,
            "The app writes to a path that is not kept",
            "On the host it may not write there; and what a release has written, the next one does not see.",
            "Name the folder under `app.persist`.",
            "docs/reference/configuration.md",
        ),
        files_not_kept,
    ),
    Check(
        Rule(
            "SW604",
            Severity.WARNING,
            "The connection to a database on another machine is not encrypted for certain",
            "Whoever is on the way reads the password and all data; the drivers' default gives way without a word.",
            "Add ?sslmode=verify-full (PostgreSQL) or ?ssl_ca=… (MySQL) to the address.",
            "https://www.postgresql.org/docs/current/libpq-ssl.html",
        ),
        database_in_clear,
    ),
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
            "SW609",
            Severity.WARNING,
            "There are migrations, and no release runs them",
            "New code meets the old schema.",
            'Say it: migrate = "flask db upgrade" under [release].',
            "docs/reference/configuration.md",
        ),
        migrations_not_run,
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
    Check(
        Rule(
            "SW611",
            Severity.WARNING,
            "A kept path holds code",
            "The app may write to what it keeps: a break-in can change the code, and a release does not.",
            "Name the folder of the data alone under `app.persist`.",
            "docs/reference/configuration.md",
        ),
        code_is_writable,
    ),
    Check(
        Rule(
            "SW612",
            Severity.WARNING,
            "What visitors upload is served as it is",
            "An uploaded page or script runs in the browsers of others, as part of your site.",
            "Keep uploads outside the static folder, and send them by send_from_directory() with a type of your own.",
            "https://cheatsheetseries.owasp.org/cheatsheets/File_Upload_Cheat_Sheet.html",
        ),
        uploads_are_served,
    ),
    Check(
        Rule(
            "SW613",
            Severity.WARNING,
            "Every query is written to the log with its values",
            "Personal data and tokens then lie in the log, and each query costs more.",
            "Switch echo on at home only.",
            "https://docs.sqlalchemy.org/en/20/core/engines.html#configuring-logging",
        ),
        queries_shown,
    ),
)
