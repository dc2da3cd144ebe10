"""Markers are added and multiplied without changing what they mean."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.config.markers import ALWAYS, NEVER, BadMarker, Marker, both, either, parse, to_text

ATOMS = [
    "python_version < '3.10'",
    "python_version >= '3.10'",
    "implementation_name == 'pypy'",
    "'x' in platform_version",
]
WORLDS = [
    {ATOMS[0]: old, ATOMS[1]: not old, ATOMS[2]: pypy, ATOMS[3]: x} for old, pypy, x in product([True, False], repeat=3)
]
TEXTS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=6,
)


def holds(marker: Marker, world: dict[str, bool]) -> bool:
    return any(all(world[condition] for condition in conditions) for conditions in marker)


def by_python(text: str, world: dict[str, bool]) -> bool:
    for atom, value in world.items():
        text = text.replace(atom, str(value))
    return bool(eval(text))  # noqa: S307  the text is made of True, False, and, or and brackets


@given(TEXTS)
def test_a_marker_means_what_its_text_says(text: str) -> None:
    for world in WORLDS:
        assert holds(parse(text), world) == by_python(text, world)


@given(TEXTS)
def test_a_marker_written_out_and_read_again_means_the_same(text: str) -> None:
    marker = parse(text)
    if marker != ALWAYS:
        assert parse(to_text(marker)) == marker


@given(TEXTS, TEXTS)
def test_either_and_both_are_or_and_and(one: str, other: str) -> None:
    left, right = parse(one), parse(other)
    for world in WORLDS:
        assert holds(either(left, right), world) == (holds(left, world) or holds(right, world))
        assert holds(both(left, right), world) == (holds(left, world) and holds(right, world))


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("", ALWAYS),
        ("sys_platform == 'win32'", NEVER),
        ("sys_platform != 'win32'", ALWAYS),
        ('os_name == "nt" or platform_system == "Linux"', ALWAYS),
        ("extra == 'db' and python_version < '3.10'", NEVER),
        ("python_version < '3.10' or python_version >= '3.10'", ALWAYS),
        ("python_version != '3.9' or python_version == '3.9'", ALWAYS),
    ],
)
def test_what_is_known_of_every_host_is_settled(text: str, settled: Marker) -> None:
    assert parse(text) == settled


@pytest.mark.parametrize("text", ["python_version", "(a == 'b'", "a == 'b' c", "a == 'b' and", "a == 'b", "$"])
def test_what_is_no_marker_is_refused(text: str) -> None:
    with pytest.raises(BadMarker):
        parse(text)


def test_an_operator_of_two_words_is_kept() -> None:
    assert to_text(parse("'arm' not  in platform_machine")) == "'arm' not in platform_machine"
