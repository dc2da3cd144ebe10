"""Mistakes in the configuration, in plain words."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from seawall.config.lines import Key
from seawall.config.schema import all_keys, in_words, node_at, properties, toml

_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Mistake:
    """What is wrong with the key at ``key``, and what to do about it."""

    key: Key
    fact: str
    remedy: str = ""


def from_pydantic(details: list[ErrorDetails], data: dict[str, Any]) -> list[Mistake]:
    """pydantic's complaints about ``data`` as one mistake for each key, in the order of the model."""
    found: dict[Key, Mistake] = {}
    for detail in details:
        if detail["type"] == "default_factory_not_called":  # because of a mistake that is told already
            continue
        mistake = _mistake(detail, data)
        found.setdefault(mistake.key, mistake)
    return list(found.values())


def dotted(key: Key) -> str:
    """A path as people write it: ``server.workers``, ``hosts[0]``, ``static."/static/"``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{_bare_or_quoted(part)}"
    return text


def _bare_or_quoted(part: str) -> str:
    return part if part and all(c.isalnum() or c in "_-" for c in part) else f'"{part}"'


def _mistake(detail: ErrorDetails, data: dict[str, Any]) -> Mistake:
    key = _real_key(detail, data)
    if detail["type"] == "extra_forbidden":
        return Mistake(key, f"there is no key `{dotted(key)}`", _where_it_belongs(key))
    if detail["type"] == "missing":
        return _missing(key)
    if "[key]" in detail["loc"]:
        words = in_words((node_at(key[:-1]) or {})["propertyNames"])
        return Mistake(key, f"`{dotted(key)}`: {toml(key[-1])} must be {words}")
    words = in_words(node_at(key) or {})
    return Mistake(key, f"`{dotted(key)}` must be {words}, not {_shown(key, detail['input'])}")


def _real_key(detail: ErrorDetails, data: dict[str, Any]) -> Key:
    """The place in the data; pydantic adds parts of its own, such as the branch of a union."""
    key: Key = ()
    node: Any = data
    for part in detail["loc"]:
        if holds(node, part):
            node = node[part]
        elif detail["type"] == "missing":
            return (*key, part)
        else:
            return key
        key = (*key, part)
    return key


def holds(node: object, part: str | int) -> bool:
    """Whether a table has the key, or a list the index, ``part``."""
    if isinstance(part, int):
        return isinstance(node, list) and part < len(node)
    return isinstance(node, dict) and part in node


def _missing(key: Key) -> Mistake:
    example = (node_at(key) or {}).get("examples", [""])[0]
    table = dotted(key[:-1])
    if node_at(key) and properties(node_at(key) or {}):  # a whole table, such as [app]: say which key it is for
        needed = next(known for known in all_keys() if known.required and known.key.startswith(f"{key[-1]}."))
        return Mistake(key, f"`{needed.key}` is missing", f"Add a table [{key[-1]}] with {needed.example}.")
    where = f" to [{table}]" if table else " at the top of the file"
    return Mistake(key, f"`{dotted(key)}` is missing", f"Add {key[-1]} = {toml(example)}{where}.")


def _where_it_belongs(key: Key) -> str:
    """The nearest right key: one beside it, else the same or a near name in another table."""
    name, table = str(key[-1]), key[:-1]
    beside = properties(node_at(table) or {})
    homes = {known.key.rpartition(".")[2]: known.key.rpartition(".")[0] for known in reversed(all_keys())}
    if name in homes and name not in beside:
        return f"`{name}` belongs {_home(homes[name])}."
    options = [*beside, "environments"] if not table else list(beside)
    if near := difflib.get_close_matches(name, options, n=1):
        return f"Did you mean `{near[0]}`?"
    if near := difflib.get_close_matches(name, homes, n=1, cutoff=0.75):
        return f"Did you mean `{near[0]}`? It belongs {_home(homes[near[0]])}."
    return f"{'[' + dotted(table) + ']' if table else 'The top level'} knows {', '.join(options)}."


def _home(table: str) -> str:
    return f"in [{table}]" if table else "at the top of the file, before the first table"


def _shown(key: Key, value: object) -> str:
    """A wrong value for people; values of variables may be secret and are never shown."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if key and key[0] == "env":
        return "what is here"
    text = toml(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
