"""Settings, all from the environment.

SECRET_KEY     signs sessions and forms. Required, except with FLASK_DEBUG=1 and in tests.
SECRET_KEY_FALLBACKS
               earlier keys as a JSON list: what was signed with one of them stays valid.
DATABASE_URL   any SQLAlchemy address; by default SQLite in the instance folder.
BEHIND_PROXY   1 if a reverse proxy stands in front and sets X-Forwarded-For and -Proto.
"""

from __future__ import annotations

import json
import os
import secrets

from flask import Flask

DEFAULT_DATABASE = "sqlite:///guestbook.db"  # Flask-SQLAlchemy puts it into the instance folder


def load(app: Flask) -> None:
    """Fill what the app's configuration does not hold yet.

    Raises RuntimeError if SECRET_KEY is missing in production.
    """
    settings = app.config
    settings["SECRET_KEY"] = settings["SECRET_KEY"] or os.environ.get("SECRET_KEY")
    if not settings["SECRET_KEY"]:
        settings["SECRET_KEY"] = _throwaway_key(app)
    settings["SECRET_KEY_FALLBACKS"] = json.loads(os.environ.get("SECRET_KEY_FALLBACKS") or "[]")
    settings.setdefault("SQLALCHEMY_DATABASE_URI", os.environ.get("DATABASE_URL") or DEFAULT_DATABASE)
    settings.setdefault("BEHIND_PROXY", os.environ.get("BEHIND_PROXY") == "1")
    settings["SESSION_COOKIE_SAMESITE"] = "Lax"
    settings["SESSION_COOKIE_SECURE"] = not (app.debug or app.testing)
    settings["MAX_CONTENT_LENGTH"] = 64 * 1024


def _throwaway_key(app: Flask) -> str:
    if app.debug or app.testing:
        return secrets.token_hex()
    raise RuntimeError(
        "SECRET_KEY is not set. Make one with "
        "`python -c 'import secrets; print(secrets.token_hex())'` and put it into the "
        "environment; for development set FLASK_DEBUG=1 instead."
    )
