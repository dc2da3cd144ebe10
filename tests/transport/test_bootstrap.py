"""The agent comes to a host once, and is found there the next time: the real bootstrap, in a local python."""

from __future__ import annotations

import io
import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import seawall
from seawall.errors import ConnectionFailed, ConnectionLost, HostError
from seawall.transport.pack import BAD_ARCHIVE, BAD_PLACE, BOOTSTRAP, Package, package
from seawall.transport.session import Session

#: A Python is started for each.
pytestmark = pytest.mark.slow


def explain(code: int, errors: str) -> ConnectionFailed:
    return ConnectionFailed(f"ended with {code}", output=errors)


class Hosts:
    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self._stack = stack

    def open(self, before: str = "", digest: str = "", python: str = "") -> Session:
        """A session with the bootstrap, after a login shell that runs ``before``, in a Python that runs ``python``."""
        command = [
            sys.executable,
            "-I",
            "-c",
            f"{python}\n{BOOTSTRAP}",
            str(self.home),
            digest or package().digest,
            "1.2.3.4 5 6.7.8.9 22",
        ]
        process = subprocess.Popen(
            ["/bin/sh", "-c", f'{before}\nexec "$@"', "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        session = Session("a.example.com", process, explain)
        self._stack.callback(session.wait_closed, 10)
        return session


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    with ExitStack() as stack:
        yield Hosts(tmp_path / "agents", stack)


def test_the_agent_is_sent_once_and_is_there_the_next_time(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    first = hosts.open()
    first.greet()
    assert first.facts["address"] == "6.7.8.9"
    assert [path.name for path in hosts.home.iterdir()] == [package().digest]
    monkeypatch.setattr("seawall.transport.session.package", lambda: pytest.fail("the agent is there already"))
    again = hosts.open()
    again.greet()
    assert again.facts["python"] == first.facts["python"]


def test_a_request_sent_on_trust_is_answered_on_the_first_visit_and_on_the_next(hosts: Hosts) -> None:
    for _ in range(2):
        session = hosts.open()
        session.send_early("dance")
        session.greet()
        with pytest.raises(HostError, match="knows no operation 'dance'"):
            session.answer()


def test_what_a_login_shell_prints_first_is_read_past(hosts: Hosts) -> None:
    session = hosts.open(before="echo 'Welcome to the machine'; printf 'need\\000\\000\\000'; head -c 20000 /dev/zero")
    session.greet()
    assert session.facts["python"]


def test_endless_noise_is_given_up_on(hosts: Hosts) -> None:
    session = hosts.open(before="exec yes")
    with pytest.raises(ConnectionFailed):
        session.greet()


def test_an_archive_that_arrives_damaged_is_not_unpacked(hosts: Hosts) -> None:
    session = hosts.open(digest="0" * 64)
    with pytest.raises(ConnectionFailed, match=f"ended with {BAD_ARCHIVE}"):
        session.greet()
    assert not hosts.home.exists() or list(hosts.home.iterdir()) == []


def test_what_the_host_says_when_it_fails_comes_with_the_error(hosts: Hosts) -> None:
    session = hosts.open(before="echo 'disk on fire' >&2; exit 3")
    with pytest.raises(ConnectionFailed, match="ended with 3") as caught:
        session.greet()
    assert caught.value.output == "disk on fire"


def test_a_host_that_goes_away_at_work_is_a_lost_connection(hosts: Hosts) -> None:
    session = hosts.open()
    session.greet()
    session._process.kill()
    with pytest.raises(ConnectionLost) as caught:
        session.request("releases")
    assert caught.value.exit_code == 4
    assert "run the command again" in caught.value.remedy


def test_the_archive_is_the_same_for_the_same_code_and_holds_the_agent_alone() -> None:
    first = package()
    names = zipfile.ZipFile(io.BytesIO(first.data)).namelist()
    assert all(name == "seawall/__init__.py" or name.startswith("seawall/agent/") for name in names)
    package.cache_clear()
    assert package() == first


def at(hosts: Hosts) -> Path:
    """Where the agent lies, after a first visit."""
    hosts.open().greet()
    return hosts.home / package().digest


def evil(ran: Path) -> str:
    return f"open({str(ran)!r}, 'w').close()\n"


def compiled(folder: Path) -> Path:
    """The file that Python runs in the place of the agent's main module."""
    (found,) = (folder / "seawall/agent/__pycache__").glob("main.*.pyc")
    return found


def spoil(folder: Path, how: str, ran: Path) -> None:
    """Change an agent that lies on the host; it would leave a file at ``ran`` if it ran."""
    main = folder / "seawall/agent/main.py"
    if how == "a file edited":
        main.write_text(main.read_text() + evil(ran))
    elif how == "a file compiled anew":
        main.write_text(main.read_text() + evil(ran))
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(main), cfile=str(compiled(folder)), invalidation_mode=mode)
        main.write_bytes((Path(seawall.__file__).parent / "agent/main.py").read_bytes())
    elif how == "a file cut off":
        main.write_bytes(main.read_bytes()[:100])
        compiled(folder).write_bytes(b"")
    elif how == "a file more":
        (folder / "json.py").write_text(evil(ran))
    elif how == "a folder more":
        (folder / "seawall/agent/wire").mkdir()
        (folder / "seawall/agent/wire/__init__.py").write_text(evil(ran))
    elif how == "a link":
        main.rename(ran.with_suffix(".py"))
        main.symlink_to(ran.with_suffix(".py"))
    elif how == "writable by others":
        main.chmod(0o666)
    elif how == "a folder writable by others":
        (folder / "seawall").chmod(0o777)
    elif how == "somebody else's":
        os.chown(main, 65534, 65534)
    elif how == "compiled by another Python":
        for file in folder.glob("compiled-*"):
            file.rename(folder / "compiled-cpython-30")
    else:
        shutil.rmtree(folder)
        folder.write_text("no folder at all")


@pytest.mark.parametrize(
    "how",
    [
        "a file edited",
        "a file compiled anew",
        "a file cut off",
        "a file more",
        "a folder more",
        "a link",
        "writable by others",
        "a folder writable by others",
        pytest.param("somebody else's", marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root may do that")),
        "compiled by another Python",
        "no folder",
    ],
)
def test_an_agent_that_is_not_as_it_was_sent_is_sent_again_and_not_run(hosts: Hosts, tmp_path: Path, how: str) -> None:
    folder, ran = at(hosts), tmp_path / "ran"
    before = os.open(folder, os.O_RDONLY)  # open, so that its number is nobody else's
    spoil(folder, how, ran)
    again = hosts.open()
    again.greet()
    assert again.facts["python"]
    assert not ran.exists()
    assert folder.stat().st_ino != os.fstat(before).st_ino
    os.close(before)
    assert (folder / "seawall/agent/main.py").read_bytes() == (
        Path(seawall.__file__).parent / "agent/main.py"
    ).read_bytes()
    assert [path.name for path in hosts.home.iterdir()] == [package().digest]


def test_an_agent_that_cannot_be_put_away_does_not_run(hosts: Hosts, tmp_path: Path) -> None:
    folder, ran = at(hosts), tmp_path / "ran"
    spoil(folder, "a file edited", ran)
    refusing = "import os\ndef refuse(*_): raise PermissionError\nos.rename = refuse"
    with pytest.raises(ConnectionFailed, match=f"ended with {BAD_ARCHIVE}"):
        hosts.open(python=refusing).greet()
    assert not ran.exists()


#: Another session removes a folder while this one looks at it.
VANISHING = """
import os
lstat = os.lstat
def look(path, **how):
    if str(path).endswith("gone"): os.unlink(path)
    return lstat(path, **how)
os.lstat = look
"""


def test_agents_that_nobody_used_for_long_are_removed_and_what_cannot_be_is_no_obstacle(hosts: Hosts) -> None:
    hosts.home.mkdir()
    (hosts.home / "young").mkdir()
    (hosts.home / "old").mkdir()
    for name in ("link", "gone"):
        (hosts.home / name).symlink_to("nowhere")
    for name in ("old", "link", "gone"):
        os.utime(hosts.home / name, (0, 0), follow_symlinks=False)
    hosts.open(python=VANISHING).greet()
    assert {path.name for path in hosts.home.iterdir()} == {package().digest, "young", "link"}


def test_what_python_compiled_is_used_and_nothing_is_written_on_later_visits(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stamps() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}

    folder = at(hosts)
    first = stamps()
    assert compiled(folder) in first
    monkeypatch.setattr("seawall.transport.session.package", lambda: pytest.fail("the agent is there already"))
    hosts.open().greet()
    assert stamps() == first


@pytest.mark.parametrize("above", [False, True])
def test_no_agent_runs_from_a_place_that_others_may_write_to(hosts: Hosts, above: bool) -> None:
    at(hosts)
    place = hosts.home.parent if above else hosts.home
    place.chmod(0o777)
    with pytest.raises(ConnectionFailed, match=f"ended with {BAD_PLACE}"):
        hosts.open().greet()


def test_an_archive_that_is_none_is_refused(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.transport.session.package", lambda: Package(b"no archive", package().digest))
    with pytest.raises(ConnectionFailed, match=f"ended with {BAD_ARCHIVE}"):
        hosts.open().greet()


def test_two_first_visits_at_once_both_find_the_agent(hosts: Hosts) -> None:
    sessions = [hosts.open() for _ in range(2)]
    for session in sessions:
        session.greet()
    assert package().digest in [path.name for path in hosts.home.iterdir()]
