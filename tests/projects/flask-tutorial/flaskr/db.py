"""The SQLite database: one connection a request."""

import sqlite3

import click
from flask import current_app, g


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
    return g.db


def close_db(error=None):
    connection = g.pop("db", None)
    if connection is not None:
        connection.close()


def init_db():
    with current_app.open_resource("schema.sql") as file:
        get_db().executescript(file.read().decode())


@click.command("init-db")
def init_db_command():
    """Drop all tables and make them anew."""
    init_db()
    click.echo("The tables are made.")


def init_app(app):
    app.teardown_appcontext(close_db)
    app.cli.add_command(init_db_command)
