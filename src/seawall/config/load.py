"""From ``seawall.toml`` to a :class:`Project`, with every mistake told at once and with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seawall.config.document import Document, find, merged
from seawall.config.lines import Key
from seawall.config.mistakes import Mistake, dotted, from_pydantic, holds
from seawall.config.model import PRODUCTION, Project
from seawall.config.rules import APP_ID, contradictions, doubts, hindrances
from seawall.errors import ConfigError, ConfigErrors


def load(start: Path, environment: str = PRODUCTION) -> Project:
    """The project that ``start`` (a folder in it, or the file) belongs to, as ``environment`` has it.

    Raises ConfigErrors with all mistakes of the file, those of other environments' overlays included; ConfigError if
    there is no file or it is not TOML; UsageError if there is no such environment.
    """
    return _judged(find(start), environment)


def load_to_deploy(start: Path, environment: str = PRODUCTION) -> Project:
    """:func:`load`, and the files that the configuration names must be there, and a host to deploy to.
    Raises the same errors."""
    return to_deploy(find(start), environment)


def to_deploy(document: Document, environment: str) -> Project:
    """The same of a file that was read already, or is yet to be written. Raises the same errors."""
    project = _judged(document, environment)
    _raise(_located(document, environment, hindrances(project)))
    return project


def _judged(document: Document, environment: str) -> Project:
    try:
        project = Project.model_validate(_data(document, environment))
    except ValidationError:
        _raise(_all_errors(document, environment))
        raise
    if document.environments or contradictions(project):
        _raise(_all_errors(document, environment))
    warnings = tuple(
        f"{error.place}: {error.fact}. {error.remedy}" for error in _located(document, environment, doubts(project))
    )
    return project.model_copy(update={"warnings": warnings})


def _raise(errors: Iterable[ConfigError]) -> None:
    """Raise what there is by line, each mistake once: an overlay repeats those of the base."""
    once = {(error.place, error.fact): error for error in errors}
    if once:
        raise ConfigErrors(sorted(once.values(), key=lambda error: int(error.place.rpartition(":")[2])))


def _data(document: Document, environment: str) -> dict[str, Any]:
    """What pydantic is to check. ``app_id`` is the name itself where an overlay sets that name."""
    data: dict[str, Any] = {**merged(document, environment), "environment": environment}
    data["directory"] = document.directory
    if holds(document.environments.get(environment), "name"):
        data["app_id"] = data["name"]
    return data


def _all_errors(document: Document, environment: str) -> list[ConfigError]:
    """The mistakes in ``environment``, then those that only other environments' overlays make."""
    errors = list(_located(document, environment, _mistakes(document, environment)))
    if not isinstance(document.data.get("environments", {}), dict):
        errors += _located(document, "", [Mistake(("environments",), "`environments` must be a table")])
    for name, overlay in document.environments.items():
        errors += _located(document, "", _misnamed(name, overlay))
        if name != environment and isinstance(overlay, dict):
            found = _mistakes(document, name)
            errors += _located(
                document, name, [each for each in found if _depth(overlay, each.key) or each.key == APP_ID]
            )
    return errors


def _misnamed(name: str, overlay: object) -> list[Mistake]:
    key = ("environments", name)
    if not isinstance(overlay, dict):
        return [Mistake(key, f"`{dotted(key)}` must be a table, such as [environments.staging]")]
    if not re.fullmatch("[a-z][a-z0-9-]*", name):
        return [Mistake(key, f"`{dotted(key)}`: an environment's name has lower-case letters, digits and hyphens")]
    return []


def _mistakes(document: Document, environment: str) -> list[Mistake]:
    data = _data(document, environment)
    try:
        return contradictions(Project.model_validate(data))
    except ValidationError as error:
        found = from_pydantic(error.errors(include_url=False), data)
    return found + _contradictions_elsewhere(data, [mistake.key for mistake in found])


def _contradictions_elsewhere(data: dict[str, Any], wrong: list[Key]) -> list[Mistake]:
    """The contradictions among the keys that are right, so that nobody has to mend a file twice."""
    rest: Any = _without(data, (), wrong)
    stand_in = {"name": "app", **rest, "app": {"entry": "app:app", **rest.get("app", {})}}
    try:
        found = contradictions(Project.model_validate(stand_in))
    except ValidationError:
        return []
    return [mistake for mistake in found if mistake.key not in wrong]


def _without(value: Any, at: Key, wrong: list[Key]) -> Any:
    if isinstance(value, dict):
        return {k: _without(v, (*at, k), wrong) for k, v in value.items() if (*at, k) not in wrong}
    if isinstance(value, list):
        return [_without(v, (*at, i), wrong) for i, v in enumerate(value) if (*at, i) not in wrong]
    return value


def _located(document: Document, environment: str, mistakes: Iterable[Mistake]) -> Iterator[ConfigError]:
    for mistake in mistakes:
        key = _written_at(document, environment, mistake.key)
        yield ConfigError(mistake.fact, place=document.place(key), remedy=mistake.remedy)


def _written_at(document: Document, environment: str, key: Key) -> Key:
    """Where the file says it: in the overlay if the key is there, or if that leads nearer to it than the base."""
    if key == APP_ID:
        return ("environments", environment)
    deep = _depth(document.environments.get(environment), key)
    from_overlay = deep == len(key) or deep > _depth(document.base, key)
    return ("environments", environment, *key) if from_overlay else key


def _depth(data: Any, key: Key) -> int:
    """How many parts of ``key`` there are in ``data``."""
    depth = 0
    for part in key:
        if not holds(data, part):
            break
        data = data[part]
        depth += 1
    return depth
