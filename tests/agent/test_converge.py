"""A host comes to hold what it should, or stays exactly as it was."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent import converge, owned, process
from seawall.agent.errors import ApplyFailed, BadRequest, Cancelled, CheckRefused, NeedsPerson
from seawall.agent.owned import Owned
from seawall.agent.resource import Resource
from seawall.agent.resources import at_boot, package
from seawall.agent.undo import UndoLog
from seawall.agent.vocabulary import (
    Absent,
    AtBoot,
    Certificate,
    Change,
    Directory,
    Event,
    File,
    Link,
    Package,
    Service,
    User,
    Uv,
)

from .crashes import killed_at, snapshot
from .fake_programs import Programs

pytestmark = pytest.mark.usefixtures("disk_that_need_not_be_waited_for")

NGINX = Service("nginx", check=("nginx", "-t"), reload=("ctl", "reload"), start=("ctl", "start"), running=("ctl", "is"))


class Host:
    """A folder that plays the host, with programs that play its services."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.undo = folder / "state" / "undo"
        self.owned = folder / "state" / "owned.json"
        self.programs = programs
        self.events: list[Event] = []
        self.resources: tuple[Resource, ...] = ()

    def path(self, name: str) -> str:
        return str(self.root / name)

    def plan(self, *resources: Resource, shared: tuple[str, ...] = ()) -> tuple[Change, ...]:
        return converge.plan(resources, owned.read(str(self.owned)), shared)

    def apply(self, *resources: Resource, shared: tuple[str, ...] = ()) -> tuple[Service, ...]:
        log = UndoLog(str(self.undo))
        return converge.apply(resources, log, owned_path=str(self.owned), shared=shared, report=self.events.append)

    def settle(self, *resources: Resource) -> None:
        """Apply for good, as after a release that was switched to."""
        self.apply(*resources)
        UndoLog(str(self.undo)).forget()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    (tmp_path / "programs").mkdir()
    (tmp_path / "state").mkdir()
    monkeypatch.setattr(process, "PATH", f"{tmp_path / 'programs'}:/usr/bin:/bin")
    programs = Programs(tmp_path / "programs")
    programs.add("nginx")
    programs.add("ctl")
    programs.add("dpkg-query", r"printf 'nginx\tinstalled\n'")
    return Host(tmp_path, programs)


def site(host: Host, text: str = "server {}\n") -> File:
    return File(host.path("sites/app"), text, service="nginx")


# --- the plan


def test_the_plan_is_complete_in_the_order_of_making_whatever_the_order_of_wanting(host: Host) -> None:
    wanted: tuple[Resource, ...] = (
        NGINX,
        Link(host.path("sites/link"), "app", service="nginx"),
        site(host),
        Certificate(host.path("cert"), host.path("key"), ("example.org",)),
        Directory(host.path("sites")),
        Uv(host.path("uv"), "0.9.1"),
        User("seawall-no-such-user", "/srv/app/data"),
        Package("nginx"),
        Package("openssl"),
    )
    changes = host.plan(*wanted)
    assert [(change.kind, change.action) for change in changes] == [
        ("package", "install"),
        ("user", "create"),
        ("directory", "create"),
        ("uv", "install"),
        ("link", "create"),
        ("file", "create"),
        ("certificate", "create"),
        ("service", "reload"),
    ]
    assert list(host.root.iterdir()) == []


def test_nothing_to_do_is_an_empty_plan_and_touches_nothing(host: Host) -> None:
    wanted = (Package("nginx"), NGINX, Directory(host.path("sites")), site(host), Link(host.path("link"), "sites"))
    host.settle(*wanted)
    before = snapshot(host.root.parent / "state")
    assert host.plan(*wanted) == ()
    assert host.apply(*wanted) == ()
    assert snapshot(host.root.parent / "state") == before


def test_what_seawall_wrote_and_no_longer_wants_is_planned_as_a_deletion_with_its_content(host: Host) -> None:
    old = File(host.path("sites/old"), "server old;\n", service="nginx")
    secret = File(host.path("env"), "password=x", secret=True)
    host.settle(NGINX, site(host), old, secret, Link(host.path("old-link"), "nowhere"))
    changes = host.plan(NGINX, site(host))
    assert [(change.kind, Path(change.name).name, change.action) for change in changes] == [
        ("file", "env", "delete"),
        ("link", "old-link", "delete"),
        ("file", "old", "delete"),
        ("service", "nginx", "reload"),
    ]
    assert changes[0].diff == "(secret: content hidden) deleted"
    assert "-server old;" in changes[2].diff
    assert changes[2].diff.splitlines()[1] == "+++ /dev/null"
    assert host.apply(NGINX, site(host)) == (NGINX,)
    assert not Path(old.path).exists()
    assert [item.path for item in owned.read(str(host.owned))] == [site(host).path]


def test_a_path_another_app_has_too_is_not_deleted(host: Host) -> None:
    host.settle(NGINX, site(host))
    assert host.plan(NGINX, shared=(site(host).path,)) == ()
    host.apply(NGINX, shared=(site(host).path,))
    assert Path(site(host).path).exists()


def test_what_several_apps_list_is_of_others_and_ones_own_list_is_not(tmp_path: Path) -> None:
    for app, paths in {"one": ["/a", "/shared"], "two": ["/b", "/shared"], "three": []}.items():
        state = tmp_path / app / "state"
        state.mkdir(parents=True)
        (state / "owned.json").write_bytes(owned.to_bytes(Owned(path) for path in paths))
    (tmp_path / "four").mkdir()
    assert owned.of_others(str(tmp_path / "one/state/owned.json")) == {"/b", "/shared"}
    assert owned.of_others(str(tmp_path / "new/state/owned.json")) == {"/a", "/b", "/shared"}


def test_what_became_a_folder_since_is_no_longer_seawalls_to_delete(host: Host) -> None:
    host.settle(NGINX, site(host))
    Path(site(host).path).unlink()
    Path(site(host).path).mkdir()
    assert host.plan(NGINX) == ()


def test_files_of_a_stopped_service_are_planned_with_a_start_not_a_reload(host: Host) -> None:
    host.programs.add("ctl", "[ $1 = is ] && exit 3; exit 0")
    assert [change.action for change in host.plan(NGINX, site(host))] == ["create", "start"]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ((File("/x", "a"), Link("/x", "b")), "wanted twice"),
        ((Certificate("/x", "/x", ("a",)),), "wanted twice"),
        ((File("relative", "a"),), "not absolute"),
        ((File("/x", "secret", service="apache"),), "'apache', which is not among"),
    ],
)
def test_resources_that_contradict_each_other_are_refused(
    host: Host, resources: tuple[Resource, ...], message: str
) -> None:
    with pytest.raises(BadRequest, match=message) as caught:
        host.plan(*resources)
    assert "secret" not in str(caught.value)


def test_the_same_resource_twice_is_one(host: Host) -> None:
    assert len(host.plan(NGINX, site(host), site(host))) == 2


def test_an_unreadable_list_of_owned_paths_is_a_matter_for_a_person(host: Host) -> None:
    host.owned.write_text('{"paths": [{"way": 1}]}')
    with pytest.raises(NeedsPerson, match="cannot be read"):
        host.plan()


# --- its fingerprint


def test_the_fingerprint_is_the_same_as_long_as_the_host_is(host: Host) -> None:
    wanted = (NGINX, site(host), Directory(host.path("sites")))
    assert converge.digest(host.plan(*wanted)) == converge.digest(host.plan(*wanted))


@pytest.mark.parametrize("secret", [False, True])
def test_a_host_that_changed_since_the_plan_has_another_fingerprint(host: Host, secret: bool) -> None:
    resource = File(host.path("file"), "wanted", secret=secret)
    prints = {converge.digest(host.plan(resource))}
    for text in ("one", "two"):
        Path(resource.path).write_text(text)
        prints.add(converge.digest(host.plan(resource)))
    Path(resource.path).chmod(0o600)
    prints.add(converge.digest(host.plan(resource)))
    assert len(prints) == 4


def test_other_wishes_have_another_fingerprint_even_where_the_plan_hides_them(host: Host) -> None:
    one, two = (host.plan(File(host.path("env"), text, secret=True)) for text in ("one", "two"))
    assert one == two
    assert converge.digest(one, ["one"]) != converge.digest(two, ["two"])


# --- the changes


def test_the_service_checks_after_all_files_are_there_and_reloads_later(host: Host) -> None:
    both = f"[ -e {host.path('sites/app')} ] && [ -L {host.path('sites/link')} ]"
    host.programs.add("nginx", both)
    told = host.apply(NGINX, site(host), Link(host.path("sites/link"), "app", service="nginx"))
    assert told == (NGINX,)
    assert "ctl reload" not in host.programs.called()
    converge.reload(told, UndoLog(str(host.undo)))
    assert host.programs.called()[-2:] == ["ctl reload", "ctl is"]


def test_a_service_whose_files_did_not_change_is_left_alone(host: Host) -> None:
    told = host.apply(NGINX, File(host.path("other"), "x"))
    assert told == ()
    assert host.programs.called() == ["ctl is"]


def test_a_stopped_service_is_started_and_needs_no_reload(host: Host) -> None:
    host.programs.add("ctl", "[ $1 = is ] && exit 3; exit 0")
    assert host.apply(NGINX, site(host)) == ()
    assert host.programs.called()[-1] == "ctl start"


def test_a_drop_in_is_there_before_the_package_whose_service_starts_at_once(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "LISTS", str(tmp_path / "lists"))
    monkeypatch.setattr(converge, "DROP_IN", re.compile(re.escape(host.path("nginx.service.d/"))))
    drop_in = File(host.path("nginx.service.d/10-seawall.conf"), "[Service]\n", service="systemd")
    host.programs.add("dpkg-query")
    host.programs.add("apt-get", f'test "$1" != install || cat {drop_in.path} || exit 1')
    told = host.apply(Package("nginx"), drop_in, Service("systemd", reload=("ctl", "daemon-reload")))
    assert [item.reload for item in told] == [("ctl", "daemon-reload")]


def test_packages_come_before_users_before_files(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lists").mkdir()
    monkeypatch.setattr(package, "LISTS", str(tmp_path / "lists"))
    host.programs.add("apt-get")
    host.programs.add("useradd", f"[ ! -e {host.path('sites/app')} ]")
    host.apply(NGINX, site(host), User("seawall-no-such-user", "/srv/app/data"), Package("openssl"))
    names = [call.split()[0] for call in host.programs.called()]
    assert names == ["dpkg-query", "apt-get", "apt-get", "useradd", "nginx", "ctl"]


def test_each_step_is_told_with_what_it_makes_and_how_it_ended(host: Host) -> None:
    host.apply(NGINX, site(host), Directory(host.path("data")))
    assert [(event.step, event.state, event.text) for event in host.events] == [
        ("directories", "start", host.path("data")),
        ("directories", "done", host.path("data")),
        ("files", "start", host.path("sites/app")),
        ("files", "done", host.path("sites/app")),
        ("check nginx", "start", "nginx -t"),
        ("check nginx", "done", "nginx -t"),
    ]


# --- and back


def test_a_refusal_puts_every_file_of_this_apply_back(host: Host) -> None:
    host.settle(NGINX, site(host), File(host.path("gone"), "x"))
    before = snapshot(host.root.parent / "root"), host.owned.read_text()
    place = host.path("sites/app")
    host.programs.add("nginx", f"echo 'nginx: [emerg] bad in {place}:1' >&2; exit 1")
    with pytest.raises(CheckRefused, match="nginx refused") as caught:
        host.apply(NGINX, site(host, "bad\n"), Directory(host.path("new")), File(host.path("other"), "x"))
    assert (snapshot(host.root.parent / "root"), host.owned.read_text()) == before
    assert caught.value.place == f"{place}:1"
    assert "seawall.toml" in caught.value.remedy
    assert UndoLog(str(host.undo)).empty
    assert host.events[-1].state == "failed"


def test_a_refusal_brings_back_a_link_that_was_taken_away(host: Host) -> None:
    Path(host.path("default")).symlink_to("/stock")
    host.programs.add("nginx", f"[ ! -L {host.path('default')} ] || exit 0; echo no >&2; exit 1")
    with pytest.raises(CheckRefused):
        host.apply(NGINX, Absent(host.path("default"), "/stock", service="nginx"))
    assert Path(host.path("default")).readlink() == Path("/stock")


def test_a_start_that_fails_puts_the_files_back(host: Host) -> None:
    host.programs.add("ctl", "exit 1")
    before = snapshot(host.root)
    with pytest.raises(ApplyFailed, match="nginx could not start"):
        host.apply(NGINX, site(host))
    assert snapshot(host.root) == before


def test_a_reload_that_fails_puts_the_files_back_and_has_the_old_ones_read(host: Host) -> None:
    host.settle(NGINX, site(host))
    told = host.apply(NGINX, site(host, "new\n"))
    host.programs.add("ctl", f"grep -q new {site(host).path} && exit 1; exit 0")
    with pytest.raises(ApplyFailed, match="could not reload"):
        converge.reload(told, UndoLog(str(host.undo)))
    assert Path(site(host).path).read_text() == "server {}\n"
    assert host.programs.called()[-4:] == ["ctl reload", "ctl is", "ctl reload", "ctl is"]


# --- one service in the place of another

OLD = Service("old", start=("ctl", "start", "old"), stop=("ctl", "stop", "old"), running=("ctl", "is", "old"))
NEW = Service("new", start=("ctl", "start", "new"), stop=("ctl", "stop", "new"), running=("ctl", "is", "new"))
INSTEAD = (replace(OLD, wanted=False), replace(NEW, takes_over="old"))


def done(host: Host) -> list[str]:
    return [call for call in host.programs.called() if " is " not in call]


@pytest.fixture
def old_runs(host: Host) -> Host:
    host.programs.add("ctl", '[ "$*" != "is new" ]')
    return host


def test_a_plan_says_which_service_ends_and_which_starts(old_runs: Host) -> None:
    made = [(change.name, change.action) for change in old_runs.plan(*INSTEAD)]
    assert made == [("old", "stop"), ("new", "start")]


def test_nothing_ends_before_the_switch_and_then_the_old_one_ends_first(old_runs: Host) -> None:
    told = old_runs.apply(*INSTEAD)
    assert done(old_runs) == []
    converge.reload(told, UndoLog(str(old_runs.undo)))
    assert done(old_runs) == ["ctl stop old", "ctl start new"]


def test_where_the_new_one_does_not_come_up_the_old_one_is_started_again_with_its_files(old_runs: Host) -> None:
    theirs = File(old_runs.path("sites/app"), "old site\n")
    old_runs.settle(theirs)
    told = old_runs.apply(*INSTEAD)
    assert not Path(theirs.path).exists()
    body = f"""case "$*" in
        "stop old") touch {old_runs.path("stopped")} ;;
        "is old") ! [ -e {old_runs.path("stopped")} ] ;;
        "start new") exit 1 ;;
        "start old") cat {theirs.path} >{old_runs.path("read")} ;;
    esac"""
    old_runs.programs.add("ctl", body)
    with pytest.raises(ApplyFailed, match="new could not start"):
        converge.reload(told, UndoLog(str(old_runs.undo)))
    assert done(old_runs) == ["ctl stop old", "ctl start new", "ctl stop new", "ctl start old"]
    assert Path(old_runs.path("read")).read_text() == "old site\n"


def test_a_service_that_runs_already_only_reads_its_files_while_the_other_ends(host: Host) -> None:
    both = (INSTEAD[0], replace(INSTEAD[1], reload=("ctl", "reload")))
    told = host.apply(*both, File(host.path("sites/app"), "site\n", service="new"))
    converge.reload(told, UndoLog(str(host.undo)))
    converge.reload_old(told)
    assert done(host) == ["ctl stop old", "ctl reload", "ctl reload"], "the old one runs, as far as this ctl knows"


def test_what_was_not_begun_is_put_back_without_a_moment_of_nobody(old_runs: Host) -> None:
    """As after a failure long before the switch: the new one is told to stop all the same, for it may be restarting."""
    converge.reload_old(INSTEAD)
    assert done(old_runs) == ["ctl stop new"]


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(at_boot, "WANTS", str(tmp_path / "wants"))
    return tmp_path / "wants"


def test_what_starts_at_boot_is_settled_before_a_package_is_installed_and_taken_back_with_the_rest(
    host: Host, units: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "LISTS", str(tmp_path / "lists"))
    host.programs.add("dpkg-query")
    host.programs.add("apt-get", f"[ $1 = update ] || [ -L {units}/new.service ]")
    host.apply(AtBoot("new.service"), AtBoot("old.service", on=False), Package("new"))
    assert (units / "new.service").readlink() == Path("/lib/systemd/system/new.service")
    UndoLog(str(host.undo)).roll_back()
    assert not (units / "new.service").is_symlink()


def test_what_is_no_longer_to_start_at_boot_is_told_and_comes_back(host: Host, units: Path) -> None:
    units.mkdir()
    (units / "old.service").symlink_to("/lib/systemd/system/old.service")
    (change,) = host.plan(AtBoot("old.service", on=False))
    assert (change.name, change.action, change.diff) == ("old.service", "update", "does not start at boot")
    host.apply(AtBoot("old.service", on=False))
    assert not (units / "old.service").is_symlink()
    assert host.plan(AtBoot("old.service", on=False)) == ()
    UndoLog(str(host.undo)).roll_back()
    assert (units / "old.service").is_symlink()


def test_stopping_in_the_middle_puts_everything_back(host: Host) -> None:
    before = snapshot(host.root)
    first = Path(host.path("a"))
    with pytest.raises(Cancelled):
        converge.apply(
            [File(str(first), "x"), File(host.path("b"), "y")],
            UndoLog(str(host.undo)),
            owned_path=str(host.owned),
            cancelled=first.exists,
        )
    assert snapshot(host.root) == before


def test_an_interrupt_puts_everything_back(host: Host) -> None:
    before = snapshot(host.root)

    def report(event: Event) -> None:
        if event == Event("step", "check nginx", "start", "nginx -t"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        converge.apply([NGINX, site(host)], UndoLog(str(host.undo)), owned_path=str(host.owned), report=report)
    assert snapshot(host.root) == before


def test_a_place_that_cannot_be_written_is_an_error_with_its_place(host: Host) -> None:
    Path(host.path("file")).touch()
    with pytest.raises(ApplyFailed) as caught:
        host.apply(File(host.path("file/below"), "x"))
    assert caught.value.place


def test_where_putting_back_fails_too_a_person_is_told_of_both(host: Host) -> None:
    place = site(host).path
    host.programs.add("nginx", f"rm {place}; mkdir -p {place}/full; exit 1")
    with pytest.raises(NeedsPerson, match=rf"nginx refused .*; then Not everything .*{place}"):
        host.apply(NGINX, site(host))
    assert not UndoLog(str(host.undo)).empty


@pytest.mark.slow
def test_killed_at_any_moment_another_process_puts_everything_back(host: Host) -> None:
    host.programs.add("python3", "mkdir -p $3/bin; printf '#!/bin/sh\\n' > $3/bin/python; chmod 755 $3/bin/python")
    host.settle(NGINX, site(host), File(host.path("gone"), "x", service="nginx"), Directory(host.path("data")))
    before = snapshot(host.root), host.owned.read_text()
    wanted = (
        NGINX,
        site(host, "new\n"),
        Directory(host.path("data"), 0o700),
        File(host.path("deep/new/env"), "password", mode=0o600, secret=True),
        Link(host.path("sites/link"), "app", service="nginx"),
        Certificate(host.path("tls/cert"), host.path("tls/key"), ("example.org",)),
        Uv(host.path("uv"), "0.9.1"),
    )
    step = 1
    while killed_at(step, lambda: host.apply(*wanted)):
        UndoLog.load(str(host.undo)).roll_back()
        assert (snapshot(host.root), host.owned.read_text()) == before, f"killed at step {step}"
        step += 1
    assert step > 100
    assert json.loads(host.owned.read_text())["paths"][0]["path"] == host.path("deep/new/env")
