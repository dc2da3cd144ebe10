"""Paths inside the project that the app writes: they must live on between releases, and be writable.

Flask's rule for the instance folder (flask.sansio.app.App.auto_find_instance_path): ``instance`` beside the package
or module; for an installed package, a folder of the virtual environment. Flask-SQLAlchemy 3 takes a relative SQLite
path from the instance folder; everything else takes one from the working directory, the project's root.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from seawall.config.detect.construction import Construction
from seawall.config.detect.facts import Evidence, Fact, Item, listing
from seawall.config.detect.paths import Paths, Places
from seawall.config.detect.source import (
    Function,
    Module,
    Sources,
    assignments,
    keyword,
    literal,
    own_nodes,
    source_root,
)
from seawall.config.detect.tree import Tree, printable

SQLITE = "sqlite:///"
FOLDER_SETTINGS = frozenset({"UPLOAD_FOLDER", "UPLOADS_FOLDER", "UPLOAD_PATH", "MEDIA_ROOT", "UPLOADED_FILES_DEST"})
TEMPORARY = ("/tmp", "/var/tmp", "/dev", "/run")  # noqa: S108 (read in other people's code)
FOLDER_CALLS = frozenset({"os.mkdir", "os.makedirs"})
FILE_CALLS = frozenset(
    f"logging.{name}"
    for name in (
        "FileHandler",
        "handlers.FileHandler",
        "handlers.RotatingFileHandler",
        "handlers.TimedRotatingFileHandler",
        "handlers.WatchedFileHandler",
    )
)


@dataclass(frozen=True)
class _Written:
    """A path the app writes: a folder, or a file together with what lies beside it (a journal, a rotated log)."""

    path: str
    is_folder: bool
    evidence: Evidence


def find_persist(tree: Tree, sources: Sources, app: Construction | None) -> Fact[str]:
    """The folders to keep. What is written outside the project, or beside the code, is remarked on."""
    remarks: list[str] = []
    places = _places(tree, sources, app, remarks)
    items = []
    for module in sources.main:
        for written in _written(sources, module, places):
            path = posixpath.normpath(written.path)
            if path.startswith(("/", "..")):
                if not path.startswith(TEMPORARY):
                    remarks.append(f"{written.evidence}: uses {printable(path)}, outside the project; it is not kept.")
            elif folder := _kept(tree, path, is_folder=written.is_folder):
                items.append(Item(folder, written.evidence))
            elif not written.is_folder:
                remarks.append(
                    f"{written.evidence}: writes {printable(path)} beside the code, where a deployed app may not "
                    "write; put it into a folder of its own and name that under persist."
                )
    return listing(_outermost(items), dict.fromkeys(remarks))


def _places(tree: Tree, sources: Sources, app: Construction | None, remarks: list[str]) -> Places:
    """Flask's folders of this app."""
    if app is None or app.framework not in {"flask", "quart"}:
        return Places(None, ".")
    root = str(app.module.folder)
    given = keyword(app.call, "instance_path", 7)
    if given is not None:
        return Places(Paths(sources, app.module, Places(None, root)).of(given), root)
    if source_root(tree) != PurePosixPath():
        if any(_uses_instance(module) for module in sources.main):
            remarks.append(
                f"{app.module.at(app.call)}: an installed package has its instance folder inside the virtual "
                "environment, which nothing can write and which changes with the requirements; give Flask an "
                "instance_path, and name it under persist."
            )
        return Places(None, root)
    return Places("instance", root)


def _uses_instance(module: Module) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "instance_path" for node in module.nodes)


def _written(sources: Sources, module: Module, places: Places) -> Iterator[_Written]:
    for scope, local in _scopes(module):
        paths = Paths(sources, module, places, local)
        for node in own_nodes(scope):
            folder, file = _folder(paths, node), _file(paths, node)
            if folder:
                yield _Written(folder, True, module.at(node))
            elif file and not file.startswith((":memory:", "file:", "sqlite:")):
                yield _Written(file, False, module.at(node))


def _scopes(module: Module) -> Iterator[tuple[ast.AST, Mapping[str, list[ast.expr]]]]:
    """The module, its classes and functions, each with the names assigned in it."""
    yield module.tree, {}
    for node in module.nodes:
        if isinstance(node, Function | ast.ClassDef):
            yield node, assignments(child for child in own_nodes(node) if isinstance(child, ast.stmt))


def _folder(paths: Paths, node: ast.AST) -> str | None:
    """The folder that a node names or makes for writing."""
    if isinstance(node, ast.Attribute) and node.attr == "instance_path":
        return paths.places.instance
    if isinstance(node, ast.keyword) and node.arg in FOLDER_SETTINGS:
        return paths.of(node.value)
    if isinstance(node, ast.Assign) and _setting(node.targets[0]) in FOLDER_SETTINGS:
        return paths.of(node.value)
    if isinstance(node, ast.Call):
        if paths.sources.qualified(paths.module, node.func) in FOLDER_CALLS and node.args:
            return paths.of(node.args[0])
        if isinstance(node.func, ast.Attribute) and node.func.attr == "mkdir" and not node.args:
            return paths.of(node.func.value)
    return None


def _file(paths: Paths, node: ast.AST) -> str | None:
    """The log or SQLite file that a node opens or names."""
    if isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr):
        return _sqlite_file(paths, node)
    if not isinstance(node, ast.Call):
        return None
    name = paths.sources.qualified(paths.module, node.func)
    if name in FILE_CALLS:
        return paths.of(keyword(node, "filename", 0))
    return paths.of(keyword(node, "database", 0)) if name == "sqlite3.connect" else None


def _setting(target: ast.expr) -> str | None:
    """The name of what is assigned: ``UPLOAD_FOLDER = …`` or ``app.config["UPLOAD_FOLDER"] = …``."""
    if isinstance(target, ast.Subscript):
        return literal(target.slice)
    return target.id if isinstance(target, ast.Name) else None


def _sqlite_file(paths: Paths, node: ast.expr) -> str | None:
    """The file of a SQLite URL. One written as a literal is relative to the instance folder with Flask-SQLAlchemy; a
    computed one follows from ``__file__`` and is relative to the project already."""
    url = paths.of(node)
    if url is None or not url.startswith(SQLITE):
        return None
    file = url.removeprefix(SQLITE).partition("?")[0]
    if not file or file.startswith(":"):
        return None
    literally = isinstance(node, ast.Constant) and not file.startswith("/")
    if literally and paths.places.instance and _uses_flask_sqlalchemy(paths.sources):
        return posixpath.join(paths.places.instance, file)
    return file


def _uses_flask_sqlalchemy(sources: Sources) -> bool:
    return any(origin.startswith("flask_sqlalchemy") for module in sources.main for origin in module.imports.values())


def _kept(tree: Tree, path: str, *, is_folder: bool) -> str | None:
    """What to keep for a written path: the folder itself, or the folder of a file, for a SQLite file has its journal
    beside it. Nothing where the folder holds code or is the root."""
    folder = path if is_folder else posixpath.dirname(path)
    holds_code = any(str(file.parent) == folder and file.suffix == ".py" for file in tree.files)
    if folder in {"", "."} or (holds_code and folder != "instance"):
        return None
    return folder


def _outermost(items: list[Item[str]]) -> list[Item[str]]:
    """The paths that are not inside another one of them."""
    paths = {item.value for item in items}
    return [item for item in items if not any(item.value.startswith(f"{other}/") for other in paths)]
