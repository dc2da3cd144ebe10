"""Hiding a release's secret values in text that is shown or sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from seawall.agent.vocabulary import Release

#: Shorter values are no secrets worth hiding: masking them would garble the output.
SHORTEST_SECRET = 4
#: Of a value in base64 no shorter piece is looked for, characters.
SHORTEST_ENCODED = 8
DOTS = "••••••"
#: Python's `html.escape`, and markupsafe's, which templates use.
_ENTITIES = tuple(
    str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': double, "'": single})
    for double, single in (("&quot;", "&#x27;"), ("&#34;", "&#39;"))
)
#: Where a value begins within three bytes that base64 writes as one, as the password of `user:password` does; and how
#: many characters then hold something of what stands before it.
_ALIGNMENTS = ((0, 0), (1, 2), (2, 3))


def masker(release: Release) -> Callable[[str], str]:
    """A function that hides the values of the release's secrets in text: whole, line by line, and as programs write
    them (JSON, Python's repr, URLs, HTML, a shell's trace, base64)."""
    values = {release.env.get(name, "") for name in release.secret_names}
    parts = {part for value in values for part in _parts(value) if len(part) >= SHORTEST_SECRET}
    hidden = sorted({form for part in parts for form in _forms(part)}, key=len, reverse=True)

    def mask(text: str) -> str:
        for form in hidden:
            text = text.replace(form, DOTS)
        return text

    return mask


def _parts(value: str) -> Iterator[str]:
    """A value, its lines, the old values in a list of fallbacks, and the password in an address."""
    import json
    from urllib.parse import unquote, urlsplit

    yield value
    yield from value.splitlines()
    if value.startswith("["):
        with suppress(ValueError):  # a value may begin like a list and be none
            yield from (old for old in json.loads(value) if isinstance(old, str))
    if "://" in value:
        try:
            password = urlsplit(value).password or ""
        except ValueError:
            return
        yield password
        yield unquote(password)


def _forms(part: str) -> Iterator[str]:
    import base64
    import json
    from urllib.parse import quote, quote_plus

    data = part.encode(errors="surrogateescape")
    yield part
    yield json.dumps(part)[1:-1]
    yield json.dumps(part, ensure_ascii=False)[1:-1]
    yield repr(part)[1:-1]
    yield from (quote(data), quote(data, safe=""), quote_plus(data))
    for entities in _ENTITIES:
        yield part.translate(entities)
    yield part.replace("'", "'\\''")
    yield part.replace("'", "'\"'\"'")
    for shift, spoilt in _ALIGNMENTS:
        whole = bytes(shift) + data
        whole = whole[: len(whole) // 3 * 3]  # what follows would change the last characters of the rest
        for encoded in (base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode()):
            if len(encoded) - spoilt >= SHORTEST_ENCODED:
                yield encoded[spoilt:]
