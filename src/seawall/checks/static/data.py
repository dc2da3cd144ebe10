"""SW60x: the database, and files that are kept."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from seawall.checks.finding import Evidence, InFile, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import for_developing
from seawall.checks.static.source import Source, masked
from seawall.config.detect.migrations import find_migrate
from seawall.config.detect.persist import find_persist
from seawall.config.detect.procfile import read_procfile
from seawall.config.detect.source import keyword, literal

SQLITE = "https://www.sqlite.org/whentouse.html"
REMOTE = re.compile(
    r"^(postgres|postgresql|mysql|mariadb)(\+\w+)?://([^/@]*@)?(?P<host>[^/:?]{1,255})[^?]*(\?(?P<options>.*))?$"
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
    yield from (masked(place) for _, value, place in source.given_values() if _in_clear(value))
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _in_clear(node.value):
                yield source.hidden(module, node)


def migrations_not_run(source: Source) -> Iterator[Evidence]:
    project = source.project
    if project is None or project.release.migrate:
        return
    procfile = read_procfile(source.tree)
    found = find_migrate(source.tree, source.sources, None, procfile)
    scripts = [p for p in source.tree.files if p.suffix == ".py" and p.parent.name == "versions"]
    if found.items or scripts:
        yield source.line(scripts[0] if scripts else found.items[0].evidence.path, 1)


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
