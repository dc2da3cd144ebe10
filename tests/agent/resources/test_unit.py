"""Units: on at boot and running, unless their own conditions keep them from it."""

from __future__ import annotations

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import unit
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Unit

from ..fake_programs import Programs

TIMER = Unit("apt-daily.timer")


def shows(programs: Programs, **properties: str) -> None:
    lines = "".join(f"echo {name}='{value}'\n" for name, value in properties.items())
    programs.add("systemctl", lines)


@pytest.mark.parametrize(
    ("enabled", "active", "condition", "words"),
    [
        ("enabled", "active", "yes", None),
        ("enabled", "inactive", "no", None),
        ("static", "active", "yes", None),
        ("disabled", "active", "yes", "starts at boot"),
        ("masked", "inactive", "yes", "starts at boot\nruns"),
        ("enabled", "failed", "yes", "runs"),
    ],
)
def test_a_unit_that_does_not_run_or_start_shows(
    programs: Programs, enabled: str, active: str, condition: str, words: str | None
) -> None:
    shows(
        programs,
        LoadState="loaded",
        UnitFileState=enabled,
        ActiveState=active,
        ConditionResult=condition,
        ConditionTimestamp="today",
    )
    change = unit.diff(TIMER, unit.observe(TIMER))
    assert (change.diff if change else None) == words


def test_one_that_was_never_tried_is_not_taken_for_prevented(programs: Programs) -> None:
    shows(programs, LoadState="loaded", UnitFileState="enabled", ActiveState="inactive", ConditionResult="no")
    assert unit.diff(TIMER, unit.observe(TIMER)) is not None


def test_it_is_switched_on_now_and_at_boot(programs: Programs, work: Work) -> None:
    shows(programs)
    unit.apply(TIMER, unit.observe(TIMER), work)
    assert programs.called()[-1] == "systemctl enable --now apt-daily.timer"


def test_systemds_refusal_is_passed_on(programs: Programs, work: Work) -> None:
    programs.add("systemctl", "echo 'Unit is masked.' >&2; exit 1")
    with pytest.raises(ApplyFailed) as caught:
        unit.apply(TIMER, unit.UnitFound(True, False, False, False), work)
    assert caught.value.output == "Unit is masked."
