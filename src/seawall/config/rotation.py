"""Rotating a secret: a new value, and the old ones kept for a while under NAME_FALLBACKS, as a JSON list.

What was signed with an old key stays valid while the app still accepts that key: Flask reads a list of them as
SECRET_KEY_FALLBACKS (Flask 3.1, "Configuration Handling").
"""

from __future__ import annotations

import json
import secrets as randomness
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage

from seawall.config import keys, writing
from seawall.config.secrets import (
    FALLBACKS,
    Secret,
    Store,
    check,
    find,
    now,
    opened,
    others,
    read_store,
    seal,
    write_store,
)
from seawall.errors import SecretError

#: Old values that are kept: the one before, and the one before that.
MOST_KEPT = 2
#: How long an old value is of use: Flask's PERMANENT_SESSION_LIFETIME is 31 days unless the app says otherwise, so no
#: session signed with an older key is valid any more.
KEPT_FOR = timedelta(days=31)


@dataclass(frozen=True)
class Rotated:
    """What a rotation did: how many old values are kept now, and how many were dropped."""

    kept: int
    dropped: int


def random_value() -> str:
    """A new key: 384 random bits as text."""
    return randomness.token_urlsafe(48)


def rotate(directory: Path, environment: str, name: str, value: str) -> Rotated:
    """Make ``value`` the secret's, and keep the old one as the first fallback. Needs the private key.
    Raises SecretError."""
    check(environment, name, value)
    if name.endswith(FALLBACKS):
        of = name.removesuffix(FALLBACKS)
        raise SecretError(f"{name} holds the old values of {of}", remedy=f"seawall secret rotate {of}")
    with writing.locked(directory):
        store = read_store(directory)
        secret = find(store, environment, name)
        identity = keys.identity_for(list(store.recipients))
        old = opened(store, identity, secret)
        if old == value:
            raise SecretError(f"this is the value that {name} of {environment} has already", remedy="give another one")
        before = _old_values(store, identity, environment, name)
        kept = _still_of_use([(old, now()), *before])
        new = [_sealed(store, environment, name, value), _sealed_fallbacks(store, environment, name, kept)]
        rest = others(store, environment, name, name + FALLBACKS)
        write_store(replace(store, secrets=(*rest, *new)))
    return Rotated(len(kept), len(before) + 1 - len(kept))


def drop_fallbacks(directory: Path, environment: str, name: str) -> None:
    """Forget the old values of a secret. Raises SecretError if there are none."""
    with writing.locked(directory):
        store = read_store(directory)
        find(store, environment, name)
        rest = others(store, environment, name + FALLBACKS)
        if len(rest) == len(store.secrets):
            raise SecretError(
                f"{name} of {environment} has no old values", remedy="`seawall secret list` shows who has"
            )
        write_store(replace(store, secrets=rest))


def days_since(time: str) -> int:
    """Whole days since ``time``, as the store writes it; 0 for what is no time."""
    try:
        return max((datetime.now(UTC) - datetime.fromisoformat(time)).days, 0)
    except (ValueError, TypeError):
        return 0


def _old_values(store: Store, identity: pyrage.x25519.Identity, environment: str, name: str) -> list[tuple[str, str]]:
    """The fallbacks with the time since when each is one, newest first."""
    key = (environment, name + FALLBACKS)
    found = [secret for secret in store.secrets if (secret.environment, secret.name) == key]
    if not found:
        return []
    try:
        values = _list_of_text(opened(store, identity, found[0]))
        times = [*found[0].retired, *[found[0].changed] * len(values)]
        return list(zip(values, times, strict=False))
    except ValueError:
        raise SecretError(
            f"{name}{FALLBACKS} of {environment} is no list of old values",
            remedy=f"forget it first: seawall secret rotate {name} -e {environment} --drop-fallbacks",
        ) from None


def _list_of_text(text: str) -> list[str]:
    """Raises ValueError for any other JSON, or none."""
    values = json.loads(text)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError
    return values


def _still_of_use(values: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(value, time) for value, time in values if days_since(time) < KEPT_FOR.days][:MOST_KEPT]


def _sealed(store: Store, environment: str, name: str, value: str) -> Secret:
    return Secret(environment, name, now(), seal(store.recipients, environment, name, value))


def _sealed_fallbacks(store: Store, environment: str, name: str, kept: list[tuple[str, str]]) -> Secret:
    text = json.dumps([value for value, _ in kept])
    return replace(_sealed(store, environment, name + FALLBACKS, text), retired=tuple(time for _, time in kept))
