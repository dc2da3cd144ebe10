"""A deployment that was cut off is finished if the link had moved, else undone: by the next command, which says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.protocol import Host, NoBuilder
from seawall.agent import deployment, programs, releases, session
from seawall.agent.deployment import Deployer
from seawall.agent.errors import AgentError, NeedsPerson
from seawall.agent.files import replace_link
from seawall.agent.journal import Journal
from seawall.agent.programs import Programs
from seawall.agent.resource import resource_to_wire
from seawall.agent.sockets import Listener
from seawall.agent.undo import UndoLog
from seawall.agent.vocabulary import Event, Service, to_wire


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host with two releases: v1 live, v2 prepared by an agent that has gone without a word."""
    with ExitStack() as stack:
        made = Host(tmp_path, stack)
        stack.callback(lambda: [running.close() for running in made.manager.running_now.values()])
        monkeypatch.setattr(session, "manager_for", lambda _: made.manager)
        monkeypatch.setattr(deployment, "Builder", NoBuilder)
        for name in ("one", "two"):
            talk = made.session()
            talk.prepare(name)
            talk.ask("commit")
            talk.leave()
        replace_link(str(made.places.live), "releases/v1")
        first = made.places.release("v1")
        made.manager.start(first, releases.load(made.places, "v1").release.programs[0])
        begin(made)
        yield made


def begin(host: Host, **changes: object) -> None:
    facts = {"action": "deploy", "release": "v2", "new": True, "by": "ada@desk", "old": "v1", **changes}
    Journal(host.places.journal).write("begin", **facts)


def deployer(host: Host) -> Deployer:
    journal, its = Journal(host.places.journal), programs_of(host, [])
    return Deployer(host.places, its, journal, its.report, its.cancelled)


def programs_of(host: Host, told: list[Event]) -> Programs:
    return Programs(host.places, host.manager, told.append, lambda: False)


def test_without_a_cut_off_deployment_nothing_is_done(host: Host) -> None:
    Journal(host.places.journal).write("end", outcome="done", release="v2")
    assert deployer(host).recover() == ""


def test_before_the_switch_it_is_undone(host: Host) -> None:
    said = deployer(host).recover()
    assert "deploy of v2 by ada@desk" in said
    assert said.endswith("was undone: v1 is live")
    assert host.live == "v1"
    assert list(host.manager.running_now) == ["v1"]
    assert os.listdir(host.places.releases) == ["v1"]
    assert deployer(host).recover() == ""


def test_after_the_switch_it_is_finished(host: Host) -> None:
    replace_link(str(host.places.live), "releases/v2")
    assert deployer(host).recover().endswith("was finished: v2 is live")
    assert host.live == "v2"
    assert list(host.manager.running_now) == ["v2"]
    assert deployer(host).recover() == ""


def test_what_was_being_written_into_a_release_is_cleared_away(host: Host) -> None:
    half = host.places.release("v1").root / ".seawall-0123456789abcdef"
    half.write_text("{")
    deployer(host).recover()
    assert not half.exists()


def test_after_the_switch_to_a_release_that_has_died_it_is_undone(host: Host) -> None:
    replace_link(str(host.places.live), "releases/v2")
    host.manager.stop(host.places.release("v2"), releases.load(host.places, "v2").release.programs[0])
    assert deployer(host).recover().endswith("was undone: v1 is live")
    assert host.live == "v1"
    assert list(host.manager.running_now) == ["v1"]


@pytest.mark.parametrize("left", ["nothing", "a folder", "no record"])
def test_a_release_that_was_only_begun_is_cleared_away(host: Host, left: str) -> None:
    at = host.places.release("v3")
    begin(host, release="v3")
    if left != "nothing":
        (at.root / "code" / "deep").mkdir(parents=True)
    if left == "no record":
        at.env.write_text("")
    assert deployer(host).recover().endswith("was undone: v1 is live")
    assert not at.root.exists()


def test_a_rollback_that_was_cut_off_leaves_the_release_on_the_host(host: Host) -> None:
    begin(host, action="rollback", new=False)
    deployer(host).recover()
    assert host.live == "v1"
    assert list(host.manager.running_now) == ["v1"]
    assert sorted(os.listdir(host.places.releases)) == ["v1", "v2"]


def test_a_first_deployment_that_was_cut_off_leaves_no_release_live(host: Host) -> None:
    begin(host, old="")
    host.places.live.unlink()
    replace_link(str(host.places.live), "releases/v2")
    host.manager.why_broken = "died"
    assert deployer(host).recover().endswith("was undone: no release is live")
    assert host.live == ""


def test_files_that_were_written_are_put_back(host: Host, tmp_path: Path) -> None:
    mine = tmp_path / "site.conf"
    mine.write_text("old")
    UndoLog(str(host.places.undo)).write_file(str(mine), b"new", 0o644)
    deployer(host).recover()
    assert mine.read_text() == "old"


def test_undoing_that_fails_needs_a_person_and_is_tried_again_by_the_next_command(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(*_: object) -> None:
        raise AgentError("the service does not stop")

    with monkeypatch.context() as patch:
        patch.setattr(host.manager, "stop", stuck)
        with pytest.raises(NeedsPerson) as caught:
            deployer(host).recover()
    assert caught.value.exit_code == 4
    assert "the service does not stop" in caught.value.fact
    assert caught.value.state.startswith("v1 is live")
    assert deployer(host).recover().endswith("was undone: v1 is live")


def test_an_old_release_that_is_never_quiet_is_ended_when_its_time_is_over_and_that_is_said(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "listener", lambda _: Listener(listening=True, open_connections=2))
    told: list[Event] = []
    programs_of(host, told).drain("v1", 0.05)
    assert [event.text for event in told] == ["2 connections were still open after 0.05 s and were ended"]


def test_one_quiet_look_is_not_enough(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([0, 1, 0, 0])
    monkeypatch.setattr(programs, "listener", lambda _: Listener(listening=True, open_connections=next(looks)))
    told: list[Event] = []
    programs_of(host, told).drain("v1", 30)
    assert next(looks, "all looked at") == "all looked at"
    assert told == []


def test_a_service_that_was_to_take_anothers_place_gives_it_back(host: Host, tmp_path: Path) -> None:
    """After a power cut the host comes up with the new one, though nothing was switched."""
    started, stopped = tmp_path / "old started", tmp_path / "new stopped"
    old = Service("old", start=("touch", str(started)), running=("false",), wanted=False)
    new = Service("new", stop=("touch", str(stopped)), takes_over="old")
    Journal(host.places.journal).write("handover", services=[to_wire(old), to_wire(new)])
    assert "was undone: v1 is live" in deployer(host).recover()
    assert (started.exists(), stopped.exists()) == (True, True)


def test_a_handover_is_written_down_before_anything_changes(host: Host) -> None:
    talk = host.session()
    talk.ask("recover", by="ada@desk")
    old = Service("old", stop=("false",), running=("true",), wanted=False)
    plan = talk.ask("plan", resources=[resource_to_wire(old)], release=None, domains=[])["result"]
    assert [change["action"] for change in plan["changes"]] == ["stop"]
    talk.ask("prepare", fingerprint=plan["fingerprint"], new_release=False, lead=True)
    steps = [record["step"] for record in Journal(host.places.journal).records()]
    assert steps[steps.index("handover") + 1] == "applied"


def test_a_service_that_only_the_old_release_uses_is_ended_when_that_is_drained(host: Host, tmp_path: Path) -> None:
    talk = host.session()
    talk.ask("recover", by="ada@desk")
    copied = tmp_path / "journal"
    old = Service("pool", stop=("cp", str(host.places.journal), str(copied)), running=("true",), wanted=False)
    release, objects = host.wanted("three")
    asked = {"resources": [resource_to_wire(old)], "release": to_wire(release), "domains": []}
    plan = talk.ask("plan", **asked)["result"]
    talk.upload(objects)
    talk.ask("prepare", fingerprint=plan["fingerprint"], new_release=True, release_id="v3", lead=True)
    assert not copied.exists()
    assert talk.ask("commit")["result"]["live"] == "v3"
    assert [record["step"] for record in Journal(copied).records()][-1] == "drained"
