"""Static folders and their URLs."""

import pytest

from seawall.config.detect import Sure


def statics(findings):
    return {item.value.url: item.value.folder for item in findings.static.items}


def app(arguments=""):
    return f"from flask import Flask\napp = Flask(__name__{arguments})\n"


@pytest.mark.parametrize(
    ("arguments", "folder", "expected"),
    [
        ("", "static", {"/static/": "static"}),
        (", static_folder='assets'", "assets", {"/assets/": "assets"}),
        (", static_folder='web/assets/'", "web/assets", {"/assets/": "web/assets"}),
        (", static_url_path='/files'", "static", {"/files/": "static"}),
        (", '/files'", "static", {"/files/": "static"}),
        (", static_folder=None", "static", {}),
        ("", "other", {}),
    ],
)
def test_the_apps_static_folder_follows_flasks_rules(found, arguments, folder, expected):
    assert statics(found({"app.py": app(arguments), f"{folder}/a.css": ""})) == expected


@pytest.mark.parametrize(
    ("path", "arguments", "folder"),
    [
        ("shop/__init__.py", "", "shop/static"),
        ("shop/web/factory.py", "", "shop/web/static"),
        ("src/shop/__init__.py", "", "src/shop/static"),
        ("shop/__init__.py", ", static_folder='../public'", "public"),
    ],
)
def test_the_folder_is_beside_the_module_that_makes_the_app(found, path, arguments, folder):
    findings = found({path: app(arguments), f"{folder}/a.css": "", "static/other.css": ""})
    assert list(statics(findings).values()) == [folder]


def test_an_app_named_by_its_top_package_has_its_folder_there(found):
    source = "from flask import Flask\napp = Flask(__name__.split('.')[0])\n"
    files = {"shop/__init__.py": "", "shop/web/__init__.py": "", "shop/web/app.py": source, "shop/static/a.css": ""}
    assert statics(found(files)) == {"/static/": "shop/static"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (", static_folder='../../elsewhere'", "is outside the project"),
        (", static_folder='/srv/files'", "is outside the project"),
        (", static_url_path=''", "is offered at /"),
        (", static_url_path='/'", "is offered at /"),
        (", static_folder=FOLDER", "is computed"),
        (", static_url_path=f'/{X}'", "is computed"),
    ],
)
def test_a_folder_the_front_server_cannot_show_is_left_to_the_app_with_a_remark(found, arguments, why):
    fact = found({"app.py": app(arguments), "static/a.css": ""}).static
    assert fact.sure is Sure.NONE
    assert len(fact.remarks) == 1
    assert why in fact.remarks[0]


def test_a_linked_static_folder_outside_the_project_is_not_shown(write, tmp_path):
    from seawall.config.detect import detect

    root = write({"app.py": app()})
    (tmp_path / "outside").mkdir()
    (root / "static").symlink_to(tmp_path / "outside")
    fact = detect(root).static
    assert (fact.sure, len(fact.remarks)) == (Sure.NONE, 1)


BLUEPRINT = "from flask import Blueprint\nbp = Blueprint('admin', __name__{})\n"
REGISTERED = "from flask import Flask\nfrom admin import bp\napp = Flask(__name__)\napp.register_blueprint(bp{})\n"


@pytest.mark.parametrize(
    ("own", "registered", "expected"),
    [
        (", static_folder='files', url_prefix='/admin'", "", {"/admin/files/": "admin/files"}),
        (", static_folder='files', url_prefix='/a'", ", url_prefix='/b'", {"/b/files/": "admin/files"}),
        (", static_folder='files', static_url_path='/x'", "", {"/x/": "admin/files"}),
        (", url_prefix='/admin'", "", {}),
        (", static_folder='files', url_prefix=PREFIX", "", {}),
    ],
)
def test_a_blueprints_static_folder_is_below_its_prefix(found, own, registered, expected):
    files = {
        "app.py": REGISTERED.format(registered),
        "admin/__init__.py": BLUEPRINT.format(own),
        "admin/files/a.css": "",
    }
    assert statics(found(files)) == expected


def test_the_apps_own_folder_shadows_a_blueprints_of_the_same_url(found):
    files = {
        "app.py": REGISTERED.format(""),
        "static/a.css": "",
        "admin/__init__.py": BLUEPRINT.format(", static_folder='static'"),
        "admin/static/a.css": "",
    }
    findings = found(files)
    assert statics(findings) == {"/static/": "static"}
    assert "admin/static would also be /static/" in findings.static.remarks[0]


def test_starlettes_static_files_are_relative_to_the_root(found):
    source = (
        "from fastapi import FastAPI\nfrom fastapi.staticfiles import StaticFiles\napp = FastAPI()\n"
        "app.mount('/static', StaticFiles(directory='web/static'))\n"
        "app.mount('/', StaticFiles(directory='site', html=True))\n"
    )
    files = {"main.py": source, "web/static/a.css": "", "site/index.html": ""}
    assert statics(found(files)) == {"/static/": "web/static"}


def test_a_static_folder_the_app_writes_into_is_left_to_the_app(found):
    findings = found({"app.py": app() + "app.config['UPLOAD_FOLDER'] = 'static/uploads'\n", "static/a.css": ""})
    assert findings.persist.values == ("static/uploads",)
    assert statics(findings) == {}
    assert "static is left to the app, which keeps files in static/uploads" in findings.static.remarks[0]
