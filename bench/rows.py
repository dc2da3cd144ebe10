"""What the measurements come to: rows of a figure, its yardstick and its budget."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

HEADINGS = ("what", "measured", "beside", "budget", "")


@dataclass(frozen=True)
class Row:
    """One figure. `value` and `budget` are in `unit`; without a budget the row only informs."""

    what: str
    value: float
    unit: str = "s"
    budget: float | None = None
    rule: str = ""
    beside: str = ""
    spread: tuple[float, ...] = ()

    @property
    def verdict(self) -> str:
        if self.budget is None:
            return ""
        return "ok" if self.value <= self.budget else "over"

    def cells(self) -> tuple[str, ...]:
        limit = "" if self.budget is None else f"≤ {amount(self.budget, self.unit)}"
        return (
            self.what,
            amount(self.value, self.unit),
            f"{self.beside}, best {min(self.spread):.3f} s" if self.spread and self.unit == "s" else self.beside,
            f"{limit} ({self.rule})" if self.rule else limit,
            self.verdict,
        )


def amount(value: float, unit: str) -> str:
    """A figure as it is read: seconds to the millisecond, everything else without needless digits."""
    return f"{value:.3f} s" if unit == "s" else f"{value:,.0f} {unit}".strip()


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(rows: Iterable[Row]) -> str:
    """The rows as aligned columns."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)


def document(rows: Iterable[Row], machine: dict[str, str]) -> str:
    """The rows as JSON, with every round's figure."""
    return json.dumps({"machine": machine, "rows": [{**asdict(row), "verdict": row.verdict} for row in rows]}, indent=2)
