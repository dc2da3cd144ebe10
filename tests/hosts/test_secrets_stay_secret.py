"""A secret is nowhere but where it must be: a deployment is watched, and then everything is searched for the values.

Where it may be: the release's `env` file, which root alone reads, and the processes of the app itself.
"""

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from .machine import Host
from .product import Project, tiny_project, visit

#: What to search for; each value has a part that no encoding below leaves as it is by chance.
PEM = "-----BEGIN KEY-----\ncormorant/91+basalt line two\n\"quoted\" and 'single' \\ $HOME `id`\n-----END KEY-----"
VALUES = {
    "STORED": "pelican-41+quartz/seven=stored",
    "PEM": PEM,
    "FROM_FILE": "Z2FubmV0LTEzK29ic2lkaWFuLWZyb20tZmlsZQ==",
    "DATABASE": "postgresql://tiny:heron%2F77+granite@db.example.com/tiny",
    "PROVIDED": "albatross 23 & feldspar?provided",
    "OLD": "guillemot-59+slate/old-key",
    "NEW": "kittiwake-67+marble/new-key",
}
#: A part of each that most encodings leave as it is, and that is in no file of a Debian.
WORDS = ("pelican-41", "cormorant/91", "Z2FubmV0LTEz", "granite@db", "albatross 23", "guillemot-59", "kittiwake-67")

NOISY_APP = """
import json
import os
import sys

if os.environ.get("CRASH"):
    print(os.environ, file=sys.stderr)
    print(json.dumps(dict(os.environ)), file=sys.stderr)
    raise SystemExit("cannot start")
"""

MIGRATION = """\
import base64
import json
import os
import sys
import urllib.parse

for name in ("STORED", "PEM", "FROM_FILE_TOKEN", "DATABASE", "PROVIDED", "SIGNING_SECRET_KEY_FALLBACKS"):
    value = os.environ[name]
    print(value)
    print("json", json.dumps(value), "repr", repr(value))
    print("url", urllib.parse.quote(value), urllib.parse.quote_plus(value))
    print("base64", base64.b64encode(value.encode()).decode())
sys.exit(int(os.environ.get("FAIL", "0")))
"""


@dataclass
class Watched:
    """A deployed app with secrets of every kind, and all that was said and seen meanwhile."""

    host: Host
    project: Project
    said: dict[str, str] = field(default_factory=dict)
    processes: set[str] = field(default_factory=set)


def forms(value: str) -> set[str]:
    """A value as programs write it. Lines count by themselves, as output is made of lines."""
    parts = [value, *(line for line in value.splitlines() if len(line) > 20)]
    found: set[str] = set()
    for part in parts:
        found |= {part, json.dumps(part)[1:-1], repr(part)[1:-1], quote(part), quote(part, safe=""), quote_plus(part)}
        data = part.encode()
        found |= {base64.b64encode(data[:24]).decode(), base64.urlsafe_b64encode(data[:24]).decode()}
    return {form for form in found if form not in ("-----BEGIN KEY-----", "-----END KEY-----")}


SOUGHT = sorted({form for value in VALUES.values() for form in forms(value)} | set(WORDS))


def leaks(text: str) -> list[str]:
    """What of the secrets is in a text."""
    return [form for form in SOUGHT if form in text]


@contextmanager
def watched_processes(host: Host, seen: set[str]) -> Iterator[None]:
    """All processes as an unprivileged user of the host sees them, arguments and environments, while the block runs."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            command = ["env", "--chdir=/", "runuser", "-u", "nobodyspecial", "--", "ps", "auxeww"]
            seen.update(host.run(command, check=False).stdout.splitlines())
            over.wait(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


@pytest.fixture(scope="module")
def watched(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """The app after two deployments, everything that reports, and two deployments that failed."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "vault").write_text(VALUES["PROVIDED"] + "\n")
    project = tiny_project(
        folder,
        ssh_environment,
        module_host.name,
        secrets=["STORED", "PEM", "SIGNING_SECRET_KEY"],
        secrets_from={"PROVIDED": f"cat {folder / 'vault'}"},
        processes={"worker": "sleep 100000"},
        release={"migrate": "python migration.py"},
    )
    watched = Watched(module_host, project)
    project.write("app.py", NOISY_APP + (project.directory / "app.py").read_text())
    project.write("migration.py", MIGRATION)
    project.write(".env.production", f"FROM_FILE_TOKEN={VALUES['FROM_FILE']}\nDATABASE={VALUES['DATABASE']}\n")

    def say(*words: str, input: str | None = None, check: bool = True) -> None:
        watched.said[" ".join(words)] = project.seawall(*words, input=input, check=check).said

    say("secret", "set", "STORED", input=VALUES["STORED"])
    say("secret", "set", "PEM", input=VALUES["PEM"])
    say("secret", "set", "SIGNING_SECRET_KEY", input=VALUES["OLD"])
    say("secret", "rotate", "SIGNING_SECRET_KEY", "--ask", input=VALUES["NEW"])
    with watched_processes(module_host, watched.processes):
        say("plan")
        say("plan", "--json")
        say("deploy", "--yes")
        project.release("two")
        say("deploy", "--yes", "--json")
    for words in ("secret list", "status --json", "releases --json", "logs", "config explain", "run --help", "verify"):
        say(*words.split())
    project.configure(env={"FAIL": "3"})
    say("deploy", "--yes", check=False)
    return watched


def test_the_app_has_every_value_as_it_was_given(watched: Watched) -> None:
    for name in ("STORED", "PEM", "DATABASE", "PROVIDED"):
        assert visit(watched.host, f"/env/{name}").text == VALUES[name]
    assert visit(watched.host, "/env/FROM_FILE_TOKEN").text == VALUES["FROM_FILE"]
    assert json.loads(visit(watched.host, "/env/SIGNING_SECRET_KEY_FALLBACKS").text) == [VALUES["OLD"]]
    assert visit(watched.host, "/env/SIGNING_SECRET_KEY").text == VALUES["NEW"]


def test_no_command_says_a_value_in_any_form_not_even_that_of_a_failed_migration(watched: Watched) -> None:
    assert "the migration command failed with exit code 3" in watched.said["deploy --yes"]
    assert watched.said["deploy --yes"].count("••••••") > 20
    assert {words: leaks(text) for words, text in watched.said.items() if leaks(text)} == {}


def test_no_process_shows_a_value_to_other_users(watched: Watched) -> None:
    seen = "\n".join(watched.processes)
    assert "uwsgi" in seen.lower()
    assert leaks(seen) == []


def test_the_service_manager_shows_no_value_to_other_users(watched: Watched) -> None:
    host = watched.host
    units = host.run(["sh", "-c", "systemctl list-units --all --plain --no-legend 'seawall-*' | cut -d' ' -f1"]).stdout
    assert "seawall-tiny@v2.service" in units
    shown = host.run(["runuser", "-u", "nobodyspecial", "--", "systemctl", "show", *units.split()]).stdout
    assert "EnvironmentFile" in shown
    assert leaks(shown) == []


def test_the_journal_and_the_front_servers_logs_hold_no_value(watched: Watched) -> None:
    assert leaks(watched.host.run(["journalctl", "--no-pager", "-o", "export"]).stdout) == []
    assert leaks(watched.host.run(["sh", "-c", "cat /var/log/nginx/*"]).stdout) == []


def test_other_users_cannot_read_the_environment_of_the_apps_processes(watched: Watched) -> None:
    script = "for p in $(pgrep -u tiny); do cat /proc/$p/environ && echo read; done 2>/dev/null; true"
    for user in ("nobodyspecial", "www-data", "deploy"):
        argv = ["env", "--chdir=/", "runuser", "-u", user, "--", "sh", "-c", script]
        assert watched.host.run(argv).stdout == ""
    assert "pelican-41" in watched.host.run(["sh", "-c", script]).stdout


def test_on_the_hosts_disk_the_values_are_in_the_releases_env_files_and_nowhere_else(watched: Watched) -> None:
    host = watched.host
    host.write_file("/root/sought", "".join(f"{word}\n" for word in SOUGHT if "\n" not in word))
    argv = "grep -rlaF --exclude-dir=proc --exclude-dir=sys --exclude=sought -f /root/sought / 2>/dev/null; true"
    found = sorted(host.run(["sh", "-c", argv], timeout=600).stdout.split())
    host.run(["rm", "/root/sought"])
    assert found == ["/srv/tiny/releases/v1/env", "/srv/tiny/releases/v2/env"]
    modes = host.run(["stat", "-c", "%a %U:%G", *found]).stdout.split("\n")
    assert set(modes) == {"600 root:root", ""}


def test_on_the_persons_machine_the_values_are_only_where_the_person_put_them(watched: Watched) -> None:
    home = Path(watched.project.environment["HOME"])
    holding = {
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and leaks(path.read_bytes().decode(errors="replace"))
    }
    assert holding == {"vault", "project/.env.production"}


def test_an_app_that_crashes_at_its_start_and_prints_its_environment_shows_no_value_to_the_person(
    watched: Watched,
) -> None:
    """What it prints itself is in the host's journal, which root and the group adm read; seawall repeats none of it."""
    watched.project.configure(env={"FAIL": None, "CRASH": "1"}, release={"migrate": None}, health={"timeout": 2.0})
    for options in ((), ("--json",)):
        failed = watched.project.deploy(*options, check=False)
        assert failed.code == 1
        assert "STORED" in failed.said
        assert failed.err.count("••••••") > 10
        assert leaks(failed.said) == []
    assert leaks(watched.project.seawall("logs").said) == []
    argv = ["env", "--chdir=/", "runuser", "-u", "nobodyspecial", "--", "journalctl", "--no-pager"]
    assert leaks(watched.host.run(argv, check=False).stdout) == []


def test_the_search_finds_a_value_in_every_form() -> None:
    for value in VALUES.values():
        for form in (value, json.dumps(value), quote(value, safe=""), base64.b64encode(value.encode()).decode()):
            assert leaks(f"before {form} after"), form
    assert not leaks(re.sub(r"\w", "x", " ".join(VALUES.values())))
