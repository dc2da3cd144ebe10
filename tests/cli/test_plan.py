from __future__ import annotations

import json

import pytest

from seawall.cli.render.plan import plan_lines, summary

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept, text_of
from .plans import CHANGES, a_plan, first_release, host_plan, new_release, nothing_new

PLANS = {
    "plan-everything": lambda: a_plan(
        host_plan(release=new_release()), notes=("root@web1.example.com: a deploy of v13 was cut off",)
    ),
    "plan-first": lambda: a_plan(host_plan(live="", changes=(), release=first_release())),
    "plan-two-hosts": lambda: a_plan(
        host_plan("root@web1", release=new_release()), host_plan("root@web2", changes=CHANGES[:1])
    ),
    "plan-nothing": lambda: a_plan(host_plan(changes=(), release=nothing_new())),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_told_whole(name: str) -> None:
    assert_kept(KEPT / f"{name}.txt", text_of(plan_lines(PLANS[name]())))


def test_the_summary_counts_changes_hosts_files_and_bytes() -> None:
    plan = a_plan(host_plan(release=new_release()))
    assert summary(plan) == "5 changes on 1 host, 1 new release (v13): 3 files travel, 12 kB"
    release_only = a_plan(host_plan(changes=(), release=new_release()))
    assert summary(release_only) == "1 new release (v13) on 1 host: 3 files travel, 12 kB"
    assert summary(a_plan(host_plan(changes=CHANGES[:1]))) == "1 change on 1 host"


def test_a_live_release_that_is_not_running_is_a_change() -> None:
    item = host_plan(changes=())
    item.host.app["running"] = []
    plan = a_plan(item)
    assert not plan.empty
    assert summary(plan) == "v12 is started again"
    assert "start release v12" in text_of(plan_lines(plan))


def test_of_many_files_twenty_are_named_and_the_rest_is_counted() -> None:
    text = text_of(plan_lines(a_plan(host_plan(release=new_release()))))
    assert "old/19.txt" in text
    assert "old/20.txt" not in text
    assert "… and 3 more removed" in text


def test_plan_prints_the_plan_and_exits_with_0(run: Run, fleet: Fleet) -> None:
    result = run("plan")
    assert result.exit_code == 0
    assert result.stdout.endswith("5 changes on 1 host, 1 new release (v13): 3 files travel, 12 kB\n")
    assert fleet.deployed == []


def test_exit_code_3_says_that_there_are_changes_and_0_that_there_are_none(run: Run, fleet: Fleet) -> None:
    assert run("plan", "--exit-code").exit_code == 3
    fleet.plan = PLANS["plan-nothing"]()
    result = run("plan", "--exit-code")
    assert (result.exit_code, result.stdout) == (0, "Nothing to do: v12 is live and as it should be.\n")


def test_plan_as_json_is_the_kept_contract(run: Run, fleet: Fleet) -> None:
    assert_kept(KEPT / "plan.json", run("plan", "--json").stdout)
    assert run("plan", "--json", "--exit-code").exit_code == 3


def test_secret_values_cannot_be_in_a_plan_for_only_names_are(run: Run, fleet: Fleet) -> None:
    document = json.loads(run("plan", "--json").stdout)
    assert document["hosts"][0]["release"]["env"] == {
        "added": ["NEW_FLAG"],
        "changed": ["DATABASE_URL"],
        "removed": ["OLD_FLAG"],
    }
