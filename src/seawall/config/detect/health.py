"""The path that tells whether the app is well, asked before and after each release."""

from __future__ import annotations

from collections.abc import Sequence

from seawall.config.detect.facts import Fact, Item, chosen, nothing
from seawall.config.detect.routes import Route

# The customary names, the most exact first.
PATHS = ("/health", "/healthz", "/_health", "/healthcheck", "/health-check", "/-/healthy",
         "/livez", "/readyz", "/_status", "/ping", "/status", "/up")  # fmt: skip


def find_health(routes: Sequence[Route]) -> Fact[str]:
    """The health route, or the front page, or another page anyone may see."""
    named = [(_order(route.path), route) for route in routes]
    ranked = [route for order, route in sorted(named, key=lambda pair: pair[0]) if order[0] < 99]
    remarks = [
        f"{route.evidence}: {route.path} asks for a login, so it cannot be the health path."
        for route in ranked
        if route.login
    ]
    health = [Item(route.path, route.evidence) for route in ranked if not route.login]
    if health:
        rule = "the more customary name" if len({item.value for item in health}) > 1 else ""
        return chosen(health, rule, remarks)
    return _any_page(routes, remarks)


def _any_page(routes: Sequence[Route], remarks: list[str]) -> Fact[str]:
    """Without a health route: ``/``, else the first page that needs no login."""
    pages = [route for route in routes if not route.login and not route.redirects]
    front = [route for route in pages if route.path == "/"]
    page = next(iter([*front, *pages]), None)
    if page is None:
        return nothing(
            [*remarks, "No health route was found, nor a page without login; "
             "add one and name it under [health]."]
        )  # fmt: skip
    why = "" if front else " / was not found, or it redirects or asks for a login."
    return chosen(
        [Item(page.path, page.evidence)],
        remarks=[
            *remarks,
            f"No health route was found; {page.path} ({page.evidence}) is asked instead.{why} "
            "A route such as /health that looks at the database too would tell more.",
        ],
    )


def _order(path: str) -> tuple[int, int, int, str]:
    """First the customary names at the root, then below a prefix (``/api/health``)."""
    bare = path.rstrip("/")
    for position, name in enumerate(PATHS):
        if bare == name:
            return (0, position, 0, path)
    for position, name in enumerate(PATHS[:5]):
        if bare.endswith(name):
            return (1, position, bare.count("/"), path)
    return (99, 0, 0, path)
