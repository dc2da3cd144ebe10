"""The first ``seawall.toml`` of a project, written from what `seawall.config.detect` found.

The file is short: what has a good default is left out. Every value has the place it was read from beside it. What was
not found, or could not be decided, is a comment to complete, and `notes` says it in words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from seawall.config.detect.facts import Fact, Findings, Item, Need, Sure, T, Variable
from seawall.config.detect.python import matters

HEADER = "# Written by `seawall init`; `seawall config explain KEY` tells about each key.\n"
UNSET_HOSTS = '# hosts = ["root@203.0.113.5"]'
UNSET_TLS = '# tls.mode = "acme"  # a certificate that browsers trust, once the domain leads to the host'


def render(
    findings: Findings, name: str | None = None, *, hosts: Sequence[str] = (), domains: Sequence[str] = ()
) -> str:
    """The text of ``seawall.toml``. `name`, `hosts` and `domains` are what a person has given; where no host or
    domain is given, a commented example stands in its place."""
    name = name or findings.name.best or "app"
    sections = [
        _top(findings, name, hosts, domains),
        _section("app", _app(findings)),
        _section("server", _server(findings)),
        _section("static", (_line(i.value.url, i.value.folder, i) for i in findings.static.items)),
        _section("health", _health(findings)),
        _section("release", _release(findings)),
        _section("processes", (_line(i.value.name, i.value.command, i) for i in findings.processes.items)),
        _section("env", _env(findings)),
        _database(findings),
        _redis(findings),
    ]
    return HEADER + "\n".join(section for section in sections if section)


def secrets(findings: Findings) -> list[Item[Variable]]:
    """The variables to keep as secrets: those that look secret and have no default, and every SECRET_KEY."""
    return [
        item
        for item in findings.variables.items
        if (item.value.secret and item.value.need is Need.REQUIRED) or item.value.name.endswith("SECRET_KEY")
    ]


def _top(findings: Findings, name: str, hosts: Sequence[str], domains: Sequence[str]) -> str:
    lines = [f"name = {_toml(name)}"]
    lines.append(f"domains = {_toml(list(domains))}" if domains else f'# domains = ["{name}.example.com"]')
    lines.append(f"hosts = {_toml(list(hosts))}" if hosts else UNSET_HOSTS)
    lines.append(UNSET_TLS)
    kept = secrets(findings)
    if kept:
        names = _toml([item.value.name for item in kept])
        lines.append(f"secrets = {names}  # `seawall secret set NAME` keeps the value of each")
    if findings.packages.items:
        needed = _toml(list(findings.packages.values))
        lines.append(
            f"packages = {needed}  # the app looks for it on its own machine ({_places(findings.packages.items)})"
        )
    return "\n".join(lines) + "\n"


def _section(name: str, lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return f"[{name}]\n{text}\n" if text else ""


def _app(findings: Findings) -> Iterator[str]:
    app = findings.app
    if app.best is not None:
        yield _line("entry", app.best.entry, app.items[0])
        if app.best.interface == "asgi":
            yield 'interface = "asgi"'
    elif app.sure is Sure.SEVERAL:
        yield "# Several apps were found; keep the line of the right one:"
        yield from (f"# {_line('entry', item.value.entry, item)}" for item in app.items)
    else:
        yield '# entry = "module:app"  # no app was found'
    if findings.python.best and matters(findings.python.best):
        yield _line("python", findings.python.best.version or findings.python.best.constraint, findings.python.items[0])
    yield from _requirements(findings)
    if findings.install.best:
        yield f"install_project = true  # {findings.install.best}"
    if findings.persist.items:
        folders = _toml(list(findings.persist.values))
        yield f"persist = {folders}  # the app writes here ({_places(findings.persist.items)})"


def _requirements(findings: Findings) -> Iterator[str]:
    requirements = findings.requirements
    if requirements.best is not None:
        yield f"requirements = {_toml(requirements.best.path)}"
    elif requirements.sure is Sure.SEVERAL:
        yield "# Several locks were found; keep the line of the right one:"
        yield from (f"# requirements = {_toml(item.value.path)}" for item in requirements.items)
    else:
        yield '# requirements = "requirements.txt"  # none was found; list there what the app needs'


def _server(findings: Findings) -> Iterator[str]:
    for item in findings.workers.items:
        yield f"workers = {item.value}  # {item.evidence}: Flask-SocketIO wants a visitor to meet one process"


def _health(findings: Findings) -> Iterator[str]:
    if findings.health.best is None:
        yield '# path = "/health"  # no page without login was found; a release is healthy when this answers 2xx'
    else:
        yield _line("path", findings.health.best, findings.health.items[0])


def _release(findings: Findings) -> Iterator[str]:
    setup, migrate = findings.setup, findings.migrate
    if setup.best is not None:
        yield f"setup = {_toml(setup.best)}  # once, at the first release ({setup.items[0].evidence})"
    elif setup.sure is Sure.SEVERAL:
        yield "# Several commands make tables; keep the line of the one to run once, at the first release:"
        yield from (f"# {_line('setup', item.value, item)}" for item in setup.items)
    if migrate.best is not None:
        yield f"migrate = {_toml(migrate.best)}  # with each release"


def _env(findings: Findings) -> Iterator[str]:
    for item in findings.variables.items:
        if item.value.need is Need.REQUIRED and not item.value.secret:
            yield f'# {item.value.name} = ""  # {item.evidence}, without a default'


def _database(findings: Findings) -> str:
    """Commented: whether the database is to be on the host, or somebody else runs it, only the person knows."""
    found = findings.database.items
    if not found:
        return ""
    lines = ["# [database]  # uncommented, it is set up on the host, and the app is given its URL"]
    others = '"mariadb", "sqlite", or "external" for one that somebody else runs'
    lines += [f'# kind = "{item.value.kind}"  # {item.evidence}; or {others}' for item in found]
    return _store(findings, lines, found[0].value.variable, "DATABASE_URL")


def _redis(findings: Findings) -> str:
    found = findings.redis.items
    if not found:
        return ""
    lines = ["# [redis]  # uncommented, the app has one of its own on the host"]
    lines.append(f"# enabled = true  # {found[0].evidence}")
    return _store(findings, lines, found[0].value.variable, "REDIS_URL")


def _store(findings: Findings, lines: list[str], variable: str, usual: str) -> str:
    kept = variable in [item.value.name for item in secrets(findings)]
    if variable != usual:
        lines.append(f"# variable = {_toml(variable)}")
    if kept:
        lines[0] += f"; {variable} is then no secret to set"
    return "\n".join(lines) + "\n"


def _line(key: str, value: str, item: Item[T]) -> str:
    name = key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _toml(key)
    return f"{name} = {_toml(value)}  # {item.evidence}"


def _toml(value: str | list[str]) -> str:
    """A string or a list of strings in TOML; JSON's escapes are TOML's too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _places(items: Iterable[Item[T]]) -> str:
    return ", ".join(str(item.evidence) for item in items)


def notes(findings: Findings) -> list[str]:
    """What could not be told, what was chosen among several, and what a person has to add: a sentence each, the most
    pressing first."""
    found = [
        *_app_notes(findings),
        *_choice("requirements", findings.requirements, [f.path for f in findings.requirements.values]),
        *_choice("python", findings.python, [p.version or p.constraint for p in findings.python.values]),
        *_choice("health.path", findings.health, list(findings.health.values)),
        *_choice("release.migrate", findings.migrate, list(findings.migrate.values)),
        *_variable_notes(findings),
        *_dotenv_notes(findings),
        *_remarks(findings),
    ]
    return list(dict.fromkeys(found))


def _app_notes(findings: Findings) -> Iterator[str]:
    app = findings.app
    if app.sure is Sure.NONE:
        yield "No app was found: write its import path as app.entry, such as module:app or package:create_app()."
    elif app.sure is Sure.SEVERAL:
        names = ", ".join(f"{item.value.entry} ({item.evidence})" for item in app.items)
        yield f"Several apps were found and none is the obvious one: {names}. Keep one as app.entry."
    yield from _choice("app.entry", app, [candidate.entry for candidate in app.values])
    if findings.setup.sure is Sure.SEVERAL:
        names = ", ".join(f"{item.value} ({item.evidence})" for item in findings.setup.items)
        yield f"Several commands make tables: {names}. Keep the one to run at the first release as release.setup."


def _choice(key: str, fact: Fact[T], texts: Sequence[str]) -> Iterator[str]:
    """One value was preferred to others: say which, to which, and by what rule."""
    others = list(dict.fromkeys(text for text in texts[1:] if text != texts[0]))
    if fact.sure is Sure.FOUND and others:
        rule = f": {fact.rule}" if fact.rule else ""
        yield f"{key} is {texts[0]} ({fact.items[0].evidence}), not {', '.join(others)}{rule}."


def _variable_notes(findings: Findings) -> Iterator[str]:
    kept = secrets(findings)
    for item in kept:
        yield f"{item.evidence}: {item.value.name} is a secret; run `seawall secret set {item.value.name}`."
    for item in findings.variables.items:
        variable = item.value
        if variable.need is Need.REQUIRED and not variable.secret:
            yield f"{item.evidence}: {variable.name} has no default; give it under [env] if the app needs it."
        elif variable.secret and item not in kept:
            has = "has a default" if variable.need is Need.DEFAULTED else "may be absent"
            yield (
                f"{item.evidence}: {variable.name} {has}; for another value run `seawall secret set {variable.name}` "
                "and add it to secrets."
            )
    if findings.hard_coded_key and not any(item.value.name.endswith("SECRET_KEY") for item in kept):
        yield (
            f"{findings.hard_coded_key}: SECRET_KEY is written in the code; anyone who reads it can forge sessions. "
            "Read it from the environment, and add it to secrets."
        )


def _dotenv_notes(findings: Findings) -> Iterator[str]:
    names = [item.value for item in findings.dotenv.items if item.evidence.path == ".env"]
    if names:
        yield (
            f".env sets {', '.join(names)}, and never travels; what the app needs of it belongs under [env], or is "
            "kept by `seawall secret set`."
        )


def _remarks(findings: Findings) -> Iterator[str]:
    yield from findings.app.remarks
    yield from findings.static.remarks
    yield from findings.requirements.remarks
    yield from findings.install.remarks
    yield from findings.python.remarks
    yield from findings.setup.remarks
    yield from findings.migrate.remarks
    yield from findings.processes.remarks
    yield from findings.health.remarks
    yield from findings.variables.remarks
    yield from findings.persist.remarks
    yield from findings.remarks
