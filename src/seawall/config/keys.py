"""The private keys that open the secret store: one file a project, outside the project (age X25519 identities)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pyrage

from seawall.config.writing import write_new
from seawall.errors import SecretError

KEY = "SEAWALL_KEY"
KEY_FILE = "SEAWALL_KEY_FILE"


def key_folder() -> Path:
    """Where keys are kept, by the XDG Base Directory Specification."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    config = Path(base) if base.startswith("/") else Path.home() / ".config"
    return config / "seawall" / "keys"


def given_identity() -> pyrage.x25519.Identity | None:
    """The key that the environment gives: SEAWALL_KEY holds it, or SEAWALL_KEY_FILE names its file.
    Raises SecretError if it is no key."""
    if text := os.environ.get(KEY, ""):
        return _parsed(text, f"the variable {KEY}")
    if path := os.environ.get(KEY_FILE, ""):
        return read_key(Path(path))
    return None


def identity_for(recipients: list[str]) -> pyrage.x25519.Identity:
    """The key that opens what is encrypted for ``recipients``. Raises SecretError with the remedy if there is none."""
    given = given_identity()
    if given is not None:
        if str(given.to_public()) in recipients:
            return given
        raise SecretError(
            "the given key does not open these secrets",
            place=KEY if os.environ.get(KEY) else KEY_FILE,
            remedy=f"They are encrypted for {', '.join(recipients)}. Give the key that belongs to it.",
        )
    for path in sorted(key_folder().glob("*.key")):
        identity = read_key(path)
        if str(identity.to_public()) in recipients:
            return identity
    raise SecretError(
        "there is no key here that opens the secrets",
        place=str(key_folder()),
        remedy=f"Get the key from a colleague who has it and put it there as a file with mode 0600, or into {KEY}.",
    )


def new_or_existing_key(project: str) -> tuple[pyrage.x25519.Identity, Path | None]:
    """The project's key, and its path if it has just been made. Raises SecretError if it cannot be read or made."""
    given = given_identity()
    path = key_folder() / f"{project}.key"
    if given is not None:
        return given, None
    if path.exists():
        return read_key(path), None
    identity = pyrage.x25519.Identity.generate()
    text = f"# The key of {project}'s secrets. Keep it: without it they are lost.\n"
    text += f"# public key: {identity.to_public()}\n{identity}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_new(path, text)
    except OSError as error:
        raise SecretError(f"the key cannot be written: {error.strerror}", place=str(path)) from error
    return identity, path


def read_key(path: Path) -> pyrage.x25519.Identity:
    """The key in a file that nobody else can read. Raises SecretError."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise SecretError(
                    f"others can read this key (mode {mode:04o})", place=str(path), remedy=f"chmod 600 {path}"
                )
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SecretError(f"the key cannot be read: {said}", place=str(path)) from error
    return _parsed(text, str(path))


def _parsed(text: str, place: str) -> pyrage.x25519.Identity:
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    try:
        (only,) = keys
        return pyrage.x25519.Identity.from_str(only)
    except (ValueError, pyrage.IdentityError):  # neither's text may be shown: it could hold the key
        raise SecretError(
            "this is no key of age", place=place, remedy="It is one line that begins with AGE-SECRET-KEY-1."
        ) from None
