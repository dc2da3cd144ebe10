"""SW70x: the app behind the front server: addresses, sizes, static files, health and https."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.source import Source
from seawall.config.detect.source import Module, keyword, literal

PROXY_FIX = "https://flask.palletsprojects.com/en/stable/deploying/proxy_fix/"
FIXES = ("werkzeug.middleware.proxy_fix.ProxyFix", "werkzeug.contrib.fixers.ProxyFix")
BODIES = frozenset({"flask.request.form", "flask.request.files", "flask.request.json", "flask.request.data"})
DATA = frozenset({".sqlite", ".sqlite3", ".db"})
ADDRESSES = frozenset({"flask.request.remote_addr", "flask.request.access_route"})
LOCAL_NAME = re.compile(r"(^|\.)(localhost|local|internal|lan|home\.arpa|test|example|invalid)$|^[\d.:]+$")


def without_proxy_fix(source: Source) -> Iterator[Evidence]:
    """Only where it matters: the app asks who the visitor is, or builds whole addresses."""
    if not source.is_flask or any(True for _ in source.calls(*FIXES)):
        return
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Attribute) and source.sources.qualified(module, node) in ADDRESSES:
                yield source.at(module, node)
    for module, call in source.calls("flask.url_for"):
        external = keyword(call, "_external")
        if isinstance(external, ast.Constant) and external.value is True:
            yield source.at(module, call)
    for module, _ in source.calls("flask_limiter.Limiter"):
        if "flask_limiter.util.get_remote_address" in module.imports.values():
            yield source.app_line


def wrong_proxy_fix(source: Source) -> Iterator[Evidence]:
    """One front server stands before the app, which overwrites the headers: one hop for each that is used."""
    for module, call in source.calls(*FIXES):
        for position, (name, default) in enumerate((("x_for", 1), ("x_proto", 1), ("x_host", 0), ("x_port", 0)), 1):
            given = keyword(call, name, position)
            hops = given.value if isinstance(given, ast.Constant) else default
            right = {1} if name in {"x_for", "x_proto"} else {0, 1}
            if isinstance(hops, int) and int(hops) not in right:
                yield source.at(module, call, f"{name} is {hops}")


def without_size_limit(source: Source) -> Iterator[Evidence]:
    """An app that reads what visitors send, and sets no limit."""
    if not source.is_flask or source.is_set("MAX_CONTENT_LENGTH"):
        return
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Attribute) and source.sources.qualified(module, node) in BODIES:
                yield source.app_line
                return


def without_trusted_hosts(source: Source) -> Iterator[Evidence]:
    """``url_for(_external=True)`` and ``request.host`` say what the request said."""
    if not source.is_flask or source.is_set("TRUSTED_HOSTS") or source.is_set("SERVER_NAME"):
        return
    hosts = {"flask.request.host", "flask.request.host_url", "flask.request.url_root", "flask.request.base_url"}
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Attribute) and source.sources.qualified(module, node) in hosts:
                yield source.at(module, node)
    for module, call in source.calls("flask.url_for"):
        external = keyword(call, "_external")
        if isinstance(external, ast.Constant) and external.value is True:
            yield source.at(module, call)


def no_health_route(source: Source) -> Iterator[Evidence]:
    """The path that the gate asks is among no routes, where all of them are known."""
    project = source.project
    if project is None or not source.is_flask or not source.routes:
        return
    path = project.health.path.partition("?")[0]
    known = {route.path for route in source.routes} | {route.path.rstrip("/") for route in source.routes}
    static = any(path.startswith(f"/{prefix.strip('/')}/") for prefix in project.static)
    if path not in known and path.rstrip("/") not in known and not static and not _routes_are_computed(source):
        yield source.configured("health", "path", fact=f"no route answers {path}")


def page_as_health(source: Source) -> Iterator[Evidence]:
    if source.project is not None and source.project.health.path == "/":
        yield source.configured("health", "path")


def code_is_served(source: Source) -> Iterator[Evidence]:
    """A static folder with code or data in it, such as the whole project."""
    for prefix, folder in (source.project.static if source.project else {}).items():
        if _holds_code(source, PurePosixPath(folder)):
            yield source.configured("static", prefix)
    if source.is_flask and source.app is not None:
        given = literal(keyword(source.app.call, "static_folder", 3))
        if given is not None and _holds_code(source, source.app.module.folder / given):
            yield source.app_line


def without_https(source: Source) -> Iterator[Evidence]:
    project = source.project
    if project is not None and project.tls.mode == "off" and _public(project.domains):
        yield source.configured("tls", "mode")


def self_signed(source: Source) -> Iterator[Evidence]:
    project = source.project
    if project is not None and project.tls.mode == "self-signed" and _public(project.domains):
        yield source.configured("domains", 0)


def http_addresses(source: Source) -> Iterator[Evidence]:
    for setting in source.set_to("PREFERRED_URL_SCHEME"):
        if setting.constant == "http":
            yield source.at(setting.module, setting.node)


def protections_off(source: Source) -> Iterator[Evidence]:
    """Flask-Talisman with its protections switched off."""
    names = ("content_security_policy", "strict_transport_security", "session_cookie_secure")
    for module, call in source.calls("flask_talisman.Talisman", "flask_talisman.talisman.Talisman"):
        off = [n for n in names if isinstance(v := keyword(call, n), ast.Constant) and v.value in (None, False)]
        if off:
            yield source.at(module, call, ", ".join(off))


def _routes_are_computed(source: Source) -> bool:
    """Whether some routes are not written as literals, or come from elsewhere."""
    for module in source.sources.main:
        for call in module.calls:
            verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if verb in {"add_resource", "register_api"}:
                return True
            if verb in {"route", "add_url_rule"} and literal(keyword(call, "rule", 0)) is None:
                return True
            if verb == "register_blueprint" and not _known_blueprint(source, module, call):
                return True
    return False


def _known_blueprint(source: Source, module: Module, call: ast.Call) -> bool:
    name = source.sources.qualified(module, call.args[0]) if call.args else ""
    return source.prefixes.by_name.get(name) is not None


def _holds_code(source: Source, folder: PurePosixPath) -> bool:
    inside = [f for f in source.tree.files if folder in f.parents or str(folder) in {".", ""}]
    loaded = {module.path for module in source.sources if module.name in source.loaded}
    return any(file in loaded or file.suffix in DATA or file.name.startswith(".env") for file in inside)


def _public(domains: tuple[str, ...]) -> bool:
    return any(not LOCAL_NAME.search(domain) for domain in domains)


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW701",
            Severity.WARNING,
            "The app does not know who asks",
            "Behind the front server every visitor has the same address, and limits by address hit everybody at once.",
            "Set app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1).",
            PROXY_FIX,
        ),
        without_proxy_fix,
    ),
    Check(
        Rule(
            "SW702",
            Severity.WARNING,
            "ProxyFix counts another number of front servers than there are",
            "One stands before the app: with more, a visitor's own header is believed or none is; with less, none is.",
            "Say ProxyFix(app.wsgi_app, x_for=1, x_proto=1).",
            PROXY_FIX,
        ),
        wrong_proxy_fix,
    ),
    Check(
        Rule(
            "SW703",
            Severity.WARNING,
            "The app sets no limit on what it is sent",
            "The front server lets `proxy.max_body` through, far more than a form needs, and parsing it costs memory.",
            'Set MAX_CONTENT_LENGTH to what the app needs: app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024.',
            "https://flask.palletsprojects.com/en/stable/web-security/#resource-use",
        ),
        without_size_limit,
    ),
    Check(
        Rule(
            "SW704",
            Severity.NOTE,
            "The app believes any host name that a request brings",
            "Links in mails lead where the request said. seawall's front server refuses strangers; another may not.",
            "Set TRUSTED_HOSTS (Flask 3.1) to the names of `domains`.",
            "https://flask.palletsprojects.com/en/stable/config/#TRUSTED_HOSTS",
        ),
        without_trusted_hosts,
    ),
    Check(
        Rule(
            "SW705",
            Severity.WARNING,
            "No route answers the health path",
            "The gate asks it before a release takes traffic: none would.",
            "Add the route, one that asks the database something small, or name another path under [health].",
            "docs/concepts/how-a-release-works.md",
        ),
        no_health_route,
    ),
    Check(
        Rule(
            "SW706",
            Severity.NOTE,
            "A page stands in for a health route",
            "It may answer while the database does not, and costs what the page costs.",
            "Add a route such as /health that asks the database something small, and name it under [health].",
            "docs/concepts/how-a-release-works.md",
        ),
        page_as_health,
    ),
    Check(
        Rule(
            "SW707",
            Severity.ERROR,
            "A static folder holds code or data",
            "Whoever asks for it by name gets the app's code, its settings or its database.",
            'Move what visitors may have to a folder of its own, and name that: static_folder="static", or [static].',
            "https://owasp.org/Top10/A05_2021-Security_Misconfiguration/",
        ),
        code_is_served,
    ),
    Check(
        Rule(
            "SW708",
            Severity.WARNING,
            "The site is public, and not encrypted",
            "Passwords and sessions go over the net for all to read.",
            'Use mode = "acme" under [tls].',
            "https://cheatsheetseries.owasp.org/cheatsheets/Transport_Layer_Security_Cheat_Sheet.html",
        ),
        without_https,
    ),
    Check(
        Rule(
            "SW709",
            Severity.NOTE,
            "The site is public, and its certificate is self-signed",
            "Browsers warn visitors away, and nobody can tell the site from another that pretends to be it.",
            'Use mode = "acme" under [tls], once the domain leads to the host.',
            "https://letsencrypt.org/getting-started/",
        ),
        self_signed,
    ),
    Check(
        Rule(
            "SW710",
            Severity.WARNING,
            "Links that are made outside a request begin with http",
            "What a mail leads to goes over the net for all to read, at least once.",
            'Set PREFERRED_URL_SCHEME = "https".',
            "https://flask.palletsprojects.com/en/stable/config/#PREFERRED_URL_SCHEME",
        ),
        http_addresses,
    ),
    Check(
        Rule(
            "SW711",
            Severity.NOTE,
            "Flask-Talisman is there with protections switched off",
            "What it is there for does not happen.",
            "Leave them on, and allow what the pages need in the policy.",
            "https://github.com/wntrblm/flask-talisman",
        ),
        protections_off,
    ),
)
