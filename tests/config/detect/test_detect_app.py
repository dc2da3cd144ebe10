"""Which object is the app."""

import pytest

from seawall.config.detect import Sure

OBJECT = "from flask import Flask\n\napp = Flask(__name__)\n"
FACTORY = "from flask import Flask\n\n\ndef create_app(config=None):\n    app = Flask(__name__)\n    return app\n"


@pytest.mark.parametrize(
    ("path", "source", "entry", "line"),
    [
        ("app.py", OBJECT, "app:app", 3),
        ("hello.py", "import flask as f\nsite = f.Flask('hello')\n", "hello:site", 2),
        ("shop/__init__.py", FACTORY, "shop:create_app()", 4),
        ("src/shop/__init__.py", FACTORY, "shop:create_app()", 4),
        ("shop/web.py", "from flask import *\n\napp: Flask = Flask(__name__)\n", "shop.web:app", 3),
        (
            "app.py",
            "try:\n    from flask import Flask\nfinally:\n    pass\nif True:\n    app = Flask('x')\n",
            "app:app",
            6,
        ),
        (
            "app.py",
            "from flask import Flask\nclass Shop(Flask):\n    pass\nclass Big(Shop):\n    pass\napp = Big('x')\n",
            "app:app",
            6,
        ),
        (
            "app.py",
            "from flask import Flask\nfrom werkzeug.middleware.proxy_fix import ProxyFix\n"
            "app = Flask('x')\napp = ProxyFix(app)\n",
            "app:app",
            3,
        ),
    ],
)
def test_an_app_is_found_with_its_import_path_and_place(found, path, source, entry, line):
    app = found({path: source}).app
    assert (app.sure, app.best.entry, app.items[0].evidence.line) == (Sure.FOUND, entry, line)


@pytest.mark.parametrize(
    ("source", "interface", "framework"),
    [
        ("from fastapi import FastAPI\napp = FastAPI()\n", "asgi", "fastapi"),
        ("from starlette.applications import Starlette\napp = Starlette()\n", "asgi", "starlette"),
        ("from quart import Quart\napp = Quart(__name__)\n", "asgi", "quart"),
        ("import bottle\napp = bottle.Bottle()\n", "wsgi", "bottle"),
        (
            "from flask import Flask\nfrom asgiref.wsgi import WsgiToAsgi\napp = WsgiToAsgi(Flask('x'))\n",
            "asgi",
            "flask",
        ),
        (
            "from flask import Flask\nfrom asgiref.wsgi import WsgiToAsgi\napp = Flask('x')\napp = WsgiToAsgi(app)\n",
            "asgi",
            "flask",
        ),
    ],
)
def test_the_interface_follows_from_the_framework(found, source, interface, framework):
    app = found({"main.py": source}).app.best
    assert (app.interface, app.framework) == (interface, framework)


def test_a_blueprint_or_a_router_is_no_app(found):
    blueprint = "from flask import Blueprint\napp = Blueprint('app', __name__)\n"
    router = "from fastapi import APIRouter\napp = APIRouter()\n"
    assert found({"app.py": blueprint, "main.py": router}).app.sure is Sure.NONE


def test_an_app_made_only_when_the_file_is_run_is_no_import_path(found):
    source = "from flask import Flask\nif __name__ == '__main__':\n    app = Flask('x')\n    app.run()\n"
    assert found({"app.py": source}).app.sure is Sure.NONE


def test_a_factory_that_needs_arguments_is_not_usable_and_the_remark_says_so(found):
    source = "from flask import Flask\ndef create_app(config, *, debug):\n    return Flask('x')\n"
    app = found({"shop/__init__.py": source}).app
    assert app.sure is Sure.NONE
    assert app.remarks == (
        "shop/__init__.py:2: create_app() cannot be called without config, debug; add a wsgi.py that calls it, "
        "such as app = create_app(...), or give the arguments defaults.",
    )


def test_a_file_that_calls_the_factory_with_its_arguments_is_the_app(found):
    factory = "from flask import Flask\ndef create_app(config):\n    return Flask('x')\n"
    calls = "from shop import create_app\napp = create_app('production')\n"
    assert found({"shop/__init__.py": factory, "shopping.py": calls}).app.best.entry == "shopping:app"


def test_an_async_factory_is_not_usable(found):
    app = found({"app.py": "from flask import Flask\nasync def create_app():\n    return Flask('x')\n"}).app
    assert app.sure is Sure.NONE
    assert "async" in app.remarks[0]


def test_names_of_one_app_are_one_candidate_and_wsgi_py_is_its_door(found):
    files = {
        "shop/__init__.py": "from shop.factory import create_app\n",
        "shop/factory.py": FACTORY,
        "wsgi.py": "from shop import create_app\napplication = create_app()\n",
    }
    app = found(files).app
    assert (app.sure, [a.entry for a in app.values]) == (Sure.FOUND, ["wsgi:application"])


def test_wsgi_py_may_only_import_the_app(found):
    assert found({"shop.py": OBJECT, "wsgi.py": "from shop import app\n"}).app.best.entry == "wsgi:app"


def test_the_app_a_worker_makes_for_itself_is_not_the_web_app(found):
    files = {
        "shop/__init__.py": FACTORY,
        "worker.py": "from celery import Celery\nfrom shop import create_app\napp = create_app('x')\n",
        "shop/tasks.py": "from shop import create_app\napp = create_app()\n",
    }
    assert found(files).app.best.entry == "shop:create_app()"


def test_two_apps_that_no_rule_tells_apart_are_several(found):
    app = found({"red.py": OBJECT, "blue.py": OBJECT}).app
    assert app.sure is Sure.SEVERAL
    assert app.best is None
    assert [(item.value.entry, str(item.evidence)) for item in app.items] == [
        ("blue:app", "blue.py:3"),
        ("red:app", "red.py:3"),
    ]


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"Procfile": "web: gunicorn -w 2 red:app\n"}, "the Procfile's web line names it"),
        ({"Procfile": "web: flask db upgrade; gunicorn 'red:app'\n"}, "the Procfile's web line names it"),
        ({".flaskenv": "FLASK_APP=red.py\n"}, "FLASK_APP in .flaskenv names it"),
    ],
)
def test_the_project_itself_may_say_which_app_is_the_right_one(found, more, rule):
    app = found({"red.py": OBJECT, "blue.py": OBJECT, **more}).app
    assert (app.best.entry, app.rule, len(app.items)) == ("red:app", rule, 2)


@pytest.mark.parametrize(
    ("chosen", "other", "entry", "rule"),
    [
        ("wsgi.py", "blue.py", "wsgi:app", "it is offered by a wsgi or asgi module"),
        ("zoo.py", "tests/app.py", "zoo:app", "the other is in tests, examples or scripts"),
        ("app.py", "aaa.py", "app:app", "it is in app.py or wsgi.py, where Flask itself looks"),
    ],
)
def test_a_choice_between_apps_names_its_rule(found, chosen, other, entry, rule):
    app = found({chosen: OBJECT, other: OBJECT}).app
    assert (app.best.entry, app.rule) == (entry, rule)


def test_an_app_only_in_the_tests_is_remarked_on(found):
    app = found({"tests/conftest.py": OBJECT}).app
    assert app.remarks == ("tests/conftest.py:3: the only app is in tests, examples or scripts.",)


def test_a_pytest_fixture_is_no_factory(found):
    source = "import pytest\nfrom flask import Flask\n@pytest.fixture\ndef app():\n    return Flask('x')\n"
    assert found({"tests/conftest.py": source}).app.sure is Sure.NONE


def test_django_is_served_by_wsgi_py_unless_its_asgi_py_uses_channels(found):
    wsgi = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
    asgi = "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"
    channels = "from channels.routing import ProtocolTypeRouter\napplication = ProtocolTypeRouter({})\n"
    plain = found({"site1/wsgi.py": wsgi, "site1/asgi.py": asgi}).app
    assert (plain.best.entry, plain.best.interface) == ("site1.wsgi:application", "wsgi")
    live = found({"site1/asgi.py": channels}).app
    assert (live.best.entry, live.best.interface) == ("site1.asgi:application", "asgi")


def test_a_file_that_imports_its_neighbours_by_bare_names_says_where_it_runs(found):
    files = {"backend/app.py": "import models\n" + OBJECT, "backend/models.py": ""}
    app = found(files).app
    assert app.sure is Sure.NONE
    assert "imports models from beside itself, so the app runs from backend/ only" in app.remarks[0]


@pytest.mark.parametrize("path", ["my-shop.py", "my shop/app.py", "2shop/__init__.py"])
def test_a_file_whose_name_cannot_be_imported_is_remarked_on(found, path):
    app = found({path: OBJECT}).app
    assert app.sure is Sure.NONE
    assert app.remarks[0].startswith(f"{path}:3: the name of the file or of a folder above it cannot be imported")


def test_a_person_may_name_the_app(found):
    files = {"red.py": OBJECT, "blue.py": OBJECT}
    app = found(files, entry="blue:app").app
    assert (app.sure, app.best.entry, app.best.framework) == (Sure.FOUND, "blue:app", "flask")
    unknown = found(files, entry="green:create()").app
    assert (unknown.best.entry, unknown.best.factory) == ("green:create()", True)
    assert "not found by reading" in unknown.remarks[0]


def test_circles_of_imports_and_of_names_come_to_an_end(found):
    files = {
        "a.py": "from b import app\nfrom flask import Flask\n",
        "b.py": "from a import app\nsite = app\napp2 = app2\nloop = loop(loop)\n",
        "wsgi.py": "from a import app\n",
        "c.py": "def one():\n    return two()\ndef two():\n    return one()\n",
        "d.py": "class A(B): pass\nclass B(A): pass\nx = A()\n",
    }
    assert found(files).app.sure is Sure.NONE
