"""A promotion: what is refused and why, in which order the steps are, and what becomes of one that fails half way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seawall.config.model import App, Project
from seawall.errors import Declined, HostError, PromotionRefused, UsageError
from seawall.operations.data import promotable
from seawall.operations.data import promote as promoting
from seawall.operations.data.promotable import Outlook, There
from seawall.operations.hosts import Host
from seawall.stack.layout import layout_of
from seawall.stack.targets import ServerTarget
from stack.database_standings import PRIMARY, STANDBY

DOWN = {**PRIMARY, "role": "down", "streams": False, "lag_bytes": -1}
PROMOTED = {"of": "db1", "address": "10.0.0.9", "at": "2026-11-28T20:00:00Z", "fenced": False}
END = "0/5000028"


class Site:
    """Hosts that answer as they are told to; what they are asked is kept."""

    def __init__(self, *, old: dict[str, Any] | None, new: dict[str, Any], reach: str = "", gone: bool = False) -> None:
        self.looks = {"db1": old, "db2": new}
        self.reach = reach
        self.asked: list[tuple[str, str]] = []
        self.failing: dict[tuple[str, str], Callable[[], None]] = {}
        project = Project.model_validate(
            {
                "name": "shop",
                "app": App(entry="shop:app"),
                "directory": Path("/p"),
                "database": {"kind": "postgresql", "host": "db2"},
            }
        )
        there = self._host("db1") if old else None
        unreached = "" if old else "no route to host"
        self.there = There(project, self._host("db2"), (self._host("web"),), "db1", there, unreached, gone)

    def _host(self, name: str) -> Host:
        session: Any = SimpleNamespace(request=lambda op, **_: self._answer(name, op), facts={})
        return Host(name, ServerTarget(name), session, layout_of("shop"))

    def _answer(self, name: str, op: str) -> dict[str, Any]:
        if op == "data-promotion-look":
            return dict(self.looks[name] or {})
        if op == "data-promotion-knock":
            return {"answers": name == self.reach}
        self.asked.append((name, op))
        if (name, op) in self.failing:
            self.failing[name, op]()
        return {"checkpoint": END, "timeline": 2, "certificate": "PEM"}

    def look(self) -> Outlook:
        outlook = promotable.look(self.there)
        promotable.refuse(outlook, self.there)
        return outlook

    def promote(self) -> promoting.Promoted:
        work = promoting.promote(self.there, self.look())
        while True:
            try:
                next(work)
            except StopIteration as end:
                return end.value

    @property
    def done(self) -> list[tuple[str, str]]:
        """What was asked besides locks and certificates."""
        return [one for one in self.asked if one[1] not in ("hold", "let-go", "data-server")]


ALL = [
    ("db1", "data-fence"),
    ("db2", "data-caught-up"),
    ("web", "data-supersede"),
    ("db2", "data-promote"),
]


def test_the_old_primary_is_fenced_first_and_the_replica_has_everything_before_it_takes_changes() -> None:
    site = Site(old=PRIMARY, new=STANDBY)
    done = site.promote()
    assert site.done == ALL
    assert (done.fenced, done.lossless, done.timeline) == (True, True, 2)
    held = [host for host, op in site.asked if op == "hold"]
    assert held == [host for host, op in site.asked if op == "let-go"] == ["db2", "db1", "web"]


@pytest.mark.parametrize(
    ("old", "new", "options", "said"),
    [
        (PRIMARY, DOWN, {}, "PostgreSQL on db2 does not run"),
        (PRIMARY, {**PRIMARY, "promoted": None}, {}, "follows nobody"),
        (PRIMARY, {**STANDBY, "paused": True}, {}, "stopped the replica"),
        (PRIMARY, {**STANDBY, "system": "8"}, {}, "is no copy of the one on db1"),
        ({**STANDBY}, STANDBY, {}, "takes no changes either"),
        ({**PRIMARY, "others": ["blog"]}, STANDBY, {}, "also has the database of blog"),
        (PRIMARY, {**STANDBY, "streams": False}, {}, "does not follow db1"),
        ({**PRIMARY, "lag_bytes": 65 << 20}, STANDBY, {}, "is 65 MiB behind"),
        (PRIMARY, STANDBY, {"gone": True}, "is not gone: it is reached"),
        (DOWN, {**STANDBY, "streams": False}, {}, "did not end in order"),
        (None, {**STANDBY, "streams": False}, {}, "is not reached (no route to host), so it cannot be fenced"),
        (None, STANDBY, {"gone": True}, "db2 receives its changes at this moment"),
        (None, {**STANDBY, "streams": False}, {"gone": True, "reach": "web"}, "web still reach it at 10.0.0.9:5432"),
    ],
)
def test_what_would_lose_something_or_make_two_primaries_is_refused(
    old: dict[str, Any] | None, new: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    site = Site(old=old, new=new, **options)
    with pytest.raises(PromotionRefused) as raised:
        site.promote()
    assert said in raised.value.fact
    assert raised.value.state == "nothing was changed"
    assert raised.value.remedy
    assert site.asked == []


def test_one_that_is_gone_is_never_asked_and_what_may_be_lost_is_not_called_nothing() -> None:
    site = Site(old=None, new={**STANDBY, "streams": False}, gone=True)
    done = site.promote()
    assert site.done == [("web", "data-supersede"), ("db2", "data-promote")]
    assert (done.fenced, done.lossless) == (False, False)


def test_one_that_ended_in_order_already_is_as_good_as_one_that_runs() -> None:
    site = Site(old={**DOWN, "checkpoint": END, "fenced": True}, new={**STANDBY, "streams": False})
    assert site.promote().lossless
    assert site.done == ALL


def test_one_that_crashed_for_good_is_fenced_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(old=DOWN, new={**STANDBY, "streams": False}, gone=True)
    monkeypatch.setattr(f"{__name__}.END", "")
    done = site.promote()
    assert site.done == [ALL[0], *ALL[2:]]
    assert (done.fenced, done.lossless) == (True, False)


def lacking() -> None:
    raise HostError("the replica has come to 0/4", host="db2", code="not-caught-up", exit_code=1)


def test_a_replica_that_lacks_the_end_takes_no_place_and_the_old_primary_serves_on() -> None:
    site = Site(old=PRIMARY, new=STANDBY)
    site.failing["db2", "data-caught-up"] = lacking
    with pytest.raises(HostError) as raised:
        site.promote()
    assert site.done == [*ALL[:2], ("db1", "data-unfence")]
    assert raised.value.state == "db1 is the primary again, and nothing is lost"
    assert [host for host, op in site.asked if op == "let-go"] == ["db2", "db1", "web"]


def test_one_that_was_told_to_take_the_place_once_is_never_met_by_an_old_primary_that_serves_on() -> None:
    site = Site(old={**DOWN, "checkpoint": END, "fenced": True}, new={**STANDBY, "promoted": PROMOTED})
    site.failing["db2", "data-caught-up"] = lacking
    with pytest.raises(HostError) as raised:
        site.promote()
    assert site.done == ALL[:2]
    assert raised.value.state == "db1 is fenced and takes no changes, and db2 has not taken its place yet"


def test_ctrl_c_before_the_replica_takes_the_place_brings_the_old_primary_back(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(old=PRIMARY, new=STANDBY)
    real = promoting.on_each

    def pressed(hosts: Any, work: Any, stop: Any) -> Any:
        outcomes = yield from real(hosts, work, stop)
        outcomes.stopped = ("db1", "data-unfence") not in site.asked
        return outcomes

    monkeypatch.setattr(promoting, "on_each", pressed)
    with pytest.raises(Declined) as raised:
        site.promote()
    assert site.done == [ALL[0], ("db1", "data-unfence")]
    assert raised.value.state == "db1 is the primary again, and nothing is lost"


def test_a_failure_after_the_fence_says_how_things_stand_and_that_it_goes_on_from_there() -> None:
    def failing() -> None:
        raise HostError("the disk is full", host="db2", code="failed", exit_code=1)

    site = Site(old=PRIMARY, new=STANDBY)
    site.failing["db2", "data-promote"] = failing
    with pytest.raises(HostError) as raised:
        site.promote()
    assert raised.value.state == "db1 is fenced and takes no changes, and db2 has not taken its place yet"
    assert raised.value.remedy == "`seawall database promote db2` goes on from there"
    assert raised.value.exit_code == 4


def test_nothing_is_done_while_somebody_else_is_at_one_of_the_hosts() -> None:
    def busy() -> None:
        raise HostError("ben@desk runs a deploy on this host", host="web", code="locked", exit_code=1)

    site = Site(old=PRIMARY, new=STANDBY)
    site.failing["web", "hold"] = busy
    with pytest.raises(HostError) as raised:
        site.promote()
    assert site.done == []
    assert raised.value.state == "nothing was changed"


def test_an_old_primary_that_is_back_is_fenced_by_running_it_again() -> None:
    site = Site(old=PRIMARY, new={**PRIMARY, "promoted": PROMOTED})
    outlook = site.look()
    assert (outlook.done, outlook.lossless) == (False, False)
    done = site.promote()
    assert site.done == [ALL[0], *ALL[2:]], "what it had taken since is not waited for"
    assert (done.fenced, done.lossless) == (True, False)


@pytest.mark.parametrize(
    ("old", "fenced"),
    [(None, False), ({**DOWN, "fenced": True}, True), (STANDBY, False), ({**PRIMARY, "system": "8"}, False)],
)
def test_nothing_is_left_to_do_where_the_old_one_is_fenced_or_is_another_server_by_now(
    old: dict[str, Any] | None, fenced: bool
) -> None:
    site = Site(old=old, new={**PRIMARY, "promoted": {**PROMOTED, "fenced": fenced}})
    assert site.look().done


def test_a_fence_that_somebody_took_away_is_put_up_again() -> None:
    site = Site(old=PRIMARY, new={**PRIMARY, "promoted": {**PROMOTED, "fenced": True}})
    assert not site.look().done
    site.promote()
    assert site.done[0] == ("db1", "data-fence")


def test_only_the_replica_can_be_promoted() -> None:
    project = Site(old=PRIMARY, new=STANDBY).there.project
    with pytest.raises(UsageError, match="db7 is no replica of the database of production: it has none"):
        promotable.must_be_of_the_database(project, "db7")
    with pytest.raises(UsageError, match="db2 is the primary already"):
        promotable.place_of(Site(old=None, new=PRIMARY).there.new, project)
    assert promotable.place_of(Site(old=None, new={**PRIMARY, "promoted": PROMOTED}).there.new, project) == "db1"
