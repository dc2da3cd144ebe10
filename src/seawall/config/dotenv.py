"""``.env`` files, read by python-dotenv's parser; ``${NAME}`` means an earlier line of the same file."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.config.model import LOCAL
from seawall.errors import ConfigError, ConfigErrors

if TYPE_CHECKING:
    from dotenv.parser import Binding

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def dotenv_files(directory: Path, environment: str) -> list[Path]:
    """The ``.env`` files that are there for an environment, the stronger last. A plain ``.env`` is for the local target
    only: it is the developer's, and must not reach a server by accident."""
    names = [".env", ".env.local"] if environment == LOCAL else [f".env.{environment}"]
    return [directory / name for name in names if (directory / name).is_file()]


def read_dotenv(path: Path) -> dict[str, str]:
    """The variables of a ``.env`` file. Raises ConfigErrors with all mistakes, none of which shows a value."""
    from dotenv.parser import parse_stream

    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigErrors([ConfigError(f"cannot be read: {error.strerror}", place=path.name)]) from error
    except UnicodeDecodeError as error:
        raise ConfigErrors([ConfigError("this is not UTF-8", place=path.name)]) from error
    values: dict[str, str] = {}
    errors: list[ConfigError] = []
    for binding in parse_stream(io.StringIO(text)):
        fact = _mistake(binding, values)
        if fact:
            errors.append(ConfigError(fact, place=f"{path.name}:{_line(binding)}", remedy="Write NAME=value."))
        elif binding.key is not None:
            values[binding.key] = _filled_in(binding.value or "", values)
    if errors:
        raise ConfigErrors(errors)
    return values


def _mistake(binding: Binding, values: dict[str, str]) -> str:
    if binding.error:
        return "this line is no NAME=value"
    if binding.key is None:
        return ""
    if not _VARIABLE.fullmatch(binding.key):
        return "this is no name of an environment variable"
    if binding.value is None:
        return f"{binding.key} has no value"
    if "\0" in binding.value:
        return f"{binding.key} holds a NUL"
    return "".join(f"${{{name}}} is not set in a line above" for name in _unknown(binding.value, values))


def _unknown(value: str, values: dict[str, str]) -> list[str]:
    from dotenv.variables import Variable, parse_variables

    atoms = [atom for atom in parse_variables(value) if isinstance(atom, Variable)]
    return [atom.name for atom in atoms if atom.default is None and atom.name not in values]


def _filled_in(value: str, values: dict[str, str]) -> str:
    from dotenv.variables import parse_variables

    return "".join(atom.resolve(dict(values)) for atom in parse_variables(value))


def _line(binding: Binding) -> int:
    """The line of the text itself; the parser counts from the blank lines before it."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return binding.original.line + blank.count("\n")
