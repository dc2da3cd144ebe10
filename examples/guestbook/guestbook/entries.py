"""Reading the book and writing into it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from guestbook.database import db
from guestbook.forms import EntryForm
from guestbook.models import Entry

blueprint = Blueprint("entries", __name__)


@blueprint.get("/")
def index() -> str:
    newest_first = select(Entry).order_by(Entry.created.desc(), Entry.id.desc())
    page = db.paginate(newest_first, per_page=8, max_per_page=8)
    return render_template("index.html", page=page)


@blueprint.route("/sign", methods=["GET", "POST"])
def sign() -> str | Response | tuple[str, int]:
    form = EntryForm()
    if form.validate_on_submit():
        entry = Entry()
        form.populate_obj(entry)
        db.session.add(entry)
        db.session.commit()
        flash("Thank you. Your words are in the book.")
        return redirect(url_for("entries.index"), code=303)
    page = render_template("sign.html", form=form)
    return (page, 422) if request.method == "POST" else page
