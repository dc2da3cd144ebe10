"""A host with what data needs already on it, and an app that keeps rows in a database.

The packages are installed, but nothing of them runs or starts at boot, so that a first deployment finds work to do.
`ledger_project` makes the app: `POST /rows` answers with the number of the row once the database has it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, tiny_project, visitor

SERVERS = ("postgresql", "mariadb", "redis-server", "pgbouncer")
DATA_PACKAGES = (*WARM_PACKAGES, "postgresql", "mariadb-server", "redis-server", "pgbouncer", "restic", "pgbackrest")
#: What the URL must begin with for SQLAlchemy to take the driver that the app has, by the kind of the database.
SCHEMES = {"postgresql": "postgresql+psycopg", "mariadb": "mysql+pymysql", "sqlite": "sqlite"}

LEDGER = '''\
"""Keeps rows."""

import os

from flask import Flask, request
from sqlalchemy import create_engine, text

app = Flask(__name__)
engine = create_engine(os.environ["DATABASE_URL"], pool_pre_ping=True)
VERSION = "one"


@app.get("/")
def index():
    return f"version {VERSION}"


@app.get("/health")
def health():
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return "ok"


@app.post("/rows")
def add():
    with engine.begin() as connection:
        values = {"word": request.get_data(as_text=True)}
        connection.execute(text("INSERT INTO rows_kept (word) VALUES (:word)"), values)
        number = connection.execute(text("SELECT MAX(id) FROM rows_kept")).scalar()
    return str(number)


@app.get("/rows")
def rows():
    with engine.connect() as connection:
        found = connection.execute(text("SELECT word FROM rows_kept ORDER BY id")).scalars()
        return "\\n".join(found)
'''

SETUP = '''\
"""Makes the table."""

from sqlalchemy import Column, Integer, MetaData, String, Table

from app import engine

metadata = MetaData()
Table("rows_kept", metadata, Column("id", Integer, primary_key=True), Column("word", String(200), nullable=False))
metadata.create_all(engine)
'''


def at_rest(host: Host) -> Host:
    """The host with all its servers of data stopped, and not started at its next boot."""
    host.run(["systemctl", "disable", "--now", "--quiet", *SERVERS])
    return host


def ledger_project(
    directory: Path,
    ssh_environment: Mapping[str, str],
    *hosts: str,
    kind: str = "postgresql",
    name: str = "ledger",
    **settings: Any,
) -> Project:
    """The app that keeps rows in a database of this kind, at NAME.example.com; `settings` as `configure` takes them."""
    project = tiny_project(directory, ssh_environment, *hosts, name=name)
    project.write("app.py", LEDGER)
    project.write("make_tables.py", SETUP)
    project.write("requirements.txt", "flask\nsqlalchemy\npsycopg[binary]\npymysql\n")
    project.configure(database={"kind": kind, "scheme": SCHEMES[kind]}, release={"setup": "python make_tables.py"})
    project.configure(**settings)
    return project


def add_rows(host: Host, *words: str, domain: str = "ledger.example.com") -> list[int]:
    """Have the app keep these words; the answer is the number of each, once the database has it."""
    with visitor(host, domain) as client:
        return [int(client.post("/rows", content=word).raise_for_status().text) for word in words]


def rows(host: Host, *, domain: str = "ledger.example.com") -> list[str]:
    """The words that the app has kept, in the order in which they came."""
    with visitor(host, domain) as client:
        return client.get("/rows").raise_for_status().text.splitlines()
