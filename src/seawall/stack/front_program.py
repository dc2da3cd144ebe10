"""The local front server, as its service manager sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: What it is called.
NAME = "front"


@dataclass(frozen=True)
class FrontProgram:
    """A program in the foreground that ends, when its requests are done, on the signal ``stop``."""

    command: tuple[str, ...]
    stop: str
    environment: Mapping[str, str] = field(default_factory=dict)
