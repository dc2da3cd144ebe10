"""A chart of bars, as SVG: a panel for each view, a bar for each contender. The same panels give the same text."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 960
LABEL_WIDTH = 360
TEXT_WIDTH = 150
BAR_WIDTH = WIDTH - LABEL_WIDTH - TEXT_WIDTH
BAR, GAP, TITLE, MARGIN = 16, 5, 30, 16
#: Both are legible on white and on the dark of a page that is turned (WCAG 2.2, 1.4.11: 3 to 1).
COLOUR, HIGHLIGHT = "#8a93a6", "#0f766e"
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


@dataclass(frozen=True)
class Bar:
    label: str
    value: float
    text: str
    highlight: bool = False


@dataclass(frozen=True)
class Panel:
    title: str
    bars: tuple[Bar, ...]


def chart(title: str, panels: Sequence[Panel]) -> str:
    """An SVG document; ``title`` is what it shows, for those who do not see it."""
    y = MARGIN
    drawn = []
    for panel in panels:
        drawn.append(_panel(panel, y))
        y += _height(panel)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" {FONT}>\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>\n' + "".join(drawn) + "</svg>\n"
    )


def _height(panel: Panel) -> int:
    return TITLE + len(panel.bars) * (BAR + GAP) + MARGIN


def _panel(panel: Panel, y: int) -> str:
    most = max((bar.value for bar in panel.bars), default=0) or 1
    head = f'<text x="{MARGIN}" y="{y + 14}" font-weight="bold" fill="#111827">{escape(panel.title)}</text>\n'
    bars = (_bar(bar, y + TITLE + number * (BAR + GAP), most) for number, bar in enumerate(panel.bars))
    return head + "".join(bars)


def _bar(bar: Bar, y: int, most: float) -> str:
    width = max(1, round(BAR_WIDTH * bar.value / most))
    base = y + BAR - 4
    weight = ' font-weight="bold"' if bar.highlight else ""
    return (
        f'<text x="{LABEL_WIDTH - 8}" y="{base}" text-anchor="end" fill="#374151"{weight}>{escape(bar.label)}</text>\n'
        f'<rect x="{LABEL_WIDTH}" y="{y}" width="{width}" height="{BAR}" rx="2" '
        f'fill="{HIGHLIGHT if bar.highlight else COLOUR}"/>\n'
        f'<text x="{LABEL_WIDTH + width + 6}" y="{base}" fill="#374151"{weight}>{escape(bar.text)}</text>\n'
    )
