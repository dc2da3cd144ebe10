"""Deployments that are cut off: by kill -9 at each record of the journal, by Ctrl-C, by another deployment."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local.site import Site
from seawall.agent.vocabulary import Event
from seawall.errors import ConnectionLost, HostError
from seawall.operations import look, parallel
from seawall.operations.plan import Plan
from seawall.traffic import TrafficProcess
from seawall.transport import local as transport

#: Put before the agent's own start: it kills itself as the journal's record is about to be written, or just was.
SUICIDE = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from seawall.agent import journal
write = journal.Journal.write
def deadly(self, step, **facts):
    mark = ":".join((step, *filter(None, [facts.get("state")])))
    if mark == {mark!r} and not {after}: os.kill(os.getpid(), signal.SIGKILL)
    write(self, step, **facts)
    if mark == {mark!r} and {after}: os.kill(os.getpid(), signal.SIGKILL)
journal.Journal.write = deadly
"""

BEFORE_SWITCH = ["begin", "staged:start", "staged:done", "built:done", "started:start", "started:done", "gated:done"]


@contextlib.contextmanager
def agent_dies_at(mark: str, *, after: bool, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(transport, "_START", SUICIDE.format(mark=mark, after=after) + transport._START)
        yield


@pytest.mark.parametrize("mark", [*BEFORE_SWITCH, "switched:start"])
def test_an_agent_killed_before_the_switch_is_undone_by_the_next_command_which_says_so(
    site: Site, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.live
    site.version("lost")
    with agent_dies_at(mark, after=True, monkeypatch=monkeypatch), pytest.raises(ConnectionLost, match="broke"):
        site.deploy()
    assert site.says() == "one"
    site.reset()
    with site.plan() as plan:
        assert plan.empty
    (said,) = site.recovered
    assert re.search(rf"deploy of v\d+ by .+ cut off at {mark.partition(':')[0]}, was undone: {before} is live", said)
    assert sorted(path.stem for path in (site.base / "supervisor/conf.d").glob("*@v*")) == [f"seawall-tiny@{before}"]
    assert re.search(r"v\d+", said).group() not in os.listdir(site.base / "releases")  # type: ignore[union-attr]
    assert site.says() == "one"


@pytest.mark.parametrize("mark", ["switched:done", "drained:done", "pruned:start", "pruned:done", "end"])
def test_an_agent_killed_after_the_switch_is_finished_by_the_next_command_which_says_so(
    fresh_after: Site, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = fresh_after
    before = site.live
    name = re.sub("[^a-z]", "", mark)
    site.version(name)
    with agent_dies_at(mark, after=False, monkeypatch=monkeypatch), pytest.raises(ConnectionLost):
        site.deploy()
    assert site.says() == name
    with site.plan() as plan:
        assert plan.empty
    (said,) = site.recovered
    assert re.search(rf"was finished: {site.live} is live", said)
    assert site.live != before
    assert sorted(path.stem for path in (site.base / "supervisor/conf.d").glob("*@v*")) == [f"seawall-tiny@{site.live}"]
    assert site.says() == name


@pytest.fixture
def fresh_after(site: Site) -> Iterator[Site]:
    """The module's site, brought back to the app as it works."""
    site.deploy()
    site.recovered.clear()
    yield site
    site.reset()
    site.deploy()


def test_visitors_notice_nothing_of_an_agent_that_is_killed_and_of_its_undoing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TrafficProcess.start(site.traffic()) as traffic:
        site.version("lost")
        for mark in ("gated:done", "switched:start"):
            with agent_dies_at(mark, after=True, monkeypatch=monkeypatch), pytest.raises(ConnectionLost):
                site.deploy()
            with site.hosts():
                pass
        site.reset()
        report = traffic.stop()
    assert report.failed == 0, report.failures
    assert {mark.name for mark in report.marks} == {"one"}


def test_a_cut_off_deployment_shows_in_the_status(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.version("lost")
    with agent_dies_at("gated:done", after=True, monkeypatch=monkeypatch), pytest.raises(ConnectionLost):
        site.deploy()
    with contextlib.ExitStack() as stack:
        hosts = stack.enter_context(site.connected())
        status = look.status(hosts)[0]
        assert [line.id for line in look.releases(hosts) if line.live] == [site.live]
    assert not status.well
    assert "cut off at gated" in status.interrupted
    with site.hosts():
        pass
    assert len(site.recovered) == 1


def interrupted_at(step: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches the tool just after it heard of this step."""

    class Interrupting(queue.Queue[Any]):
        armed = False
        spent = False

        def get(self, *arguments: Any, **options: Any) -> Any:
            if self.armed and not Interrupting.spent:
                Interrupting.spent = True
                raise KeyboardInterrupt
            happening = super().get(*arguments, **options)
            event = getattr(happening, "event", None)
            if isinstance(event, Event) and (event.step, event.state) == (step, state):
                self.armed = True
            return happening

    monkeypatch.setattr(parallel.queue, "Queue", Interrupting)


@pytest.mark.parametrize("step", ["staged", "built", "started", "gated"])
def test_ctrl_c_before_the_switch_undoes_everything_and_says_so(
    site: Site, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.live
    with site.hosts():
        pass
    site.recovered.clear()
    releases = sorted(os.listdir(site.base / "releases"))
    site.version("unwanted")
    with monkeypatch.context() as patch:
        interrupted_at(step, "start", patch)
        with pytest.raises(Exception, match="stopped before the switch") as caught:
            site.deploy()
    assert f"everything is as it was; {before} is live" in getattr(caught.value, "state", "")
    assert site.live == before
    assert site.says() == "one"
    assert sorted(os.listdir(site.base / "releases")) == releases
    site.reset()
    with site.plan() as plan:
        assert plan.empty
    assert site.recovered == []


def test_ctrl_c_just_after_the_gate_still_keeps_the_release_from_switching(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.live
    site.version("unwanted")
    with monkeypatch.context() as patch:
        interrupted_at("gated", "done", patch)
        with pytest.raises(Exception, match="stopped before the switch"):
            site.deploy()
    assert site.live == before
    assert site.says() == "one"


def test_ctrl_c_during_the_switch_comes_too_late_and_the_release_is_whole(
    fresh_after: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh_after.version("late")
    with monkeypatch.context() as patch:
        interrupted_at("switched", "start", patch)
        done = fresh_after.deploy()
    assert fresh_after.live == done.answer.live
    assert fresh_after.says() == "late"
    with fresh_after.plan() as plan:
        assert plan.empty
    assert fresh_after.recovered == []


def test_a_second_deployment_at_the_same_time_is_refused_and_told_who_is_at_work(site: Site) -> None:
    refused: list[HostError] = []

    def meanwhile(event: Event, plan: Plan) -> None:
        if (event.step, event.state) == ("started", "start"):
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()

    def other() -> None:
        with pytest.raises(HostError) as caught:
            site.deploy()
        refused.append(caught.value)

    site.version("first")
    site.deploy(meanwhile)
    assert [error.code for error in refused] == ["locked"]
    assert re.search(r"\S+@\S+ runs a deploy on this host \(since .+, pid \d+\)", str(refused[0]))
    assert site.says() == "first"
    site.reset()
    site.deploy()


def test_a_connection_that_ends_before_the_commit_is_undone_by_the_agent_itself(site: Site) -> None:
    def leave(event: Event, plan: Plan) -> None:
        if (event.step, event.state) == ("gated", "done"):
            plan.hosts[0].host.session._process.stdin.close()  # type: ignore[union-attr]

    before = site.live
    site.version("left")
    with pytest.raises((ConnectionLost, HostError)):
        site.deploy(leave)
    site.reset()
    with site.plan() as plan:
        assert plan.empty
    assert site.live == before
    assert site.recovered == []


def test_a_dead_supervisord_is_started_again_with_the_live_release(site: Site) -> None:
    pid = int((site.base / "run/supervisord.pid").read_text())
    for running in site.processes():
        if running != pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(running, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    for left in site.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)
    with site.connected() as hosts:
        assert not look.status(hosts)[0].well
    before = site.live
    site.deploy()
    assert site.live == before
    assert site.says() == "one"
