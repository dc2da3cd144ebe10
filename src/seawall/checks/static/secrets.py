"""SW401 to SW406: secrets in the code and in the configuration."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import for_developing, unconditional, under_main
from seawall.checks.static.settings import Setting
from seawall.checks.static.source import Source, masked
from seawall.config.detect.source import Module, keyword, literal
from seawall.config.rules import looks_secret

FLASK_KEY = "https://flask.palletsprojects.com/en/stable/config/#SECRET_KEY"
STORING = "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html"
KEYS = frozenset(
    {"SECRET_KEY", "JWT_SECRET_KEY", "WTF_CSRF_SECRET_KEY", "SECURITY_PASSWORD_SALT", "SECRET_KEY_FALLBACKS"}
)
READERS = frozenset({"os.getenv", "os.environ.get", "os.environ.setdefault", "decouple.config"})
LOADERS = frozenset({"from_pyfile", "from_envvar", "from_prefixed_env", "from_json", "from_file"})
SHORTEST = 16  # bytes; Flask advises 32 (FLASK_KEY), and below this a key can be searched for
LONG = 32  # a random key of this length may hold a word by chance
WELL_KNOWN = re.compile(r"dev|secret|change|password|example|default|flask|your|xxx", re.IGNORECASE)
NAMED = re.compile(
    r"(^|_)(password|passwd|api_?key|secret|secret_?key|access_?key|auth_?token|access_?token|private_?key)$",
    re.IGNORECASE,
)
NO_SECRET = re.compile(r"[\s<>{}]|^(https?://|/|\.)|x{3}|\*{3}|your[-_]|change|example|placeholder|^(none|null|true|false|dev|test)$",
                       re.IGNORECASE)  # fmt: skip
WORDS = re.compile(r"[a-z]+([_.-][a-z]+)*|[A-Z]+(_[A-Z]+)*")  # a label, or what stands for a password
WITH_PASSWORD = re.compile(
    r"\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@{}'\"]{0,255}:(?P<password>[^\s/@{}'\"$<>]{1,255})@(?P<host>[^\s:/'\"{}?]{1,255})"
)
AT_HOME = frozenset(
    {"localhost", "127.0.0.1", "[::1]", "db", "postgres", "mysql", "redis", "database", "mongo", "host", "hostname"}
)


def constant_key(source: Source) -> Iterator[Evidence]:
    """A secret key that is a literal, where nothing else gives one."""
    for setting in source.settings:
        written = setting.name in KEYS and isinstance(setting.constant, str) and bool(setting.constant)
        if written and _only_one(source, setting):
            yield source.hidden(setting.module, setting.node)


def key_as_last_resort(source: Source) -> Iterator[Evidence]:
    """A literal that becomes the key where nothing else gives one, and nobody is told."""
    for setting in source.settings:
        if setting.name not in KEYS or setting.name in source.given:
            continue
        overridden = isinstance(setting.constant, str) and setting.constant and not _only_one(source, setting)
        if overridden or _falls_back(source, setting.module, setting.value):
            yield source.hidden(setting.module, setting.node)


def weak_key(source: Source) -> Iterator[Evidence]:
    for name, value, place in source.given_values():
        if name.endswith("SECRET_KEY") and (len(value) < SHORTEST or (len(value) < LONG and WELL_KNOWN.search(value))):
            yield masked(place)


def secret_in_configuration(source: Source) -> Iterator[Evidence]:
    for name, value in (source.project.env if source.project else {}).items():
        with_password = WITH_PASSWORD.search(value)
        if (value and looks_secret(name) and not name.endswith(("_PUBLIC_KEY", "_SITE_KEY"))) or with_password:
            yield masked(source.configured("env", name))


def secret_named_in_code(source: Source) -> Iterator[Evidence]:
    """``API_KEY = "…"``: a literal of some length with a secret's name."""
    for module in source.sources.main:
        for node in module.nodes:
            for name, value in _named_values(node):
                text = literal(value) or ""
                secret = (
                    name.upper() not in KEYS
                    and NAMED.search(name)
                    and len(text) >= 8
                    and not (NO_SECRET.search(text) or WORDS.fullmatch(text))
                )
                if secret and not for_developing(module, node) and not under_main(module, node):
                    yield source.hidden(module, value)


def password_in_address(source: Source) -> Iterator[Evidence]:
    """``postgresql://shop:password@db.example.com`` in the code."""
    for module in source.sources.main:
        documentation = {id(node.value) for node in module.nodes if isinstance(node, ast.Expr)}
        for node in module.nodes:
            if id(node) in documentation:
                continue
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            match = WITH_PASSWORD.search(text) if "://" in text else None
            if (
                match
                and match["host"] not in AT_HOME
                and not match["host"].endswith("example.com")
                and not WORDS.fullmatch(match["password"])
            ):
                yield source.hidden(module, node)


def _only_one(source: Source, setting: Setting) -> bool:
    """Whether the literal is the key for certain."""
    sure = unconditional(setting.module, setting.node) and (setting.declared or setting.module.name in source.loaded)
    return sure and not setting.filled and not _given_otherwise(source, setting.name)


def _given_otherwise(source: Source, name: str) -> bool:
    """Whether something may replace the literal: another setting, a file, or the environment."""
    others = [s for s in source.set_to(name) if not isinstance(s.value, ast.Constant)]
    return bool(others) or any(_loads(call) for _, call, _ in source.named_calls)


def _loads(call: ast.Call) -> bool:
    """``config.from_prefixed_env()``, ``config.update(read())`` and ``config.update(**values)``."""
    if not isinstance(call.func, ast.Attribute):
        return getattr(call.func, "id", "") in {"FlaskDynaconf", "Dynaconf"}
    table = call.func.attr in {"update", "from_mapping"} and getattr(call.func.value, "attr", "") == "config"
    unknown = any(not isinstance(given, ast.Dict) for given in call.args) or any(k.arg is None for k in call.keywords)
    return call.func.attr in LOADERS or (table and unknown)


def _falls_back(source: Source, module: Module, value: ast.expr) -> bool:
    """``os.environ.get("SECRET_KEY", "dev")`` and ``os.environ.get("SECRET_KEY") or "dev"``."""
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        return bool(literal(value.values[-1])) and _reads(source, module, value.values[0])
    return _reads(source, module, value) and isinstance(value, ast.Call) and bool(literal(keyword(value, "default", 1)))


def _reads(source: Source, module: Module, node: ast.expr) -> bool:
    """Whether an expression reads a variable that nobody has said the app is given."""
    if not isinstance(node, ast.Call) or source.sources.qualified(module, node.func) not in READERS or not node.args:
        return False
    return literal(node.args[0]) not in source.given


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are given: assignments, keywords, and entries of tables."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
            yield (literal(target.slice) or "" if isinstance(target, ast.Subscript) else name), node.value
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield literal(key) or "", value


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW401",
            Severity.ERROR,
            "The key that signs sessions is written in the code",
            "Whoever can read the code, or guess the word, signs a session as any user.",
            'Write SECRET_KEY = os.environ["SECRET_KEY"], and keep a new one by `seawall secret set SECRET_KEY`.',
            FLASK_KEY,
        ),
        constant_key,
    ),
    Check(
        Rule(
            "SW402",
            Severity.WARNING,
            "A key that is written in the code signs sessions where no other is given",
            "If the real key is ever missing, nothing fails, and whoever has read the code signs sessions as any user.",
            'Let the app stop without a key: os.environ["SECRET_KEY"]; name it under `secrets`.',
            FLASK_KEY,
        ),
        key_as_last_resort,
    ),
    Check(
        Rule(
            "SW403",
            Severity.ERROR,
            "The key that signs sessions is weak",
            "It can be guessed, and then anybody signs a session as any user.",
            "Take it out of [env] and the .env file; `seawall secret set SECRET_KEY`, with what "
            "`python3 -c 'import secrets; print(secrets.token_hex())'` prints.",
            FLASK_KEY,
        ),
        weak_key,
    ),
    Check(
        Rule(
            "SW404",
            Severity.WARNING,
            "The configuration holds a secret",
            "seawall.toml is for everybody to read, and git keeps it for ever.",
            "`seawall secret set NAME`, and name it under `secrets`.",
            STORING,
        ),
        secret_in_configuration,
    ),
    Check(
        Rule(
            "SW405",
            Severity.WARNING,
            "A secret is written in the code",
            "Whoever can read the code, now or in git's history, has it.",
            "Read it from the environment, keep it by `seawall secret set`, and replace it where it is valid.",
            STORING,
        ),
        secret_named_in_code,
    ),
    Check(
        Rule(
            "SW406",
            Severity.WARNING,
            "An address with a password is written in the code",
            "Whoever can read the code, now or in git's history, has the password.",
            "Read the whole address from the environment, and keep it by `seawall secret set DATABASE_URL`.",
            STORING,
        ),
        password_in_address,
    ),
)
