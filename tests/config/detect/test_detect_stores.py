"""The database and the Redis that a project speaks of."""

import re
import tomllib
from pathlib import Path

import pytest

from seawall.config.detect import Sure
from seawall.config.initial import render
from seawall.config.model import Project

APP = "import os\nfrom flask import Flask\napp = Flask(__name__)\n"
LOCK = '[[package]]\nname = "flask"\n[[package]]\nname = "psycopg-binary"\nversion = "3"\n'


def reads(name: str) -> str:
    return f'{APP}url = os.environ["{name}"]\n'


@pytest.mark.parametrize(
    ("files", "kinds", "variable", "place"),
    [
        ({"app.py": APP, "requirements.txt": "flask\n"}, [], "", ""),
        (
            {"app.py": APP, "requirements.txt": "flask\npsycopg[binary]>=3\n"},
            ["postgresql"],
            "DATABASE_URL",
            "requirements.txt:2",
        ),
        (
            {"app.py": APP, "requirements.txt": "Psycopg2_Binary\n"},
            ["postgresql"],
            "DATABASE_URL",
            "requirements.txt:1",
        ),
        ({"app.py": APP, "requirements.txt": "pymysql-pool\n"}, [], "", ""),
        ({"app.py": APP, "uv.lock": LOCK}, ["postgresql"], "DATABASE_URL", "uv.lock:4"),
        (
            {"app.py": reads("SQLALCHEMY_DATABASE_URI"), "requirements.txt": "PyMySQL\n"},
            ["mariadb"],
            "SQLALCHEMY_DATABASE_URI",
            "requirements.txt:1",
        ),
        ({"app.py": reads("DATABASE_URL"), "requirements.txt": "flask\n"}, ["postgresql"], "DATABASE_URL", "app.py:4"),
        (
            {"app.py": APP, "requirements.txt": "asyncpg\naiomysql\n"},
            ["postgresql", "mariadb"],
            "DATABASE_URL",
            "requirements.txt:1",
        ),
    ],
)
def test_the_kind_of_a_database_is_that_of_the_driver_and_its_variable_the_one_that_is_read(
    found, files, kinds, variable, place
):
    fact = found(files).database
    assert [item.value.kind for item in fact.items] == kinds
    assert fact.sure is (Sure.NONE, Sure.FOUND, Sure.SEVERAL)[len(kinds)]
    if kinds:
        assert (fact.items[0].value.variable, str(fact.items[0].evidence)) == (variable, place)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"app.py": APP, "requirements.txt": "flask\n"}, None),
        ({"app.py": APP, "requirements.txt": "rq==2\n"}, ("REDIS_URL", "requirements.txt:1")),
        ({"app.py": reads("CACHE_REDIS_URL"), "requirements.txt": "redis\n"}, ("CACHE_REDIS_URL", "app.py:4")),
    ],
)
def test_a_redis_is_found_by_its_variable_or_its_driver(found, files, expected):
    fact = found(files).redis
    assert (fact.best and (fact.best.variable, str(fact.items[0].evidence))) == expected


def test_both_are_proposed_as_comments_and_those_are_valid(found):
    app = f'{reads("SHOP_DATABASE_URL")}redis = os.environ.get("REDIS_URL")\n'
    text = render(found({"app.py": app, "requirements.txt": "flask\npsycopg\n"}), "shop")
    assert "database" not in tomllib.loads(text)
    assert "SHOP_DATABASE_URL is then no secret to set" in text
    taken = re.sub(r"^# (?=\[(?:database|redis)\]|kind|enabled|variable)", "", text, flags=re.M)
    project = Project(**tomllib.loads(taken), directory=Path("/"))
    assert (project.database.kind, project.database.variable) == ("postgresql", "SHOP_DATABASE_URL")
    assert project.redis.enabled
