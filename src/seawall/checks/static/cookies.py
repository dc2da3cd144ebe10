"""SW20x: sessions and cookies."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.source import Source
from seawall.config.detect.source import Module, keyword, literal

COOKIES = "https://flask.palletsprojects.com/en/stable/web-security/#security-cookie"
SESSIONS = "https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html"
PRIVATE = ("session", "token", "auth", "jwt", "sid", "remember", "login")
SECRETS = ("password", "passwd", "secret", "card_number", "cvv", "private_key")


def session_not_secure(source: Source) -> Iterator[Evidence]:
    yield from _false(source, "SESSION_COOKIE_SECURE")
    talisman = any(True for _ in source.calls("flask_talisman.Talisman", "flask_talisman.talisman.Talisman"))
    if _keeps_sessions(source) and not source.is_set("SESSION_COOKIE_SECURE") and not talisman:
        yield source.app_line


def session_for_scripts(source: Source) -> Iterator[Evidence]:
    yield from _false(source, "SESSION_COOKIE_HTTPONLY")


def session_goes_along(source: Source) -> Iterator[Evidence]:
    for setting in source.set_to("SESSION_COOKIE_SAMESITE"):
        if setting.constant is None or setting.constant == "None":
            yield source.at(setting.module, setting.node)


def session_without_samesite(source: Source) -> Iterator[Evidence]:
    if _keeps_sessions(source) and not source.is_set("SESSION_COOKIE_SAMESITE"):
        yield source.app_line


def remembered_in_clear(source: Source) -> Iterator[Evidence]:
    """``login_user(user, remember=True)`` without REMEMBER_COOKIE_SECURE."""
    yield from _false(source, "REMEMBER_COOKIE_SECURE")
    yield from _false(source, "REMEMBER_COOKIE_HTTPONLY")
    if not source.is_set("REMEMBER_COOKIE_SECURE"):
        for module, call in source.calls("flask_login.login_user"):
            remember = keyword(call, "remember", 1)
            if remember is not None and not (isinstance(remember, ast.Constant) and not remember.value):
                yield source.at(module, call)


def cookie_in_clear(source: Source) -> Iterator[Evidence]:
    for module, call, name in _set_cookies(source):
        if _off(keyword(call, "secure", 6)):
            yield source.at(module, call, f"{name} has no secure=True" if name else "")


def private_cookie_for_scripts(source: Source) -> Iterator[Evidence]:
    for module, call, name in _set_cookies(source):
        private = any(word in name.lower() for word in PRIVATE) and "csrf" not in name.lower()
        if private and _off(keyword(call, "httponly", 7)):
            yield source.at(module, call, f"{name} has no httponly=True")


def secrets_in_session(source: Source) -> Iterator[Evidence]:
    """``session["password"] = …`` with Flask's own sessions, which the browser keeps unencrypted."""
    if source.imports("flask_session", "flask_kvsession"):
        return
    for module in source.sources.main:
        for node in module.nodes:
            for target in node.targets if isinstance(node, ast.Assign) else []:
                if _session_key(source, module, target):
                    yield source.at(module, node)


def sessions_on_one_host(source: Source) -> Iterator[Evidence]:
    if source.project is None or len(source.project.hosts) < 2:
        return
    for setting in source.set_to("SESSION_TYPE"):
        if setting.constant in {"filesystem", "cachelib", "null"}:
            yield source.at(setting.module, setting.node)


def _false(source: Source, name: str) -> Iterator[Evidence]:
    for setting in source.set_to(name):
        if setting.constant is False:
            yield source.at(setting.module, setting.node)


def _keeps_sessions(source: Source) -> bool:
    """Whether the app gives visitors a session: it uses it, or an extension that does."""
    if not source.is_flask:
        return False
    if source.imports("flask_login", "flask_session", "flask_security", "flask_wtf", "authlib", "flask_dance"):
        return True
    used = {"flask.session", "flask.flash"}
    return any(used & set(module.imports.values()) for module in source.sources.main)


def _session_key(source: Source, module: Module, target: ast.expr) -> bool:
    """Whether a secret's name in the session is what is assigned to."""
    if not isinstance(target, ast.Subscript) or source.sources.qualified(module, target.value) != "flask.session":
        return False
    return any(word in (literal(target.slice) or "").lower() for word in SECRETS)


def _set_cookies(source: Source) -> Iterator[tuple[Module, ast.Call, str]]:
    """Calls of ``response.set_cookie`` with the cookie's name; those with ``**options`` cannot be told."""
    for module in source.sources.main:
        for call in module.calls:
            spread = any(argument.arg is None for argument in call.keywords)
            named = keyword(call, "key", 0)
            sets = isinstance(call.func, ast.Attribute) and call.func.attr == "set_cookie" and keyword(call, "value", 1)
            if sets and named is not None and not spread:
                yield module, call, literal(named) or ""


def _off(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and not node.value)


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW201",
            Severity.WARNING,
            "The session's cookie is sent over plain http too",
            "Whoever listens on the way to the first http request takes the visitor's place.",
            "Set SESSION_COOKIE_SECURE = True.",
            COOKIES,
        ),
        session_not_secure,
    ),
    Check(
        Rule(
            "SW202",
            Severity.WARNING,
            "Scripts can read the session's cookie",
            "One script that gets into a page takes every visitor's session with it.",
            "Remove SESSION_COOKIE_HTTPONLY = False: it is on by default.",
            COOKIES,
        ),
        session_for_scripts,
    ),
    Check(
        Rule(
            "SW203",
            Severity.WARNING,
            "The session's cookie goes along with requests of other sites",
            "Another site can have a visitor's browser act here in their name.",
            'Set SESSION_COOKIE_SAMESITE = "Lax".',
            COOKIES,
        ),
        session_goes_along,
    ),
    Check(
        Rule(
            "SW204",
            Severity.NOTE,
            "The session's cookie has no SameSite",
            "Browsers differ in what they do then; some send it along.",
            'Set SESSION_COOKIE_SAMESITE = "Lax".',
            COOKIES,
        ),
        session_without_samesite,
    ),
    Check(
        Rule(
            "SW205",
            Severity.WARNING,
            "The cookie that remembers a login is not protected",
            "It is as good as a password for a year, and goes over plain http or to scripts.",
            "Set REMEMBER_COOKIE_SECURE = True, and leave REMEMBER_COOKIE_HTTPONLY on.",
            "https://flask-login.readthedocs.io/en/latest/#cookie-settings",
        ),
        remembered_in_clear,
    ),
    Check(
        Rule(
            "SW206",
            Severity.WARNING,
            "A cookie is sent over plain http too",
            "Whoever listens on the way reads and replaces it.",
            "Give set_cookie() secure=True.",
            COOKIES,
        ),
        cookie_in_clear,
    ),
    Check(
        Rule(
            "SW207",
            Severity.WARNING,
            "Scripts can read a cookie that stands for a visitor",
            "One script that gets into a page takes it away.",
            "Give set_cookie() httponly=True.",
            COOKIES,
        ),
        private_cookie_for_scripts,
    ),
    Check(
        Rule(
            "SW208",
            Severity.WARNING,
            "A secret is kept in the session",
            "Flask's session is signed, not encrypted: whoever has the cookie reads it.",
            "Keep it on the server, and its key in the session.",
            SESSIONS,
        ),
        secrets_in_session,
    ),
    Check(
        Rule(
            "SW209",
            Severity.WARNING,
            "Sessions are files of one host, and there are several",
            "A visitor who reaches another host is logged out.",
            'Keep them in Redis or a database (SESSION_TYPE = "redis"), or in Flask\'s own signed cookie.',
            "https://flask-session.readthedocs.io/en/latest/config.html",
        ),
        sessions_on_one_host,
    ),
)
