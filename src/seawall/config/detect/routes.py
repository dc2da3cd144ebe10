"""The routes of an app, as far as they are written as literals."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from seawall.config.detect.facts import Evidence
from seawall.config.detect.source import Function, Module, Sources, keyword, literal

ROUTERS = frozenset(
    {
        "flask.Blueprint",
        "flask.blueprints.Blueprint",
        "quart.Blueprint",
        "fastapi.APIRouter",
        "fastapi.routing.APIRouter",
    }
)
REGISTER = frozenset({"register_blueprint", "include_router"})
LOGIN = ("login_required", "auth_required", "jwt_required", "roles_required", "requires_auth")


@dataclass(frozen=True)
class Prefixes:
    """The URL prefix of every blueprint and router, by the dotted name it is bound to; None where
    the prefix is computed."""

    by_name: Mapping[str, str | None]
    by_call: Mapping[int, str | None] = field(repr=False, default_factory=dict)

    def of_call(self, call: ast.Call) -> str | None:
        """The prefix of the blueprint a call makes."""
        return self.by_call.get(id(call), _own_prefix(call))


@dataclass(frozen=True)
class Route:
    """One path that answers GET, and what its view does before it answers."""

    path: str
    evidence: Evidence
    login: bool
    redirects: bool


def read_prefixes(sources: Sources) -> Prefixes:
    """Blueprints, their own prefixes, and those their registration gives them instead."""
    by_name: dict[str, str | None] = {}
    calls: dict[str, ast.Call] = {}
    for module in sources:
        for name, values in module.assigned.items():
            value = values[-1]
            if isinstance(value, ast.Call) and sources.qualified(module, value.func) in ROUTERS:
                by_name[f"{module.name}.{name}"] = _own_prefix(value)
                calls[f"{module.name}.{name}"] = value
    for module in sources.main:
        for call in module.calls:
            verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            name = sources.qualified(module, call.args[0]) if verb in REGISTER and call.args else ""
            if name in by_name:
                by_name[name] = _registered(verb, call, by_name[name])
    return Prefixes(by_name, {id(call): by_name[name] for name, call in calls.items()})


def _registered(verb: str, call: ast.Call, own: str | None) -> str | None:
    """The prefix after a registration: Flask's replaces the blueprint's own, FastAPI's comes before the router's."""
    given = keyword(call, "prefix" if verb == "include_router" else "url_prefix")
    if given is None:
        return own
    prefix = literal(given)
    if verb == "include_router" and prefix is not None:
        return None if own is None else prefix + own
    return prefix


def _own_prefix(call: ast.Call) -> str | None:
    given = keyword(call, "url_prefix") or keyword(call, "prefix")
    return "" if given is None else literal(given)


def read_routes(sources: Sources, prefixes: Prefixes) -> Iterator[Route]:
    """The app's GET routes without variable parts."""
    included = _included(sources)
    for module in sources.main:
        for node in module.nodes:
            if isinstance(node, Function):
                yield from _decorated(sources, module, node, prefixes)
            elif isinstance(node, ast.Call):
                yield from _added(sources, module, node, prefixes)
                yield from _django(sources, module, node, included)


def _decorated(sources: Sources, module: Module, view: Function, prefixes: Prefixes) -> Iterator[Route]:
    for decorator in view.decorator_list:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            continue
        verb = decorator.func.attr
        if verb not in {"route", "get", "api_route"} or not _answers_get(verb, decorator):
            continue
        path = literal(keyword(decorator, "rule", 0) or keyword(decorator, "path"))
        prefix = _prefix(sources, module, decorator.func.value, prefixes)
        if path is not None and prefix is not None and not set(path) & set("<{"):
            full = f"{prefix}{path}" or "/"
            yield Route(full, module.at(view), _needs_login(view), _only_redirects(view))


def _added(sources: Sources, module: Module, call: ast.Call, prefixes: Prefixes) -> Iterator[Route]:
    """``add_url_rule`` and Starlette's ``Route``."""
    path = literal(call.args[0]) if call.args else None
    if path is None or set(path) & set("<{") or not _answers_get("route", call):
        return
    if isinstance(call.func, ast.Attribute) and call.func.attr == "add_url_rule":
        prefix = _prefix(sources, module, call.func.value, prefixes)
        if prefix is not None:
            yield Route(prefix + path, module.at(call), login=False, redirects=False)
    elif sources.qualified(module, call.func) == "starlette.routing.Route":
        yield Route(path, module.at(call), login=False, redirects=False)


def _django(sources: Sources, module: Module, call: ast.Call, included: Mapping[str, str]) -> Iterator[Route]:
    """Django's ``path("health/", view)``, below the prefix its module is included under."""
    path = literal(call.args[0]) if call.args else None
    if path is None or "<" in path or sources.qualified(module, call.func) != "django.urls.path":
        return
    if _include(sources, module, call) is None:
        route = f"/{included.get(module.name, '')}{path}"
        yield Route(route, module.at(call), login=False, redirects=False)


def _included(sources: Sources) -> dict[str, str]:
    """The URL modules that Django's ``include`` names, and their prefixes."""
    found: dict[str, str] = {}
    for module in sources.main:
        for call in module.calls:
            target = _include(sources, module, call)
            if target is not None and target.args and call.args:
                found[literal(target.args[0]) or ""] = literal(call.args[0]) or ""
    return found


def _include(sources: Sources, module: Module, call: ast.Call) -> ast.Call | None:
    view = call.args[1] if len(call.args) > 1 else None
    if isinstance(view, ast.Call) and sources.qualified(module, view.func) == "django.urls.include":
        return view
    return None


def _prefix(sources: Sources, module: Module, owner: ast.expr, prefixes: Prefixes) -> str | None:
    return prefixes.by_name.get(sources.qualified(module, owner), "")


def _answers_get(verb: str, call: ast.Call) -> bool:
    methods = keyword(call, "methods")
    if verb == "get" or methods is None:
        return True
    elements = methods.elts if isinstance(methods, ast.List | ast.Tuple | ast.Set) else []
    return any((literal(element) or "").upper() == "GET" for element in elements)


def _needs_login(view: Function) -> bool:
    names = [d.func if isinstance(d, ast.Call) else d for d in view.decorator_list]
    return any(ast.unparse(name).endswith(LOGIN) for name in names)


def _only_redirects(view: Function) -> bool:
    """Whether every answer of the view is a redirect."""
    answers = [node.value for node in ast.walk(view) if isinstance(node, ast.Return)]
    return bool(answers) and all(
        isinstance(answer, ast.Call) and "redirect" in ast.unparse(answer.func).lower() for answer in answers
    )
