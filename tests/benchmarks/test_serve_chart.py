"""The chart is text that follows from the results alone."""

from pathlib import Path
from xml.etree import ElementTree

from bench.serve.chart import Bar, Panel, chart

GOLDEN = Path(__file__).parent / "golden" / "chart.svg"
PANELS = (
    Panel(
        "return 'Hello': requests a second",
        (Bar("nginx & gunicorn", 1000, "1,000"), Bar("seawall's defaults", 4100, "4,100 (4.10 ×)", highlight=True)),
    ),
    Panel("static file", (Bar("bare nginx", 0, "0"),)),
)


def test_a_chart_has_a_panel_for_each_view_and_a_bar_for_each_contender() -> None:
    assert chart("Requests <a second>", PANELS) == GOLDEN.read_text()


def test_the_longest_bar_leaves_room_for_its_text_and_the_others_follow_their_values() -> None:
    drawing = ElementTree.fromstring(chart("bars", PANELS))  # noqa: S314 - our own text
    bars = [int(one.get("width", "")) for one in drawing.iterfind("{*}rect[@rx]")]

    assert bars == [110, 450, 1]
