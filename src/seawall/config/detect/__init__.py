"""Detection: what a project's files say about how it should be served, read without importing any of it."""

from __future__ import annotations

import re
from pathlib import Path

from seawall.config.detect.app import Hints, find_app, given_app
from seawall.config.detect.environment import find_environment, flask_app
from seawall.config.detect.facts import Evidence, Fact, Findings, Item, Sure, chosen
from seawall.config.detect.health import find_health
from seawall.config.detect.migrations import find_migrate
from seawall.config.detect.packages import find_packages
from seawall.config.detect.persist import find_persist
from seawall.config.detect.processes import find_processes
from seawall.config.detect.procfile import read_procfile, web_target
from seawall.config.detect.python import find_python
from seawall.config.detect.requirements import find_install, find_requirements, project_name
from seawall.config.detect.routes import read_prefixes, read_routes
from seawall.config.detect.setup import find_setup
from seawall.config.detect.source import read_sources
from seawall.config.detect.static import find_static, without_kept
from seawall.config.detect.stores import find_database, find_redis
from seawall.config.detect.tree import Tree, printable, read_tree
from seawall.config.detect.workers import find_workers

__all__ = ["Evidence", "Fact", "Findings", "Item", "Sure", "detect"]


def detect(root: Path, entry: str | None = None) -> Findings:
    """Read the project in `root`. Nothing of it is imported or run, and no link out of it is followed.

    `entry` is the app as a person names it (``flaskr:create_app()``); without it the app is searched for.
    """
    tree = read_tree(root)
    sources = read_sources(tree)
    procfile = read_procfile(tree)
    hints = Hints(web_target(procfile), flask_app(tree))
    fact, made = given_app(tree, sources, entry) if entry else find_app(tree, sources, hints)
    prefixes = read_prefixes(sources)
    environment = find_environment(tree, sources)
    persist = find_persist(tree, sources, made)
    migrate = find_migrate(tree, sources, fact.best, procfile)
    requirements = find_requirements(tree)
    return Findings(
        name=_name(tree),
        app=fact,
        static=without_kept(find_static(tree, sources, made, prefixes), persist),
        requirements=requirements,
        install=find_install(tree, sources),
        python=find_python(tree),
        setup=find_setup(sources, fact.best, migrate),
        migrate=migrate,
        processes=find_processes(sources, procfile),
        health=find_health(list(read_routes(sources, prefixes))),
        variables=environment.variables,
        database=find_database(tree, requirements, environment.variables),
        redis=find_redis(tree, requirements, environment.variables),
        dotenv=environment.dotenv,
        hard_coded_key=environment.hard_coded_key,
        persist=persist,
        packages=find_packages(sources),
        workers=find_workers(sources),
        remarks=(*tree.remarks, *sources.remarks),
    )


def _name(tree: Tree) -> Fact[str]:
    """The app's name: the project's in pyproject.toml, else its folder's, as a name a host can use."""
    declared = project_name(tree)
    name = re.sub(r"[^a-z0-9]+", "-", (declared or tree.root.name).lower()).strip("-")
    name = re.sub(r"^[^a-z]+", "", name)[:31].strip("-") or "app"
    place = Evidence("pyproject.toml", tree.line_of("pyproject.toml", "name")) if declared else Evidence(".", 1)
    rule = "the project's name" if declared else f"the folder's name, {printable(tree.root.name)}"
    return chosen([Item(name, place)], rule)
