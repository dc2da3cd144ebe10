"""SW50x: what the app is built from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.source import Source
from seawall.config.detect.python import find_python
from seawall.config.detect.requirements import LOCKS, PINNED, find_requirements
from seawall.config.requirements import read_requirements
from seawall.errors import ConfigError

PLAIN_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s*,;]+)")
PINNING = "https://pip.pypa.io/en/stable/topics/repeatable-installs/"
#: The last day of each version's support (https://devguide.python.org/versions/); months without a day end with it.
END_OF_LIFE = {
    (3, 8): date(2024, 10, 7),
    (3, 9): date(2025, 10, 31),
    (3, 10): date(2026, 10, 31),
    (3, 11): date(2027, 10, 31),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 10, 31),
    (3, 14): date(2030, 10, 31),
}
#: Packages that nobody has mended for years, and what took their place.
ABANDONED = {
    "pycrypto": "pycryptodome or cryptography",
    "flask-script": "Flask's own `flask` command",
    "flask-jwt": "Flask-JWT-Extended",
    "flask-uploads": "Flask-Reuploaded",
    "flask-sslify": "the server in front, which redirects to https",
    "flask-kvsession": "Flask-Session",
    "flask-oauth": "Authlib",
    "m2crypto": "cryptography",
}
FOR_DEVELOPING = frozenset(
    (
        *("pytest", "flask-debugtoolbar", "ipdb", "pdbpp", "black", "ruff", "mypy", "flake8", "pylint", "isort"),
        *(
            "pre-commit",
            "coverage",
            "pytest-cov",
            "tox",
            "nox",
            "ipython",
            "jupyter",
            "flask-profiler",
            "werkzeug-debugger",
        ),
    )
)


@dataclass(frozen=True)
class Requirement:
    """One requirement as a line of a requirements file says it; ``name`` as PEP 503 writes it."""

    name: str
    text: str
    path: PurePosixPath
    line: int


def unpinned(source: Source) -> Iterator[Evidence]:
    """Requirements without an exact version. A pyproject.toml without a lock counts as a whole."""
    path = requirements_path(source)
    if path in {"pyproject.toml", "Pipfile"}:
        yield source.line(path, source.tree.line_of(path, "[packages]" if path == "Pipfile" else "dependencies"))
    for requirement in _requirements(source):
        if not PINNED.match(requirement.text) and not _from_repository(requirement.text):
            yield source.line(requirement.path, requirement.line)


def without_hashes(source: Source) -> Iterator[Evidence]:
    """A pinned requirements file without hashes; locks have them."""
    every = list(_requirements(source))
    pinned = every and all(PINNED.match(requirement.text) for requirement in every)
    if pinned and not any("--hash" in source.text(path) for path in {requirement.path for requirement in every}):
        yield source.line(every[0].path, 0)


def moving_branch(source: Source) -> Iterator[Evidence]:
    """``git+https://…`` without a commit: what is installed changes under the same line."""
    for requirement in _requirements(source):
        if _from_repository(requirement.text) and not re.search(r"@[0-9a-f]{7,40}\b", requirement.text):
            yield source.line(requirement.path, requirement.line)


def doubtful_index(source: Source) -> Iterator[Evidence]:
    for path in _files(source):
        for number, line in enumerate(source.text(path).splitlines(), start=1):
            plain = re.match(r"\s*(-i|--index-url|--extra-index-url|--find-links|-f)[ =]+http://", line)
            if plain or re.match(r"\s*--(trusted-host|extra-index-url)\b", line):
                yield source.line(path, number)


def abandoned(source: Source) -> Iterator[Evidence]:
    for requirement in _requirements(source):
        if requirement.name in ABANDONED:
            instead = f"{requirement.name} is not maintained; take {ABANDONED[requirement.name]}"
            yield source.line(requirement.path, requirement.line, instead)


def for_developing(source: Source) -> Iterator[Evidence]:
    for requirement in _requirements(source):
        if requirement.name in FOR_DEVELOPING:
            yield source.line(requirement.path, requirement.line)


def python_out_of_support(source: Source) -> Iterator[Evidence]:
    for version, place in _python_versions(source):
        match = re.fullmatch(r"(?:==|~=)?3\.(\d+)(\..*)?", version)
        ended = END_OF_LIFE.get((3, int(match[1]))) if match else None
        if match and (int(match[1]) < 8 or (ended and ended < source.today)):
            yield place


def _python_versions(source: Source) -> Iterator[tuple[str, Evidence]]:
    """The Python that seawall.toml asks for, else the one that the project's own files do."""
    if source.project and source.project.app.python:
        yield source.project.app.python.replace(" ", ""), source.configured("app", "python")
        return
    for item in find_python(source.tree).items:
        yield item.value.version or item.value.constraint, source.line(item.evidence.path, item.evidence.line)


def requirements_path(source: Source) -> str:
    """The file that the app's packages come from."""
    if source.project is not None:
        return source.project.app.requirements
    best = find_requirements(source.tree).best
    return best.path if best else ""


def _files(source: Source) -> list[PurePosixPath]:
    """The requirements files that are installed: the one that is named, and those it includes."""
    found: list[PurePosixPath] = []
    waiting = [PurePosixPath(requirements_path(source))]
    while waiting:
        path = waiting.pop(0)
        if path.suffix == ".txt" and path not in found and source.tree.has(path):
            found.append(path)
            included = re.findall(r"^(?:-r|--requirement)[ =]*(\S+)", source.text(path), re.MULTILINE)
            waiting += [path.parent / name for name in included]
    return found


def _requirements(source: Source) -> Iterator[Requirement]:
    for path in _files(source):
        for number, line in enumerate(source.text(path).splitlines(), start=1):
            text = re.sub(r"(^|\s)#.*", "", line).strip().rstrip("\\").strip()
            match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)
            editable = re.match(r"(?:-e|--editable)[ =]+(\S+)", text)
            if editable and _from_repository(editable[1]):
                yield Requirement("", editable[1], path, number)
            elif match and "--hash" not in text[: match.end() + 2]:
                yield Requirement(re.sub(r"[-_.]+", "-", match[0]).lower(), text, path, number)


def _from_repository(text: str) -> bool:
    return bool(re.search(r"\b(git|hg|svn|bzr)\+", text))


@dataclass(frozen=True)
class Pinned:
    """A package with its one version; ``line`` is 0 where it was read from a lock."""

    name: str
    version: str
    path: PurePosixPath
    line: int


def pinned(source: Source) -> list[Pinned]:
    """The packages whose exact version the requirements or the lock name."""
    path = PurePosixPath(requirements_path(source))
    if path.name in LOCKS:
        try:
            text = read_requirements(source.tree.root, str(path)).text
        except ConfigError:
            return []
        lines = [(line, path, 0) for line in text.splitlines()]
    else:
        lines = [(each.text, each.path, each.line) for each in _requirements(source)]
    matches = [(PLAIN_PIN.match(text), path, line) for text, path, line in lines]
    return [Pinned(re.sub(r"[-_.]+", "-", m[1]).lower(), m[2], path, line) for m, path, line in matches if m]


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW501",
            Severity.WARNING,
            "A requirement has no exact version",
            "The next release may install another version than the one that was tested.",
            "Write a lock (uv lock, or pip-compile), or pin each: flask==3.1.2.",
            PINNING,
        ),
        unpinned,
    ),
    Check(
        Rule(
            "SW502",
            Severity.NOTE,
            "The requirements have no hashes",
            "A package that is replaced in the index, or on the way, is installed all the same.",
            "Write them: `uv pip compile --generate-hashes`, or take a lock such as uv.lock.",
            "https://pip.pypa.io/en/stable/topics/secure-installs/",
        ),
        without_hashes,
    ),
    Check(
        Rule(
            "SW503",
            Severity.WARNING,
            "A requirement comes from a branch that moves",
            "What is installed changes under the same line, with whoever may write to that repository.",
            "Name a commit: package @ git+https://…@COMMIT.",
            "https://pip.pypa.io/en/stable/topics/vcs-support/",
        ),
        moving_branch,
    ),
    Check(
        Rule(
            "SW504",
            Severity.WARNING,
            "Packages may come from an index that is not to be trusted",
            "A second index, or one without https, can offer a package of the same name, and that one is installed.",
            "Name one index with https by --index-url, and give hashes.",
            "https://pip.pypa.io/en/stable/cli/pip_install/#examples",
        ),
        doubtful_index,
    ),
    Check(
        Rule(
            "SW505",
            Severity.WARNING,
            "A requirement is not maintained any more",
            "Holes that are found in it are not mended.",
            "Take what took its place.",
            "https://owasp.org/Top10/A06_2021-Vulnerable_and_Outdated_Components/",
        ),
        abandoned,
    ),
    Check(
        Rule(
            "SW506",
            Severity.NOTE,
            "A tool for developing is installed on the hosts",
            "It is more to break in through, and more to keep up to date.",
            "Move it to a file or group of its own, such as requirements-dev.txt.",
            "https://owasp.org/Top10/A05_2021-Security_Misconfiguration/",
        ),
        for_developing,
    ),
    Check(
        Rule(
            "SW507",
            Severity.WARNING,
            "The Python that is asked for is out of support",
            "Holes that are found in it are not mended.",
            "Move to a newer one; without `app.python` the host's own is used, which its distribution keeps mended.",
            "https://devguide.python.org/versions/",
        ),
        python_out_of_support,
    ),
)
