"""What a plan is told of the caller: where from, and by which keys."""

from __future__ import annotations

import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from seawall.agent.errors import NeedsPerson
from seawall.agent.setup import look, places

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEp8Wq ada@desk"


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("203.0.113.9 51000 192.0.2.1 2222", ("203.0.113.9", 2222)),
        ("2001:db8::9 51000 2001:db8::1 22", ("2001:db8::9", 22)),
        ("fe80::1%eth0 51000 fe80::2%eth0 22", ("fe80::1", 22)),
        ("UNKNOWN 65535 UNKNOWN 65535", ("", 0)),
        ("", ("", 0)),
    ],
)
def test_where_the_caller_comes_from_is_an_address_or_not_known(told: str, found: tuple[str, int]) -> None:
    assert look.connection(told) == found


def test_keys_keep_what_limits_them_and_those_with_a_command_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = f'from="203.0.113.0/24",no-pty {KEY}'
    lines = [
        limited,
        KEY,
        f"  {KEY}  ",
        f'command="/bin/backup" {KEY}',
        f"cert-authority {KEY}",
        f"# {KEY}",
        "nonsense",
    ]
    (tmp_path / "keys").write_text("\n".join(lines))
    monkeypatch.setattr(pwd, "getpwnam", lambda _: SimpleNamespace(pw_dir=str(tmp_path)))
    assert look._keys("ada", "keys") == [limited, KEY]


@pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"user": "ops"}'])
def test_a_kept_choice_that_makes_no_sense_is_told(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PROFILE", str(tmp_path / "profile.json"))
    (tmp_path / "profile.json").write_text(text)
    with pytest.raises(NeedsPerson, match="cannot be read"):
        look.profile()
