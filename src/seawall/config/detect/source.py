"""The Python source of a project, parsed but never imported, and what its names refer to."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from seawall.config.detect.facts import Evidence
from seawall.config.detect.tree import Tree, printable

ASIDE = frozenset({"tests", "test", "testing", "examples", "example", "docs", "doc", "scripts"})
Function = ast.FunctionDef | ast.AsyncFunctionDef
DEEPEST_TREE = 150  # levels of a file's syntax tree; what people write has fewer than 50
DEEPEST = 12  # steps of one name leading to another; more is a circle


@dataclass(frozen=True)
class Module:
    """One source file: its path, its dotted name seen from its import root, and its syntax tree."""

    path: PurePosixPath
    name: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        """Whether this is a package's ``__init__.py``."""
        return self.path.name == "__init__.py"

    @property
    def folder(self) -> PurePosixPath:
        """The folder the file is in, relative to the project."""
        return self.path.parent

    @property
    def aside(self) -> bool:
        """Whether the file is beside the app: tests, examples, documentation, scripts."""
        name = self.path.name
        return (
            name.startswith("test_")
            or name.endswith("_test.py")
            or name in {"conftest.py", "setup.py", "noxfile.py"}
            or any(part in ASIDE for part in self.folder.parts)
        )

    def at(self, node: ast.AST) -> Evidence:
        """The place of a node."""
        return Evidence(printable(self.path), getattr(node, "lineno", 1))

    @cached_property
    def imports(self) -> Mapping[str, str]:
        """Local names and the dotted names they were imported from."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    found.setdefault(alias.asname or top, alias.name if alias.asname else top)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.name != "*":
                        origin = f"{self._from(node)}.{alias.name}".lstrip(".")
                        found.setdefault(alias.asname or alias.name, origin)
        return found

    @cached_property
    def stars(self) -> tuple[str, ...]:
        """The modules all of whose names were imported."""
        return tuple(
            self._from(node) for node in self.nodes if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        )

    def _from(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        keep = len(parts) - node.level + (1 if self.is_package else 0)
        return ".".join([*parts[: max(keep, 0)], *([node.module] if node.module else [])])

    @cached_property
    def assigned(self) -> Mapping[str, list[ast.expr]]:
        """Module-level names and every value assigned to them, in order."""
        return assignments(top_level(self.tree.body))

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        """Module-level functions by name."""
        return {s.name: s for s in top_level(self.tree.body) if isinstance(s, Function)}

    @cached_property
    def classes(self) -> Mapping[str, ast.ClassDef]:
        """Module-level classes by name."""
        return {s.name: s for s in top_level(self.tree.body) if isinstance(s, ast.ClassDef)}

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the file; every kind of fact looks through them, so they are walked once."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """The node around each node."""
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """All calls in the file."""
        return tuple(node for node in self.nodes if isinstance(node, ast.Call))


@dataclass(frozen=True)
class Sources:
    """All modules of a project by dotted name, and what could not be parsed."""

    modules: Mapping[str, Module]
    remarks: tuple[str, ...]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules.values())

    @property
    def main(self) -> Iterator[Module]:
        """The modules of the app itself, without tests, examples and the like."""
        return (module for module in self if not module.aside)

    def qualified(self, module: Module, node: ast.expr) -> str:
        """The dotted name an expression refers to (``flask.Flask``), followed through imports and
        re-exports of the project to where it is defined; empty if it is not a plain name."""
        if isinstance(node, ast.Attribute):
            value = self.qualified(module, node.value)
            return self.canonical(f"{value}.{node.attr}") if value else ""
        if isinstance(node, ast.Name):
            return self._name(module, node.id)
        return ""

    def _name(self, module: Module, name: str) -> str:
        if name in module.imports:
            return self.canonical(module.imports[name])
        if not _defines(module, name) and len(module.stars) == 1:
            return self.canonical(f"{module.stars[0]}.{name}")
        return f"{module.name}.{name}"

    def canonical(self, dotted: str) -> str:
        """Follow a dotted name through the project's own re-exports."""
        for _ in range(DEEPEST):
            module, name = self.split(dotted)
            if module is None or not name or "." in name or _defines(module, name):
                return dotted
            following = module.imports.get(name)
            if following is None or following == dotted:
                return dotted
            dotted = following
        return dotted

    def split(self, dotted: str) -> tuple[Module | None, str]:
        """The project's module a dotted name begins with, and the rest of the name."""
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            module = self.modules.get(".".join(parts[:length]))
            if module is not None:
                return module, ".".join(parts[length:])
        return None, dotted


def read_sources(tree: Tree) -> Sources:
    """Parse every Python file of the project. One that does not parse is noted and passed over."""
    modules: dict[str, Module] = {}
    remarks: list[str] = []
    for path in tree.files:
        if path.suffix != ".py":
            continue
        parsed = _parse(tree, path, remarks)
        if parsed is not None:
            module = Module(path, module_name(tree, path), parsed)
            modules.setdefault(module.name, module)
    return Sources(modules, tuple(remarks))


def _parse(tree: Tree, path: PurePosixPath, remarks: list[str]) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the project's own, such as "\d" in a string
            parsed = ast.parse(tree.read(path))
            if not _is_deep(parsed):
                return parsed
            remarks.append(f"{printable(path)}: nested too deeply to be read; the file was passed over.")
    except SyntaxError as error:
        place = f"{printable(path)}:{error.lineno or 1}"
        remarks.append(f"{place}: not valid Python ({error.msg}); the file was passed over.")
    except (ValueError, RecursionError, MemoryError):  # the parser's own limits
        remarks.append(f"{printable(path)}: not readable as Python; the file was passed over.")
    return None


def _is_deep(parsed: ast.Module) -> bool:
    """Whether functions that call themselves for each level would come to Python's limit."""
    level: list[ast.AST] = [parsed]
    for _ in range(DEEPEST_TREE):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def source_root(tree: Tree) -> PurePosixPath:
    """The folder imports begin at: ``src`` in a src layout, else the project's own."""
    in_src = [path for path in tree.files if path.parts[0] == "src" and path.suffix == ".py"]
    direct = any(len(path.parts) == 2 or path.name == "__init__.py" for path in in_src)
    if in_src and direct and not tree.has("src/__init__.py"):
        return PurePosixPath("src")
    return PurePosixPath()


def module_name(tree: Tree, path: PurePosixPath) -> str:
    """The dotted name of a file: ``src/flaskr/__init__.py`` is ``flaskr``."""
    root = source_root(tree)
    inner = path.relative_to(root) if path.is_relative_to(root) else path
    parts = inner.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run on import, also inside if, try and with; not under
    ``if __name__ == "__main__"``."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If) and not _is_main(statement.test):
            yield from top_level([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Try):
            handlers = [inner for handler in statement.handlers for inner in handler.body]
            yield from top_level([*statement.body, *handlers, *statement.orelse])
        elif isinstance(statement, ast.With):
            yield from top_level(statement.body)


def assignments(statements: Iterator[ast.stmt]) -> dict[str, list[ast.expr]]:
    """Names and every value assigned to them, in order."""
    found: dict[str, list[ast.expr]] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(statement.value)
        elif (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value is not None
        ):
            found.setdefault(statement.target.id, []).append(statement.value)
    return found


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a function, without those of functions and classes inside it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield from own_nodes(child)


def literal(node: ast.expr | None) -> str | None:
    """The text of a string literal; None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def keyword(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """An argument by its name, or by its position counted from 0."""
    for argument in call.keywords:
        if argument.arg == name:
            return argument.value
    if position is not None and len(call.args) > position:
        return call.args[position]
    return None


def _defines(module: Module, name: str) -> bool:
    return name in module.assigned or name in module.functions or name in module.classes


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
