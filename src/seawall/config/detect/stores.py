"""The database and the Redis that the app's variables and its drivers speak of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from seawall.config.detect.facts import Evidence, Fact, Item, Requirements, Store, Variable, chosen, nothing, undecided
from seawall.config.detect.tree import Tree, printable

#: The packages on PyPI by which an app speaks to each kind (PEP 503 names).
DRIVERS = {
    "postgresql": ("psycopg", "psycopg-binary", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000"),
    "mariadb": ("pymysql", "mysqlclient", "mariadb", "mysql-connector-python", "aiomysql", "asyncmy"),
    "redis": ("redis", "rq", "flask-redis", "celery-redbeat", "valkey"),
}
#: How a requirements file, a lock or a table of dependencies begins the line of a package.
_NAMED = r"""^\s*(?:name\s*=\s*)?["']?{name}\b(?![-_.]\w)"""


def find_database(tree: Tree, requirements: Fact[Requirements], variables: Fact[Variable]) -> Fact[Store]:
    """The kind by the driver; without one it is PostgreSQL, if the app asks for a database's URL."""
    asked = [item for item in variables.items if item.value.kind == "database"]
    name = asked[0].value.name if asked else "DATABASE_URL"
    found = [
        Item(Store(kind, name), evidence)
        for kind in ("postgresql", "mariadb")
        for evidence in _drivers(tree, requirements, kind)
    ]
    if len({item.value.kind for item in found}) > 1:
        return undecided(found)
    return _chosen([*found, *(Item(Store("postgresql", name), item.evidence) for item in asked)])


def find_redis(tree: Tree, requirements: Fact[Requirements], variables: Fact[Variable]) -> Fact[Store]:
    """Whether the app asks for the URL of a Redis, or has a driver for one."""
    asked = [item for item in variables.items if item.value.kind == "redis"]
    places = [*(item.evidence for item in asked), *_drivers(tree, requirements, "redis")]
    name = asked[0].value.name if asked else "REDIS_URL"
    return _chosen([Item(Store("redis", name), place) for place in places])


def _chosen(items: Iterable[Item[Store]]) -> Fact[Store]:
    found = list(items)
    return chosen(found[:1]) if found else nothing()


def _drivers(tree: Tree, requirements: Fact[Requirements], kind: str) -> Iterator[Evidence]:
    """The line of the first driver in the file that the app's packages come from."""
    if requirements.best is None:
        return
    path = requirements.best.path
    names = "|".join(re.escape(name).replace(r"\-", "[-_.]") for name in DRIVERS[kind])
    pattern = re.compile(_NAMED.format(name=f"(?:{names})"), re.I)
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        if pattern.match(line):
            yield Evidence(printable(path), number)
            return
