"""supervisor, by its own parser and by a real supervisord."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from supervisor.options import ServerOptions, UnhosedConfigParser

from seawall.agent.managers.supervisor import Supervisor
from seawall.agent.places import Places
from seawall.errors import ConfigError
from seawall.stack.composition import Composition
from seawall.stack.quoting import ini_command, ini_environment
from stack import place
from stack.cases import CASES, composed, project

AWKWARD = st.text(alphabet=st.sampled_from("ab %$\\'\";#=,()é\t\n"), max_size=12)


def parsed(line: str, program: str = "program:x") -> object:
    """The one process that supervisor makes of a section with this line."""
    options = ServerOptions()
    parser = UnhosedConfigParser()
    parser.read_string(f"[{program}]\n{line}\n" + ("" if line.startswith("command") else "command=/bin/true\n"))
    (process,) = options.processes_from_section(parser, program, "x")
    return process


@given(st.lists(AWKWARD, min_size=1, max_size=4))
@example(["a ;b #c", ";", "#"])
def test_supervisor_reads_the_words_of_a_command_as_they_were_meant(words: list[str]) -> None:
    try:
        line = ini_command(["/bin/x", *words])
    except ConfigError:
        assert any(set(word) & set("\n\t") for word in words)
        return
    process = parsed(f"command={line}")
    assert shlex.split(process.command) == ["/bin/x", *words]


@given(AWKWARD)
def test_supervisor_reads_a_variable_as_it_was_meant_or_it_is_refused(value: str) -> None:
    try:
        quoted = ini_environment(value)
    except ConfigError:
        assert set(value) & set("\n\t\"'") or " ;" in value or " #" in value or value != value.strip()
        return
    assert parsed(f'environment=A={quoted},B="2"').environment == {"A": value, "B": "2"}


#: Stands for gunicorn: takes the socket by systemd's protocol and answers each connection with what it was given.
SERVER = """#!{python}
import contextlib, json, os, signal, socket, stat, sys
assert os.environ["LISTEN_PID"] == str(os.getpid()) and os.environ["LISTEN_FDS"] == "1"
listener = socket.socket(fileno=3)
told = {{
    "argv": sys.argv[1:],
    "env": dict(os.environ),
    "cwd": os.getcwd(),
    "stdin": stat.S_ISCHR(os.fstat(0).st_mode),
}}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(json.dumps(told).encode())
"""
#: Stands for a worker: says once what it was given.
WORKER = """#!{python}
import json, os, pathlib, signal, sys
out = pathlib.Path(os.environ["HOME"], f"worker-{{os.getpid()}}")
out.with_suffix(".part").write_text(json.dumps([sys.argv[1:], os.environ["AWKWARD"]]))
out.with_suffix(".part").rename(out)
signal.pause()
"""
#: A worker that starts something and forgets it.
LEAVING = """#!/bin/sh
sleep 600 & echo $! >> "$HOME/left"
trap 'exit 0' TERM
while :; do sleep 0.1; done
"""
AWKWARD_VALUE = 'line one\nit\'s "100%" of $HOME; `true` # \\ end\n'


@contextlib.contextmanager
def supervisord(made: Composition) -> Iterator[None]:
    start = place.service(made, "supervisor").start
    subprocess.run(start, check=True, capture_output=True, timeout=30)
    written = Path(made.layout.run) / "supervisord.pid"
    place.until(lambda: written.exists() and written.read_text().strip(), "supervisord's process id")
    pid = int(written.read_text())
    try:
        yield
    finally:
        os.kill(pid, 15)
        place.until(lambda: not Path(f"/proc/{pid}").exists(), "supervisord to end")


@pytest.fixture
def made(short: Path) -> Composition:
    """A composition in a folder with an awkward name."""
    target = place.local_target(short / "a 'b' %(x)s#", nginx="")
    made = composed(
        project(
            server={"kind": "gunicorn", "graceful_timeout": 1},
            processes={"worker": {"command": "worker 'a  b' \"c\\\"d\" 5% ';x'", "count": 2, "stop_timeout": 1}},
        ),
        target,
        env={"AWKWARD": AWKWARD_VALUE},
    )
    place.lay_out(made)
    (Path(made.layout.fragments) / "front.ini").unlink()
    root = place.stage(made, "v1")
    for name, text in (("gunicorn", SERVER), ("worker", WORKER)):
        script = root / "venv/bin" / name
        script.write_text(text.format(python="/usr/bin/env python3"))
        script.chmod(0o755)
    place.install(made, "v1")
    return made


def ask(path: str) -> dict[str, object]:
    """What the server was given. Asked until it answers: while it is replaced, supervisord closes the socket."""
    answers: list[dict[str, object]] = []

    def answered() -> bool:
        with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            with client.makefile() as answer:
                answers.append(json.load(answer))
        return bool(answers)

    place.until(answered, "the server")
    return answers[0]


@pytest.mark.slow
def test_a_real_supervisord_starts_a_release(made: Composition, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server gets the socket as systemd would hand it over, and the variables unchanged; nothing leaks in."""
    monkeypatch.setenv("OF_THE_SHELL", "private")
    path = f"{made.layout.run}/v1.sock"
    with supervisord(made):
        told = ask(path)
        assert told["argv"] == [
            "-c",
            f"{made.layout.base}/releases/v1/settings/gunicorn.conf.py",
            "guestbook:create_app()",
        ]
        assert told["cwd"] == f"{made.layout.base}/releases/v1/code"
        assert told["stdin"] is True
        env = told["env"]
        assert isinstance(env, dict)
        assert env["AWKWARD"] == AWKWARD_VALUE
        assert env["HOME"] == f"{made.layout.base}/data"
        assert env["PATH"].startswith(f"{made.layout.base}/releases/v1/venv/bin:")
        assert "OF_THE_SHELL" not in env
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_process_runs_as_often_as_asked_with_its_words_unchanged(made: Composition) -> None:
    data = Path(made.layout.base) / "data"
    with supervisord(made):
        place.until(lambda: len([f for f in data.glob("worker-*") if not f.suffix]) == 2, "two workers")
        for file in [f for f in data.glob("worker-*") if not f.suffix]:
            assert json.loads(file.read_text()) == [["a  b", 'c"d', "5%", ";x"], AWKWARD_VALUE]


@pytest.mark.slow
def test_supervisord_says_whether_it_runs_by_the_command_of_its_service(made: Composition) -> None:
    running = place.service(made, "supervisor").running
    assert subprocess.run(running, check=False, capture_output=True, timeout=30).returncode != 0
    with supervisord(made):
        assert subprocess.run(running, check=False, capture_output=True, timeout=30).returncode == 0


@pytest.mark.slow
def test_a_server_that_dies_is_started_again_on_the_same_path(made: Composition) -> None:
    path = f"{made.layout.run}/v1.sock"
    with supervisord(made):
        first = ask(path)["env"]["LISTEN_PID"]
        os.kill(int(first), 9)
        place.until(lambda: ask(path)["env"]["LISTEN_PID"] != first, "the next server")


@pytest.mark.slow
def test_requests_wait_in_the_socket_while_the_server_is_started_again(made: Composition) -> None:
    """Another process of its group keeps it open, so nobody is turned away."""
    path = f"{made.layout.run}/v1.sock"
    with supervisord(made):
        first = ask(path)["env"]["LISTEN_PID"]
        os.kill(int(first), 9)
        place.until(lambda: not command_line(first), "its end")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            with client.makefile() as answer:
                assert json.load(answer)["env"]["LISTEN_PID"] != first


@pytest.mark.slow
def test_a_server_that_was_started_again_is_not_down_but_does_not_count_as_well(made: Composition) -> None:
    places = Places(made.layout)
    at, web = places.release("v1"), made.release.programs[0]
    manager = Supervisor(places)
    with supervisord(made):
        first = int(str(ask(str(at.socket))["env"]["LISTEN_PID"]))
        assert manager.pids(at, web) == [first]
        assert manager.broken(at, web) == ""
        os.kill(first, 9)
        place.until(lambda: manager.pids(at, web) not in ([first], []), "the next server")
        assert manager.down(at, web) == ""
        assert manager.broken(at, web) == "seawall-guestbook@v1-1 does not stay up (it ended, and was started again)"


@pytest.mark.slow
def test_what_has_been_retired_is_gone_from_supervisord_and_so_is_what_it_left_behind(made: Composition) -> None:
    """The worker here ends at once when it is asked to, and leaves a child that does not."""
    places = Places(made.layout)
    at, worker = places.release("v1"), made.release.programs[1]
    (at.venv / "bin" / "worker").write_text(LEAVING)
    manager = Supervisor(places)
    with supervisord(made):
        left = places.data / "left"
        place.until(lambda: left.exists() and len(left.read_text().split()) == 2, "the children")
        manager.retire(at, worker)
        assert manager.pids(at, worker) == []
        assert manager.installed(places) == ["v1"]  # the app itself still is
        manager.stop(at, worker)
        place.until(lambda: not any(command_line(pid) for pid in left.read_text().split()), "the end of the children")


def command_line(pid: str) -> bytes:
    """That of a process; nothing once it has ended, even if nobody has asked for its exit code yet (proc(5))."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def command_on_a_server(**settings: object) -> list[str]:
    """The words of the web program's command on a server."""
    made = composed(project(process={"manager": "supervisor"}, **settings))
    (unit,) = made.release.programs[0].files
    line = re.search(r"^command=(.*)$", unit.content, re.M)
    assert line
    return shlex.split(line[1])


def test_on_a_server_the_variables_are_read_only_after_all_rights_of_root_are_gone() -> None:
    words = command_on_a_server()
    root, after = words[: words.index("--")], words[words.index("--") + 1 :]
    assert root[:5] == [
        "/bin/sh",
        "-c",
        'ulimit -c 0; exec "$@" 9<"$0"',
        "/srv/guestbook/releases/@RELEASE@/env",
        "/usr/bin/setpriv",
    ]
    assert set(root[5:]) == {
        "--reuid=guestbook",
        "--regid=guestbook",
        "--init-groups",
        "--no-new-privs",
        "--inh-caps=-all",
        "--ambient-caps=-all",
        "--bounding-set=-all",
    }
    assert after[:2] == ["/bin/sh", "-c"]
    assert 'eval "$(/bin/cat <&9)"; exec 9<&-; ' in after[2]


def test_an_app_that_may_gain_rights_may_do_so_under_supervisor_too() -> None:
    words = command_on_a_server(sandbox={"allow": {"privileges": "it calls ping"}})
    assert not {"--no-new-privs", "--bounding-set=-all"} & set(words)
    assert "--inh-caps=-all" in words


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"level": "strict"}, 'level = "strict"'),
        ({"outbound": "none"}, "outbound = 'none'"),
        ({"memory": "1g"}, 'memory = "1g"'),
        ({"memory": "1g", "level": "strict"}, 'level = "strict", memory = "1g"'),
    ],
)
def test_what_supervisor_cannot_keep_from_the_app_is_refused_by_name(settings: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError) as refused:
        composed(project(process={"manager": "supervisor"}, sandbox=settings))
    assert refused.value.fact == f"supervisor cannot give what [sandbox] asks for: {named}"


def test_what_the_app_lacks_under_supervisor_is_said() -> None:
    notes = CASES["server-supervised"]().notes
    assert any("without a way to gain rights; the rest of the sandbox is missing" in note for note in notes)
    assert any("the schedule stays with systemd: clean" in note for note in notes)


def test_the_schedule_stays_with_systemd_in_its_sandbox() -> None:
    programs = {item.name: item for item in CASES["server-supervised"]().release.programs}
    assert {name: item.manager for name, item in programs.items()} == {
        "web": "supervisor",
        "mail": "supervisor",
        "worker": "supervisor",
        "clean": "systemd",
    }
    assert "ProtectSystem=strict" in programs["clean"].files[1].content


def test_the_front_is_the_tools_own_where_there_is_no_nginx(short: Path) -> None:
    """Its settings travel as variables, in JSON, also those that supervisor has no quotes for."""
    awkward = "default-src 'self' ; script-src \"x\" #1 100% $5"
    settings = project(static={"/static/": "media"}, headers={"content_security_policy": awkward})
    made = composed(settings, place.local_target(short, nginx=""))
    place.lay_out(made)
    text = next(r.content for r in made.resources if getattr(r, "path", "").endswith("front.ini"))
    options, parser = ServerOptions(), UnhosedConfigParser()
    parser.read_string(text)
    (process,) = options.processes_from_section(parser, "program:front", "front")
    heard = process.environment
    assert heard.pop("SEAWALL_FRONT_LIVE") == f"{made.layout.base}/live"
    assert heard.pop("SEAWALL_FRONT_LEAF") == ""
    values = {name: json.loads(value) for name, value in heard.items()}
    assert values.pop("SEAWALL_FRONT_HEADERS")["Content-Security-Policy"] == awkward
    assert values == {
        "SEAWALL_FRONT_STATIC": {"/static/": "static"},
        "SEAWALL_FRONT_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
    }
    assert process.command.startswith(f"{sys.executable} -I -m granian --interface asgi ")
