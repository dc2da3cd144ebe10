"""What making a change needs besides the resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seawall.agent.undo import UndoLog


@dataclass(frozen=True)
class Work:
    """``on_line`` gets the output of the programs that are run; ``cancelled`` says when to stop them."""

    undo: UndoLog
    on_line: Callable[[str], None]
    cancelled: Callable[[], bool]
