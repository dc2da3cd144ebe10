"""The secret store: ``seawall.secrets`` beside ``seawall.toml``, safe to commit.

It is TOML: the public keys that may read (``recipients``), and for each environment a table with one line for each
name. A value is encrypted by age (https://age-encryption.org/v1) as JSON that repeats the name and environment, so that
nobody can exchange two lines unnoticed. Setting a secret needs no private key; reading does (``keys``).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage

from seawall.config import keys, writing
from seawall.config.document import read_toml
from seawall.config.lines import line_index
from seawall.errors import ConfigError, SecretError

FILE = "seawall.secrets"
LONGEST = 64 * 1024

#: The old values of the secret NAME are kept as NAME with this behind it.
FALLBACKS = "_FALLBACKS"

_HEADER = """\
# Secrets, encrypted by seawall. Safe to commit: the key is not in here.
# Change it by `seawall secret set NAME` and `seawall secret rm NAME`.
"""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Secret:
    """One entry of the store. ``changed`` is UTC, as in RFC 3339; ``sealed`` the encrypted value in base64.
    ``retired`` tells, for each of the old values that a rotation kept, since when it is old; newest first."""

    environment: str
    name: str
    changed: str
    sealed: str
    retired: tuple[str, ...] = ()


@dataclass(frozen=True)
class Store:
    """The file's content; nothing in it is secret."""

    path: Path
    text: str = ""
    recipients: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()


def set_secret(directory: Path, project: str, environment: str, name: str, value: str) -> Path | None:
    """Encrypt ``value`` as ``name``. The first secret makes a key, called after ``project``; its path is returned then,
    otherwise None. Raises SecretError."""
    check(environment, name, value)
    with writing.locked(directory):
        store, made = _store_with_recipients(directory, project)
        secret = Secret(environment, name, now(), seal(store.recipients, environment, name, value))
        write_store(replace(store, secrets=(*others(store, environment, name), secret)))
    return made


def add_secrets(directory: Path, project: str, environment: str, values: Mapping[str, str]) -> Path | None:
    """As :func:`set_secret` for several at once, none of which may be there already. Raises SecretError."""
    for name, value in values.items():
        check(environment, name, value)
    with writing.locked(directory):
        store, made = _store_with_recipients(directory, project)
        there = {secret.name for secret in store.secrets if secret.environment == environment}
        for name in values.keys() & there:
            raise SecretError(
                f"{name} has been kept by somebody else since the plan was made",
                place=FILE,
                state="nothing was changed",
                remedy="run the command again",
            )
        added = [
            Secret(environment, name, now(), seal(store.recipients, environment, name, values[name])) for name in values
        ]
        write_store(replace(store, secrets=(*store.secrets, *added)))
    return made


def remove_secret(directory: Path, environment: str, name: str) -> None:
    """Forget a secret, and its old values. Raises SecretError if there is no such secret."""
    with writing.locked(directory):
        store = read_store(directory)
        find(store, environment, name)
        write_store(replace(store, secrets=others(store, environment, name, name + FALLBACKS)))


def list_secrets(directory: Path) -> tuple[Secret, ...]:
    """All secrets by environment and name, without their values; needs no key. Raises SecretError."""
    return tuple(sorted(read_store(directory).secrets, key=lambda secret: (secret.environment, secret.name)))


def read_secrets(directory: Path, environment: str) -> dict[str, str]:
    """The decrypted secrets of one environment. Raises SecretError if there is no key for them, or one is spoiled."""
    store = read_store(directory)
    wanted = [secret for secret in store.secrets if secret.environment == environment]
    if not wanted:
        return {}
    identity = keys.identity_for(list(store.recipients))
    return {secret.name: opened(store, identity, secret) for secret in wanted}


def check(environment: str, name: str, value: str) -> None:
    """Raises SecretError for what no variable could be called, or hold; the value is not shown."""
    check_name(environment, name)
    if not value:
        raise SecretError(f"the value of {name} is empty", remedy="type it, or pipe it in")
    if "\0" in value or len(value.encode()) > LONGEST:
        raise SecretError(
            f"this is no value for {name}", remedy=f"Give text without NUL, 1 to {LONGEST} bytes of UTF-8."
        )


def check_name(environment: str, name: str) -> None:
    """Raises SecretError for what no variable, or no environment, could be called."""
    if not _VARIABLE.fullmatch(name):
        raise SecretError(
            f"{name!r} is no name of an environment variable", remedy="Use letters, digits and _, no digit first."
        )
    if not _ENVIRONMENT.fullmatch(environment) or environment == "recipients":
        raise SecretError(f"{environment!r} is no name of an environment")


def _store_with_recipients(directory: Path, project: str) -> tuple[Store, Path | None]:
    store = read_store(directory)
    if store.recipients:
        return store, None
    identity, made = keys.new_or_existing_key(project)
    return replace(store, recipients=(str(identity.to_public()),)), made


def find(store: Store, environment: str, name: str) -> Secret:
    """Raises SecretError with the names there are if there is no such secret."""
    for secret in store.secrets:
        if (secret.environment, secret.name) == (environment, name):
            return secret
    known = [secret.name for secret in store.secrets if secret.environment == environment]
    raise SecretError(
        f"there is no secret {name} for {environment}",
        place=FILE,
        remedy=f"There is {', '.join(known)}." if known else f"`seawall secret set {name}` keeps a first value.",
    )


def others(store: Store, environment: str, *names: str) -> tuple[Secret, ...]:
    """All secrets but these."""
    return tuple(secret for secret in store.secrets if secret.environment != environment or secret.name not in names)


def now() -> str:
    """The time as the store keeps it: UTC, RFC 3339."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seal(recipients: tuple[str, ...], environment: str, name: str, value: str) -> str:
    """A value encrypted for ``recipients``."""
    envelope = json.dumps({"environment": environment, "name": name, "value": value})
    publics = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    return base64.b64encode(pyrage.encrypt(envelope.encode(), publics)).decode()


def opened(store: Store, identity: pyrage.x25519.Identity, secret: Secret) -> str:
    """A value decrypted. Raises SecretError with its line if it is damaged, or another's."""
    try:
        envelope = json.loads(pyrage.decrypt(base64.b64decode(secret.sealed, validate=True), [identity]))
        was, value = (envelope["environment"], envelope["name"]), envelope["value"]
    except (pyrage.DecryptError, binascii.Error, ValueError, KeyError, TypeError):
        raise _spoiled(store, secret, "cannot be decrypted: it was damaged, or encrypted for another key") from None
    if was != (secret.environment, secret.name):
        raise _spoiled(store, secret, f"is in truth {was[1]} of {was[0]}: somebody exchanged the lines")
    return str(value)


def _spoiled(store: Store, secret: Secret, what: str) -> SecretError:
    option = "" if secret.environment == "production" else f" --environment {secret.environment}"
    return SecretError(
        f"{secret.name} of {secret.environment} {what}",
        place=_place(store.text, (secret.environment, secret.name)),
        remedy=f"Take the file back from version control, or set it anew: seawall secret set {secret.name}{option}",
    )


def _place(text: str, key: tuple[str, ...]) -> str:
    return f"{FILE}:{line_index(text).get(key, 1)}"


def read_store(directory: Path) -> Store:
    """The file as it is, values encrypted; empty where there is none. Raises SecretError."""
    path = directory / FILE
    if not path.exists():
        return Store(path)
    try:
        text, data = read_toml(path)
    except ConfigError as error:
        raise SecretError(error.fact, place=error.place, remedy="Take the file back from version control.") from error
    recipients = data.pop("recipients", [])
    if not isinstance(recipients, list) or not all(_is_recipient(recipient) for recipient in recipients):
        raise SecretError("`recipients` must be a list of age public keys", place=_place(text, ("recipients",)))
    found = [secret for name, table in data.items() for secret in _secrets_of(text, name, table)]
    return Store(path, text, tuple(recipients), tuple(found))


def _is_recipient(recipient: object) -> bool:
    try:
        return isinstance(recipient, str) and bool(pyrage.x25519.Recipient.from_str(recipient))
    except pyrage.RecipientError:
        return False


def _secrets_of(text: str, environment: str, table: object) -> list[Secret]:
    if not isinstance(table, dict):
        raise SecretError(f"`{environment}` must be a table of secrets", place=_place(text, (environment,)))
    return [_secret(text, environment, name, entry) for name, entry in table.items()]


def _secret(text: str, environment: str, name: str, entry: Any) -> Secret:
    fields = ("changed", "value")
    named = _VARIABLE.fullmatch(name) and _ENVIRONMENT.fullmatch(environment)
    if not named or not isinstance(entry, dict) or not all(isinstance(entry.get(field), str) for field in fields):
        raise SecretError(
            f"{name} of {environment} is not as seawall wrote it",
            place=_place(text, (environment, name)),
            remedy="Take the file back from version control.",
        )
    retired = entry.get("retired", [])
    if not isinstance(retired, list) or not all(isinstance(time, str) for time in retired):
        raise SecretError(
            f"{name} of {environment} has something else than a list as `retired`",
            place=_place(text, (environment, name)),
            remedy="Take the file back from version control.",
        )
    return Secret(environment, name, entry["changed"], entry["value"], tuple(retired))


def write_store(store: Store) -> None:
    """Write the file anew: one line for each name, in order. Raises SecretError."""
    lines = [_HEADER, f"recipients = {json.dumps(list(store.recipients))}\n"]
    environment = ""
    for secret in sorted(store.secrets, key=lambda secret: (secret.environment, secret.name)):
        if secret.environment != environment:
            environment = secret.environment
            lines.append(f"\n[{environment}]\n")
        changed, value = json.dumps(secret.changed), json.dumps(secret.sealed)
        retired = f"retired = {json.dumps(list(secret.retired))}, " if secret.retired else ""
        lines.append(f"{secret.name} = {{ changed = {changed}, {retired}value = {value} }}\n")
    try:
        writing.replace(store.path, "".join(lines))
    except OSError as error:
        raise SecretError(f"it cannot be written: {error.strerror}", place=str(store.path)) from error
