"""What all resources have in common, and how they travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib import import_module
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")

#: Where the kinds are described, each module with a table RESOURCES. The later ones are loaded only where they are
#: needed: few hosts have them, and to make a class takes longer than to make hundreds of its objects.
VOCABULARIES = ("seawall.agent.vocabulary", "seawall.agent.host_vocabulary", "seawall.agent.data.wanted")


class Resource:
    """Something that a host should hold: a frozen dataclass. ``kind`` is its word in plans and on the wire; the module
    of that name in ``resources`` knows how to look at it and how to make it."""

    kind: ClassVar[str]


def table(*classes: type[Resource]) -> dict[str, type[Any]]:
    """Classes by their kind."""
    return {cls.kind: cls for cls in classes}


def resource_to_wire(resource: Resource) -> dict[str, Any]:
    """A resource as JSON-ready data."""
    return {"kind": resource.kind, **asdict(resource)}  # type: ignore[call-overload]  # each is a dataclass


def resource_from_wire(data: Mapping[str, Any]) -> Resource:
    """The resource that :func:`resource_to_wire` made this of. Raises KeyError for a kind that there is not, TypeError
    for unknown or missing fields."""
    values = dict(data)
    made: Resource = build(_described(values.pop("kind")), values)
    return made


def build(cls: type[T], data: Mapping[str, Any]) -> T:
    """Make a flat dataclass from JSON data; lists become tuples. Raises TypeError on unknown or missing fields."""
    names = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    unknown = set(data) - names
    if unknown:
        raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})


def _described(kind: str) -> type[Any]:
    for name in VOCABULARIES:
        described: dict[str, type[Any]] = import_module(name).RESOURCES
        if kind in described:
            return described[kind]
    raise KeyError(kind)
