"""Good code that looks like bad: errors stop a deployment, so they are only for what is surely wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.checks.finding import InFile, Severity
from seawall.config.load import load
from seawall.operations.checks import check_quickly
from seawall.operations.tree import list_tree

HEAD = "import hashlib, os, sys, uuid\nfrom flask import Flask, request, session, abort, send_file\n"
APP = HEAD + "app = Flask(__name__)\n"
TOML = 'name = "shop"\nhosts = ["root@192.0.2.1"]\n[app]\nentry = "app:app"\nrequirements = ""\n'


def view(body: str, route: str = "/") -> dict[str, str]:
    inside = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return {"app.py": f"{APP}db = None\n@app.post({route!r})\ndef page(name=''):\n{inside}"}


def upload(body: str) -> dict[str, str]:
    return view(f"file = request.files['file']\n{body}")


GOOD: dict[str, dict[str, str]] = {
    # how it is started
    "run.py, which no server imports": {
        "app.py": APP,
        "run.py": "from app import app\napp.debug = True\napp.run(debug=True)\n",
    },
    "started by an argument": {"app.py": APP + "if sys.argv[1:] == ['serve']:\n    app.run(debug=True)\n"},
    "a debugger for one's own machine": {
        "app.py": APP,
        "serve.py": "from werkzeug.debug import DebuggedApplication\nfrom app import app\n"
        "app.wsgi_app = DebuggedApplication(app.wsgi_app, evalex=True)\n",
    },
    "debug under else of production": {
        "app.py": APP,
        "config.py": "import os\nif os.environ.get('APP_ENV') == 'production':\n    DEBUG = False\nelse:\n"
        "    DEBUG = True\n    TESTING = True\n",
    },
    "debug unless in production": {"app.py": APP + "if not os.environ.get('PRODUCTION'):\n    app.debug = True\n"},
    "a base that production overrides": {
        "app.py": APP,
        "config.py": "import os\nclass Config:\n    DEBUG = True\n    TESTING = True\n    SECRET_KEY = 'x'\n"
        "class Production(Config):\n    DEBUG = False\n    TESTING = False\n"
        "    SECRET_KEY = os.environ['SECRET_KEY']\n",
    },
    "a configuration for developing by its file": {
        "app.py": APP,
        "config_dev.py": "class Config:\n    DEBUG = True\n    SECRET_KEY = 'dev'\n",
        "settings/development.py": "DEBUG = True\nSECRET_KEY = 'dev'\n",
    },
    "a command for developing": {
        "app.py": APP + "@app.cli.command()\ndef serve():\n    app.config['DEBUG'] = True\n    app.run(debug=True)\n"
    },
    "a factory for tests": {
        "app.py": APP + "def create_test_app():\n    app.config['TESTING'] = True\n    app.config['DEBUG'] = True\n"
        "    app.config['SECRET_KEY'] = 'test'\n    return app\n"
    },
    "pydantic's settings, which the environment fills": {
        "app.py": APP,
        "settings.py": "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n"
        "    DEBUG: bool = True\n    SECRET_KEY: str = 'changeme'\n",
    },
    "not a web framework's": {
        "app.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        "config.py": "DEBUG = True\n",
    },
    # keys
    "a key that is only there when none is given": {
        "app.py": APP + "app.config['SECRET_KEY'] = 'dev'\napp.config.update(load())\n"
    },
    "a key with a number sign": {
        "app.py": APP,
        ".env.production": "SECRET_KEY='q#9x!vf2k3mz7w1p0a8s6d5'\n",
    },
    "a key that is put together": {
        "app.py": APP,
        ".env.production": "PART=0123456789abcdef0123456789\nSECRET_KEY=${PART}\n",
    },
    # pages
    "a visitor's value that a filter makes harmless": {
        "app.py": APP,
        "templates/a.html": "{{ request.args.get('q')|tojson|safe }}{{ request.args.q|e|safe }}"
        "{{ request.args.page|int|safe }}",
    },
    "a visitor's value that is compared": {
        "app.py": APP,
        "templates/a.html": "{{ ('<b>' if request.path == '/' else '')|safe }}",
    },
    "a comment in a template": {"app.py": APP, "templates/a.html": "{# {{ request.args.q|safe }} #}"},
    # passwords and tokens
    "a password that is looked up among leaked ones": view(
        "password = request.form['password']\n"
        "digest = hashlib.sha1(password.encode()).hexdigest()\n"
        "return requests.get('https://api.pwnedpasswords.com/range/' + digest[:5]).text"
    ),
    "a password that is made shorter for bcrypt": view(
        "import bcrypt\npassword = request.form['password']\n"
        "digest = hashlib.sha256(password.encode()).digest()\nreturn bcrypt.hashpw(digest, bcrypt.gensalt())"
    ),
    "a token that resets a password": view("return hashlib.sha256(password_reset_token.encode()).hexdigest()"),
    "two passwords compared in constant time": view(
        "import hmac\npassword = request.form['password']\n"
        "return hmac.compare_digest(hashlib.sha256(password.encode()).digest(), "
        "hashlib.sha256(app.config['PASSWORD'].encode()).digest())"
    ),
    "a token whose issuer is read before it is checked": view(
        "import jwt\nissuer = jwt.decode(token, options={'verify_signature': False})['iss']\n"
        "return jwt.decode(token, KEYS[issuer], algorithms=['RS256'])"
    ),
    "a connection's password": {
        "app.py": APP + "import pymysql\ndb = pymysql.connect(user='root', password='root', host='localhost')\n"
    },
    "an example of a form": {"app.py": APP + "EXAMPLE = dict(username='test', password='test')\n"},
    "an account on one's own machine": {
        "app.py": APP + "class User: pass\ndef seed_demo():\n    return User(username='admin', password='admin')\n"
        "if __name__ == '__main__':\n    User(username='admin', password='admin')\n"
    },
    # what visitors send
    "a column from a list": view(
        "order = request.args['order']\nif order not in COLUMNS:\n    abort(400)\n"
        "return db.execute(f'SELECT * FROM a ORDER BY {order}')"
    ),
    "a column from a table": view(
        "order = COLUMNS.get(request.args['order'], 'name')\nreturn db.execute(f'SELECT * FROM a ORDER BY {order}')"
    ),
    "a word that is checked": view(
        "table = request.args['table']\nif not table.isidentifier():\n    abort(400)\n"
        "return db.execute(f'SELECT * FROM {table}')"
    ),
    "a value from the database": view(
        "user = User.query.filter_by(name=request.form['name']).first()\n"
        "return db.execute(f'SELECT * FROM orders_{user.region}')"
    ),
    "what executes no SQL": view("return pool.execute(f\"job {request.form['name']}\")"),
    "an own function called eval": {
        "app.py": APP + "from numexpr import evaluate as eval\n@app.get('/')\ndef page():\n"
        "    return str(eval(request.args['q']))\n"
    },
    "a pickle of one's own": view("import pickle\nreturn pickle.loads(redis.get('cart:' + request.form['id']))"),
    "a signed pickle": view("import pickle\nreturn pickle.loads(signer.unsign(request.cookies['cart']))"),
    "clean HTML": view("from markupsafe import Markup\nimport nh3\nreturn Markup(nh3.clean(request.form['text']))"),
    "a path that is inside": view(
        "path = (BASE / name).resolve()\nif not path.is_relative_to(BASE):\n    abort(404)\nreturn open(path).read()",
        "/<path:name>",
    ),
    "a file of a list": view(
        "if name not in FILES:\n    abort(404)\nreturn send_file(os.path.join('files', name))", "/<path:name>"
    ),
    "what was sent, sent back": view("from io import BytesIO\nreturn send_file(BytesIO(request.data))"),
    "an upload with a name of its own": upload(
        "ending = file.filename.rsplit('.', 1)[1].lower()\nif ending not in ENDINGS:\n    abort(400)\n"
        "file.save(os.path.join('uploads', f'{uuid.uuid4()}.{ending}'))"
    ),
    "an upload with its ending": upload(
        "_, ending = os.path.splitext(file.filename)\nname = uuid.uuid4().hex + ending\n"
        "file.save(os.path.join('uploads', name))"
    ),
    "an upload with its ending, by index": upload(
        "if not allowed_file(file.filename):\n    abort(400)\n"
        "file.save('uploads/' + uuid.uuid4().hex + '.' + file.filename.rsplit('.', 1)[-1])"
    ),
    # files
    "dotenv for everybody": {
        "app.py": APP,
        ".env": "POSTGRES_PASSWORD=postgres\nSECRET_KEY=dev-secret\nAPI_TOKEN=encrypted:BKr82hfu29rhf2hf29rfh2\n",
        "git": "",
    },
    "Python for the browser": {
        "app.py": APP,
        "static/game.py": "print(1)\n",
        "static/pyproject.toml": "",
        "static/data.sql": "select 1",
        "static/ca.pem": "-----BEGIN CERTIFICATE-----\n",
    },
}


def errors(folder: Path) -> list[str]:
    project = load(folder)
    travels = {entry.path for entry in list_tree(folder, ".", ()).entries}
    found = [each for each in check_quickly(project, travels) if each.severity is Severity.ERROR]
    return [f"{each.rule.id} {each.evidence.place} {each.evidence.text}" for each in found
            if isinstance(each.evidence, InFile)]  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_good_code_stops_no_deployment(name: str, tmp_path: Path) -> None:
    for path, text in ({"seawall.toml": TOML} | GOOD[name]).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    if "git" in GOOD[name]:
        import subprocess

        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
        subprocess.run(["git", "add", "-Af"], cwd=tmp_path, check=True)
    assert errors(tmp_path) == []
