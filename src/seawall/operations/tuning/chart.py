"""Bars, as text and as SVG: the same rows, one for the terminal, one for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

#: Sizes of the picture, in its own units.
LABELS, BARS, AFTER, ROW, TOP = 230, 420, 150, 26, 56
PLAIN, MARKED = "#8aa4bf", "#1f6fb2"


@dataclass(frozen=True)
class Bar:
    """One bar: ``shown`` is what is written at its end; the marked one stands out."""

    label: str
    value: float
    shown: str
    marked: bool = False


def text_bars(bars: Sequence[Bar], width: int = 40) -> list[str]:
    """A line for each bar."""
    if not bars:
        return []
    most = max(bar.value for bar in bars) or 1
    wide = max(len(bar.label) for bar in bars)
    return [f"{bar.label.ljust(wide)}  {'█' * max(1, round(bar.value / most * width))} {bar.shown}" for bar in bars]


def svg_bars(title: str, subtitle: str, bars: Sequence[Bar]) -> str:
    """A picture of its own, without scripts, fonts or anything from elsewhere."""
    width, height = LABELS + BARS + AFTER, TOP + ROW * len(bars) + 12
    most = max((bar.value for bar in bars), default=1) or 1
    rows = [line for number, bar in enumerate(bars) for line in _row(bar, TOP + ROW * number, most)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="system-ui, sans-serif" font-size="13" role="img" '
            f"aria-label={quoteattr(title)}>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            f'<text x="12" y="22" font-size="16" font-weight="600" fill="#222222">{escape(title)}</text>',
            f'<text x="12" y="42" fill="#666666">{escape(subtitle)}</text>',
            *rows,
            "</svg>",
            "",
        ]
    )


def _row(bar: Bar, y: int, most: float) -> list[str]:
    long = round(bar.value / most * BARS, 1)
    weight = ' font-weight="600"' if bar.marked else ""
    return [
        f'<text x="{LABELS - 10}" y="{y + 16}" text-anchor="end" fill="#222222"{weight}>{escape(bar.label)}</text>',
        f'<rect x="{LABELS}" y="{y + 4}" width="{long}" height="{ROW - 8}" rx="2" '
        f'fill="{MARKED if bar.marked else PLAIN}"/>',
        f'<text x="{LABELS + long + 8}" y="{y + 16}" fill="#222222"{weight}>{escape(bar.shown)}</text>',
    ]
