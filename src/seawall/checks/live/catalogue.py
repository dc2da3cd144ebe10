"""The live rules. Their ids are SW8xx and SW9xx."""

from __future__ import annotations

from typing import Any

from seawall.checks.rule import Check

LIVE: tuple[Check[Any], ...] = ()
