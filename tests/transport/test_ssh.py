"""What ssh and sudo say becomes a fact and a remedy; a stand-in for ssh plays the host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seawall.errors import ConnectionFailed
from seawall.transport import ssh
from seawall.transport.pack import SUDO_REFUSED
from seawall.transport.ssh import PasswordNeeded, Ssh

Play = Callable[[str], None]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Put a program called ssh first on PATH."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def write(body: str) -> None:
        program = programs / "ssh"
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)

    return write


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def failure(stack: ExitStack) -> ConnectionFailed:
    session = Ssh("deploy@shop").open()
    stack.callback(session.wait_closed, 10)
    with pytest.raises(ConnectionFailed) as caught:
        session.greet()
    assert caught.value.place == "deploy@shop"
    assert caught.value.state == "nothing was changed there"
    return caught.value


@pytest.mark.parametrize(
    ("said", "fact", "remedy"),
    [
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "its host key is not the one", "ssh-keygen -R"),
        ("Host key verification failed.", "this machine does not know its host key", "fingerprint"),
        ("deploy@shop: Permission denied (publickey).", "it refused the login", "`ssh deploy@shop`"),
        ("ssh: connect to host shop port 22: Connection refused", "nothing listens for ssh there", "port"),
        ("ssh: Could not resolve hostname shop: Name or service not known", "its name is not known", "spelling"),
        ("ssh: connect to host shop port 22: Connection timed out", "it does not answer", "reachable"),
        ("ssh: connect to host shop port 22: No route to host", "it does not answer", "reachable"),
        ("something new", "the connection ended at once (exit status 255)", "`ssh deploy@shop true`"),
    ],
)
def test_what_ssh_says_becomes_a_fact_and_a_remedy(
    play: Play, stack: ExitStack, said: str, fact: str, remedy: str
) -> None:
    play(f"echo '{said}' >&2; exit 255")
    error = failure(stack)
    assert str(error).startswith(f"deploy@shop cannot be used: {fact}")
    assert remedy in error.remedy
    assert said in error.output


@pytest.mark.parametrize(
    ("code", "fact"),
    [(90, "it has no python3"), (92, "no sudo"), (93, "older than 3.9"), (94, "arrived damaged")],
)
def test_what_the_host_lacks_is_said(play: Play, stack: ExitStack, code: int, fact: str) -> None:
    play(f"exit {code}")
    assert fact in str(failure(stack))


def test_a_password_for_sudo_goes_over_standard_input_and_is_in_no_argument(play: Play, tmp_path: Path) -> None:
    play(
        f'echo "$@" >> {tmp_path}/arguments; case "$*" in *"sudo -n"*) exit 91;; esac\n'
        f"head -n 1 > {tmp_path}/heard; exit 92"
    )
    with pytest.raises(PasswordNeeded):
        Ssh("deploy@shop").open().greet()
    with pytest.raises(ConnectionFailed):
        Ssh("deploy@shop").open("pass word").greet()
    assert (tmp_path / "heard").read_text() == "pass word\n"
    assert "pass word" not in (tmp_path / "arguments").read_text()


def test_a_wrong_password_is_said(play: Play, stack: ExitStack) -> None:
    play(f"echo 'sudo: 1 incorrect password attempt' >&2; exit {SUDO_REFUSED}")
    assert "sudo did not accept the password" in str(failure(stack))


def test_a_user_who_may_not_use_sudo_is_told(play: Play, stack: ExitStack) -> None:
    play("echo 'deploy is not in the sudoers file.' >&2; exit 1")
    assert "may not use sudo" in str(failure(stack))


def test_a_needed_password_is_an_error_of_its_own(play: Play, stack: ExitStack) -> None:
    play("exit 91")
    assert isinstance(failure(stack), PasswordNeeded)


@pytest.mark.parametrize("python", ["", "#!/bin/sh\nexit 93"], ids=["missing", "too old"])
def test_the_line_run_on_the_host_looks_for_python_itself(
    play: Play, tmp_path: Path, stack: ExitStack, python: str
) -> None:
    there = tmp_path / "host"
    there.mkdir()
    (there / "sh").symlink_to("/bin/sh")
    (there / "id").symlink_to("/usr/bin/id")
    if python:
        (there / "python3").write_text(python)
        (there / "python3").chmod(0o755)
    play(f'for last; do :; done; PATH={there} exec /bin/sh -c "$last"')
    assert ("older than 3.9" if python else "it has no python3") in str(failure(stack))


def test_a_destination_cannot_be_an_option(play: Play, tmp_path: Path, stack: ExitStack) -> None:
    play(f'printf "%s\\n" "$@" > {tmp_path}/arguments; exit 255')
    session = Ssh("-oProxyCommand=true").open()
    stack.callback(session.wait_closed, 10)
    with pytest.raises(ConnectionFailed):
        session.greet()
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[arguments.index("-oProxyCommand=true") - 1] == "--"


def test_a_command_for_the_person_keeps_its_words_apart(tmp_path: Path) -> None:
    words = ["printf", "%s|", "a b", "'quoted'", "$HOME; exit 3"]
    command = ssh.interactive("shop", words, terminal=True)
    assert command[:4] == ["ssh", "-t", "--", "shop"]
    assert "-T" in ssh.interactive("shop", words, terminal=False)
    (tmp_path / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "sudo").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(["/bin/sh", "-c", command[4]], env={"PATH": path}, capture_output=True, text=True, check=True)
    assert done.stdout == "a b|'quoted'|$HOME; exit 3|"
