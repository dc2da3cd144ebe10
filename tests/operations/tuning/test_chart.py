"""Bars as text and as a picture."""

from __future__ import annotations

from xml.etree import ElementTree

from seawall.operations.tuning.chart import Bar, svg_bars, text_bars

BARS = [Bar("uwsgi 3×4", 1.5, "1.50 ×", True), Bar("gunicorn", 1.0, "1.00 ×"), Bar("none", 0.0, "0")]


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - it is our own


def test_bars_of_text_are_as_long_as_their_values() -> None:
    assert text_bars(BARS, 6) == ["uwsgi 3×4  ██████ 1.50 ×", "gunicorn   ████ 1.00 ×", "none       █ 0"]
    assert text_bars([]) == []


def test_the_picture_is_one_that_stands_alone_and_says_the_same() -> None:
    root = parsed(svg_bars("A & <B>", 'to "now"', BARS))
    texts = [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["A & <B>", 'to "now"', "uwsgi 3×4", "1.50 ×", "gunicorn", "1.00 ×", "none", "0"]
    wide = [float(item.attrib["width"]) for item in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert wide == [420.0, 280.0, 0.0]
    assert not [item for item in root.iter() if "href" in item.attrib or item.tag.endswith("script")]


def test_a_picture_of_nothing_is_one_too() -> None:
    assert parsed(svg_bars("A", "", [])).tag.endswith("svg")
