from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from guestbook.database import db
from sqlalchemy import text


def test_the_weather_is_shown_with_the_entry(client: FlaskClient) -> None:
    client.post("/sign", data={"author": "Ada", "message": "Waves", "mood": "stormy"})
    assert '<span class="mood stormy">' in client.get("/").text


def test_an_entry_of_the_version_before_has_no_weather(client: FlaskClient, app: Flask) -> None:
    with app.app_context():
        db.session.execute(
            text("INSERT INTO entry (author, message, created) VALUES ('Ada', 'Old', '2026-01-01')")
        )
        db.session.commit()
    page = client.get("/").text
    assert "Old" in page
    assert 'class="mood' not in page
