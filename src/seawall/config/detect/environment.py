"""The environment variables the app reads: names, whether it needs them, and which look secret. Never values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.config.detect.facts import Evidence, Fact, Item, Kind, Need, Variable, listing
from seawall.config.detect.source import Module, Sources, keyword, literal
from seawall.config.detect.tree import Tree, printable

ENVIRON = "os.environ"
READERS = frozenset({"os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault", "decouple.config"})
ENVIRONS = frozenset({"environs.Env", "environ.Env", "environs.FlaskEnv", "starlette.config.Config", "decouple.Config"})
SETTINGS = frozenset({"pydantic_settings.BaseSettings", "pydantic.BaseSettings"})
SECRET = frozenset(
    ("SECRET", "KEY", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "PW", "CREDENTIALS", "DSN", "SALT")
)
DATABASE = re.compile(r"(^|_)(DATABASE|DB|POSTGRES(QL)?|MYSQL|MONGO(DB)?|SQLALCHEMY)(_\w+)?_(URL|URI)(_|$)")
REDIS = re.compile(r"(^|_)(REDIS|CELERY|BROKER|RESULT_BACKEND|CACHE|RATELIMIT|STORAGE)(_\w+)?(_(URL|URI)|_BACKEND)$")
# Given by the system, by the server or by Python itself: not the app's settings.
SYSTEM = frozenset(
    {
        *("HOME", "PATH", "USER", "USERNAME", "LOGNAME", "SHELL", "TERM", "TZ", "LANG", "LC_ALL", "TMPDIR", "TEMP"),
        *("TMP", "PWD", "HOSTNAME", "PORT", "HOST", "CI", "VIRTUAL_ENV", "PYTHONPATH", "FLASK_APP", "FLASK_DEBUG"),
        *("WERKZEUG_RUN_MAIN", "DYNO", "XDG_CACHE_HOME", "INVOCATION_ID"),
    }
)
FOR_DEVELOPING = ("DEV_", "TEST_")


@dataclass(frozen=True)
class Environment:
    """What the environment gives the app: the variables it reads, and the names in its dotenv files."""

    variables: Fact[Variable]
    dotenv: Fact[str]
    hard_coded_key: Evidence | None


def find_environment(tree: Tree, sources: Sources) -> Environment:
    """The variables the app itself reads, each once. Where any place asks whether it is there, it is optional;
    else the strictest need counts."""
    remarks: list[str] = []
    strictest: dict[str, Item[Variable]] = {}
    for module in sources.main:
        for name, need, node in _reads(sources, module, remarks):
            if name in SYSTEM or name.startswith(FOR_DEVELOPING) or not re.fullmatch(r"[A-Za-z_]\w*", name):
                continue
            item = Item(Variable(name, need, _kind(name)), module.at(node))
            known = strictest.get(name)
            if known is None or _strictness(need) < _strictness(known.value.need):
                strictest[name] = item
    return Environment(listing(strictest.values(), remarks), _dotenv(tree), _hard_coded_key(sources))


def _strictness(need: Need) -> int:
    return (Need.OPTIONAL, Need.REQUIRED, Need.DEFAULTED).index(need)


def _kind(name: str) -> Kind:
    upper = name.upper()
    if DATABASE.search(upper):
        return "database"
    if REDIS.search(upper):
        return "redis"
    return "secret" if SECRET & set(upper.split("_")) and "PUBLIC" not in upper else "plain"


def _reads(sources: Sources, module: Module, remarks: list[str]) -> Iterator[tuple[str, Need, ast.AST]]:
    conditions = _conditions(module)
    fallbacks = _fallbacks(module)
    readers = _reader_objects(sources, module)
    for node in module.nodes:
        name, need = _one_read(sources, module, node, readers)
        if need is None:
            continue
        if name is None:
            remarks.append(f"{module.at(node)}: reads an environment variable whose name is computed.")
        elif id(node) in fallbacks:
            yield name, Need.DEFAULTED, node
        else:
            asked = need is Need.REQUIRED and not isinstance(node, ast.Subscript) and id(node) in conditions
            yield name, Need.OPTIONAL if asked else need, node
    yield from _prefixed(module)
    yield from _settings(sources, module)


def _one_read(
    sources: Sources, module: Module, node: ast.AST, readers: frozenset[str]
) -> tuple[str | None, Need | None]:
    """The variable a node reads and its need; no need if it reads none, no name if the name is computed."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        if sources.qualified(module, node.value) == ENVIRON:
            return literal(node.slice), Need.REQUIRED
    elif isinstance(node, ast.Call):
        owner = node.func
        while isinstance(owner, ast.Attribute):
            owner = owner.value
        reads = isinstance(owner, ast.Name) and owner.id in readers
        if reads and isinstance(node.func, ast.Attribute) and node.func.attr in {"prefixed", "read_env", "seal"}:
            return None, None
        if reads or sources.qualified(module, node.func) in READERS:
            return literal(node.args[0]) if node.args else None, _need(keyword(node, "default", 1))
    elif isinstance(node, ast.Compare) and sources.qualified(module, node.comparators[0]) == ENVIRON:
        name = literal(node.left)  # "NAME" in os.environ
        return name, Need.OPTIONAL if name else None
    return None, None


def _need(default: ast.expr | None) -> Need:
    if default is None or (isinstance(default, ast.Constant) and default.value is None):
        return Need.REQUIRED
    return Need.DEFAULTED


def _reader_objects(sources: Sources, module: Module) -> frozenset[str]:
    """Names bound to the readers of environs, django-environ, Starlette and the like."""
    return frozenset(
        name
        for name, values in module.assigned.items()
        if any(isinstance(value, ast.Call) and sources.qualified(module, value.func) in ENVIRONS for value in values)
    )


def _conditions(module: Module) -> frozenset[int]:
    """The nodes that are asked for before anything is done with them: in a comparison, or in the test of an if or a
    conditional, unless it guards an error."""
    tests: list[ast.expr] = []
    for node in module.nodes:
        if isinstance(node, ast.IfExp) or (isinstance(node, ast.If) and not isinstance(node.body[0], ast.Raise)):
            tests.append(node.test)
        elif isinstance(node, ast.Compare):  # os.environ.get("DEBUG") == "1" holds without it too
            tests.append(node.left)
    return frozenset(id(node) for test in tests for node in ast.walk(test))


def _fallbacks(module: Module) -> frozenset[int]:
    """The nodes with another value behind an ``or``: ``os.environ.get("X") or "y"``."""
    choices = [n for n in module.nodes if isinstance(n, ast.BoolOp) and isinstance(n.op, ast.Or)]
    return frozenset(
        id(node)
        for choice in choices
        if not (isinstance(choice.values[-1], ast.Constant) and choice.values[-1].value is None)
        for value in choice.values[:-1]
        for node in ast.walk(value)
    )


def _prefixed(module: Module) -> Iterator[tuple[str, Need, ast.AST]]:
    """``app.config.from_prefixed_env()`` reads every FLASK_NAME; the one that matters is the key of the sessions."""
    for call in module.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "from_prefixed_env":
            given = keyword(call, "prefix", 0)
            prefix = "FLASK" if given is None else literal(given)
            if prefix:
                yield f"{prefix}_SECRET_KEY", Need.REQUIRED, call


def _settings(sources: Sources, module: Module) -> Iterator[tuple[str, Need, ast.AST]]:
    """Fields of pydantic's BaseSettings are variables of the same name, after ``env_prefix``."""
    for class_ in module.classes.values():
        if not any(sources.qualified(module, base) in SETTINGS for base in class_.bases):
            continue
        prefixes = re.search(r"env_prefix['\"]?\s*[=:]\s*['\"](\w*)", ast.unparse(class_))
        prefix = prefixes[1] if prefixes else ""
        fields = [field for field in class_.body if isinstance(field, ast.AnnAssign)]
        for field in fields:
            if isinstance(field.target, ast.Name) and field.target.id != "model_config":
                need = Need.REQUIRED if field.value is None else Need.DEFAULTED
                yield f"{prefix}{field.target.id}".upper(), need, field


def _hard_coded_key(sources: Sources) -> Evidence | None:
    """Where a SECRET_KEY is written in the code as a literal."""
    for module in sources.main:
        for node in module.nodes:
            if isinstance(node, ast.keyword) and node.arg == "SECRET_KEY" and literal(node.value):
                return module.at(node.value)
            if isinstance(node, ast.Assign) and literal(node.value) and _is_key(node.targets[0]):
                return module.at(node)
    return None


def _is_key(target: ast.expr) -> bool:
    if isinstance(target, ast.Subscript):
        return literal(target.slice) == "SECRET_KEY"
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return name == "SECRET_KEY" or (isinstance(target, ast.Attribute) and name == "secret_key")


def _dotenv(tree: Tree) -> Fact[str]:
    """The names (never the values) in .env, .env.example and .flaskenv."""
    items = []
    for path in (".env", ".env.example", ".env.sample", ".flaskenv"):
        for number, line in enumerate(tree.text(path).splitlines() if tree.has(path) else [], start=1):
            match = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", line)
            if match:
                items.append(Item(match[1], Evidence(printable(path), number)))
    return listing(items)


def flask_app(tree: Tree) -> str:
    """``FLASK_APP`` of .flaskenv, a file that is meant for the repository, as ``module:name``."""
    for line in tree.text(".flaskenv").splitlines() if tree.has(".flaskenv") else []:
        match = re.match(r"\s*(?:export\s+)?FLASK_APP\s*=\s*['\"]?([^'\"#\s]+)", line)
        if match:
            path, _, name = match[1].partition(":")
            module = path.removesuffix(".py").removeprefix("./").replace("/", ".")
            return f"{module}:{name}" if name else module
    return ""
