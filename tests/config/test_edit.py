"""Single values of a TOML file are changed, and everything else stays as it was written."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.config.edit import with_values
from seawall.errors import ConfigError

FILE = """\
# The guestbook.
name = "guestbook"

[server]   # how it runs
# two are enough
workers = 2          # measured in May
kind = "gunicorn"

[environments.staging.server]
workers = 1

[env]
COLOUR = "gr#y"
"""


def test_a_value_is_replaced_where_it_stands_and_its_comment_stays() -> None:
    changed = with_values(FILE, ("server",), {"workers": 4, "kind": "uwsgi"}, "seawall.toml")
    assert changed == FILE.replace("workers = 2  ", "workers = 4  ", 1).replace('"gunicorn"', '"uwsgi"')


def test_a_new_value_comes_after_the_last_of_its_table() -> None:
    changed = with_values(FILE, ("server",), {"preload": True}, "seawall.toml")
    assert changed == FILE.replace('kind = "gunicorn"\n', 'kind = "gunicorn"\npreload = true\n')


def test_a_value_is_taken_away_with_its_line() -> None:
    changed = with_values(FILE, ("server",), {"kind": None, "threads": None}, "seawall.toml")
    assert changed == FILE.replace('kind = "gunicorn"\n', "")


def test_a_table_that_is_not_there_is_made() -> None:
    assert with_values('name = "a"', ("server",), {"threads": 8}, "f") == 'name = "a"\n\n[server]\nthreads = 8\n'
    changed = with_values(FILE, ("environments", "staging", "env"), {"LD_PRELOAD": "/a b"}, "f")
    assert changed == FILE + '\n[environments.staging.env]\nLD_PRELOAD = "/a b"\n'


def test_the_table_of_an_environment_is_its_own() -> None:
    changed = with_values(FILE, ("environments", "staging", "server"), {"workers": 3}, "f")
    assert changed == FILE.replace("workers = 1", "workers = 3")


def test_a_number_sign_in_a_text_begins_no_comment() -> None:
    changed = with_values(FILE, ("env",), {"COLOUR": "blue"}, "f")
    assert changed == FILE.replace('"gr#y"', '"blue"')


@pytest.mark.parametrize(
    "text",
    [
        'server = {workers = 2, kind = "gunicorn"}\n',
        "server.workers = 2\n",
        '[server]\nworkers = """\n2"""\n',
        "[server]\n'workers' = 2\n",
    ],
)
def test_a_file_that_is_written_in_another_way_is_left_alone_and_the_change_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be changed automatically") as refused:
        with_values(text, ("server",), {"workers": 4}, "seawall.toml")
    assert (refused.value.place, refused.value.remedy) == ("seawall.toml", "change it by hand: workers = 4")


values = st.one_of(st.integers(1, 512), st.booleans(), st.text(st.characters(codec="ascii"), max_size=8), st.none())


@given(st.dictionaries(st.sampled_from(["kind", "workers", "threads", "preload"]), values, min_size=1))
def test_what_is_read_afterwards_is_what_was_there_with_these_values(
    changes: dict[str, str | int | bool | None],
) -> None:
    read = tomllib.loads(with_values(FILE, ("server",), changes, "f"))
    wanted = tomllib.loads(FILE)
    wanted["server"] = {k: v for k, v in {**wanted["server"], **changes}.items() if v is not None}
    assert read == wanted
