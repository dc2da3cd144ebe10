"""The command that brings the database's schema up to date, run with each release."""

from __future__ import annotations

from pathlib import PurePosixPath

from seawall.config.detect.facts import App, Evidence, Fact, Item, chosen, nothing
from seawall.config.detect.procfile import Line, needs_shell
from seawall.config.detect.source import Module, Sources
from seawall.config.detect.tree import Tree, printable


def find_migrate(tree: Tree, sources: Sources, app: App | None, procfile: tuple[Line, ...]) -> Fact[str]:
    """The migration command: the Procfile's release line if there is one, else what the project uses."""
    remarks: list[str] = []
    items = [
        *_of_procfile(procfile, remarks),
        *_of_flask_migrate(tree, sources, app, remarks),
        *_of_alembic(tree),
        *_of_django(tree, sources),
    ]
    if not items:
        return nothing(remarks)
    several = len({item.value for item in items}) > 1
    rule = "the Procfile's release line says so" if items[0].evidence.path == "Procfile" else "the app uses it"
    return chosen(items, rule if several else "", remarks)


def _of_procfile(procfile: tuple[Line, ...], remarks: list[str]) -> list[Item[str]]:
    lines = [line for line in procfile if line.name == "release"]
    for line in lines:
        if needs_shell(line.command):
            remarks.append(f"{line.evidence}: the release command needs a shell; it was not taken over as migrate.")
    return [Item(line.command, line.evidence) for line in lines if not needs_shell(line.command)]


def uses_flask_migrate(sources: Sources) -> Evidence | None:
    """Where Flask-Migrate is set up."""
    return _where(sources, {"flask_migrate.Migrate"})


def _of_flask_migrate(tree: Tree, sources: Sources, app: App | None, remarks: list[str]) -> list[Item[str]]:
    used = uses_flask_migrate(sources)
    folders = [path.parent for path in tree.files if path.name == "alembic.ini" and len(path.parts) > 1]
    owned = [folder for folder in folders if tree.has(folder / "env.py")]
    if used is None:
        return []
    if not owned:
        remarks.append(f"{used}: Flask-Migrate is used, but there are no migrations yet: run flask db init.")
        return []
    if app is None:
        remarks.append(f"{used}: Flask-Migrate is used; name the app to complete flask --app APP db upgrade.")
        return []
    config = owned[0] / "alembic.ini"
    return [Item(f"flask --app {app.flask_option} db upgrade", Evidence(printable(config), 1))]


def _of_alembic(tree: Tree) -> list[Item[str]]:
    """Alembic by itself: its alembic.ini, which Flask-Migrate keeps beside env.py instead, is above the scripts."""
    found = []
    for path in tree.files:
        if path.name == "alembic.ini" and not tree.has(path.parent / "env.py"):
            option = "" if path.parent == PurePosixPath() else f"-c {path} "
            found.append(Item(f"alembic {option}upgrade head", Evidence(printable(path), 1)))
    return found


def _of_django(tree: Tree, sources: Sources) -> list[Item[str]]:
    names = {"django.core.management.execute_from_command_line"}
    used = _where(sources, names) if tree.has("manage.py") else None
    return [Item("python manage.py migrate", used)] if used and used.path == "manage.py" else []


def _where(sources: Sources, names: set[str]) -> Evidence | None:
    for module in sources:
        for call in module.calls:
            if not _test(module) and sources.qualified(module, call.func) in names:
                return module.at(call)
    return None


def _test(module: Module) -> bool:
    return module.aside and len(module.path.parts) > 1
