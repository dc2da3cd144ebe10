"""A copied database made fit for its new place, before anybody sees it: a person's own SQL, then the migrations of the
release that is live there."""

from __future__ import annotations

from seawall.agent import commands, process, releases
from seawall.agent.data import led, rights
from seawall.agent.data.engines import Engine, mariadb_client
from seawall.agent.data.engines.postgresql import ADMIN
from seawall.agent.data.engines.postgresql_sql import name as quoted
from seawall.agent.data.engines.sqlite import SqliteEngine
from seawall.agent.data.vocabulary import Data, Database
from seawall.agent.errors import CommandFailed, LoadFailed
from seawall.agent.places import Places

#: Bound on a script, seconds: it may go through every row.
SCRIPT = 6 * 3600
AS_IT_WAS = "the live database is as it was"


def run_script(database: Database, engine: Engine, name: str, script: str) -> None:
    """Run SQL in the database of this name. Raises LoadFailed with what the database said of it."""
    try:
        if isinstance(engine, SqliteEngine):
            rights.run(database.user, lambda: _in_sqlite(str(engine.path(name)), script))
        elif database.kind == "mariadb":
            argv = mariadb_client.argv("mariadb", database.socket, f"--database={name}")
            process.check(argv, input=script, timeout=SCRIPT)
        else:
            _in_postgresql(database, name, script)
    except CommandFailed as error:
        raise LoadFailed(
            "the SQL could not be run in the copy",
            state=AS_IT_WAS,
            remedy="mend the file; what the database said is below",
            output=error.output or error.fact,
        ) from error


def _in_postgresql(database: Database, name: str, script: str) -> None:
    """As the app's role, in one transaction, so that half of it never counts."""
    argv = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-d", name, "-f", "-"]
    env = {"PGHOST": database.socket} if database.socket else {}
    text = f"SET ROLE {quoted(database.user)};\n{script}"
    process.check(argv, input=text, timeout=SCRIPT, user=ADMIN, env=env)


def _in_sqlite(path: str, script: str) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as opened:
        try:
            opened.executescript(script)
        except sqlite3.Error as error:
            raise CommandFailed(f"SQLite: {error}", place=path) from error


def migrate(data: Data, engine: Engine, name: str, places: Places) -> str:
    """Have the live release bring the copy's schema up to its own. Returns the command that was run, if any."""
    live = releases.live_id(places)
    release = releases.load(places, live).release if live else None
    if release is None or not release.migrate:
        return ""
    env = led.elsewhere(release.env, data, lambda url: engine.url(name, url))
    done = led.run(release.migrate, places, live, release, env, timeout=commands.MIGRATION_TIMEOUT)
    if done.returncode:
        raise LoadFailed(
            f"the migration of the copy {process.ending(done.returncode)}",
            place=release.migrate,
            state=AS_IT_WAS,
            remedy="perhaps the release that is live here is older than the copied data; its output is below",
            output=done.output,
        )
    return release.migrate
