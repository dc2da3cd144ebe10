"""Who can read the secrets: the public keys of the store. Changing them encrypts every value anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyrage

from seawall.config import keys, writing
from seawall.config.secrets import FILE, Secret, Store, opened, read_store, seal, write_store
from seawall.errors import SecretError


def recipients(directory: Path) -> tuple[str, ...]:
    """The public keys that can read the secrets; needs no key. Raises SecretError."""
    return read_store(directory).recipients


def add_recipient(directory: Path, public: str) -> int:
    """Let ``public`` read, too. Returns how many values were encrypted anew. Raises SecretError."""
    _check(public)

    def added(now: tuple[str, ...]) -> tuple[str, ...]:
        if public in now:
            raise SecretError("this key can read the secrets already", place=FILE)
        return (*now, public)

    return _change(directory, added)


def remove_recipient(directory: Path, public: str) -> int:
    """Let ``public`` read no more: not what is encrypted from now on. Returns how many values were encrypted anew.
    Raises SecretError."""

    def removed(now: tuple[str, ...]) -> tuple[str, ...]:
        if public not in now:
            raise SecretError(
                "this key is not one of those that can read the secrets",
                place=FILE,
                remedy="`seawall secret key list` shows them",
            )
        if len(now) == 1:
            raise SecretError(
                "this is the only key that can read the secrets",
                place=FILE,
                remedy="add another one first: seawall secret key add PUBLICKEY",
            )
        return tuple(key for key in now if key != public)

    return _change(directory, removed)


def _change(directory: Path, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> int:
    with writing.locked(directory):
        store = read_store(directory)
        if not store.recipients:
            raise SecretError("there are no secrets yet", place=FILE, remedy="seawall secret set NAME keeps the first")
        wanted = change(store.recipients)
        identity = keys.identity_for(list(store.recipients))
        secrets = tuple(_again(store, identity, secret, wanted) for secret in store.secrets)
        write_store(replace(store, recipients=wanted, secrets=secrets))
    return len(secrets)


def _again(store: Store, identity: pyrage.x25519.Identity, secret: Secret, wanted: tuple[str, ...]) -> Secret:
    value = opened(store, identity, secret)
    return replace(secret, sealed=seal(wanted, secret.environment, secret.name, value))


def _check(public: str) -> None:
    """Raises SecretError for what is no public key; a private one given by mistake is not repeated."""
    try:
        pyrage.x25519.Recipient.from_str(public)
    except pyrage.RecipientError:
        private = public.upper().startswith("AGE-SECRET-KEY-")
        raise SecretError(
            "this is a private key" if private else "this is no public key of age",
            state="nothing was changed" + ("; the shell's history has the key now" if private else ""),
            remedy="A public key is one word that begins with age1; the key file has it as a comment.",
        ) from None
