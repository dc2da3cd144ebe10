"""What is shown of a line that may hold a secret: evidence goes to terminals, logs and the pages of services."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 160  # characters of a line that are shown
MOST = 2_000  # characters of a line that are looked at; no statement is longer
USER_IN_ADDRESS = re.compile(r"://[^\s/@'\"]+@")
#: A quoted value behind a name that says it is secret: NAME = "…", NAME="…", "name": "…", ["name"] = b"…"
NAMED = re.compile(
    r"""((?:secret|passw|pwd|token|api_?key|access_?key|private_?key|credential|salt|authorization)[\w-]*["']?\]?"""
    r"""\s{0,9}(?::\s{0,9}\w{1,30}\s{0,9})?[=:]\s{0,9}[rbuf]{0,2})(\"{3}|'{3}|["'])(?:\\.|(?!\2).)*(?:\2|$)""",
    re.IGNORECASE,
)
#: Keys and tokens that show by their form: those of known kinds, and long ones made of letters and figures.
TOKENS = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|(?:sk|rk|pk)_(?:live|test)_\w+|gh[a-z]_\w{20,}|xox[a-z]-[\w-]+|eyJ[\w-]+\.[\w.-]+"
    r"|(?:Bearer|Basic)\s+[\w.+/=-]{8,})|(?<=[\"'])(?=[^\"']*\d)[A-Za-z0-9+/_-]{32,}={0,2}(?=[\"'])"
)
QUOTED = re.compile(r"(\"{3}|'{3}|[\"'])(?:\\.|(?!\1).)*(?:\1|$)")


@lru_cache(512)  # a file of one line may have thousands of findings
def discreet(line: str) -> str:
    """A line as it is shown: without what looks like a secret, and not longer than a person reads."""
    text = USER_IN_ADDRESS.sub("://…@", line.strip()[:MOST])
    return TOKENS.sub("…", NAMED.sub(r"\1\2…\2", text))[:LONGEST]


def blanked(text: str) -> str:
    """A line without any of the texts in quotes, or without what follows an equals sign where there are none. A quote
    that the line does not close hides the rest of it."""
    hidden = QUOTED.sub(r"\1…\1", text)
    return re.sub(r"([=:]\s*).+", r"\1…", text) if hidden == text else hidden
