"""Paths the app writes."""

import pytest

FLASK = "import os\nfrom pathlib import Path\nfrom flask import Flask\napp = Flask(__name__)\n"
ALCHEMY = "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n"


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("os.makedirs(app.instance_path)\n", ["instance"]),
        ("x = os.path.join(app.instance_path, 'a.sqlite')\n", ["instance"]),
        ("app.config['UPLOAD_FOLDER'] = 'uploads'\n", ["uploads"]),
        ("UPLOAD_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'files', 'up')\n", ["files/up"]),
        ("app.config.from_mapping(UPLOAD_FOLDER=Path(__file__).parent / 'up')\n", ["up"]),
        ("BASE = Path(__file__).resolve().parent\nUPLOAD_FOLDER = str(BASE / 'up')\n", ["up"]),
        ("if not os.path.exists('logs'):\n    os.mkdir('logs')\n", ["logs"]),
        ("Path('data/cache').mkdir(parents=True)\n", ["data/cache"]),
        ("import logging.handlers as h\nh.RotatingFileHandler('logs/app.log')\n", ["logs"]),
        ("import sqlite3\nsqlite3.connect('data/app.db')\n", ["data"]),
        ("URL = 'sqlite:///data/app.db'\n", ["data"]),
        ("URL = os.getenv('DATABASE_URL') or 'sqlite:///' + os.path.join('data', 'app.db')\n", ["data"]),
        ("here = os.path.dirname(__file__)\nURL = f'sqlite:///{here}/data/app.db?timeout=3'\n", ["data"]),
        (ALCHEMY + "URL = 'sqlite:///app.db'\n", ["instance"]),
        (ALCHEMY + "URL = os.environ.get('DATABASE_URL', 'sqlite:///app.db')\n", ["instance"]),
        ("URL = 'sqlite://'\nB = 'sqlite:///:memory:'\nimport sqlite3\nsqlite3.connect(':memory:')\n", []),
        ("os.makedirs('a')\nos.makedirs('a/b')\nos.makedirs('ab')\n", ["a", "ab"]),
        ("def f():\n    where = 'spool'\n    os.makedirs(where)\n", ["spool"]),
        ("UPLOAD_FOLDER = Path(__file__).parents[0] / 'up'\n", ["up"]),
        ("os.makedirs(f())\nos.makedirs('/tmp/x')\n", []),
    ],
)
def test_what_the_app_writes_is_kept(found, source, kept):
    fact = found({"app.py": FLASK + source}).persist
    assert (list(fact.values), fact.remarks) == (kept, ())


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("os.makedirs('/var/lib/shop')\n", "uses /var/lib/shop, outside the project"),
        ("UPLOAD_FOLDER = Path(__file__).parents[1] / 'up'\n", "uses ../up, outside the project"),
        ("URL = 'sqlite:////srv/app.db'\n", "uses /srv/app.db, outside the project"),
        ("import sqlite3\nsqlite3.connect('app.db')\n", "writes app.db beside the code"),
        ("URL = 'sqlite:///' + os.path.join(os.path.dirname(__file__), 'app.db')\n", "writes app.db beside the code"),
    ],
)
def test_what_cannot_be_kept_is_remarked_on(found, source, why):
    fact = found({"app.py": FLASK + source}).persist
    assert fact.values == ()
    assert len(fact.remarks) == 1
    assert why in fact.remarks[0]


def test_the_instance_folder_is_beside_the_package(found):
    source = FLASK + "os.makedirs(app.instance_path)\n"
    assert found({"shop/web/app.py": source}).persist.values == ("instance",)


def test_the_instance_folder_of_an_installed_package_is_in_its_environment(found):
    fact = found({"src/shop/__init__.py": FLASK + "os.makedirs(app.instance_path)\n"}).persist
    assert fact.values == ()
    assert "inside the virtual environment" in fact.remarks[0]


def test_an_instance_path_of_the_apps_own_choice_is_kept(found):
    source = "import os\nfrom flask import Flask\napp = Flask('x', instance_path=os.path.abspath('var'))\n"
    assert found({"app.py": source + "os.makedirs(app.instance_path)\n"}).persist.values == ("var",)


def test_a_path_in_another_module_is_followed(found):
    files = {
        "app.py": FLASK + "import config\nos.makedirs(config.UPLOADS)\n",
        "config.py": "import os\nBASE = os.path.dirname(__file__)\nUPLOADS = os.path.join(BASE, 'up')\n",
    }
    assert found(files).persist.values == ("up",)
