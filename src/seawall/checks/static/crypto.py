"""SW24x: passwords, tokens, signatures and encrypted connections."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import around, for_developing, function_of, under_main
from seawall.checks.static.source import Source
from seawall.config.detect.source import Module, keyword, literal

CHEATS = "https://cheatsheetseries.owasp.org/cheatsheets/"
HASHES = ("hashlib.md5", "hashlib.sha1", "hashlib.sha256", "hashlib.sha512", "hashlib.new")
DECODERS = ("jwt.decode", "jose.jwt.decode", "jwt.api_jwt.decode")
CLIENTS = ("requests", "httpx", "aiohttp")
RANDOM = frozenset(f"random.{name}" for name in ("choice", "choices", "randint", "random", "sample", "randrange"))
PASSWORD = re.compile(r"(^|_)(password|passwd|pwd|passphrase)s?($|_)", re.IGNORECASE)
WHOLE_PASSWORD = re.compile(r"(^|_)(password|passwd|pwd|passphrase)s?$", re.IGNORECASE)
HASHERS = re.compile(r"pwned|hibp|bcrypt|argon2|scrypt|pbkdf2|hashpw|hasher|pwd_context", re.IGNORECASE)
MAKERS = re.compile(r"[Uu]ser|Account|Admin|Member|Person|register")
PLAYING = re.compile(r"demo|fake|sample|fixture|dummy|mock", re.IGNORECASE)
TOKEN = re.compile(
    r"(^|_)(token|secret|password|passwd|otp|api_?key|session_?id|salt|nonce|reset_?code)($|_)", re.IGNORECASE
)
ACCOUNTS = ("admin", "root", "administrator", "test", "user", "demo")
USUAL = ("admin", "password", "passwd", "root", "test", "changeme", "secret", "123456", "12345678", "letmein", "1234")


def weak_password_hash(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls(*HASHES):
        if (
            call.args
            and any(WHOLE_PASSWORD.search(name) for name in _names(call))
            and not _hashed_well(source, module, call)
        ):
            yield source.at(module, call)


def _hashed_well(source: Source, module: Module, call: ast.Call) -> bool:
    """Whether the quick hash is not what is kept: a slow one follows, leaked passwords are asked for, or two passwords
    are compared in constant time."""
    function = function_of(module, call)
    outer = next(
        (o for o in around(module, call) if isinstance(o, ast.Call) and _name(o.func) == "compare_digest"), None
    )
    both = outer is not None and all(any(isinstance(p, ast.Call) for p in ast.walk(side)) for side in outer.args)
    return both or source.says(function or module.tree, HASHERS)


def plain_password_compared(source: Source) -> Iterator[Evidence]:
    """``user.password == request.form["password"]``: then the database has the password itself."""
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                sides = [node.left, node.comparators[0]]
                stored = [s for s in sides if isinstance(s, ast.Attribute | ast.Subscript) and _is_password(s)]
                if stored and all(_is_password(side) for side in sides) and not all(_is_sent(s) for s in sides):
                    yield source.at(module, node)


def guessable_token(source: Source) -> Iterator[Evidence]:
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Assign) and any(TOKEN.search(_name(target)) for target in node.targets):
                calls = [part for part in ast.walk(node.value) if isinstance(part, ast.Call)]
                if any(source.sources.qualified(module, call.func) in RANDOM for call in calls):
                    yield source.at(module, node)


def unverified_token(source: Source) -> Iterator[Evidence]:
    """A token that is read unverified to find its key, and then verified by the same function, is well."""
    calls = [(module, call, _unverified(call)) for module, call in source.calls(*DECODERS)]
    verified = {function_of(module, call) for module, call, without in calls if not without} - {None}
    for module, call, without in calls:
        given = keyword(call, "jwt", 0) or keyword(call, "token")
        if without and function_of(module, call) not in verified and "id_token" not in (_name(given) if given else ""):
            yield source.hidden(module, call)


def _unverified(call: ast.Call) -> bool:
    options, verify = keyword(call, "options"), keyword(call, "verify")
    unsigned = isinstance(options, ast.Dict) and any(
        literal(key) == "verify_signature" and isinstance(value, ast.Constant) and value.value is False
        for key, value in zip(options.keys, options.values, strict=True)
    )
    algorithms = keyword(call, "algorithms", 2)
    none = algorithms is not None and any((literal(p) or "").lower() == "none" for p in _expressions(algorithms))
    return unsigned or none or (isinstance(verify, ast.Constant) and verify.value is False)


def unverified_connection(source: Source) -> Iterator[Evidence]:
    for module, call, name in source.named_calls:
        verify = keyword(call, "verify")
        client = name.partition(".")[0] in CLIENTS or (
            isinstance(call.func, ast.Attribute) and call.func.attr in {"get", "post", "put", "request"}
        )
        unverified = (
            client and keyword(call, "uds") is None and isinstance(verify, ast.Constant) and verify.value is False
        )
        if unverified or name == "ssl._create_unverified_context":
            yield source.at(module, call)


def temporary_name(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls("tempfile.mktemp"):
        yield source.at(module, call)


def usual_account(source: Source) -> Iterator[Evidence]:
    """``User(username="admin", password="admin")``."""
    for module in source.sources.main:
        for call in module.calls:
            values = {argument.arg or "": literal(argument.value) for argument in call.keywords}
            names = [value for key, value in values.items() if key in {"username", "name", "user", "login", "email"}]
            given = [_hashed(argument.value) for argument in call.keywords if PASSWORD.search(argument.arg or "")]
            usual = any(n and n.partition("@")[0].lower() in ACCOUNTS for n in names) and any(p in USUAL for p in given)
            if usual and MAKERS.search(_name(call.func)) and not _is_played(module, call):
                yield source.hidden(module, call)


def _is_played(module: Module, call: ast.Call) -> bool:
    """Whether the account is one for developing or for show, or is made by hand."""
    function = function_of(module, call)
    named = PLAYING.search(f"{module.name} {function.name if function else ''}")
    return bool(named) or under_main(module, call) or for_developing(module, call)


def logged_secret(source: Source) -> Iterator[Evidence]:
    """``logger.info(request.form)``, ``print(password)``."""
    for module in source.sources.main:
        for call in module.calls:
            if _logs(call):
                told = [part for argument in call.args for part in _outside_calls(argument)]
                if any(_is_body(source, module, part) or _is_bare_password(part) for part in told):
                    yield source.at(module, call)


def _logs(call: ast.Call) -> bool:
    levels = {"debug", "info", "warning", "error", "critical", "exception", "log"}
    if isinstance(call.func, ast.Name):
        return call.func.id == "print"
    return isinstance(call.func, ast.Attribute) and call.func.attr in levels and _is_log(call.func.value)


def _is_log(node: ast.expr) -> bool:
    """``logger``, ``app.logger``, ``logging``, ``logging.getLogger(…)``, ``log``."""
    if isinstance(node, ast.Call):
        return _is_log(node.func)
    return "log" in _name(node).lower() or (isinstance(node, ast.Attribute) and "log" in _name(node.value).lower())


def _outside_calls(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of an expression, without what is in calls (``len(password)``) or looked into (``form["name"]``)."""
    yield node
    if not isinstance(node, ast.Call | ast.Subscript):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _outside_calls(child)


def _is_body(source: Source, module: Module, node: ast.expr) -> bool:
    """A whole body or all headers of a request; a single field of it is another matter."""
    if isinstance(node, ast.Call):
        return source.sources.qualified(module, node.func) in {"flask.request.get_data", "flask.request.get_json"}
    whole = {
        "flask.request.form",
        "flask.request.data",
        "flask.request.json",
        "flask.request.headers",
        "flask.request.values",
    }
    return isinstance(node, ast.Attribute) and source.sources.qualified(module, node) in whole


def _is_bare_password(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and _is_password(node)


def _is_password(node: ast.expr) -> bool:
    return bool(re.fullmatch(r"(\w+_)?(password|passwd|pwd)", _name(node), re.IGNORECASE))


def _is_sent(node: ast.expr) -> bool:
    """A field of a form: two fields that must be alike are compared rightly."""
    return "form" in ast.unparse(node) or isinstance(node, ast.Name)


def _name(node: ast.expr) -> str:
    """The last name of an expression: a variable, an attribute, or a key."""
    if isinstance(node, ast.Subscript):
        return literal(node.slice) or ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        return literal(node.args[0]) or ""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _names(call: ast.Call) -> Iterator[str]:
    for argument in call.args:
        for part in _expressions(argument):
            yield _name(part)


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    return (part for part in ast.walk(node) if isinstance(part, ast.expr))


def _hashed(node: ast.expr) -> str | None:
    """A literal, also inside the call that hashes it."""
    if isinstance(node, ast.Call) and node.args:
        return literal(node.args[0])
    return literal(node)


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW241",
            Severity.ERROR,
            "Passwords are hashed by a hash that is made to be quick",
            "Whoever gets the table tries billions of passwords a second.",
            "Use werkzeug.security.generate_password_hash() and check_password_hash().",
            f"{CHEATS}Password_Storage_Cheat_Sheet.html",
        ),
        weak_password_hash,
    ),
    Check(
        Rule(
            "SW242",
            Severity.WARNING,
            "Passwords seem to be kept as they are",
            "Whoever gets the table, or a backup of it, has every password.",
            "Keep generate_password_hash(password), and compare by check_password_hash().",
            f"{CHEATS}Password_Storage_Cheat_Sheet.html",
        ),
        plain_password_compared,
    ),
    Check(
        Rule(
            "SW243",
            Severity.WARNING,
            "A token is made by a generator that can be guessed",
            "Who sees a few of its numbers knows the next ones.",
            "Use the module secrets: secrets.token_urlsafe().",
            "https://docs.python.org/3/library/secrets.html",
        ),
        guessable_token,
    ),
    Check(
        Rule(
            "SW244",
            Severity.ERROR,
            "A token is believed without its signature",
            "A visitor writes any user's name into it, and is that user.",
            'Give jwt.decode() the key and algorithms=["HS256"] (or yours), and leave the verification on.',
            f"{CHEATS}JSON_Web_Token_for_Java_Cheat_Sheet.html",
        ),
        unverified_token,
    ),
    Check(
        Rule(
            "SW245",
            Severity.WARNING,
            "A connection does not check the other side's certificate",
            "Whoever is on the way can answer instead, and read and change all of it.",
            "Remove verify=False; name a private authority's certificate by verify=PATH.",
            f"{CHEATS}Transport_Layer_Security_Cheat_Sheet.html",
        ),
        unverified_connection,
    ),
    Check(
        Rule(
            "SW246",
            Severity.WARNING,
            "A temporary file's name is made before the file",
            "Another program can put a file or link of that name there in between.",
            "Use tempfile.NamedTemporaryFile() or mkstemp().",
            "https://docs.python.org/3/library/tempfile.html#tempfile.mktemp",
        ),
        temporary_name,
    ),
    Check(
        Rule(
            "SW247",
            Severity.ERROR,
            "An account is made with a password that everybody tries first",
            "Somebody tries it within minutes.",
            "Take the first password from the person or from the environment.",
            f"{CHEATS}Authentication_Cheat_Sheet.html",
        ),
        usual_account,
    ),
    Check(
        Rule(
            "SW248",
            Severity.WARNING,
            "What visitors send is written to the log whole",
            "Passwords and tokens then lie in the log and its copies.",
            "Log the few fields that are needed.",
            f"{CHEATS}Logging_Cheat_Sheet.html",
        ),
        logged_secret,
    ),
)
