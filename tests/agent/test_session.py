"""The agent's side of a deployment, request by request, over a pipe."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.http_servers import answers
from agent.protocol import Host, NoBuilder, Talk
from agent.sample import SECRET
from seawall.agent import deployment, looking, queries, session
from seawall.agent.data import exchange
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.vocabulary import Data, data_to_wire
from seawall.agent.journal import Journal
from seawall.agent.resource import resource_to_wire
from seawall.agent.vocabulary import Directory, File


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    with ExitStack() as stack:
        made = Host(tmp_path, stack)
        stack.callback(lambda: [running.close() for running in made.manager.running_now.values()])
        for module in (session, looking):
            monkeypatch.setattr(module, "manager_for", lambda _: made.manager)
        monkeypatch.setattr(deployment, "Builder", NoBuilder)
        yield made


@pytest.fixture
def talk(host: Host) -> Talk:
    return host.session()


@pytest.fixture
def deployed(host: Host) -> Host:
    """A host with a live release, v1."""
    talk = host.session()
    assert talk.prepare()["result"] == {"release": "v1", "old": ""}
    assert talk.ask("commit")["result"] == {"live": "v1", "troubles": []}
    talk.leave()
    return host


def as_it_was(host: Host) -> None:
    assert host.live == "v1"
    assert list(host.manager.running_now) == ["v1"]
    assert os.listdir(host.places.releases) == ["v1"]
    assert Journal(host.places.journal).interrupted() is None
    assert "result" in host.session().prepare("after"), "the lock is free and the next deployment works"


def test_prepare_lets_the_old_release_serve_and_commit_switches(deployed: Host) -> None:
    talk = deployed.session()
    assert talk.prepare("two")["result"] == {"release": "v2", "old": "v1"}
    assert deployed.live == "v1"
    assert sorted(deployed.manager.running_now) == ["v1", "v2"]
    assert talk.ask("commit")["result"] == {"live": "v2", "troubles": []}
    assert deployed.live == "v2"
    assert list(deployed.manager.running_now) == ["v2"]
    done = [event["step"] for event in talk.events if event.get("state") == "done"]
    assert done == ["staged", "built", "started", "gated", "switched", "drained", "pruned"]


def test_abort_undoes_what_was_prepared(deployed: Host) -> None:
    talk = deployed.session()
    talk.prepare("two")
    assert talk.ask("abort")["result"] == {"live": "v1", "aftermath": ""}
    assert deployed.manager.killed == ["v2"], "nobody waits for a release that never took traffic"
    as_it_was(deployed)


def test_a_connection_that_ends_before_the_commit_undoes_what_was_prepared(deployed: Host) -> None:
    talk = deployed.session()
    talk.prepare("two")
    talk.leave()
    as_it_was(deployed)


@pytest.mark.slow
def test_a_tool_that_falls_silent_has_gone_and_one_that_says_it_is_there_has_not(
    deployed: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE", 1.5)
    talk = deployed.session()
    assert "result" in talk.prepare("two")
    for _ in range(10):
        talk.wire.send({"op": "beat"})
        time.sleep(0.2)
    assert sorted(deployed.manager.running_now) == ["v1", "v2"], "nothing is undone while a person thinks"
    talk.agent.join(30)
    assert not talk.agent.is_alive()
    as_it_was(deployed)


def test_a_restore_that_was_cut_off_is_told_and_put_right_by_the_next_command_that_recovers(deployed: Host) -> None:
    at, live, aside = (DataPlaces(deployed.places.base), deployed.places.data, deployed.places.base / "data_before_x")
    for folder in (at.folder, live, aside):
        folder.mkdir(exist_ok=True)
    at.settings.write_text(json.dumps(data_to_wire(Data("tiny", str(at.base), ""))))
    (aside / "photo").write_text("a photo")
    exchange.note(
        at.exchange, exchange.Noted(((str(live / "photo"), str(aside / "photo")),), "", "", maintenance=False)
    )
    talk = deployed.session()
    assert queries.interrupted(deployed.places) == "an earlier restore was cut off while data changed places"
    assert talk.ask("recover", by="ada@desk")["result"] == {"done": "an earlier restore, cut off, was undone"}
    assert (live / "photo").read_text() == "a photo"
    assert (queries.interrupted(deployed.places), at.exchange.exists()) == ("", False)


def test_cancel_in_the_middle_of_a_preparation_undoes_it(deployed: Host) -> None:
    asked = threading.Event()

    def never_well(handler: Any) -> None:
        asked.set()
        answers(503)(handler)

    deployed.manager.behave = never_well
    talk = deployed.session()
    threading.Thread(target=lambda: (asked.wait(30), talk.wire.send({"op": "cancel"}))).start()
    error = talk.prepare("two")["error"]
    assert error["code"] == "cancelled"
    assert error["state"] == "everything is as it was; v1 is live"
    deployed.manager.behave = answers(200)
    as_it_was(deployed)


def test_a_release_that_fails_its_gate_never_takes_traffic_and_its_log_is_told_with_secrets_masked(
    deployed: Host,
) -> None:
    deployed.manager.behave = answers(500)
    deployed.manager.why_broken = "web does not stay up"
    error = deployed.session().prepare("two")["error"]
    assert error["code"] == "gate-failed"
    assert error["output"] == "last words of ••••••"
    deployed.manager.behave, deployed.manager.why_broken = answers(200), ""
    as_it_was(deployed)


def test_a_release_that_does_not_answer_through_the_front_door_goes_back(
    deployed: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = deployment.gate.through_front_door
    monkeypatch.setattr(
        deployment.gate, "through_front_door", lambda front, wanted: through(front, wanted, patience=0.1)
    )
    deployed.front_answers = False
    talk = deployed.session()
    talk.prepare("two")
    error = talk.ask("commit")["error"]
    assert error["code"] == "front-door-failed"
    assert error["state"] == "everything is as it was; v1 is live"
    assert deployed.manager.killed == [], "visitors may have come to it"
    deployed.front_answers = True
    as_it_was(deployed)


def test_a_plan_that_no_longer_fits_the_host_is_refused_and_the_lock_let_go(deployed: Host) -> None:
    slow, quick = deployed.session(), deployed.session()
    wanted, objects = deployed.wanted("slow")
    plan = slow.plan(wanted)
    slow.upload(objects)
    slow.leave()
    quick.prepare("quick")
    quick.ask("commit")
    late = deployed.session()
    late.plan(wanted)
    answer = late.ask(
        "prepare", fingerprint=plan["fingerprint"], new_release=True, release_id="v9", lead=True, by="ada@desk"
    )
    assert answer["error"]["code"] == "plan-changed"
    assert answer["error"]["state"] == "nothing was changed"
    assert "result" in deployed.session().prepare("next"), "the lock is free though the session goes on"


def test_a_file_that_changed_after_the_plan_is_a_changed_plan(deployed: Host, tmp_path: Path) -> None:
    mine = tmp_path / "site.conf"
    mine.write_text("old")
    resources = (resource_to_wire(File(str(mine), "new")),)
    talk = deployed.session()
    plan = talk.plan(None, resources)
    assert [change["name"] for change in plan["changes"]] == [str(mine)]
    mine.write_text("somebody was here")
    answer = talk.ask("prepare", fingerprint=plan["fingerprint"], new_release=False, release_id="", lead=True, by="")
    assert answer["error"]["code"] == "plan-changed"
    assert mine.read_text() == "somebody was here"


def test_resources_are_applied_with_the_release_and_undone_with_it(deployed: Host, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    resources = (resource_to_wire(Directory(str(folder))), resource_to_wire(File(str(folder / "a"), "x")))
    talk = deployed.session()
    wanted, objects = deployed.wanted("two")
    plan = talk.plan(wanted, resources)
    talk.upload(objects)
    request = {"fingerprint": plan["fingerprint"], "new_release": True, "release_id": "v2", "lead": True, "by": "a"}
    assert "result" in talk.ask("prepare", **request)
    assert (folder / "a").read_text() == "x"
    talk.ask("abort")
    assert not folder.exists()


def test_a_second_deployment_is_told_who_holds_the_lock(deployed: Host) -> None:
    deployed.session().prepare("two")
    talk = deployed.session()
    wanted, objects = deployed.wanted("three")
    plan = talk.plan(wanted)
    error = talk.upload(objects)["error"]
    assert error["code"] == "locked"
    assert "runs a deploy on this host" in error["fact"]
    later = deployed.session()
    later.plan(wanted)
    request = {"fingerprint": plan["fingerprint"], "new_release": True, "release_id": "v3", "lead": True, "by": "a"}
    assert later.ask("prepare", **request)["error"]["code"] == "locked"


def test_an_upload_that_fails_is_told_once(deployed: Host) -> None:
    talk = deployed.session()
    for _ in range(3):
        talk.wire.send({"op": "object", "name": "../../etc/passwd", "offset": 0, "last": True}, b"x")
    assert talk.answer()["error"]["code"] == "bad-request"
    assert "result" in talk.ask("releases"), "no second error is in the way of the next answer"


def test_content_that_does_not_fit_its_name_is_missing_still(deployed: Host) -> None:
    talk = deployed.session()
    wanted, objects = deployed.wanted("two")
    talk.plan(wanted)
    (name,) = objects
    assert talk.upload({name: b"other"})["result"] == {"missing": {name: 0}}
    assert talk.upload(objects)["result"] == {"missing": {}}


def test_an_upload_goes_on_from_where_it_was_cut_off(deployed: Host) -> None:
    wanted, objects = deployed.wanted("0123456789")
    (name,) = objects
    talk = deployed.session()
    talk.plan(wanted)
    talk.wire.send({"op": "object", "name": name, "offset": 0, "last": False}, b"0123")
    talk.leave()
    talk = deployed.session()
    assert talk.plan(wanted)["missing"] == {name: 4}
    talk.wire.send({"op": "object", "name": name, "offset": 4, "last": True}, b"456789")
    assert talk.ask("objects-end", names=[name])["result"] == {"missing": {}}


def test_an_equal_release_is_not_made_again(deployed: Host) -> None:
    wanted, _ = deployed.wanted("one")
    plan = deployed.session().plan(wanted)
    assert plan["release"]["new"] is False
    assert plan["missing"] == {}
    assert plan["changes"] == []


def test_a_plan_names_variables_and_never_their_values(deployed: Host) -> None:
    wanted, _ = deployed.wanted("one", env={"API_TOKEN": "another secret", "NEW": "x"})
    plan = deployed.session().plan(wanted)
    assert plan["release"]["env"] == {"added": ["NEW"], "changed": ["API_TOKEN"], "removed": ["COLOUR"]}
    assert SECRET not in repr(plan)
    assert "another secret" not in repr(plan)


def test_a_rollback_brings_back_a_release_that_is_there(deployed: Host) -> None:
    talk = deployed.session()
    talk.prepare("two")
    talk.ask("commit")
    back = deployed.session()
    answer = back.ask("prepare-existing", action="rollback", release_id="v1", by="ada@desk")
    assert answer["result"] == {"release": "v1", "old": "v2"}
    assert back.ask("commit")["result"] == {"live": "v1", "troubles": []}
    assert list(deployed.manager.running_now) == ["v1"]
    assert sorted(os.listdir(deployed.places.releases)) == ["v1", "v2"]


def test_a_rollback_that_fails_keeps_both_releases(deployed: Host) -> None:
    talk = deployed.session()
    talk.prepare("two")
    talk.ask("commit")
    deployed.manager.behave = answers(500)
    deployed.manager.why_broken = "died"
    error = deployed.session().ask("prepare-existing", action="rollback", release_id="v1", by="")["error"]
    assert error["code"] == "gate-failed"
    assert deployed.live == "v2"
    assert list(deployed.manager.running_now) == ["v2"]
    assert sorted(os.listdir(deployed.places.releases)) == ["v1", "v2"]


def test_nothing_can_be_committed_that_was_not_prepared(talk: Talk) -> None:
    assert talk.ask("commit")["error"]["code"] == "cancelled"
    assert talk.ask("abort")["error"]["code"] == "cancelled"


def test_a_stranger_request_and_one_without_an_app_are_refused_and_the_session_goes_on(host: Host) -> None:
    talk = host.session()
    error = talk.ask("dance")["error"]
    assert (error["code"], error["exit_code"]) == ("bad-request", 4)
    assert talk.ask("releases")["result"] == {"releases": []}


def test_a_mistake_of_ours_reaches_the_person_undoes_the_work_and_frees_the_lock(
    deployed: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    with monkeypatch.context() as patch:
        patch.setattr(deployed.manager, "start", mistaken)
        error = deployed.session().prepare("two")["error"]
    assert "seawall made a mistake" in error["fact"]
    assert "ZeroDivisionError" in error["output"]
    as_it_was(deployed)


def test_logs_are_told_line_by_line_with_secrets_masked(deployed: Host) -> None:
    talk = deployed.session()
    assert talk.ask("logs", names=[], lines=10, follow=False) == {"result": {}}
    assert [event["text"] for event in talk.events] == ["one ••••••", "two"]


def test_following_the_logs_ends_when_the_tool_goes(deployed: Host) -> None:
    talk = deployed.session()
    talk.wire.send({"op": "logs", "names": [], "lines": 10, "follow": True})
    heard = [talk.wire.receive() for _ in ("one", "two")]
    assert sorted(frame.message["event"]["text"] for frame in heard if frame) == ["one ••••••", "two"]
    talk.wire.send({"op": "cancel"})
    assert talk.answer() == {"result": {}}


def test_status_tells_what_runs_and_how_it_is(deployed: Host) -> None:
    status = deployed.session().ask("status")["result"]
    assert (status["live"], status["running"], status["health"]) == ("v1", ["v1"], "healthy")
    assert status["programs"] == [{"name": "web", "role": "web", "broken": ""}]
    deployed.manager.why_broken = "gone"
    assert deployed.session().ask("status")["result"]["programs"][0]["broken"] == "gone"


def test_after_a_stop_nothing_runs_and_the_release_can_be_started(deployed: Host) -> None:
    talk = deployed.session()
    assert talk.ask("stop", by="ada@desk")["result"] == {"live": "v1"}
    assert deployed.manager.running_now == {}
    assert "result" in talk.ask("prepare-existing", action="start", release_id="v1", by="ada@desk")
    assert talk.ask("commit")["result"] == {"live": "v1", "troubles": []}
    assert list(deployed.manager.running_now) == ["v1"]


def test_the_journal_holds_who_did_what_and_no_secret(deployed: Host) -> None:
    talk = deployed.session()
    talk.ask("maintenance", on=True, by="bob@sofa")
    assert talk.ask("maintenance", on=False, by="bob@sofa")["result"] == {"on": False}
    records = Journal(deployed.places.journal).records()
    assert [record["by"] for record in records if "by" in record] == ["ada@desk", "bob@sofa", "bob@sofa"]
    assert SECRET not in deployed.places.journal.read_text()


def test_a_mistake_over_a_text_does_not_repeat_it() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"TOKEN=pelican \xff".decode()
    assert "pelican" in repr(caught.value)
    assert "pelican" not in session._mistake(caught.value).fact


def test_a_deployment_measures_the_new_release_and_the_old_one_which_has_served(
    deployed: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployed.manager, "pids", lambda *_: [os.getpid()])
    talk = deployed.session()
    counted = {"connections": 0, "mariadb_connections": 0}
    assert talk.app["memory"] == {"measured": [], "others": {}, **counted, "pool_unused": False, "databases": []}
    talk.prepare("two")
    talk.ask("commit")
    talk.leave()
    known = deployed.session().app["memory"]["measured"]
    assert [(one["release"], one["served"], one["live"]) for one in known] == [("v2", False, True), ("v1", True, False)]
    assert all(one["worker"] > 1_000_000 for one in known)


def test_what_a_release_took_when_it_served_is_not_forgotten_when_it_is_started_again(
    deployed: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployed.manager, "pids", lambda *_: [os.getpid()])
    talk = deployed.session()
    talk.prepare("two")
    talk.ask("commit")
    talk.ask("prepare-existing", action="rollback", release_id="v1")
    talk.ask("commit")
    talk.leave()
    known = deployed.session().app["memory"]["measured"]
    assert [(one["release"], one["served"], one["live"]) for one in known] == [("v1", True, True), ("v2", True, False)]


def test_what_was_done_with_the_data_is_told(deployed: Host) -> None:
    run = {"job": "backup", "id": "20261128-133000", "begun": "a", "ended": "b", "ok": True}
    (deployed.places.state / "data").mkdir()
    (deployed.places.state / "data" / "record.jsonl").write_text(json.dumps(run) + "\n")
    (told,) = deployed.session().ask("data-records")["result"]["runs"]
    assert told == {**run, "bytes": 0, "error": "", "details": {}}


def test_an_unknown_wish_about_the_data_is_refused(deployed: Host) -> None:
    assert deployed.session().ask("data-dance")["error"]["code"] == "bad-request"
