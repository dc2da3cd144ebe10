"""What all tables of ``seawall.toml`` have in common."""

from __future__ import annotations

import os
from typing import Any

# Plugins of pydantic's have no say in what a seawall.toml may hold, and to look for them is to read what every
# installed package says of itself, which takes as long as several tables do (pydantic's "Plugins" page).
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict, Field


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def setting(default: Any, description: str, *, example: Any, becomes: str) -> Any:
    """A key of ``seawall.toml``; ``default`` is ``...`` where there is none."""
    return Field(default, description=description, examples=[example], json_schema_extra={"x-becomes": becomes})
