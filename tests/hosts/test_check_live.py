"""`seawall check --live` against real sites: what the defaults deploy, and an app that does everything wrong."""

from collections.abc import Mapping
from typing import Any

import pytest

from .machine import Host
from .product import Project, tiny_project

BAD_APP = '''\
"""What no app should do."""

import pathlib
import traceback

from flask import Flask, redirect, request

app = Flask(__name__)


@app.after_request
def careless(response):
    response.headers["Content-Security-Policy"] = "script-src 'self' 'unsafe-inline' 'unsafe-eval'"
    response.headers["X-XSS-Protection"] = "1; mode=block"
    response.headers["X-Powered-By"] = "Flask/3.1"
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "")
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.set_cookie("session", "s3cret-value")
    return response


@app.get("/")
def index():
    return (
        '<!doctype html><script src="http://cdn.example.net/a.js"></script>'
        '<a href="/broken">broken</a> <a href="/logout">log out</a> <a href="/login">in</a>'
    )


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/broken")
def broken():
    return 1 / 0


@app.get("/logout")
def logout():
    pathlib.Path("/srv/tiny/data/logged-out").touch()
    return "out"


@app.get("/login")
def login():
    return redirect("https://" + request.headers.get("X-Forwarded-Host", request.host) + "/")


@app.get("/requirements.txt")
def requirements():
    return "flask", {"Content-Type": "text/plain"}


@app.errorhandler(404)
def missing(error):
    return f"<pre>{traceback.format_exc()}</pre>", 404
'''
#: What the defaults leave to be said of the site: no authority's certificate yet, no policy for scripts (that is the
#: app's to know), nobody to write to.
OF_DEFAULTS = {"SW802", "SW822", "SW865"}
#: A host as it comes from the provider: `seawall server setup` was not run, and there is nothing to copy yet.
OF_A_BARE_HOST = {"SW904", "SW908", "SW909", "SW910", "SW913"}
OF_THE_BAD_APP = {
    *("SW821", "SW823", "SW830", "SW831", "SW833", "SW834", "SW835", "SW836", "SW839", "SW840"),
    *("SW851", "SW853", "SW859", "SW860"),
}


@pytest.fixture(scope="module")
def project(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny app with all defaults, deployed."""
    made = tiny_project(tmp_path_factory.mktemp("live"), ssh_environment, module_host.name)
    made.deploy()
    return made


def checked(project: Project, *args: str, code: int = 0) -> Any:
    result = project.seawall("check", "--live", "--json", *args, check=False)
    assert result.code == code, result.said
    assert "findings" in result.json, result.said
    return result.json


def broken(report: Any) -> set[str]:
    return {finding["rule"] for finding in report["findings"]}


def test_what_the_defaults_deploy_breaks_only_what_a_person_must_decide(project: Project, module_host: Host) -> None:
    report = checked(project, "--propose-csp")
    assert broken(report) == OF_DEFAULTS | OF_A_BARE_HOST
    assert report["proposal"]["policy"].startswith("default-src 'none'; ")
    assert (
        f"tiny.example.com does not resolve from here, so {module_host.name} was asked for it at" in report["notes"][0]
    )


def test_what_is_wrong_on_the_host_is_found(project: Project, module_host: Host) -> None:
    module_host.run(["chmod", "0644", "/srv/tiny/releases/v1/env"])
    module_host.write_file("/srv/tiny/state/backup.json", '{"at": 1, "verified": true}')
    module_host.run(["systemd-run", "--unit", "breaks", "--wait", "false"], check=False)
    module_host.run(["touch", "/run/reboot-required"])
    module_host.run(["systemd-run", "--unit", "redis", "python3", "-m", "http.server", "6379"])
    rules = ("SW902", "SW906", "SW912", "SW914", "SW863")
    report = checked(project, *(word for rule in rules for word in ("--only", rule)), code=1)
    said = {(finding["rule"], finding["evidence"]["answer"]) for finding in report["findings"]}
    assert broken(report) == set(rules)
    assert {("SW906", "mode 0644"), ("SW912", "breaks.service"), ("SW863", "accepted; usually Redis")} <= said
    module_host.run(["chmod", "0600", "/srv/tiny/releases/v1/env"])
    module_host.run(["systemctl", "stop", "redis"])
    module_host.run(["systemctl", "reset-failed"])
    module_host.run(["rm", "/srv/tiny/state/backup.json", "/run/reboot-required"])


def test_a_certificate_that_was_not_reloaded_and_is_not_the_sites_is_found(project: Project, module_host: Host) -> None:
    path = "/etc/ssl/seawall/tiny.crt"
    kept = module_host.read_file(path)
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other.example.com"]
    module_host.run([*made, "-keyout", "/dev/null", "-out", path])
    report = checked(project, "--only", "SW801", "--only", "SW917", code=1)
    assert broken(report) == {"SW801", "SW917"}
    module_host.write_file(path, kept)


def test_where_ssh_lets_nobody_in_the_site_is_still_looked_at(project: Project, module_host: Host) -> None:
    project.configure(hosts=[f"nobodyspecial@{module_host.address}"])
    report = checked(project, "--only", "SW801", "--only", "SW822", "--only", "SW913", code=1)
    assert broken(report) == {"SW801", "SW822"}, "without the host's word for it, nobody vouches for its certificate"
    assert any("what only the host itself knows was not looked at" in note for note in report["notes"])
    project.configure(hosts=[module_host.name])


def test_an_app_that_does_everything_wrong_is_told_so(project: Project, module_host: Host) -> None:
    project.write("app.py", BAD_APP)
    project.deploy()
    skipped = (word for rule in ("SW858", *OF_A_BARE_HOST) for word in ("--skip", rule))
    report = checked(project, "--propose-csp", *skipped, code=1)
    assert broken(report) == (OF_DEFAULTS - {"SW822"}) | OF_THE_BAD_APP
    assert "s3cret-value" not in str(report)
    assert "script-src https://cdn.example.net;" in report["proposal"]["policy"]
    assert not module_host.exists("/srv/tiny/data/logged-out")
