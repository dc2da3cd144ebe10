"""SW22x: forms and pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seawall.checks.finding import Evidence, InFile, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import for_developing
from seawall.checks.static.source import Source
from seawall.config.detect.source import Module, keyword, literal

CHEATS = "https://cheatsheetseries.owasp.org/cheatsheets/"
CSRF = "https://flask-wtf.readthedocs.io/en/stable/csrf/"
PROTECTIONS = (
    "flask_wtf.CSRFProtect",
    "flask_wtf.csrf.CSRFProtect",
    "flask_wtf.csrf.CsrfProtect",
    "flask_wtf.CsrfProtect",
    "flask_seasurf.SeaSurf",
)
POST_FORM = re.compile(r"<form\b[^>]{0,2000}?\bmethod\s{0,9}=\s{0,9}[\"']?post\b", re.IGNORECASE)
TOKEN = re.compile(r"csrf|hidden_tag|_token\b|quick_form|render_form|xsrf", re.IGNORECASE)
END = re.compile(r"</form\s*>|<form\b", re.IGNORECASE)
UNQUOTED = re.compile(
    r"<[a-zA-Z][^<>{}]{0,1000}\s(?:value|href|src|title|alt|class|id|action|data-[\w-]{1,60})=\{\{[^{}]{0,300}\}\}[^<>]{0,1000}>"
)
REQUEST_SAFE = re.compile(
    r"\{\{(?P<before>[^{}]{0,300}?)\brequest\.(?:args|form|values|cookies|headers|url|path|full_path)\b"
    r"(?P<between>[^{}]{0,300}?)\|\s*safe\b"
)
#: Filters that leave a text's markup as it is.
PLAIN_FILTERS = frozenset(
    {"default", "d", "trim", "upper", "lower", "title", "capitalize", "string", "first", "last", "join"}
)
#: What stands before or after the value where it is only compared, or a function makes something else of it.
ELSEWHERE = re.compile(r"[=<>!]=|\b(?:in|is|if|else|not)\b|\w\s*\(\s*$")
AUTOESCAPE_OFF = re.compile(r"\{%-?\s*autoescape\s+false\b")


def form_without_token(source: Source) -> Iterator[Evidence]:
    """POST forms in an app that checks no token at all; where one is checked, the form would not work without."""
    if _protected(source):
        return
    for page in source.pages:
        for match in POST_FORM.finditer(page.text):
            end = END.search(page.text, match.end())
            if not TOKEN.search(page.text, match.start(), end.start() if end else len(page.text)):
                yield source.line(page.path, page.line(match.start()))


def csrf_off(source: Source) -> Iterator[Evidence]:
    for name in ("WTF_CSRF_ENABLED", "WTF_CSRF_CHECK_DEFAULT"):
        for setting in source.set_to(name):
            if setting.constant is False and not for_developing(setting.module, setting.node):
                yield source.at(setting.module, setting.node)
    for module, node in _forms_meta(source):
        yield source.at(module, node)


def csrf_exempt(source: Source) -> Iterator[Evidence]:
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for decorator in node.decorator_list:
                    if (
                        isinstance(decorator, ast.Attribute)
                        and decorator.attr == "exempt"
                        and "csrf" in ast.unparse(decorator)
                    ):
                        yield source.at(module, decorator)


def autoescape_off(source: Source) -> Iterator[Evidence]:
    yield from _matches(source, AUTOESCAPE_OFF)
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.Assign) and _is_false(node.value):
                yield from (source.at(module, node) for t in node.targets if getattr(t, "attr", "") == "autoescape")
    for module, call in source.calls("jinja2.Environment", "jinja2.environment.Environment", "flask.Environment"):
        escapes = keyword(call, "autoescape")
        if _is_false(escapes):
            yield source.at(module, call)


def attribute_without_quotes(source: Source) -> Iterator[Evidence]:
    """``<input value={{ name }}>``: a space in the value begins a new attribute, such as onclick."""
    yield from _matches(source, UNQUOTED)


def visitor_marked_safe(source: Source) -> Iterator[Evidence]:
    for page in source.pages:
        for match in REQUEST_SAFE.finditer(page.text):
            filters = set(re.findall(r"\|\s{0,9}(\w+)", match["between"]))
            if filters <= PLAIN_FILTERS and not (
                ELSEWHERE.search(match["before"]) or ELSEWHERE.search(match["between"])
            ):
                yield source.line(page.path, page.line(match.start()))


def cors_with_credentials(source: Source) -> Iterator[Evidence]:
    """``CORS(app, supports_credentials=True)`` without a list of origins: Flask-CORS then echoes any origin."""
    for module, call in source.calls("flask_cors.CORS", "flask_cors.cross_origin", "flask_cors.extension.CORS"):
        allowed = keyword(call, "supports_credentials")
        origins, resources = keyword(call, "origins"), keyword(call, "resources")
        anyone = (origins is None and resources is None) or _is_star(origins)
        if isinstance(allowed, ast.Constant) and allowed.value is True and anyone:
            yield source.at(module, call)


def _protected(source: Source) -> bool:
    return any(True for _ in source.calls(*PROTECTIONS))


def _forms_meta(source: Source) -> Iterator[tuple[Module, ast.AST]]:
    """``class Meta: csrf = False`` in a form."""
    for module in source.sources.main:
        for node in module.nodes:
            if isinstance(node, ast.ClassDef) and node.name == "Meta":
                for inner in node.body:
                    if isinstance(inner, ast.Assign) and _is_false(inner.value):
                        yield from ((module, inner) for t in inner.targets if getattr(t, "id", "") == "csrf")


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_star(node: ast.expr | None) -> bool:
    values = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else [node]
    return any(literal(value) in {"*", ".*"} for value in values)


def _matches(source: Source, pattern: re.Pattern[str]) -> Iterator[InFile]:
    for page in source.pages:
        yield from (source.line(page.path, page.line(match.start())) for match in pattern.finditer(page.text))


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW221",
            Severity.WARNING,
            "A form changes things without a CSRF token",
            "Another site can send the same form from a visitor's browser, in their name.",
            "Set up Flask-WTF's CSRFProtect(app), and put {{ csrf_token() }} into the form.",
            CSRF,
        ),
        form_without_token,
    ),
    Check(
        Rule(
            "SW222",
            Severity.WARNING,
            "The protection of forms is switched off",
            "Another site can send the forms from a visitor's browser, in their name.",
            "Switch it off in the tests alone.",
            CSRF,
        ),
        csrf_off,
    ),
    Check(
        Rule(
            "SW223",
            Severity.NOTE,
            "A view is exempt from the protection of forms",
            "That is right for requests that bring a signature or token of their own, and for nothing else.",
            "Check the caller's signature in the view; then say so in a comment that ignores this rule.",
            CSRF,
        ),
        csrf_exempt,
    ),
    Check(
        Rule(
            "SW224",
            Severity.WARNING,
            "Values are put into pages without escaping",
            "What one visitor writes runs as a script in the browsers of the others.",
            "Leave autoescaping on, and mark the few texts that are HTML with |safe.",
            f"{CHEATS}Cross_Site_Scripting_Prevention_Cheat_Sheet.html",
        ),
        autoescape_off,
    ),
    Check(
        Rule(
            "SW225",
            Severity.WARNING,
            "A value is an attribute without quotes",
            "Escaping does not help there: a space in the value begins an attribute such as onclick.",
            'Write quotes around it: value="{{ name }}".',
            "https://flask.palletsprojects.com/en/stable/web-security/#cross-site-scripting-xss",
        ),
        attribute_without_quotes,
    ),
    Check(
        Rule(
            "SW226",
            Severity.ERROR,
            "What a visitor sends is put into a page unescaped",
            "A link can run a script in the browser of whoever follows it, as that person.",
            "Remove |safe: the value is then shown as text.",
            f"{CHEATS}Cross_Site_Scripting_Prevention_Cheat_Sheet.html",
        ),
        visitor_marked_safe,
    ),
    Check(
        Rule(
            "SW227",
            Severity.WARNING,
            "Every other site may ask in a visitor's name and read the answer",
            "CORS with credentials and no list of origins lets any page read what the visitor may read.",
            'Name the origins: CORS(app, origins=["https://app.example.com"], supports_credentials=True).',
            "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS",
        ),
        cors_with_credentials,
    ),
)
