"""The file the app's packages come from, the most exact one first, and whether the project is one itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from seawall.config.detect.facts import Evidence, Fact, Item, Requirements, chosen, nothing, undecided
from seawall.config.detect.source import Sources, literal, source_root
from seawall.config.detect.tree import Tree, printable

LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv"}
# What a requirements file in several is called for a server, the best first.
SERVER_NAMES = ("production", "prod", "deploy", "server", "requirements", "base", "common", "main")
OTHER_NAMES = ("dev", "development", "test", "tests", "testing", "docs", "lint", "local", "ci")
PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[^\]]*\])?\s*(===?\s*[^\s*,;]+\s*(;|\s|$)|@\s)")


def find_requirements(tree: Tree) -> Fact[Requirements]:
    """The best file to build the environment from: a lock, then pinned requirements, then others."""
    locks = [_item(name, f"{kind} lock", exact=True) for name, kind in LOCKS.items() if tree.has(name)]
    if len(locks) > 1:
        return undecided(locks, ["Several lock files were found; only one can be the right one."])
    plain = [*sorted(_requirements_files(tree), key=_order), *_declared(tree)]
    every = [*locks, *plain]
    remarks = [remark for item in every for remark in _encoding(tree, item)]
    if not every:
        return nothing(["No requirements were found: no lock, requirements.txt or pyproject.toml with dependencies."])
    best = every[0].value
    if not best.exact:
        remarks.append(f"{best.path} does not pin every version; they are resolved once on the host and recorded.")
    return chosen(every, _why(best) if len(every) > 1 else "", remarks)


def _why(best: Requirements) -> str:
    if best.kind.endswith("lock"):
        return "a lock names every version"
    if best.exact:
        return "it pins every version it names"
    return "it is the one for servers" if _stem(best.path) in SERVER_NAMES[:4] else "it is the most usual one"


def _item(path: str, kind: str, *, exact: bool) -> Item[Requirements]:
    return Item(Requirements(path, kind, exact), Evidence(printable(path), 1))


def _requirements_files(tree: Tree) -> Iterator[Item[Requirements]]:
    """requirements.txt, requirements-NAME.txt and requirements/NAME.txt, without those for developing."""
    for path in tree.files:
        in_folder = len(path.parts) == 2 and path.parts[0] == "requirements"
        at_root = len(path.parts) == 1 and "requirements" in path.stem
        if path.suffix == ".txt" and (in_folder or at_root) and _stem(str(path)) not in OTHER_NAMES:
            yield _item(str(path), "requirements file", exact=_pinned(tree, path, frozenset()))


def _stem(path: str) -> str:
    """The part of a requirements file's name that says what it is for."""
    stem = PurePosixPath(path).stem.lower()
    return re.sub(r"^requirements[-_.]|[-_.]requirements$", "", stem)


def _order(item: Item[Requirements]) -> tuple[int, int, str]:
    stem = _stem(item.value.path)
    known = SERVER_NAMES.index(stem) if stem in SERVER_NAMES else len(SERVER_NAMES)
    return (known, 0 if item.value.exact else 1, item.value.path)


def _pinned(tree: Tree, path: PurePosixPath, seen: frozenset[PurePosixPath]) -> bool:
    """Whether every requirement has one exact version, in included files too."""
    if path in seen or not tree.has(path):
        return False
    text = tree.text(path).replace("\\\n", " ")
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    included = [match.group(1) for line in lines if (match := re.match(r"(?:-r|--requirement)[ =]*(\S+)", line))]
    names = [line for line in lines if line and not line.startswith("-")]
    return (
        bool(names or included)
        and all(PINNED.match(line) for line in names)
        and all(_pinned(tree, path.parent / inner, seen | {path}) for inner in included)
    )


def _declared(tree: Tree) -> Iterator[Item[Requirements]]:
    """Files that declare dependencies without locking them."""
    pyproject = tree.toml("pyproject.toml") or {}
    project = _table(pyproject, "project")
    poetry = _table(pyproject, "tool", "poetry")
    if "dependencies" in project or "dependencies" in _list(project, "dynamic"):
        yield Item(
            Requirements("pyproject.toml", "project dependencies", exact=False),
            Evidence("pyproject.toml", tree.line_of("pyproject.toml", "dependencies")),
        )
    elif "dependencies" in poetry:
        yield Item(
            Requirements("pyproject.toml", "poetry dependencies", exact=False),
            Evidence("pyproject.toml", tree.line_of("pyproject.toml", "[tool.poetry.dependencies]")),
        )
    if tree.has("Pipfile"):
        yield Item(
            Requirements("Pipfile", "Pipfile", exact=False), Evidence("Pipfile", tree.line_of("Pipfile", "[packages]"))
        )


def _encoding(tree: Tree, item: Item[Requirements]) -> Iterator[str]:
    if tree.read(item.value.path).startswith((b"\xff\xfe", b"\xfe\xff")):
        yield f"{item.evidence}: is UTF-16 (Windows PowerShell writes that); save it as UTF-8, or it cannot be read."


def find_install(tree: Tree, sources: Sources) -> Fact[str]:
    """Whether the project itself must be installed: the packages of a src layout are found in no other way, and
    one that asks for its own version only finds it when it is installed."""
    metadata = _metadata(tree)
    if source_root(tree) == PurePosixPath("src"):
        if metadata is None:
            remark = "The code is in src/, but nothing says how to install it: add a pyproject.toml, or set app.root."
            return nothing([remark])
        return chosen([Item("its packages are in src/", Evidence(metadata, 1))])
    name = project_name(tree)
    for module in sources.main:
        for call in module.calls:
            asks = sources.qualified(module, call.func) in {"importlib.metadata.version", "importlib.metadata.metadata"}
            if metadata and asks and call.args and _same(literal(call.args[0]), name):
                return chosen([Item("it asks for its own version", module.at(call))])
    return nothing()


def _metadata(tree: Tree) -> str | None:
    """The file that says how to install the project; a pyproject.toml may be there for tools alone."""
    pyproject = tree.toml("pyproject.toml") or {}
    if {"project", "build-system"} & set(pyproject) or _table(pyproject, "tool", "poetry"):
        return "pyproject.toml"
    return next((name for name in ("setup.py", "setup.cfg") if tree.has(name)), None)


def project_name(tree: Tree) -> str:
    """The project's name in pyproject.toml, or nothing."""
    pyproject = tree.toml("pyproject.toml") or {}
    for table in (_table(pyproject, "project"), _table(pyproject, "tool", "poetry")):
        if isinstance(table.get("name"), str):
            return str(table["name"])
    return ""


def _same(one: str | None, other: str) -> bool:
    """Whether two distribution names are one (PEP 503)."""
    return bool(one) and re.sub(r"[-_.]+", "-", one or "").lower() == re.sub(r"[-_.]+", "-", other).lower()


def _table(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        inner = data.get(key)
        data = inner if isinstance(inner, dict) else {}
    return data


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []
