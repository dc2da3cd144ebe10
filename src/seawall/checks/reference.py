"""The reference page of all rules (docs/reference/checks.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seawall.checks.rule import Rule

HEAD = """\
# The production checklist

Every rule of `seawall check`. [The guide](../guides/checklist.md) says how to go through them, and how to allow a
breach. This page is made of the rules themselves: `make docs` writes it.

An **error** must not go online, and stops `seawall deploy`. A **warning** is to be mended before it hurts. A **note**
is worth knowing.
"""
THEMES = {
    "SW0": "Comments that allow a breach",
    "SW1": "How the app is started, and what it shows when something fails",
    "SW2": "Sessions, forms, pages, passwords and tokens",
    "SW3": "What visitors send",
    "SW4": "Secrets",
    "SW5": "Requirements",
    "SW6": "The database, files, and several processes",
    "SW7": "The app behind its front server",
    "SW8": "The live site (`--live`)",
    "SW9": "The live hosts (`--live`)",
}


def markdown(rules: Sequence[Rule]) -> str:
    """The page: a table of all, then each in full by theme."""
    return "\n".join([HEAD, *_table(rules), *(line for theme in THEMES for line in _theme(theme, rules))])


def _table(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| rule | severity | what is wrong |"
    yield "| --- | --- | --- |"
    yield from (f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity} | {rule.title} |" for rule in rules)
    yield ""


def _theme(theme: str, rules: Sequence[Rule]) -> Iterator[str]:
    inside = [rule for rule in rules if rule.id.startswith(theme)]
    if inside:
        yield f"## {THEMES[theme]}\n"
    for rule in inside:
        yield f"### {rule.id}\n"
        yield f"**{_text(rule.title)}** ({rule.severity}). {_text(rule.why)}\n"
        yield f"{_text(rule.remedy)} {_reference(rule.reference)}\n"


def _text(text: str) -> str:
    """Text in which nothing but backquotes is Markdown."""
    return text if "`" in text else text.replace("<", "&lt;").replace("*", "\\*").replace("|", "\\|")


def _reference(reference: str) -> str:
    if reference.startswith("docs/"):
        return f"See [{reference}](../{reference.removeprefix('docs/')})."
    return f"See <{reference}>." if reference.startswith("https://") else f"See {reference}."
