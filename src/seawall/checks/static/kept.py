"""SW407 to SW410: secrets and data among the files that travel, or that git keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.secrets import NO_SECRET, STORING, WORDS
from seawall.checks.static.source import Source, masked
from seawall.config.rules import looks_secret

KEY_FILE = re.compile(r"^(id_(rsa|dsa|ecdsa|ed25519)|.*\.(pem|key|ppk|p12|pfx|jks|keystore))$")
PRIVATE = re.compile(r"^-----BEGIN ([A-Z]+ )*PRIVATE KEY-----", re.MULTILINE)
SAMPLE = re.compile(r"example|sample|template|dist|test|dev|\.md$")


def password_in_requirements(source: Source) -> Iterator[Evidence]:
    for path in source.tree.files:
        if _names_requirements(path):
            for number, line in enumerate(source.text(path).splitlines(), start=1):
                if re.search(r"https?://([^\s:/@$]+:[^\s/@$]+|gh[a-z]_\w+)@", line):
                    yield _blank(source, path, number)


def private_key_travels(source: Source) -> Iterator[Evidence]:
    """A private key among the files of the project; one that git ignores stays home."""
    for path in source.tree.files:
        if KEY_FILE.match(path.name) and not _aside(path) and _kept(source, path):
            text = source.text(path)
            match = PRIVATE.search(text)
            if match:
                yield _blank(source, path, text.count("\n", 0, match.start()) + 1)


def dotenv_in_git(source: Source) -> Iterator[Evidence]:
    """``.env`` files with values in git. ``.flaskenv`` is meant for the repository."""
    for path in source.tree.files:
        if re.match(r"\.env($|\.)", path.name) and not SAMPLE.search(path.name) and str(path) in source.tracked:
            for number, line in enumerate(source.text(path).splitlines(), start=1):
                match = re.match(r"\s*(?:export\s+)?(\w+)\s*=\s*['\"]?([^'\"#\s]+)", line)
                if match and looks_secret(match[1]) and len(match[2]) >= 8 and not _is_made_up(match[2]):
                    yield masked(source.line(path, number))


def database_in_git(source: Source) -> Iterator[Evidence]:
    for name in sorted(source.tracked):
        path = PurePosixPath(name)
        if path.suffix in {".sqlite", ".sqlite3", ".db"} and not _aside(path) and (source.tree.root / name).is_file():
            yield source.line(path, 0)


def _is_made_up(value: str) -> bool:
    """Whether a value stands for a secret, or is one that only its owner can read (dotenvx, sops)."""
    return bool(NO_SECRET.search(value) or WORDS.fullmatch(value) or re.match(r"encrypted:|ENC\[|\$", value))


def _names_requirements(path: PurePosixPath) -> bool:
    in_file = "requirements" in str(path) and path.suffix in {".txt", ".in"}
    return in_file or path.name in {"pyproject.toml", "Pipfile", "pip.conf"}


def _kept(source: Source, path: PurePosixPath) -> bool:
    """Whether git keeps a file; without git every file is kept."""
    return not source.tracked or str(path) in source.tracked


def _aside(path: PurePosixPath) -> bool:
    return any(SAMPLE.search(part) for part in path.parts)


def _blank(source: Source, path: PurePosixPath, number: int) -> Evidence:
    """A line of which nothing is shown."""
    found = source.line(path, number)
    return type(found)(found.path, found.line, "…", found.fact)


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW407",
            Severity.WARNING,
            "A requirement's address holds a password or token",
            "It is in git, on the host, and in what the installation prints.",
            "Give it to the installer by its environment or a netrc file.",
            "https://pip.pypa.io/en/stable/topics/authentication/",
        ),
        password_in_requirements,
    ),
    Check(
        Rule(
            "SW408",
            Severity.ERROR,
            "A private key is among the project's files",
            "It travels to every host and lies in git's history.",
            "Move it out of the project, or name it under `app.exclude`; if git has it, make a new one.",
            STORING,
        ),
        private_key_travels,
    ),
    Check(
        Rule(
            "SW409",
            Severity.ERROR,
            "Git keeps a .env file with secrets",
            "Whoever can read the repository, now or later, has them.",
            "`git rm --cached` the file, name it in .gitignore, and replace the secrets.",
            STORING,
        ),
        dotenv_in_git,
    ),
    Check(
        Rule(
            "SW410",
            Severity.WARNING,
            "Git keeps a database",
            "What is in it travels with the code, and is in the history for ever.",
            "`git rm --cached` the file, and name it in .gitignore and under `app.persist`.",
            STORING,
        ),
        database_in_git,
    ),
)
