"""A rotated signing key: who is logged in stays so, until the old key is dropped."""

from __future__ import annotations

import contextlib
import http.client
import os
import ssl
import subprocess
import sys

import pytest

from local.site import Site

APP = """\
import json
import os
from flask import Flask, session

app = Flask(__name__)
{settings}


@app.get("/in")
def log_in():
    session["name"] = "ada"
    return "in"


@app.get("/")
def home():
    return session.get("name", "nobody")


@app.get("/health")
def health():
    return "well"
"""
BY_HAND = """\
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
app.config["SECRET_KEY_FALLBACKS"] = json.loads(os.environ.get("SECRET_KEY_FALLBACKS", "[]"))
"""
PREFIXED = "app.config.from_prefixed_env()"


def visit(site: Site, path: str, cookie: str = "") -> tuple[str, str]:
    """The text at a path, and the cookie that came with it."""
    context = ssl.create_default_context(cafile=str(site.base / "tls/ca.crt"))
    connection = http.client.HTTPSConnection("localhost", site.port, timeout=10, context=context)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        return answer.read().decode(), (answer.headers["Set-Cookie"] or "").partition(";")[0]


def secret(site: Site, *words: str, value: str | None = None) -> None:
    argv = [sys.executable, "-m", "seawall.cli.main", "-C", str(site.folder), "secret", *words, "-e", "local"]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(site.folder / "home")}
    subprocess.run(argv, input=value or "", text=True, check=True, capture_output=True, env=environment)


@pytest.mark.parametrize(("name", "settings"), [("SECRET_KEY", BY_HAND), ("FLASK_SECRET_KEY", PREFIXED)])
def test_sessions_outlive_a_rotation_and_end_when_the_old_key_is_dropped(
    fresh: Site, monkeypatch: pytest.MonkeyPatch, name: str, settings: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(fresh.folder / "home"))
    fresh.write("app.py", APP.format(settings=settings))
    fresh.write(".gitignore", "home\n")
    fresh.configure("", f'secrets = ["{name}"]')
    secret(fresh, "set", name, value="the first key, which is long enough")
    fresh.deploy()
    _, cookie = visit(fresh, "/in")
    assert visit(fresh, "/", cookie)[0] == "ada"
    secret(fresh, "rotate", name)
    fresh.deploy()
    assert visit(fresh, "/", cookie)[0] == "ada"
    assert visit(fresh, "/in")[1] != cookie
    secret(fresh, "rotate", name, "--drop-fallbacks")
    fresh.deploy()
    assert visit(fresh, "/", cookie)[0] == "nobody"
