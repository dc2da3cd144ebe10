"""Trying a release out: prepared and gated beside the live one, loaded, and taken back without a trace."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.http_servers import answers
from agent.protocol import Host, NoBuilder, Talk
from seawall.agent import deployment, looking, session
from seawall.agent.journal import Journal
from seawall.agent.vocabulary import Gate


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host with a live release, v1."""
    with ExitStack() as stack:
        made = Host(tmp_path, stack)
        stack.callback(lambda: [running.close() for running in made.manager.running_now.values()])
        for module in (session, looking):
            monkeypatch.setattr(module, "manager_for", lambda _: made.manager)
        monkeypatch.setattr(deployment, "Builder", NoBuilder)
        monkeypatch.setattr(made.manager, "pids", lambda *_: [os.getpid()])
        talk = made.session()
        talk.prepare()
        talk.ask("commit")
        talk.leave()
        yield made


def tried(talk: Talk, text: str = "two", **changes: Any) -> dict[str, Any]:
    """Plan, upload and try a release of one file."""
    wanted, objects = talk.host.wanted(text, **changes)
    plan = talk.plan(wanted)
    talk.upload({name: content for name, content in objects.items() if name in plan["missing"]})
    return talk.ask("try", release_id=talk.app["next"], lead=False, by="ada@desk")


def as_it_was(host: Host) -> None:
    assert host.live == "v1"
    assert list(host.manager.running_now) == ["v1"]
    assert os.listdir(host.places.releases) == ["v1"]
    assert len(os.listdir(host.places.objects)) == 1
    assert Journal(host.places.journal).interrupted() is None


def test_what_is_tried_out_runs_beside_the_live_release_and_is_loaded(host: Host) -> None:
    talk = host.session()
    assert tried(talk)["result"] == {"release": "v2", "old": "v1"}
    assert host.live == "v1"
    assert sorted(host.manager.running_now) == ["v1", "v2"]
    driven = talk.ask("drive", path="/page", visitors=2, seconds=0.3)["result"]
    assert driven["report"]["requests"] > 0
    assert driven["report"]["failed"] == 0
    assert driven["memory"]["worker"] > 1_000_000


def test_afterwards_everything_is_as_it_was_and_the_next_can_be_tried_out(host: Host) -> None:
    talk = host.session()
    for text in ("two", "three"):
        tried(talk, text)
        assert talk.ask("abort")["result"] == {"live": "v1", "aftermath": ""}
    talk.leave()
    as_it_was(host)


def test_if_the_person_goes_away_it_is_taken_back(host: Host) -> None:
    talk = host.session()
    tried(talk)
    talk.leave()
    as_it_was(host)


def test_cancelling_ends_the_load_at_once(host: Host) -> None:
    talk = host.session()
    tried(talk)
    threading.Timer(0.3, lambda: talk.wire.send({"op": "cancel"})).start()
    assert talk.ask("drive", path="/", visitors=1, seconds=600)["result"]["report"]["seconds"] < 60


def test_what_is_tried_out_never_goes_live(host: Host) -> None:
    talk = host.session()
    tried(talk)
    assert "does not go live" in talk.ask("commit")["error"]["fact"]
    assert host.live == "v1"
    assert talk.ask("abort")["result"] == {"live": "v1", "aftermath": ""}


def test_what_does_not_pass_the_gate_is_taken_back_and_named(host: Host) -> None:
    host.manager.behave = answers(500)
    talk = host.session()
    short = Gate("/health", "localhost", successes=2, interval=0.01, answer_timeout=0.3, timeout=0.3)
    assert tried(talk, gate=short)["error"]["code"] == "gate-failed"
    talk.leave()
    as_it_was(host)


def test_a_migration_runs_for_the_one_that_leads_only(host: Host) -> None:
    talk = host.session()
    wanted, objects = host.wanted("two", migrate=f"touch {host.places.base}/migrated")
    talk.plan(wanted)
    talk.upload(objects)
    talk.ask("try", release_id="v2", lead=False, by="ada@desk")
    assert not (host.places.base / "migrated").exists()


@pytest.mark.parametrize("prepared", [False, True])
def test_only_what_is_tried_out_is_loaded(host: Host, prepared: bool) -> None:
    talk = host.session()
    if prepared:
        talk.prepare("two")
    answer = talk.ask("drive", path="/", visitors=1, seconds=1)
    assert answer["error"]["fact"] == "nothing is being tried out on this host"


def test_a_deployment_under_way_is_not_disturbed(host: Host) -> None:
    deploying = host.session()
    deploying.prepare("two")
    talk = host.session()
    assert tried(talk, "two")["error"]["code"] == "locked"
    talk.leave()
    assert deploying.ask("commit")["result"]["live"] == "v2"
