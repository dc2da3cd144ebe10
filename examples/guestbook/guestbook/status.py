"""Answers for machines: is the app well, and which version is it?"""

from __future__ import annotations

from flask import Blueprint, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from guestbook.database import db
from guestbook.models import Entry
from guestbook.version import VERSION

blueprint = Blueprint("status", __name__)


@blueprint.get("/health")
def health() -> tuple[dict[str, str], int]:
    """200 if the database answers and has the columns this version needs, else 503."""
    try:
        db.session.execute(select(Entry).limit(1)).all()
    except SQLAlchemyError:
        current_app.logger.exception("The database does not answer as it should")
        return {"status": "failing", "database": "failing"}, 503
    return {"status": "ok", "database": "ok"}, 200


@blueprint.get("/version")
def version() -> dict[str, str]:
    return {"version": VERSION}
