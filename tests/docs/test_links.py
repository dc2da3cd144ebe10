"""The documentation holds together: links resolve, every command is told of, and commands in it parse."""

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest

from seawall.cli.command import Command
from seawall.cli.main import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests/hosts/README.md"])
#: Written for people, not made from the code.
WRITTEN = [page for page in PAGES if "reference" not in page.parts]
#: What ends a command in a line of shell.
END = {"|", ">", ">>", "&&", ";", "#"}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


def anchors(page: Path) -> set[str]:
    """What the headings of a page can be linked to by, as code hosts make it."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def commands(text: str) -> Iterator[str]:
    """Each command that begins with `seawall`: in code spans, in lines of code, after a prompt or a pipe."""
    blocks = re.findall(r"^```.*?\n(.*?)^```$", text, flags=re.M | re.S)
    indented = re.findall(r"^ {4}(\S.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), flags=re.M)
    for line in [*"".join(blocks).splitlines(), *indented]:
        yield from re.findall(r"(?:^|^\$ |\| )(seawall [a-z-].*)", line)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    yield from (re.sub(r"\s+", " ", span) for span in re.findall(r"`(seawall [a-z-][^`]*)`", prose))


def words(command: str) -> list[str]:
    """The arguments of seawall in a line of shell."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";|&>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[str] = []
    for word in list(lexer)[1:]:
        if word in END:
            break
        found.append(word)
    return found


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[list[str]], None]:
    """Parse as the command line would, and do nothing. Raises click.UsageError."""
    (tmp_path / "key.pem").touch()  # a file that an example reads
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Command, "invoke", lambda *_: None)

    def run(arguments: list[str]) -> None:
        with suppress(click.exceptions.NoArgsIsHelpError):  # a group by itself is a subject, not a mistake
            cli.main(list(arguments), prog_name="seawall", standalone_mode=False)

    return run


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_every_command_in_the_documentation_parses(page: Path, parse: Callable[[list[str]], None]) -> None:
    for command in commands(page.read_text(encoding="utf-8")):
        try:
            parse(words(command))
        except click.UsageError as error:
            pytest.fail(f"`{command}`: {error.format_message()}")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_told_of_in_a_guide(command: str) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in WRITTEN)
    assert re.search(rf"seawall (-\S+ \S+ )?{command}\b", text)


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", without_code(page.read_text(encoding="utf-8")))
        todo += [(page.parent / link).resolve() for link in links if ":" not in link]
    assert sorted(set(PAGES) - reached) == []
