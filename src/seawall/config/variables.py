"""The environment variables of a release, and which file each comes from."""

from __future__ import annotations

import json
import re
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field

from seawall.config.dotenv import dotenv_files, read_dotenv
from seawall.config.folder import NAME, own_folder
from seawall.config.model import LOCAL, PRODUCTION, Project
from seawall.config.secrets import FALLBACKS
from seawall.config.secrets import FILE as STORE
from seawall.config.writing import replace
from seawall.errors import SecretError

LOCAL_FILE = "local.secrets"
PROVIDER = "[secrets_from]"
#: An address with a password in it, such as `postgresql://guestbook:hunter2@db/guestbook` (RFC 3986, 3.2.1).
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/?#@\s]*:[^/?#@\s]+@")


@dataclass(frozen=True)
class Variables:
    """``values`` are secret and never shown; ``sources`` names the file of each; ``secret`` are the names that come
    from the store or a provider, and those of addresses with a password; ``notes`` are for people."""

    values: dict[str, str] = field(repr=False)
    sources: dict[str, str]
    notes: tuple[str, ...] = ()
    secret: frozenset[str] = frozenset()


def to_ask(project: Project, secrets: Mapping[str, str]) -> dict[str, str]:
    """The commands of ``[secrets_from]`` that are to be run. On the local target a value that is kept here comes first,
    so that nobody needs the provider to work on the app. Raises ConfigErrors for a bad ``.env`` file."""
    if project.environment != LOCAL:
        return project.secrets_from
    here = {name for path in dotenv_files(project.directory, LOCAL) for name in read_dotenv(path)} | set(secrets)
    return {name: command for name, command in project.secrets_from.items() if name not in here}


def resolve(project: Project, secrets: Mapping[str, str], provided: Mapping[str, str] | None = None) -> Variables:
    """What the app finds in its environment: ``[env]``, over it ``.env.ENVIRONMENT`` (and, for the local target, below
    that ``.env``), over it the named ones of ``secrets``, the decrypted store, with their old values, over it what
    providers printed.

    Raises SecretError with all names that are secret and have no value, ConfigErrors for a bad ``.env`` file. On the
    local target a missing signing key such as SECRET_KEY is made up and kept, and a note says so.
    """
    values = dict(project.env)
    sources = dict.fromkeys(values, "[env]")
    confidential: set[str] = set()
    for path in dotenv_files(project.directory, project.environment):
        found = read_dotenv(path)
        values |= found
        sources |= dict.fromkeys(found, path.name)
        confidential |= {name for name, value in found.items() if _PASSWORD_IN_ADDRESS.search(value)}
    needed = _needed(project)
    named = [*needed, *project.secrets_from]
    stored = {name: secrets[name] for one in named for name in (one, one + FALLBACKS) if name in secrets}
    values |= stored
    sources |= dict.fromkeys(stored, STORE)
    values |= provided or {}
    sources |= dict.fromkeys(provided or {}, PROVIDER)
    missing = [name for name in needed if name not in values]
    notes: tuple[str, ...] = ()
    if project.environment == LOCAL and missing:
        made = _local_keys(project, [name for name in missing if is_signing_key(name)])
        values |= made
        sources |= dict.fromkeys(made, f"{NAME}/{LOCAL_FILE}")
        notes = tuple(f"{name} is a random value made for this machine, kept in {NAME}/{LOCAL_FILE}" for name in made)
        missing = [name for name in missing if name not in made]
    if missing:
        raise without_value(project.environment, missing)
    return Variables(values, sources, notes, frozenset({*named, *stored, *confidential}))


def _needed(project: Project) -> tuple[str, ...]:
    """The secrets that are named, and the URL of a database elsewhere, which is one whether it is named or not."""
    url = project.database.variable
    return tuple(dict.fromkeys((*project.secrets, *([url] if project.database.kind == "external" else []))))


def without_value(environment: str, names: list[str]) -> SecretError:
    """The error of secrets that somebody has to set."""
    option = "" if environment == PRODUCTION else f" --environment {environment}"
    what = "a secret has" if len(names) == 1 else f"{len(names)} secrets have"
    return SecretError(
        f"{what} no value: {', '.join(names)}",
        place=STORE,
        remedy="\n".join(f"seawall secret set {name}{option}" for name in names),
    )


def is_signing_key(name: str) -> bool:
    """A key that any random text can stand for, unlike a password or an address that somebody else knows."""
    return name == "SECRET" or name.endswith(("SECRET_KEY", "SECRET_KEY_BASE", "SIGNING_KEY", "PASSWORD_SALT"))


def _local_keys(project: Project, names: list[str]) -> dict[str, str]:
    """Random values for ``names``, the same at every start. Raises SecretError if their file is spoiled."""
    if not names:
        return {}
    path = own_folder(project.directory) / LOCAL_FILE
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        made = {name: str(kept.get(name) or randomness.token_urlsafe(48)) for name in names}
        if {**kept, **made} != kept:
            replace(path, json.dumps({**kept, **made}, indent=2) + "\n")
    except (OSError, ValueError, AttributeError):
        raise SecretError(
            "the local secrets cannot be read or written",
            place=f"{NAME}/{LOCAL_FILE}",
            remedy="Remove the file: it is made anew.",
        ) from None
    return made
