"""Secret values are hidden in text in every form in which programs write them."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from markupsafe import escape

from agent.sample import release
from seawall.agent.masking import DOTS, masker

VALUE = 'two "quoted" lines\nof pelican/41+quartz\\é'


def masked(text: str, value: str = VALUE, name: str = "TOKEN") -> str:
    return masker(release(env={name: value, "COLOUR": "grey"}, secret_names=(name,)))(text)


@pytest.mark.parametrize(
    "form",
    [
        VALUE,
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        repr(VALUE),
        quote(VALUE),
        quote(VALUE, safe=""),
        quote_plus(VALUE),
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
        base64.b64encode(VALUE.encode() + b"\n").decode(),
        html.escape(VALUE),
        str(escape(VALUE)),
    ],
)
def test_a_value_is_hidden_however_it_is_written(form: str) -> None:
    shown = masked(f"before {form} after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert DOTS in shown
    for piece in ("pelican", "quoted", "cGVsaWNh", "quartz"):
        assert piece not in shown


@pytest.mark.parametrize("user", ["a", "bo", "eve", "ada"])
def test_a_password_is_hidden_in_what_basic_authentication_sends(user: str) -> None:
    whole = base64.b64encode(f"{user}:pelican-41-quartz".encode()).decode()
    shown = masked(f"Authorization: Basic {whole}", "pelican-41-quartz")
    assert DOTS in shown
    assert len(shown.partition(DOTS)[2]) <= 4


@pytest.mark.parametrize("written", ["'it'\\''s a pelican'", "'it'\"'\"'s a pelican'"])
def test_a_value_is_hidden_as_a_shell_quotes_it(written: str) -> None:
    assert masked(f"+ export TOKEN={written}", "it's a pelican") == f"+ export TOKEN='{DOTS}'"


def test_each_line_of_a_value_is_hidden_by_itself() -> None:
    assert masked("log: of pelican/41+quartz\\é") == f"log: {DOTS}"


def test_the_old_values_in_a_list_of_fallbacks_are_hidden() -> None:
    assert masked("old-one and old-two", '["old-one", "old-two", 5]', "KEY_FALLBACKS") == f"{DOTS} and {DOTS}"
    assert masked("[not a list", "[not a list") == DOTS


def test_the_password_in_an_address_is_hidden_by_itself() -> None:
    address = "postgresql://app:hun%2Fter2@db/app"
    assert masked(f"{address} hun%2Fter2 hun/ter2", address) == f"{DOTS} {DOTS} {DOTS}"
    assert masked("http://[half", "http://[half") == DOTS


def test_what_is_no_secret_or_too_short_to_be_one_stays() -> None:
    assert masked("grey abc", "abc") == "grey abc"
    assert masked("nothing here") == "nothing here"
