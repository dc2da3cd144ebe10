"""The app's static folders and the URLs they are offered under.

Flask's rules (flask.sansio.scaffold, flask.sansio.app): ``static_folder`` is relative to the
module's folder and ``static`` unless said otherwise; its URL is ``static_url_path``, else the
folder's last name. A blueprint has one only if it says so, under its ``url_prefix``.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from seawall.config.detect.construction import Construction
from seawall.config.detect.facts import Evidence, Fact, Item, StaticFolder, listing
from seawall.config.detect.routes import Prefixes
from seawall.config.detect.source import Module, Sources, keyword, literal
from seawall.config.detect.tree import Tree, printable

STATIC_FILES = frozenset({"starlette.staticfiles.StaticFiles", "fastapi.staticfiles.StaticFiles"})
BLUEPRINTS = frozenset({"flask.Blueprint", "flask.blueprints.Blueprint", "quart.Blueprint"})


@dataclass(frozen=True)
class _Offered:
    """A folder an app or blueprint offers, as the code says; None for what the code computes."""

    folder: str | None
    url: str | None
    evidence: Evidence


def find_static(tree: Tree, sources: Sources, app: Construction | None, prefixes: Prefixes) -> Fact[StaticFolder]:
    """The static folders that exist in the project, and hold files."""
    remarks: list[str] = []
    offered: list[_Offered] = []
    if app is not None and app.framework in {"flask", "quart"}:
        offered += _of_app(app)
    if app is not None and app.framework in {"django", "channels"}:
        remarks.append(
            "Django's static files are collected, not read from the source: run "
            "python manage.py collectstatic and name STATIC_ROOT under [static]."
        )
    for module in sources.main:
        for call in module.calls:
            name = sources.qualified(module, call.func)
            if name in BLUEPRINTS:
                offered += _of_blueprint(module, call, prefixes)
            elif name.endswith(".mount") or name == "starlette.routing.Mount":
                offered += _of_mount(sources, module, call)
    items = [item for one in offered for item in _existing(tree, one, remarks)]
    return listing(_one_a_url(items, remarks), remarks)


def _of_app(app: Construction) -> Iterator[_Offered]:
    given, url = keyword(app.call, "static_folder", 3), keyword(app.call, "static_url_path", 1)
    if isinstance(given, ast.Constant) and given.value is None:
        return
    folder = "static" if given is None else literal(given)
    prefix = f"/{PurePosixPath(folder or '').name}" if url is None else literal(url)
    yield _Offered(_join(_import_folder(app), folder), prefix, app.module.at(app.call))


def _import_folder(app: Construction) -> PurePosixPath:
    """The folder Flask takes as the app's: that of the module named by ``import_name``."""
    name = keyword(app.call, "import_name", 0)
    top = app.module.name.partition(".")[0]
    if isinstance(name, ast.Subscript) or literal(name) == top:  # __name__.split(".")[0]
        below = app.module.name.count(".") - (0 if app.module.is_package else 1)
        return app.module.folder.parents[below - 1] if below > 0 else app.module.folder
    return app.module.folder


def _of_blueprint(module: Module, call: ast.Call, prefixes: Prefixes) -> Iterator[_Offered]:
    given, url = keyword(call, "static_folder", 2), keyword(call, "static_url_path", 3)
    if given is None or (isinstance(given, ast.Constant) and given.value is None):
        return
    folder, prefix = literal(given), prefixes.of_call(call)
    path = f"/{PurePosixPath(folder or '').name}" if url is None else literal(url)
    whole = None if prefix is None or path is None else prefix + path
    yield _Offered(_join(module.folder, folder), whole, module.at(call))


def _of_mount(sources: Sources, module: Module, call: ast.Call) -> Iterator[_Offered]:
    """``app.mount("/static", StaticFiles(directory="static"))``, relative to the root, where the app is started. With
    ``html=True`` the folder has pages with names of their own, which the app knows better."""
    mounted = keyword(call, "app", 1)
    if not isinstance(mounted, ast.Call) or keyword(mounted, "html") is not None:
        return
    if sources.qualified(module, mounted.func) in STATIC_FILES:
        folder = literal(keyword(mounted, "directory", 0))
        yield _Offered(folder, literal(keyword(call, "path", 0)), module.at(call))


def _join(base: PurePosixPath, folder: str | None) -> str | None:
    return None if folder is None else posixpath.join(str(base), folder)


def _existing(tree: Tree, offered: _Offered, remarks: list[str]) -> Iterator[Item[StaticFolder]]:
    """The folder if the front server can show it; a remark says why it cannot, and then the app does."""
    if offered.folder is None or offered.url is None:
        remarks.append(f"{offered.evidence}: a static folder or its URL is computed; add it under [static].")
        return
    path = posixpath.normpath(offered.folder)
    url = f"/{offered.url.strip('/')}/"
    problem = ""
    if path.startswith(("..", "/")) or ((tree.root / path).exists() and not tree.has_folder(path)):
        problem = "is outside the project"
    elif not any(PurePosixPath(path) in file.parents for file in tree.files):
        return
    elif url == "//":
        problem = "is offered at /, where the app's own pages are"
    elif not re.fullmatch(r"/([A-Za-z0-9._~-]+/)+", url):
        problem = f"is offered at {printable(url)}, which is no plain prefix"
    if problem:
        remarks.append(f"{offered.evidence}: the static folder {printable(path)} {problem}; the app serves it.")
    else:
        yield Item(StaticFolder(url, path), offered.evidence)


def without_kept(static: Fact[StaticFolder], kept: Fact[str]) -> Fact[StaticFolder]:
    """Leave out folders in which the app keeps files of its own: the front server shows what travelled, not those."""
    remarks, items = list(static.remarks), []
    for item in static.items:
        folder = item.value.folder
        inside = [path for path in kept.values if f"{path}/".startswith(f"{folder}/") or folder.startswith(f"{path}/")]
        if inside:
            remarks.append(f"{item.evidence}: {folder} is left to the app, which keeps files in {inside[0]}.")
        else:
            items.append(item)
    return listing(items, remarks)


def _one_a_url(items: list[Item[StaticFolder]], remarks: list[str]) -> list[Item[StaticFolder]]:
    """The first folder of each URL: the app's own shadows a blueprint's."""
    first: dict[str, Item[StaticFolder]] = {}
    for item in items:
        kept = first.setdefault(item.value.url, item)
        if kept.value != item.value:
            remarks.append(
                f"{item.evidence}: {printable(item.value.folder)} would also be {item.value.url}, "
                f"which is {printable(kept.value.folder)} already; it is left out."
            )
    return list(first.values())
