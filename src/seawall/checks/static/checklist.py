"""The static part of the checklist, from a folder to findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from seawall.checks.ignore import Ignore, Judged, ignores_in, is_read, judge
from seawall.checks.rule import Check
from seawall.checks.run import go_through, ordered
from seawall.checks.static import migrations
from seawall.checks.static.source import Source, read_source
from seawall.config.detect.tree import printable
from seawall.config.document import Document
from seawall.config.model import Project


def look_through(
    directory: Path,
    project: Project | None,
    document: Document | None,
    checks: Sequence[Check[Source]],
    *,
    known: Iterable[str],
    travels: Collection[str] | None = None,
) -> Judged:
    """Go through ``checks`` in the project, and leave out what its comments ignore. ``known`` are the ids of all rules
    that there are; ``travels`` the files that go to a host, where that is known."""
    source = read_source(directory, project, document, travels=travels)
    ran = dict.fromkeys(known, False) | dict.fromkeys((check.rule.id for check in checks), True)
    judged = judge(go_through(checks, source), list(_ignores(source)), ran)
    return Judged(ordered(judged.findings), judged.ignored, (*source.whole.remarks, *source.sources.remarks))


def _ignores(source: Source) -> Iterator[Ignore]:
    for path in source.tree.files:
        if is_read(str(path)) and b"seawall:" in source.tree.read(path):
            ignores = ignores_in(printable(source.prefix / path), source.text(path))
            yield from (ignore for ignore in ignores if not migrations.settled(source, ignore))
    document = source.document
    if document is not None and (source.prefix.parts or not source.tree.has(document.path.name)):
        yield from ignores_in(document.path.name, document.text)
