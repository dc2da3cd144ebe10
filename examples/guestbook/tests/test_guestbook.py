from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import check
from guestbook import create_app
from guestbook.database import db
from guestbook.models import Entry
from guestbook.version import VERSION
from sqlalchemy import text


def sign(client: FlaskClient, author: str = "Ada", message: str = "What a view") -> int:
    return client.post("/sign", data={"author": author, "message": message}).status_code


def test_an_empty_book_invites_the_first_visitor(client: FlaskClient) -> None:
    assert "Will you be the first?" in client.get("/").text


def test_what_a_visitor_writes_is_in_the_book(client: FlaskClient) -> None:
    assert sign(client, "Grace", "Saw <whales> & gulls") == 303
    page = client.get("/").text
    assert "Grace" in page
    assert "Saw &lt;whales&gt; &amp; gulls" in page
    assert "Thank you" in page


@pytest.mark.parametrize(("author", "message"), [("", "hello"), ("Ada", "   "), ("x" * 81, "hello")])
def test_a_form_with_a_mistake_is_shown_again(client: FlaskClient, app: Flask, author: str, message: str) -> None:
    assert sign(client, author, message) == 422
    with app.app_context():
        assert db.session.query(Entry).count() == 0


def test_the_newest_entry_is_first_and_older_ones_are_on_the_next_page(client: FlaskClient) -> None:
    for number in range(9):
        sign(client, message=f"message {number}")
    first, second = client.get("/").text, client.get("/?page=2").text
    assert re.findall(r"message \d", first) == [f"message {n}" for n in range(8, 0, -1)]
    assert re.findall(r"message \d", second) == ["message 0"]
    assert client.get("/?page=3").status_code == 404


def test_a_form_without_its_token_is_refused_kindly(client: FlaskClient, app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = client.post("/sign", data={"author": "Ada", "message": "hello"})
    assert answer.status_code == 400
    assert "Open a fresh form" in answer.text


def test_health_follows_the_database(client: FlaskClient, app: Flask) -> None:
    assert client.get("/health").status_code == 200
    with app.app_context():
        db.session.execute(text("ALTER TABLE entry RENAME TO gone"))
        db.session.commit()
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json == {"status": "failing", "database": "failing"}


def test_the_version_is_told_to_machines_and_to_people(client: FlaskClient) -> None:
    assert client.get("/version").json == {"version": VERSION}
    assert f"version {VERSION}" in client.get("/about").text


def test_an_unknown_address_gets_a_page(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "Back to the book" in answer.text


def test_production_needs_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    with pytest.raises(RuntimeError, match="SECRET_KEY is not set"):
        create_app()


def test_the_migrations_make_the_tables_that_the_models_describe(app: Flask, migrations: str) -> None:
    with app.app_context():
        check(migrations)  # raises if they differ


def test_sqlite_lets_readers_and_a_writer_work_side_by_side(app: Flask) -> None:
    with app.app_context():
        assert db.session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert db.session.execute(text("PRAGMA busy_timeout")).scalar() == 5000
