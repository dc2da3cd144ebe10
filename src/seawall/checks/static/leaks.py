"""SW42x: keys and tokens of known kinds, found by detect-secrets in the tree and in git's history."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from seawall.checks.finding import Evidence, InFile, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.source import Source
from seawall.config.detect.source import ASIDE
from seawall.config.detect.tree import printable
from seawall.config.git import git_command

STORING = "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html"
REMOVING = (
    "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/"
    "removing-sensitive-data-from-a-repository"
)
#: Detectors that know what they look for by its form; those that go by names or by entropy raise too many alarms.
DETECTORS = (
    *("AWSKeyDetector", "AzureStorageKeyDetector", "DiscordBotTokenDetector", "GitHubTokenDetector"),
    *("GitLabTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector"),
    *("PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector", "StripeDetector"),
    *("TelegramBotTokenDetector", "TwilioKeyDetector"),
)
PASSED_OVER = frozenset({".lock", ".svg", ".map", ".csv", ".min", ".po", ".ipynb"})
#: A private key's first line and what follows: many letters and figures, or the words that say it is encrypted.
KEY = re.compile(r"""PRIVATE KEY-{5}(?:\\+[rn]|[\s"'])*(?:[\w+/=]{20}|Proc-Type)""")
LONGEST = 2_000  # characters of a line; longer ones are data, not settings
MOST_LINES = 300_000
MOST_COMMITS = 1_000
PATIENCE = 30.0  # seconds


def known_secrets(source: Source) -> Iterator[Evidence]:
    """Secrets in the files that git keeps, or in all where there is no git."""
    with _detecting():
        for path in source.whole.files:
            if path.suffix in PASSED_OVER or not _is_kept(source, path):
                continue
            lines = source.text(path).splitlines()[:MOST_LINES]
            for number, line in enumerate(lines, start=1):
                for kind, _ in _found(line):
                    if kind == "Private Key" and not _is_key(path, lines[number - 1 : number + 2]):
                        continue
                    place = source.line(path, number)
                    yield InFile(place.path, place.line, "…", kind)


def secrets_in_history(source: Source) -> Iterator[Evidence]:
    """Secrets that a commit added and that are no longer in the tree."""
    if not source.tracked:
        return
    with _detecting():
        there = {secret for path in source.whole.files for line in _lines(source, path) for _, secret in _found(line)}
        seen = set(there)
        for commit, path, line in _added(source):
            for kind, secret in _found(line):
                if secret not in seen:
                    seen.add(secret)
                    yield InFile(printable(path), 0, "", f"{kind}, added by commit {commit[:10]}")


def _is_key(path: PurePosixPath, lines: list[str]) -> bool:
    """Whether a private key begins on the first of these lines: code may only name the words that one begins with, and
    tests have keys of their own, which open nothing."""
    return not ASIDE & set(path.parts) and bool(KEY.search("".join(lines)))


def _is_kept(source: Source, path: PurePosixPath) -> bool:
    """Whether git keeps a file; where there is no git, a .env file is where secrets of one's own machine belong."""
    return str(path) in source.tracked if source.tracked else not path.name.startswith(".env")


def _lines(source: Source, path: PurePosixPath) -> list[str]:
    return [] if path.suffix in PASSED_OVER else source.text(path).splitlines()[:MOST_LINES]


def _added(source: Source) -> Iterator[tuple[str, str, str]]:
    """Commit, path and text of each line that a commit added: the newest commits first, within limits."""
    command = git_command(
        "log", "-p", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--diff-filter=AM"
    )
    command += [f"--max-count={MOST_COMMITS}", "--format=commit %H", "--relative", "--", "."]
    try:
        process = subprocess.Popen(command, cwd=source.tree.root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return
    with process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            yield from _read_log(line.decode(errors="replace").rstrip("\n") for line in process.stdout)
        finally:
            process.kill()  # what is beyond the limits


def _read_log(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    commit = path = ""
    until = time.monotonic() + PATIENCE
    for number, line in enumerate(lines):
        if number > MOST_LINES or time.monotonic() > until:
            return
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith("+++ "):
            path = line.removeprefix("+++ ").removeprefix("b/")
        elif line.startswith("+") and PurePosixPath(path).suffix not in PASSED_OVER:
            yield commit, path, line[1:]


@contextmanager
def _detecting() -> Iterator[None]:
    from detect_secrets.settings import transient_settings

    settings: dict[str, Any] = {"plugins_used": [{"name": name} for name in DETECTORS]}
    with transient_settings(settings):
        yield


def _found(line: str) -> Iterator[tuple[str, str]]:
    """The kinds and values of the secrets in a line; documentation's own examples are none."""
    from detect_secrets.core.scan import scan_line

    if 16 <= len(line) <= LONGEST:
        for secret in scan_line(line):
            value = secret.secret_value or ""
            if "EXAMPLE" not in value.upper():
                yield secret.type, value


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW421",
            Severity.ERROR,
            "A key or token is among the project's files",
            "Whoever can read the repository uses it; robots find published ones within minutes.",
            "Replace it where it is valid, keep the new one by `seawall secret set`, and read it from the environment.",
            STORING,
        ),
        known_secrets,
        slow=True,
    ),
    Check(
        Rule(
            "SW422",
            Severity.WARNING,
            "A key or token is in git's history",
            "It is gone from the files, but every clone still has it.",
            "Replace it where it is valid; then it does not matter any more.",
            REMOVING,
        ),
        secrets_in_history,
        slow=True,
    ),
)
