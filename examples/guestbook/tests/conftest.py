from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from guestbook import create_app
from guestbook.database import db


@pytest.fixture
def migrations() -> str:
    return str(Path(__file__).parents[1] / "migrations")


@pytest.fixture
def app(tmp_path: Path, migrations: str) -> Iterator[Flask]:
    """The app over a fresh database that the real migrations made."""
    app = create_app(
        {
            "TESTING": True,
            "WTF_CSRF_ENABLED": False,
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/test.db",
        }
    )
    with app.app_context():
        upgrade(migrations)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
