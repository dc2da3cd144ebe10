"""sshd's configuration, read as sshd reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.setup import sshd
from seawall.agent.setup.sshd import Said

from ..fake_programs import Programs


def test_lines_come_in_the_order_they_are_read_with_included_files_at_their_place(tmp_path: Path) -> None:
    folder = tmp_path / "sshd_config.d"
    folder.mkdir()
    (folder / "10-b.conf").write_text("PermitRootLogin = no\n")
    (folder / "05-a.conf").write_text("# nothing\n\n  PasswordAuthentication yes # why not\n")
    (folder / "ignored").write_text("Port 9\n")
    main = tmp_path / "sshd_config"
    main.write_text(f'Include {folder}/*.conf\nPort 22\nMatch User "x"\n')
    assert [(Path(line.place).name, line.keyword, line.value) for line in sshd.said(str(main))] == [
        ("sshd_config:1", "include", f"{folder}/*.conf"),
        ("05-a.conf:3", "passwordauthentication", "yes"),
        ("10-b.conf:1", "permitrootlogin", "no"),
        ("sshd_config:2", "port", "22"),
        ("sshd_config:3", "match", 'User "x"'),
    ]


def test_a_file_that_includes_itself_is_not_read_for_ever(tmp_path: Path) -> None:
    main = tmp_path / "sshd_config"
    main.write_text(f"Include {main}\nPort 22\n")
    lines = list(sshd.said(str(main)))
    assert Said(f"{main}:2", "port", "22") in lines
    assert len(lines) < 100


@pytest.fixture
def known(programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Programs:
    """An sshd on ports 22 and 2222, with a list of users."""
    monkeypatch.setattr(sshd, "RUN", str(tmp_path / "run"))
    programs.add("ssh", "echo curve25519-sha256")
    programs.add("systemctl", "echo ActiveState=inactive")
    programs.add(
        "sshd",
        "printf 'port 22\\nport 2222\\nlistenaddress 0.0.0.0:22\\nlistenaddress [::]:2222\\n'; "
        "printf 'allowusers ada\\nallowusers bob\\n'",
    )
    return programs


def test_ports_and_lists_are_sshds_own_account(known: Programs) -> None:
    found = sshd.look()
    assert found["ports"] == [22, 2222]
    assert found["settings"]["allowusers"] == ["ada", "bob"]
    assert found["kex"] == ["curve25519-sha256"]


def test_a_port_at_which_systemd_listens_for_it_counts_too(known: Programs) -> None:
    known.add(
        "systemctl", "echo ActiveState=active; echo 'Listen=[::]:2022 (Stream)'; echo 'Listen=0.0.0.0:2023 (Stream)'"
    )
    assert sshd.look()["ports"] == [22, 2022, 2023, 2222]


def test_an_sshd_that_cannot_read_its_files_is_not_touched(known: Programs) -> None:
    known.add("sshd", "echo '/etc/ssh/sshd_config: line 3: Bad configuration option: Prot' >&2; exit 255")
    with pytest.raises(ApplyFailed) as caught:
        sshd.look()
    assert "Bad configuration option: Prot" in caught.value.output
    assert caught.value.state == "nothing was changed"
