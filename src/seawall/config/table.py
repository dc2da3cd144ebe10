"""What all tables of ``seawall.toml`` have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def setting(default: Any, description: str, *, example: Any, becomes: str) -> Any:
    """A key of ``seawall.toml``; ``default`` is ``...`` where there is none."""
    return Field(default, description=description, examples=[example], json_schema_extra={"x-becomes": becomes})
