"""The copy of the agent that a host's timers run."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import agent_copy
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import AgentCopy


@pytest.fixture
def copy(tmp_path: Path) -> AgentCopy:
    return AgentCopy(str(tmp_path / "agent.pyz"))


def make(resource: AgentCopy, work: Work) -> str:
    """What had to be done, "" for nothing."""
    found = agent_copy.observe(resource)
    change = agent_copy.diff(resource, found)
    if change is None:
        return ""
    agent_copy.apply(resource, found, work)
    return change.action


def test_it_is_made_once_and_stays_as_it_is(copy: AgentCopy, work: Work) -> None:
    assert [make(copy, work), make(copy, work)] == ["create", ""]


def test_one_that_was_changed_is_made_anew_and_that_can_be_undone(copy: AgentCopy, work: Work) -> None:
    make(copy, work)
    work.undo.forget()
    path = Path(copy.path)
    spoiled = path.read_bytes()[:-30]
    path.write_bytes(spoiled)
    assert make(copy, work) == "update"
    assert path.read_bytes() == agent_copy.content()
    work.undo.roll_back()
    assert path.read_bytes() == spoiled


def test_one_that_others_may_write_to_is_put_right(copy: AgentCopy, work: Work) -> None:
    make(copy, work)
    Path(copy.path).chmod(0o666)
    assert make(copy, work) == "update"
    assert Path(copy.path).stat().st_mode & 0o777 == 0o644


def test_a_folder_in_its_place_is_left_alone(copy: AgentCopy) -> None:
    Path(copy.path).mkdir()
    with pytest.raises(ApplyFailed):
        agent_copy.observe(copy)
