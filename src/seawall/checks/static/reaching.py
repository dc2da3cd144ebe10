"""SW32x: what a visitor sends must not choose files, addresses or pages at will."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import function_of
from seawall.checks.static.source import Source
from seawall.config.detect.source import Module, keyword, literal

CHEATS = "https://cheatsheetseries.owasp.org/cheatsheets/"
OPENERS = frozenset(
    {"open", "flask.send_file", "io.open", "os.remove", "os.unlink", "os.rmdir", "shutil.rmtree", "os.listdir"}
)
FETCHERS = frozenset(
    {"urllib.request.urlopen", "urllib.request.urlretrieve"}
    | {f"{p}.{v}" for p in ("requests", "httpx") for v in ("get", "post", "put", "patch", "delete", "head", "request")}
)
ARCHIVES = frozenset({"tarfile.open", "zipfile.ZipFile", "tarfile.TarFile", "shutil.unpack_archive"})
XML = frozenset(
    f"{module}.{name}"
    for module in ("xml.etree.ElementTree", "xml.dom.minidom", "xml.sax", "lxml.etree", "xml.etree.cElementTree")
    for name in ("fromstring", "parse", "parseString", "XML")
)
FILENAME = re.compile(r"\.filename\b")
CHECKED = re.compile(
    r"netloc|urlparse|urlsplit|is_safe|safe_url|startswith|allowed|hostname|host_matches|is_local"
    r"|relative_to|commonpath|commonprefix|realpath|parents"
)


def visitor_names_file(source: Source) -> Iterator[Evidence]:
    """``send_file(request.args["name"])``, and a path that is joined from what was sent."""
    for module, call, name in source.named_calls:
        opens = name in OPENERS or (isinstance(call.func, ast.Name) and call.func.id == "open")
        if opens and call.args and not _checked(source, module, call):
            taint = source.taint(module, call)
            if taint.holds(call.args[0]) and not _is_upload(call.args[0]):
                yield source.at(module, call)


def upload_names_itself(source: Source) -> Iterator[Evidence]:
    """``file.save(os.path.join(folder, file.filename))`` without secure_filename."""
    for module, call, _ in source.named_calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "save" and call.args:
            target = _assigned(source, module, call, call.args[0])
            if source.taint(module, call).holds(target) and _names_filename(source, module, call, target):
                yield source.at(module, call)


def visitor_names_page(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls("flask.redirect", "werkzeug.utils.redirect"):
        target = keyword(call, "location", 0)
        leads = target is not None and source.taint(module, call).holds(target)
        if leads and not _own_prefix(target) and not _checked(source, module, call):
            yield source.at(module, call)


def visitor_names_address(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls(*FETCHERS):
        position = 1 if _last(call) == "request" else 0
        target = keyword(call, "url", position)
        if target is None or _own_prefix(target) or _checked(source, module, call):
            continue
        if source.taint(module, call).holds(target):
            yield source.at(module, call)


def archive_from_visitor(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls(*ARCHIVES):
        given = keyword(call, "fileobj") or keyword(call, "file", 0)
        if source.taint(module, call).holds(given):
            yield source.at(module, call)


def xml_from_visitor(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls(*XML):
        if call.args and source.taint(module, call).holds(call.args[0]):
            yield source.at(module, call)


def forwarded_for_by_hand(source: Source) -> Iterator[Evidence]:
    """``request.headers["X-Forwarded-For"]`` and ``request.access_route``."""
    for module in source.sources.main:
        for node in module.nodes:
            if (
                isinstance(node, ast.Attribute)
                and source.sources.qualified(module, node) == "flask.request.access_route"
            ):
                yield source.at(module, node)
            for name in _header_names(source, module, node):
                if name.lower() in {"x-forwarded-for", "x-real-ip"}:
                    yield source.at(module, node)


def _header_names(source: Source, module: Module, node: ast.AST) -> Iterator[str]:
    """The header that a node reads by name."""
    owner: ast.expr | None = None
    given: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        owner, given = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"get", "getlist"}:
        owner, given = node.func.value, keyword(node, "key", 0)
    name = literal(given)
    if owner is not None and name and source.sources.qualified(module, owner) == "flask.request.headers":
        yield name


def _checked(source: Source, module: Module, call: ast.Call) -> bool:
    """Whether the function looks at the value before it uses it, as far as its words say."""
    function = function_of(module, call)
    return function is not None and source.says(function, CHECKED)


def _own_prefix(node: ast.expr | None) -> bool:
    """Whether an address begins with a fixed host or a path of the app's own: the visitor chooses the rest only."""
    first = node
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    while isinstance(first, ast.BinOp):
        first = first.left
    if isinstance(first, ast.Call) and _last(first) in {"url_for", "format"}:
        return _last(first) == "url_for" or _own_prefix(getattr(first.func, "value", None))
    text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    return bool(re.match(r"https?://[^/{}]+/|/[^/{}]", text))


def _assigned(source: Source, module: Module, call: ast.Call, node: ast.expr) -> ast.expr:
    function = function_of(module, call)
    if not isinstance(node, ast.Name) or function is None:
        return node
    given = source.given_to(function, node.id)
    return given[0].value if given else node


def _names_filename(source: Source, module: Module, call: ast.Call, target: ast.expr) -> bool:
    """Whether the upload's own name is in the path, directly or by a variable of the function."""
    function = function_of(module, call)
    return _is_upload(target) or (function is not None and source.says(function, FILENAME))


def _is_upload(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr == "filename" for part in ast.walk(node))


def _last(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW321",
            Severity.ERROR,
            "What a visitor sends names a file",
            "A name such as ../../.env reads, or removes, any file that the app can reach.",
            "Use send_from_directory() or werkzeug.utils.safe_join(), which refuse names that lead out of a folder.",
            "https://owasp.org/www-community/attacks/Path_Traversal",
        ),
        visitor_names_file,
    ),
    Check(
        Rule(
            "SW322",
            Severity.ERROR,
            "An upload is saved under the name it brings",
            "A name such as ../app.py overwrites any file that the app can write.",
            "Pass the name through werkzeug.utils.secure_filename(), or make one of your own.",
            "https://flask.palletsprojects.com/en/stable/patterns/fileuploads/",
        ),
        upload_names_itself,
    ),
    Check(
        Rule(
            "SW323",
            Severity.WARNING,
            "What a visitor sends is where they are led",
            "A link to your site can lead to another one that looks like it, and asks for the password.",
            "Redirect to url_for() targets, or check that the address has no host of its own.",
            f"{CHEATS}Unvalidated_Redirects_and_Forwards_Cheat_Sheet.html",
        ),
        visitor_names_page,
    ),
    Check(
        Rule(
            "SW324",
            Severity.WARNING,
            "What a visitor sends is an address that the server asks",
            "A visitor makes the server ask machines that only it can reach.",
            "Compare the host with a list of those that are allowed.",
            f"{CHEATS}Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html",
        ),
        visitor_names_address,
    ),
    Check(
        Rule(
            "SW325",
            Severity.WARNING,
            "An archive that a visitor sends is unpacked",
            "Its names may lead out of the folder, and a small archive may fill the disk.",
            'Give tarfile filter="data", look at sizes and names first, and unpack into a folder of its own.',
            "https://docs.python.org/3/library/tarfile.html#extraction-filters",
        ),
        archive_from_visitor,
    ),
    Check(
        Rule(
            "SW326",
            Severity.WARNING,
            "XML that a visitor sends is parsed as it comes",
            "A page of nested entities takes all memory, and an external one reads files.",
            "Parse it with defusedxml.",
            f"{CHEATS}XML_External_Entity_Prevention_Cheat_Sheet.html",
        ),
        xml_from_visitor,
    ),
    Check(
        Rule(
            "SW327",
            Severity.WARNING,
            "The visitor's address is taken from a header by hand",
            "Any visitor can send that header; what is limited or logged by address is fooled.",
            "Set up ProxyFix(app.wsgi_app, x_for=1, x_proto=1), and read request.remote_addr.",
            "https://flask.palletsprojects.com/en/stable/deploying/proxy_fix/",
        ),
        forwarded_for_by_hand,
    ),
)
