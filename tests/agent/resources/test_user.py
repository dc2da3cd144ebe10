"""Users: system users without a shell; somebody else's user is never taken over."""

from __future__ import annotations

import grp
import pwd

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import user
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import User

from ..fake_programs import Programs

NEW = User("seawall-no-such-user", "/srv/app/data", ("www-data", "adm"))


def test_a_missing_user_is_created_without_shell_or_home_folder(programs: Programs, work: Work) -> None:
    programs.add("useradd")
    found = user.observe(NEW)
    change = user.diff(NEW, found)
    assert change is not None
    assert change.action == "create"
    assert change.diff.splitlines() == [
        "home /srv/app/data, shell /usr/sbin/nologin",
        "joins the group www-data",
        "joins the group adm",
    ]
    user.apply(NEW, found, work)
    assert programs.called() == [
        "useradd --system --no-create-home --home-dir /srv/app/data --shell /usr/sbin/nologin --user-group"
        " --groups www-data,adm seawall-no-such-user"
    ]


def test_a_group_of_that_name_becomes_the_users_group(programs: Programs, work: Work) -> None:
    programs.add("useradd")
    group = next(g.gr_name for g in grp.getgrall() if g.gr_name not in {u.pw_name for u in pwd.getpwall()})
    resource = User(group, "/srv/app/data")
    user.apply(resource, user.observe(resource), work)
    assert f"--gid {group}" in programs.called()[0]
    assert "--user-group" not in programs.called()[0]


def test_a_user_of_that_name_with_another_home_is_not_seawalls() -> None:
    with pytest.raises(ApplyFailed, match=r"'root' is already on this host, with its home in /root") as caught:
        user.observe(User("root", "/srv/root/data"))
    assert "another name" in caught.value.remedy


def test_a_user_as_it_should_be_is_no_change() -> None:
    resource = User("nobody", pwd.getpwnam("nobody").pw_dir)
    assert user.diff(resource, user.observe(resource)) is None


def test_a_missing_membership_is_added_to_those_there_are(programs: Programs, work: Work) -> None:
    programs.add("usermod")
    resource = User("nobody", pwd.getpwnam("nobody").pw_dir, ("adm",))
    found = user.observe(resource)
    change = user.diff(resource, found)
    assert change is not None
    assert (change.action, change.diff) == ("update", "joins the group adm")
    user.apply(resource, found, work)
    assert programs.called() == ["usermod --append --groups adm nobody"]


def test_useradds_refusal_is_passed_on(programs: Programs, work: Work) -> None:
    programs.add("useradd", "echo 'useradd: cannot lock /etc/passwd' >&2; exit 1")
    with pytest.raises(ApplyFailed) as caught:
        user.apply(NEW, user.observe(NEW), work)
    assert caught.value.output == "useradd: cannot lock /etc/passwd"
