"""The words of a message: what, on which host and app, since when, what to do. Nothing secret is in them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seawall.agent.data.troubles import BEGAN, LASTS, OVER, Notice

#: Of one line of a message no more is sent, characters.
LONGEST = 500
TEST = "test"


@dataclass(frozen=True)
class Message:
    """What is sent. ``kind`` is trouble, over or test."""

    kind: str
    app: str
    host: str
    notices: tuple[Notice, ...] = ()

    @property
    def subject(self) -> str:
        """One line."""
        where = f"{self.app} on {self.host}"
        if self.kind == TEST:
            return f"{where}: a test"
        if len(self.notices) == 1:
            return line(f"{where}: {_headline(self.notices[0])}")
        counted = {what: sum(1 for one in self.notices if one.what == what) for what in (BEGAN, LASTS, OVER)}
        words = [f"{number} {_COUNTED[what]}" for what, number in counted.items() if number]
        return f"{where}: {', '.join(words)}"

    @property
    def text(self) -> str:
        """The whole message."""
        if self.kind == TEST:
            return "This is a test: nothing is wrong. Whoever reads it will be told when something is.\n"
        return "\n".join(_paragraph(notice) for notice in self.notices)

    @property
    def document(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "version": 1,
            "kind": self.kind,
            "app": self.app,
            "host": self.host,
            "subject": self.subject,
            "text": self.text,
            "notices": [_document(notice) for notice in self.notices],
        }


def message(app: str, host: str, notices: Sequence[Notice]) -> Message:
    """What tells of ``notices``, what is new first."""
    order = (BEGAN, LASTS, OVER)
    kind = "over" if all(notice.what == OVER for notice in notices) else "trouble"
    return Message(kind, app, host, tuple(sorted(notices, key=lambda one: order.index(one.what))))


def moment(seconds: float) -> str:
    """A moment for people: UTC, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def stamp(seconds: float) -> str:
    """A moment for programs (RFC 3339, UTC); "" for none."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""


def line(text: str) -> str:
    """Text as one line that is not too long, whatever a program put into it."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


_COUNTED = {BEGAN: "new", LASTS: "lasting", OVER: "over"}


def _headline(notice: Notice) -> str:
    before = {BEGAN: "", LASTS: "still: ", OVER: "over: "}[notice.what]
    return before + notice.trouble.fact


def _paragraph(notice: Notice) -> str:
    fact, remedy = line(notice.trouble.fact), line(notice.trouble.remedy)
    since = moment(notice.since)
    if notice.what == OVER:
        return f"Over since {moment(notice.over)}: {fact}\n  It had begun at {since}.\n"
    still = "Still: " if notice.what == LASTS else ""
    return f"{still}{fact}\n  Since {since}.\n  To do: {remedy}\n"


def _document(notice: Notice) -> dict[str, Any]:
    return {
        "what": notice.what,
        "id": notice.trouble.id,
        "fact": line(notice.trouble.fact),
        "remedy": line(notice.trouble.remedy),
        "since": stamp(notice.since),
        "over": stamp(notice.over),
    }
