"""Migrations, set-up, processes and the Procfile."""

import pytest

from seawall.config.detect import Sure
from seawall.config.detect.procfile import needs_shell, server_target

FACTORY = "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n"
MIGRATE = "from flask_migrate import Migrate\nmigrate = Migrate()\n"
MIGRATIONS = {"migrations/alembic.ini": "", "migrations/env.py": ""}


def test_flask_migrate_upgrades_through_the_app(found):
    files = {"shop/__init__.py": FACTORY, "shop/db.py": MIGRATE, **MIGRATIONS}
    assert found(files).migrate.best == "flask --app shop db upgrade"


def test_a_name_that_flask_does_not_try_is_given(found):
    source = "from flask import Flask\nfrom flask_migrate import Migrate\nsite = Flask('x')\nMigrate(site)\n"
    assert found({"web.py": source, **MIGRATIONS}).migrate.best == "flask --app web:site db upgrade"


def test_flask_migrate_without_migrations_is_remarked_on(found):
    fact = found({"shop/__init__.py": FACTORY + MIGRATE}).migrate
    assert fact.sure is Sure.NONE
    assert "no migrations yet" in fact.remarks[0]


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"alembic.ini": "", "alembic/env.py": ""}, "alembic upgrade head"),
        ({"db/alembic.ini": "", "db/scripts/env.py": ""}, "alembic -c db/alembic.ini upgrade head"),
        (
            {"manage.py": "from django.core.management import execute_from_command_line as run\nrun()\n"},
            "python manage.py migrate",
        ),
        ({"manage.py": "print()\n"}, None),
    ],
)
def test_alembic_and_django_have_their_own_commands(found, files, command):
    assert found(files).migrate.best == command


def test_the_procfiles_release_line_comes_first(found):
    files = {"shop/__init__.py": FACTORY + MIGRATE, **MIGRATIONS, "Procfile": "release: python upgrade.py\n"}
    fact = found(files).migrate
    assert (fact.best, fact.rule) == ("python upgrade.py", "the Procfile's release line says so")


SCHEMA = """
import click
from flask import current_app
from .db import get_db

def init_db():
    with current_app.open_resource("schema.sql") as f:
        get_db().executescript(f.read().decode())

@click.command({name})
{more}
def init_db_command():
    init_db()

def init_app(app):
    {register}
"""
ADDED = "app.cli.add_command(init_db_command)"


def schema(name='"init-db"', more="", register=ADDED):
    return {"flaskr/__init__.py": FACTORY, "flaskr/db.py": SCHEMA.format(name=name, more=more, register=register)}


def test_a_command_that_runs_a_schema_is_set_up_once_and_no_migration(found):
    findings = found(schema())
    assert findings.setup.best == "flask --app flaskr init-db"
    assert findings.migrate.sure is Sure.NONE


def test_a_command_without_a_name_is_called_by_its_function(found):
    assert found(schema(name="")).setup.best == "flask --app flaskr init-db"


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"register": "pass"}, "is not added to the app's commands"),
        ({"more": "@click.confirmation_option(prompt='Sure?')"}, "asks questions"),
        ({"more": "@click.argument('file')"}, "needs arguments"),
    ],
)
def test_a_command_that_cannot_run_by_itself_is_left_out_with_the_reason(found, case, why):
    fact = found(schema(**case)).setup
    assert fact.sure is Sure.NONE
    assert why in fact.remarks[0]


def test_with_migrations_a_command_that_makes_tables_is_left_out(found):
    files = {**schema(), "flaskr/migrate.py": MIGRATE, **MIGRATIONS}
    findings = found(files)
    assert findings.migrate.best == "flask --app flaskr db upgrade"
    assert findings.setup.sure is Sure.NONE
    assert "migrations do that" in findings.setup.remarks[0]


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        ("app", "make"),
        ("Blueprint('shop', __name__)", "shop make"),
        ("Blueprint('shop', __name__, cli_group='store')", "store make"),
        ("Blueprint('shop', __name__, cli_group=None)", "make"),
    ],
)
def test_create_all_in_a_command_of_the_app_or_a_blueprint_is_set_up(found, owner, words):
    source = (
        "from flask import Flask, Blueprint\nfrom db import db\napp = Flask('x')\n"
        f"owner = {owner}\n@owner.cli.command('make')\ndef make():\n    db.create_all()\n"
    )
    assert found({"app.py": source}).setup.best == f"flask --app app {words}"


def test_a_command_that_only_reads_is_no_set_up(found):
    source = "from flask import Flask\napp = Flask('x')\n@app.cli.command('report')\ndef report():\n    print(1)\n"
    assert found({"app.py": source}).setup.sure is Sure.NONE


def test_two_commands_that_make_tables_cannot_be_decided(found):
    source = "from flask import Flask\napp = Flask('x')\n" + "".join(
        f"@app.cli.command('{name}')\ndef {name}():\n    db.create_all()\n" for name in ("one", "two")
    )
    assert found({"app.py": source}).setup.sure is Sure.SEVERAL


def processes(findings):
    return {item.value.name: item.value.command for item in findings.processes.items}


@pytest.mark.parametrize(
    ("path", "source", "command"),
    [
        ("tasks.py", "from celery import Celery\napp = Celery('x')\n", "celery -A tasks worker --loglevel INFO"),
        ("shop/jobs.py", "import celery\nc = celery.Celery()\n", "celery -A shop.jobs:c worker --loglevel INFO"),
        (
            "make_celery.py",
            "from shop import create_app\nflask_app = create_app()\ncelery_app = flask_app.extensions['celery']\n",
            "celery -A make_celery:celery_app worker --loglevel INFO",
        ),
        (
            "tasks.py",
            "from celery import Celery\ndef make(app):\n    celery = Celery()\n    return celery\ncelery = make(1)\n",
            "celery -A tasks worker --loglevel INFO",
        ),
        ("q.py", "from rq import Queue\nq = Queue(connection=c)\n", "rq worker default"),
        ("q.py", "from rq import Queue\na = Queue('high', c)\nb = Queue(name='low')\n", "rq worker high low"),
        ("config.py", "import rq\nREDIS_URL = 'x'\nq = rq.Queue('a')\n", "rq worker -c config a"),
        (
            "worker.py",
            "from rq import Worker, Queue\nif __name__ == '__main__':\n    Worker([Queue('a')]).work()\n",
            "python worker.py",
        ),
    ],
)
def test_a_worker_is_found_with_its_command(found, path, source, command):
    assert processes(found({path: source})) == {"worker": command}


def test_a_beat_schedule_is_remarked_on(found):
    source = "from celery import Celery\napp = Celery('x')\napp.conf.beat_schedule = {}\n"
    assert any("celery -A tasks beat" in remark for remark in found({"tasks.py": source}).processes.remarks)


def test_celery_and_rq_at_once_are_two_processes(found):
    files = {"a.py": "from celery import Celery\napp = Celery('x')\n", "b.py": "import rq\nq = rq.Queue()\n"}
    assert list(processes(found(files))) == ["worker", "worker-2"]


def test_the_procfile_names_the_processes_and_its_web_line_is_not_one(found):
    files = {
        "Procfile": "# comment\nweb: gunicorn app:app\nclock: python clock.py\nmail_out: rq worker mail\n"
        "release: x\nodd: run $PORT\n",
        "b.py": "import rq\nq = rq.Queue()\n",
    }
    findings = found(files)
    assert processes(findings) == {"clock": "python clock.py", "mail-out": "rq worker mail"}
    assert "web line was not taken over" in findings.processes.remarks[0]
    assert "odd needs a shell" in findings.processes.remarks[1]


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("gunicorn app:app", "app:app"),
        ("gunicorn --workers 3 'shop:create_app()'", "shop:create_app"),
        ("gunicorn app:app --log-file -", "app:app"),
        ("uvicorn main:app --host 0.0.0.0 --port $PORT", "main:app"),
        ("gunicorn shop.wsgi", "shop.wsgi"),
        ("python app.py", ""),
        ("gunicorn --chdir backend app:app", ""),
        ("gunicorn 'app:app", ""),
        ("gunicorn", ""),
    ],
)
def test_a_servers_command_line_names_the_app(command, target):
    assert server_target(command) == target


@pytest.mark.parametrize(
    ("command", "expected"),
    [("a b", False), ("a $B", True), ("a && b", True), ("A=1 b", True), ("a '$B'", False), ('a "$B"', True),
     ("a > b", True), ("a 'x;y'", False), ('a "x;y"', False), ("a --b=c", False)],
)  # fmt: skip
def test_what_only_a_shell_understands_is_seen(command, expected):
    assert needs_shell(command) is expected
