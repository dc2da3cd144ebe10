"""A set-up from this end: the new connection, its failure, and keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seawall.errors import ConnectionFailed, SetupTakenBack, UsageError
from seawall.operations import setup
from seawall.operations.setup import SetupPlan, as_user, carry_out, own_keys, read_keys
from seawall.stack.host import Options, compose
from stack.host_cases import FRESH, KEY

Answers = dict[str, Callable[[], dict[str, Any]]]


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Doors:
    """Who gets in by which destination; each knock is remembered with its options."""

    def __init__(self) -> None:
        self.reason = "it refused the login"
        self.shut: set[str] = set()
        self.pending = 0.0
        self.confirmed = True
        self.knocks: list[tuple[str, tuple[str, ...]]] = []

    def ssh(self, destination: str, options: tuple[str, ...] = ()) -> Any:
        def greet() -> None:
            self.knocks.append((destination, options))
            if destination in self.shut:
                raise ConnectionFailed(f"{destination} cannot be used: {self.reason}", place=destination)

        def request(op: str, **_: object) -> dict[str, Any]:
            return {"setup-confirm": {"confirmed": self.confirmed}, "setup-look": {"pending": self.pending}}[op]

        session = SimpleNamespace(greet=greet, request=request, close=lambda: None)
        return SimpleNamespace(open=lambda _password="": session)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(setup, "time", made)
    return made


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Doors:
    made = Doors()
    monkeypatch.setattr(setup, "Ssh", made.ssh)
    return made


def a_plan(*, guarded: bool = True) -> SetupPlan:
    def request(op: str, tell: object, **_: object) -> dict[str, Any]:
        return {"token": "t" if guarded else "", "seconds": 60}

    session: Any = SimpleNamespace(request=request, cancel=lambda: None, close=lambda: None)
    return SetupPlan("root@web1", session, "", FRESH, compose(FRESH, Options()), (), (), "f")


def done(plan: SetupPlan) -> tuple[Any, list[str]]:
    """What came of it, and what was told."""
    told = []
    work = carry_out(plan, 60)
    while True:
        try:
            told.append(next(work).event.text)  # type: ignore[union-attr]
        except StopIteration as end:
            return end.value, told


def test_a_new_connection_as_the_new_login_confirms(doors: Doors) -> None:
    result, told = done(a_plan())
    assert result.confirmed
    assert told[-1] == "deploy@web1 gets in; the changes stay"
    assert doors.knocks == [("deploy@web1", setup.FRESH)]


def test_a_channel_of_an_open_connection_would_not_count() -> None:
    assert {"ControlMaster=no", "ControlPath=none"} <= set(setup.FRESH)


def test_where_nothing_was_guarded_nothing_is_confirmed(doors: Doors) -> None:
    result, _ = done(a_plan(guarded=False))
    assert not result.confirmed
    assert doors.knocks == []


def test_a_login_that_fails_is_tried_again_but_not_often_and_then_waited_for(doors: Doors, clock: Clock) -> None:
    doors.shut = {"deploy@web1"}
    with pytest.raises(SetupTakenBack) as caught:
        done(a_plan())
    assert caught.value.exit_code == 1
    assert "it refused the login" in caught.value.fact
    assert "as they were" in caught.value.state
    assert [destination for destination, _ in doors.knocks] == [*["deploy@web1"] * setup.ATTEMPTS, "root@web1"]
    assert doors.knocks[-1] == ("root@web1", setup.FRESH)
    assert clock.now >= 60


def test_who_knew_the_host_by_a_key_that_goes_is_told_how_to_learn_the_other(doors: Doors) -> None:
    doors.shut, doors.reason = {"deploy@web1"}, "this machine does not know its host key"
    with pytest.raises(SetupTakenBack) as caught:
        done(a_plan())
    assert "`ssh -o HostKeyAlgorithms=ssh-ed25519 root@web1`" in caught.value.remedy


def test_a_host_that_lets_nobody_in_any_more_needs_a_person(doors: Doors) -> None:
    doors.shut = {"deploy@web1", "root@web1"}
    with pytest.raises(SetupTakenBack) as caught:
        done(a_plan())
    assert caught.value.exit_code == 4
    assert "console" in caught.value.remedy


def test_ctrl_c_in_between_says_what_becomes_of_the_changes(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "_confirm", interrupted)
    with pytest.raises(SetupTakenBack, match="stopped before") as caught:
        done(a_plan())
    assert caught.value.state == "it takes them back within 65 s"


def test_a_confirmation_that_comes_too_late_is_none(doors: Doors) -> None:
    doors.confirmed = False
    with pytest.raises(SetupTakenBack, match="too late"):
        done(a_plan())


@pytest.mark.parametrize(
    ("destination", "login"),
    [
        ("web1", "deploy@web1"),
        ("root@web1", "deploy@web1"),
        ("root@2001:db8::1", "deploy@2001:db8::1"),
        ("ssh://root@web1:2222", "ssh://deploy@web1:2222"),
        ("ssh://[2001:db8::1]:2222", "ssh://deploy@[2001:db8::1]:2222"),
    ],
)
def test_the_same_host_under_another_name(destination: str, login: str) -> None:
    assert as_user(destination, "deploy") == login


def test_public_keys_are_read_and_private_ones_never(tmp_path: Path) -> None:
    file = tmp_path / "id.pub"
    file.write_text(f"# mine\n{KEY}\n")
    assert read_keys(file) == (KEY,)
    for text, words in (("-----BEGIN OPENSSH PRIVATE KEY-----\n", "private half"), ("hello\n", "no public key")):
        file.write_text(text)
        with pytest.raises(UsageError, match=words):
            read_keys(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_keys(tmp_path / "absent")


def test_own_files_without_a_key_are_passed_over(tmp_path: Path) -> None:
    """Nobody named them: an empty one, or the certificate of a key, is no reason to stop."""
    (tmp_path / "id_a.pub").write_text("")
    (tmp_path / "id_b.pub").write_text(f"{KEY}\n")
    (tmp_path / "id_b-cert.pub").write_text("ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5 ada@desk\n")
    (tmp_path / "id_c.pub").write_bytes(b"\xff\xfe")
    assert own_keys(str(tmp_path / "id_*.pub")) == (KEY,)
