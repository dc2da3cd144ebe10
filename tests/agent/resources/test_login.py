"""Logins: made with keys and groups, and nothing is ever taken from one that is there."""

from __future__ import annotations

import grp
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.host_vocabulary import Login
from seawall.agent.resources import login
from seawall.agent.resources.work import Work

from ..fake_programs import Programs

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEp8Wq ada@desk"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvZeQ9 bob@desk"
FILE = ".ssh/authorized_keys"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user ada who is there, in the group sudo."""
    me = pwd.getpwuid(0)
    ada = SimpleNamespace(pw_dir=str(tmp_path / "ada"), pw_shell="/bin/bash", pw_uid=me.pw_uid, pw_gid=me.pw_gid)
    known = pwd.getpwnam
    monkeypatch.setattr(pwd, "getpwnam", lambda name: ada if name == "ada" else known(name))
    monkeypatch.setattr(grp, "getgrnam", lambda name: SimpleNamespace(gr_mem=["ada"] if name == "sudo" else []))
    (tmp_path / "ada").mkdir()
    return tmp_path / "ada"


def test_a_new_login_is_made_without_a_password(programs: Programs, work: Work) -> None:
    programs.add("useradd")
    programs.add("usermod")
    wanted = Login("no-such-login", FILE, ("sudo",))
    found = login.observe(wanted)
    change = login.diff(wanted, found)
    assert change is not None
    assert (change.action, change.diff) == ("create", "shell /bin/bash, no password\njoins the group sudo")
    login.apply(wanted, found, work)
    assert programs.called() == [
        "useradd --create-home --shell /bin/bash --user-group no-such-login",
        "usermod --append --groups sudo no-such-login",
    ]


def test_missing_keys_are_added_below_those_there_are(home: Path, work: Work) -> None:
    (home / ".ssh").mkdir(0o700)
    (home / FILE).write_text(f"# mine\n{OTHER}")
    wanted = Login("ada", FILE, ("sudo",), (KEY, OTHER))
    found = login.observe(wanted)
    change = login.diff(wanted, found)
    assert change is not None
    assert change.diff == "key ssh-ed25519 …AAIAEp8Wq ada@desk".replace("…AAIAEp8Wq", "…AIAEp8Wq")
    login.apply(wanted, found, work)
    assert (home / FILE).read_text() == f"# mine\n{OTHER}\n{KEY}\n"
    assert (home / FILE).stat().st_mode & 0o777 == 0o600
    assert login.diff(wanted, login.observe(wanted)) is None


def test_the_same_key_with_options_or_another_comment_is_there_already(home: Path) -> None:
    (home / ".ssh").mkdir(0o700)
    (home / FILE).write_text('from="10.0.0.0/8" ' + KEY.replace("ada@desk", "laptop") + "\n")
    wanted = Login("ada", FILE, ("sudo",), (KEY,))
    assert login.diff(wanted, login.observe(wanted)) is None


def test_a_key_in_a_comment_is_not_there(home: Path) -> None:
    (home / ".ssh").mkdir(0o700)
    (home / FILE).write_text(f"# {KEY}\n")
    assert login.observe(Login("ada", FILE, (), (KEY,))).keys == (KEY,)


def test_a_folder_that_is_a_link_is_not_written_through(home: Path, work: Work, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (home / ".ssh").symlink_to(tmp_path / "elsewhere")
    wanted = Login("ada", FILE, ("sudo",), (KEY,))
    with pytest.raises(ApplyFailed, match="in a folder that is one"):
        login.apply(wanted, login.observe(wanted), work)


def test_taking_back_takes_the_key_away_again(home: Path, work: Work) -> None:
    wanted = Login("ada", FILE, ("sudo",), (KEY,))
    login.apply(wanted, login.observe(wanted), work)
    assert KEY in (home / FILE).read_text()
    work.undo.roll_back()
    assert not (home / FILE).exists()


@pytest.mark.parametrize(
    ("pattern", "path"),
    [(FILE, "/home/ada/.ssh/authorized_keys"), ("/etc/keys/%u", "/etc/keys/ada"), ("%h/keys", "/home/ada/keys")],
)
def test_keys_go_where_sshd_looks_for_them(pattern: str, path: str) -> None:
    assert login.keys_path(Login("ada", pattern), "/home/ada") == path


def test_a_users_that_may_not_log_in_is_no_login() -> None:
    with pytest.raises(ApplyFailed, match="may not log in"):
        login.observe(Login("daemon", FILE))
