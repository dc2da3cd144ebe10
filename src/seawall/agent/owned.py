"""``state/owned.json``: the paths seawall wrote on a host for one app, so that what is no longer wanted can go."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from seawall.agent import files
from seawall.agent.errors import NeedsPerson
from seawall.agent.resource import Resource, build
from seawall.agent.vocabulary import AcmeCertificate, Certificate, File, Link

#: Where certbot keeps what it knows of each certificate, for renewals (certbot(1), "Files").
RENEWAL = "/etc/letsencrypt/renewal"


@dataclass(frozen=True)
class Owned(Resource):
    """A path seawall wrote; ``service`` names the Service that must hear of its deletion."""

    kind: ClassVar[str] = "owned"

    path: str
    service: str = ""
    secret: bool = False


def of(resources: Iterable[Resource]) -> tuple[Owned, ...]:
    """What will be seawall's once these resources hold, by path."""
    found: list[Owned] = []
    for resource in resources:
        if isinstance(resource, File):
            found.append(Owned(resource.path, resource.service, resource.secret))
        elif isinstance(resource, Link):
            found.append(Owned(resource.path, resource.service))
        elif isinstance(resource, Certificate):
            found += (Owned(path, resource.service, True) for path in (resource.certificate, resource.key))
        elif isinstance(resource, AcmeCertificate):
            found += (Owned(path, resource.service, True) for path in acme_paths(resource))
    return tuple(sorted(found, key=lambda owned: owned.path))


def acme_paths(resource: AcmeCertificate) -> tuple[str, ...]:
    """What goes when it is wanted no longer: without its configuration certbot renews it no more."""
    return (resource.certificate, resource.key, f"{RENEWAL}/{resource.name}.conf")


def read(path: str) -> tuple[Owned, ...]:
    """What was written; nothing where the file is missing. Raises NeedsPerson if it cannot be understood."""
    text = files.read_text(path)
    if text is None:
        return ()
    try:
        return tuple(build(Owned, item) for item in json.loads(text)["paths"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NeedsPerson(
            "The list of the files seawall wrote cannot be read",
            place=path,
            remedy="delete it: seawall then forgets old files it would have removed, and changes nothing else",
        ) from error


def of_others(path: str) -> frozenset[str]:
    """The paths of the other apps on this host; ``path`` is this app's own list. Raises NeedsPerson as :func:`read`.

    What several apps share, nginx's catch-alls for one, stays until the last of them no longer wants it.
    """
    own = Path(path)
    lists = own.parents[2].glob("*/" + "/".join(own.parts[-2:]))
    return frozenset(item.path for there in lists if there != own for item in read(str(there)))


def to_bytes(owned: Iterable[Owned]) -> bytes:
    """The file's content."""
    return json.dumps({"paths": [asdict(item) for item in owned]}, indent=1).encode() + b"\n"
