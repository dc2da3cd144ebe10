"""Which expressions of a function carry what a visitor sent, as far as one function shows.

A name carries it once anything that carries it is assigned to it. Numbers do not, nor what the function compares with
a list of its own, nor the answer of a function that is not known to pass on what it is given: what is said of a
visitor's words must be so for certain.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.config.detect.source import Function, Module, Sources, literal, own_nodes

SENT = frozenset(
    (
        *("args", "form", "values", "json", "data", "cookies", "headers", "files", "query_string", "url", "full_path"),
        *("get_json", "get_data", "stream", "referrer", "path", "view_args"),
    )
)
HARMLESS = frozenset(
    (
        *("int", "float", "bool", "len", "isinstance", "UUID", "escape", "quote", "quote_plus", "url_for", "safe_join"),
        *("secure_filename", "hexdigest", "digest", "basename", "index", "count", "any", "all", "hash", "strptime"),
        *("fromisoformat", "clean", "validate", "get_or_404", "first_or_404"),
    )
)
#: Functions whose answer holds what they are given; any other may look it up, check it or make something else of it.
PASSING = frozenset(
    (
        *("str", "bytes", "repr", "list", "tuple", "dict", "reversed", "sorted", "text", "Markup", "markdown"),
        *("join", "format", "replace", "Path", "PurePath", "PurePosixPath", "abspath", "normpath", "expanduser"),
        *("unquote", "unquote_plus", "b64decode", "urlsafe_b64decode", "b32decode", "unhexlify", "decompress"),
    )
)
PARSERS = frozenset({"json", "orjson"})
#: What is left of a name that a visitor sent, and cannot lead anywhere.
ENDINGS = frozenset({"suffix", "content_type", "mimetype", "content_length"})
LOOKED_AT = frozenset({"isidentifier", "isalnum", "isalpha", "isdigit", "isdecimal", "isnumeric"})
MATCHES = frozenset({"match", "fullmatch"})


@dataclass(frozen=True)
class Taint:
    """One function's names that carry what a visitor sent."""

    sources: Sources
    module: Module
    names: frozenset[str]

    def holds(self, node: ast.AST | None) -> bool:
        """Whether a visitor's words are in the expression."""
        if node is None or isinstance(node, ast.Compare):
            return False
        if isinstance(node, ast.Name):
            return node.id in self.names
        if isinstance(node, ast.Attribute) and self._is_request(node.value):
            return node.attr in SENT
        if isinstance(node, ast.Attribute) and node.attr in ENDINGS:
            return False
        return any(self.holds(part) for part in _passing_on(node))

    def _is_request(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and self.sources.qualified(self.module, node) in {
            "flask.request",
            "flask.globals.request",
            "quart.request",
        }


def taint_in(sources: Sources, module: Module, function: Function) -> Taint:
    """What carries a visitor's words in a function."""
    checked = frozenset(_checked(function))
    taint = Taint(sources, module, frozenset(_path_parameters(function)) - checked)
    for _ in range(4):  # names may be assigned before what they are assigned from is known
        grown = taint.names | {
            name
            for target, value in _bindings(function)
            if taint.holds(value)
            for name in _names(target)
            if name not in checked
        }
        if grown == taint.names:
            break
        taint = Taint(sources, module, grown)
    return taint


def _passing_on(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression whose content ends up in its value."""
    if isinstance(node, ast.Call):
        yield from _passing_call(node)
    elif isinstance(node, ast.Subscript):  # a table that is looked into with a visitor's word answers with its own
        if not _is_ending(node):
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    else:
        yield from ast.iter_child_nodes(node)


def _passing_call(call: ast.Call) -> Iterator[ast.AST]:
    name = _last_name(call.func)
    if name in HARMLESS:
        return
    yield call.func
    if name == "get":  # a table answers with its own, or with what is given for the case that it has none
        yield from call.args[1:]
    elif name in PASSING or _is_parser(call.func):
        yield from (*call.args, *(argument.value for argument in call.keywords))


def _is_parser(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "loads" and getattr(node.value, "id", "") in PARSERS


def _is_ending(node: ast.Subscript) -> bool:
    """``name.rsplit(".", 1)[1]``, ``os.path.splitext(name)[1]``."""
    call = node.value
    if not isinstance(call, ast.Call):
        return False
    at_dot = bool(call.args) and literal(call.args[0]) == "."
    last = isinstance(node.slice, ast.UnaryOp) or (isinstance(node.slice, ast.Constant) and node.slice.value != 0)
    return last and at_dot and _last_name(call.func) in {"split", "rsplit", "partition", "rpartition"}


def _checked(function: Function) -> Iterator[str]:
    """Names that the function compares with a list, or whose letters it looks at, before it uses them or not."""
    for node in own_nodes(function):
        looked: list[ast.expr] = []
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            looked = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in LOOKED_AT:
                looked = [node.func.value]
            elif node.func.attr in MATCHES:
                looked = node.args
        yield from (each.id for each in looked if isinstance(each, ast.Name))


def _path_parameters(function: Function) -> Iterator[str]:
    """Parameters of a view that take slashes from the URL (``<path:name>``)."""
    for decorator in function.decorator_list:
        for part in ast.walk(decorator):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "<path:" in part.value:
                yield from (piece.partition(">")[0] for piece in part.value.split("<path:")[1:])


def _bindings(function: Function) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in own_nodes(function):
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, ast.For | ast.AsyncFor):
            yield node.target, node.iter
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield node.optional_vars, node.context_expr


def _names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _names(element)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
