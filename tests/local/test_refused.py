"""What a bad release gets: a clear error, and the old release serves on."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from local.site import APP, Site, free_ports
from seawall.errors import HostError
from seawall.traffic import TrafficProcess


@pytest.fixture
def refused(site: Site) -> Iterator[Site]:
    """Whatever was deployed in the test was refused: nothing of it is left, and the app answers as before."""
    before = site.live
    releases = sorted(path.name for path in (site.base / "releases").iterdir())
    yield site
    assert site.live == before
    assert site.says() == "one"
    assert sorted(path.name for path in (site.base / "releases").iterdir()) == releases
    assert [path.name for path in (site.base / "supervisor" / "conf.d").glob("*@v*")] == [f"seawall-tiny@{before}.ini"]


def failure(site: Site) -> HostError:
    with pytest.raises(HostError) as caught:
        site.deploy()
    assert caught.value.exit_code == 1
    # Once a migration has begun, everything else is.
    assert re.match("everything (else )?is as it was", caught.value.state)
    return caught.value


def test_an_app_that_raises_on_import_is_refused_with_its_traceback(refused: Site) -> None:
    refused.write("app.py", "raise RuntimeError('cannot begin')\n")
    error = failure(refused)
    assert error.code == "gate-failed"
    assert "RuntimeError: cannot begin" in error.output


def test_a_secret_in_the_log_of_a_refused_app_is_masked(refused: Site) -> None:
    refused.write(".env", "API_TOKEN=hunter2hunter2\n")
    refused.configure("", 'secrets = ["API_TOKEN"]')
    refused.write("app.py", "import os\nraise RuntimeError('token ' + os.environ['API_TOKEN'])\n")
    error = failure(refused)
    assert "RuntimeError: token ••••••" in error.output
    assert "hunter2" not in repr(vars(error))
    (refused.folder / ".env").unlink()


@pytest.mark.parametrize(
    ("answer", "fact", "remedy"),
    [
        ("return 'broken', 500", "answered 500", "mend the app"),
        ("import time; time.sleep(30); return 'late'", "did not answer within 0.5 s", "mend the app"),
        ("import flask; return flask.redirect('/health')", "answered 302 FOUND (a redirect to /health)", "redirect"),
        ("return 'who are you', 401", "answered 401", "without a login"),
        ("return 'what', 404", "answered 404", "add a route"),
    ],
    ids=["answers 500", "hangs", "redirects for ever", "wants a login", "is missing"],
)
def test_a_health_path_that_does_not_answer_well_is_refused(refused: Site, answer: str, fact: str, remedy: str) -> None:
    refused.configure("health", "timeout = 2.0")
    refused.write("app.py", APP.replace('return "well"', answer))
    error = failure(refused)
    assert error.code == "gate-failed"
    assert fact in str(error)
    assert remedy in error.remedy


def test_an_app_that_serves_on_a_port_of_its_own_is_refused(refused: Site) -> None:
    (port,) = free_ports(1)
    refused.configure("health", "timeout = 2.0")
    refused.write("app.py", APP + f"\napp.run(port={port})\n")
    error = failure(refused)
    assert error.code == "gate-failed"
    assert f"Running on http://127.0.0.1:{port}" in error.output


def test_a_requirement_that_does_not_exist_is_named(refused: Site) -> None:
    refused.write("requirements.txt", "flask==3.1.*\nflask==99.0\n")
    error = failure(refused)
    assert error.code == "build-failed"
    assert "flask==99.0" in error.output


def test_a_requirement_that_does_not_compile_is_named_with_what_its_build_said(refused: Site) -> None:
    refused.write("parts/setup.py", "raise SystemExit('this part needs a compiler')\n")
    refused.write("requirements.txt", "flask==3.1.*\n./parts\n")
    error = failure(refused)
    assert error.code == "build-failed"
    assert "this part needs a compiler" in error.output
    (refused.folder / "parts" / "setup.py").unlink()


def test_a_migration_that_fails_ends_the_deployment_with_its_output(refused: Site) -> None:
    refused.configure("release", 'migrate = "echo altering the table; exit 3"')
    error = failure(refused)
    assert error.code == "migration-failed"
    assert "exit code 3" in str(error)
    assert "altering the table" in error.output
    assert "what the migration did to the database before it ended is not taken back" in error.state


def test_a_worker_that_dies_ends_the_deployment(refused: Site) -> None:
    refused.configure("processes", "beat = 'python -c \"raise SystemExit(7)\"'")
    error = failure(refused)
    assert error.code == "gate-failed"
    assert "beat" in str(error)
    assert "does not stay up" in str(error)


def test_an_app_that_dies_after_its_gate_goes_back_to_the_release_before(refused: Site) -> None:
    # It is well for the gate, and gone when the first request comes through the front door.
    refused.write(
        "app.py",
        APP.replace(
            'return "well"',
            """
    import flask, os, signal
    if flask.request.headers.get("X-Seawall-Probe"):
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return "well"
""",
        ),
    )
    error = failure(refused)
    assert error.code == "front-door-failed"


def test_a_refused_release_costs_the_visitors_of_the_old_one_nothing(refused: Site) -> None:
    refused.configure("health", "timeout = 2.0")
    refused.write("app.py", APP.replace('return "well"', "return 'broken', 500").replace("one", "bad"))
    with TrafficProcess.start(refused.traffic()) as traffic:
        failure(refused)
        time.sleep(0.2)
        report = traffic.stop()
    assert report.failed == 0, report.failures
    assert {mark.name for mark in report.marks} == {"one"}


def test_after_a_refusal_the_mended_app_is_deployed_by_the_next_command(site: Site) -> None:
    site.write("app.py", "import nothing_like_this\n")
    failure(site)
    site.version("mended")
    site.deploy()
    assert site.says() == "mended"
    assert site.recovered == []


def test_a_first_release_that_is_refused_leaves_none_and_the_next_one_works(fresh: Site) -> None:
    fresh.write("app.py", "import nothing_like_this\n")
    error = failure(fresh)
    assert "no release is live" in error.state
    assert fresh.live == ""
    fresh.reset()
    fresh.deploy()
    assert fresh.says() == "one"
