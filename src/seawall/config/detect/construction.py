"""Where app objects are constructed: which expressions of a project are a WSGI or ASGI app."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from seawall.config.detect.facts import Interface
from seawall.config.detect.source import (
    DEEPEST,
    Function,
    Module,
    Sources,
    assignments,
    own_nodes,
)

# Callables that make an app: dotted name -> framework, interface.
APPS: dict[str, tuple[str, Interface]] = {
    "flask.Flask": ("flask", "wsgi"),
    "flask.app.Flask": ("flask", "wsgi"),
    "apiflask.APIFlask": ("flask", "wsgi"),
    "flask_openapi3.OpenAPI": ("flask", "wsgi"),
    "flask_appbuilder.Flask": ("flask", "wsgi"),
    "bottle.Bottle": ("bottle", "wsgi"),
    "falcon.App": ("falcon", "wsgi"),
    "falcon.asgi.App": ("falcon", "asgi"),
    "quart.Quart": ("quart", "asgi"),
    "quart.app.Quart": ("quart", "asgi"),
    "fastapi.FastAPI": ("fastapi", "asgi"),
    "fastapi.applications.FastAPI": ("fastapi", "asgi"),
    "starlette.applications.Starlette": ("starlette", "asgi"),
    "litestar.Litestar": ("litestar", "asgi"),
    "litestar.app.Litestar": ("litestar", "asgi"),
    "sanic.Sanic": ("sanic", "asgi"),
    "django.core.wsgi.get_wsgi_application": ("django", "wsgi"),
    "django.core.asgi.get_asgi_application": ("django", "asgi"),
    "channels.routing.ProtocolTypeRouter": ("channels", "asgi"),
}
# Wrappers that change the interface of the app they are given.
TO_ASGI = frozenset({"asgiref.wsgi.WsgiToAsgi", "a2wsgi.WSGIMiddleware", "socketio.ASGIApp", "engineio.ASGIApp"})
TO_WSGI = frozenset({"a2wsgi.ASGIMiddleware"})


@dataclass(frozen=True)
class Construction:
    """The call that makes an app, the module it is in, and what comes of it."""

    module: Module
    call: ast.Call
    framework: str
    interface: Interface


@dataclass(frozen=True)
class _Search:
    """One search for what an expression is; `local` are the names of the function around it, `tried` the functions that
    were looked into: functions that call each other would lead to more and more ways through the same ones."""

    sources: Sources
    module: Module
    local: dict[str, list[ast.expr]]
    depth: int = 0
    names: frozenset[tuple[str, str, bool]] = frozenset()
    tried: set[int] = field(default_factory=set)

    def deeper(self, module: Module, local: dict[str, list[ast.expr]]) -> _Search:
        return replace(self, module=module, local=local, depth=self.depth + 1)

    def inside(self, name: str) -> _Search | None:
        """The search within a name's values; None if it came from there (``app = Wrap(app)``)."""
        key = (self.module.name, name, name in self.local)
        return None if key in self.names else replace(self, names=self.names | {key})


def construction(sources: Sources, module: Module, name: str) -> Construction | None:
    """The construction behind a module-level name, or None if it is not an app."""
    return _of_name(_Search(sources, module, {}), name)


def returned(sources: Sources, module: Module, function: Function) -> Construction | None:
    """The construction of the app a function returns, or None if it is not a factory."""
    return _of_function(_Search(sources, module, {}), module, function)


def _of_function(search: _Search, module: Module, function: Function) -> Construction | None:
    if search.depth > DEEPEST or id(function) in search.tried or _is_fixture(search.sources, module, function):
        return None
    search.tried.add(id(function))
    nodes = list(own_nodes(function))
    local = assignments(node for node in nodes if isinstance(node, ast.stmt))
    for node in nodes:
        if isinstance(node, ast.Return) and node.value is not None:
            found = _of(search.deeper(module, local), node.value)
            if found:
                return found
    return None


def _of(search: _Search, node: ast.expr) -> Construction | None:
    if search.depth > DEEPEST:
        return None
    if isinstance(node, ast.Call):
        return _of_call(search, node)
    if isinstance(node, ast.Name):
        return _of_name(search, node.id)
    if isinstance(node, ast.Attribute):
        return _of_dotted(search, search.sources.qualified(search.module, node))
    return None


def _of_name(search: _Search, name: str) -> Construction | None:
    values = search.local.get(name) or search.module.assigned.get(name)
    if not values:
        return _of_dotted(search, search.sources.canonical(search.module.imports.get(name, "")))
    inside = search.inside(name)
    if inside is None:
        return None
    found: Construction | None = None
    for value in values:
        found = _of(inside, value) or _of_wrapper(inside, value, found) or found
    return found


def _of_wrapper(search: _Search, value: ast.expr, inner: Construction | None) -> Construction | None:
    """``app = WsgiToAsgi(app)``: the same app behind another interface."""
    if inner is None or not isinstance(value, ast.Call):
        return None
    return _turned(inner, search.sources.qualified(search.module, value.func))


def _of_call(search: _Search, call: ast.Call) -> Construction | None:
    name = search.sources.qualified(search.module, call.func)
    kind = APPS.get(name) or _subclass(search.sources, name)
    if kind:
        return Construction(search.module, call, *kind)
    module, rest = search.sources.split(name)
    if module is not None and rest in module.functions:
        return _of_function(search, module, module.functions[rest])
    if name in TO_ASGI | TO_WSGI or name.rpartition(".")[2] == "ProxyFix":
        for argument in call.args:
            inner = _of(search.deeper(search.module, search.local), argument)
            if inner:
                return _turned(inner, name)
    return None


def _of_dotted(search: _Search, dotted: str) -> Construction | None:
    module, name = search.sources.split(dotted)
    if module is None or name not in module.assigned or search.depth > DEEPEST:
        return None
    return _of_name(search.deeper(module, {}), name)


def _subclass(sources: Sources, dotted: str, depth: int = 0) -> tuple[str, Interface] | None:
    """A class of the project that derives from a framework's app class."""
    module, name = sources.split(dotted)
    if module is None or name not in module.classes or depth > DEEPEST:
        return None
    for base in module.classes[name].bases:
        parent = sources.qualified(module, base)
        kind = APPS.get(parent) or _subclass(sources, parent, depth + 1)
        if kind:
            return kind
    return None


def _turned(inner: Construction, wrapper: str) -> Construction:
    if wrapper in TO_ASGI:
        return replace(inner, interface="asgi")
    if wrapper in TO_WSGI:
        return replace(inner, interface="wsgi")
    return inner


def _is_fixture(sources: Sources, module: Module, function: Function) -> bool:
    calls = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any(sources.qualified(module, call).startswith("pytest") for call in calls)
