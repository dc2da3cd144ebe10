"""Log in to a database with the driver that the app has, and say as JSON what came of it.

This runs by itself, in the virtual environment of a release and as the app's user: ``python -I - VARIABLE``, this text
on standard input, the URL in the environment. It knows nothing of seawall.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TIMEOUT = 10  #: seconds
POSTGRESQL = (
    "SELECT current_setting('server_version'), pg_is_in_recovery(),"
    " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),"
    " coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
)
#: The views show what the user who asks was granted.
MYSQL = (
    "SELECT version(), @@read_only,"
    " (SELECT count(*) FROM information_schema.user_privileges WHERE privilege_type = 'CREATE')"
    " + (SELECT count(*) FROM information_schema.schema_privileges WHERE privilege_type = 'CREATE'"
    " AND database() LIKE table_schema),"
    " (SELECT variable_value FROM {schema}.session_status WHERE variable_name = 'Ssl_cipher')"
)


def postgresql(driver: Any, url: str) -> Any:
    """By the URL as libpq takes it: without SQLAlchemy's name of the driver."""
    connection = driver.connect("postgresql://" + url.partition("://")[2], connect_timeout=TIMEOUT)
    return _row(connection, POSTGRESQL)


def mysql(driver: Any, url: str) -> Any:
    """By what the URL says, its query as the driver's own options, as SQLAlchemy has it."""
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    options.update(host=parts.hostname or "localhost", port=parts.port or 3306, connect_timeout=TIMEOUT)
    options.update(user=unquote(parts.username or ""), password=unquote(parts.password or ""))
    connection = driver.connect(database=unquote(parts.path[1:]), **options)
    version = str(_row(connection, "SELECT version()")[0])
    schema = "information_schema" if "mariadb" in version.lower() else "performance_schema"
    return _row(connection, MYSQL.format(schema=schema))


def _row(connection: Any, question: str) -> Any:
    cursor = connection.cursor()
    cursor.execute(question)
    return cursor.fetchone()


#: By what a URL begins with: the drivers, and how they are asked.
DRIVERS: dict[str, tuple[tuple[str, ...], Any]] = {
    "postgres": (("psycopg", "psycopg2"), postgresql),
    "postgresql": (("psycopg", "psycopg2"), postgresql),
    "mysql": (("pymysql", "MySQLdb"), mysql),
    "mariadb": (("pymysql", "MySQLdb"), mysql),
}


def log_in(url: str) -> dict[str, Any]:
    """What the database says to a login, ``{}`` where the app has no driver that is known here."""
    names, ask = DRIVERS.get(url.partition("://")[0].partition("+")[0], ((), None))
    for name in names:
        try:
            driver = import_module(name)
        except ImportError:
            continue
        try:
            version, read_only, creates, encrypted = ask(driver, url)
        except driver.Error as error:
            return {"driver": name, "error": _said(error), "number": _number(error)}
        except TypeError as error:  # an option that this driver does not have, though another may
            return {"driver": name, "unknown": str(error)}
        return {
            "driver": name,
            "version": str(version),
            "read_only": bool(read_only),
            "creates": bool(creates),
            "encrypted": bool(encrypted),
        }
    return {}


def _number(error: Exception) -> int:
    """MySQL's number of an error; 0 where there is none."""
    return int(error.args[0]) if error.args and isinstance(error.args[0], int) else 0


def _said(error: Exception) -> str:
    return str(error.args[-1] if error.args else error).strip()


if __name__ == "__main__":
    print(json.dumps(log_in(os.environ[sys.argv[1]])))
