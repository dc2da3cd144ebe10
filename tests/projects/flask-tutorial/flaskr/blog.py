"""The entries: listing, writing, changing, deleting."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from flaskr.auth import login_required
from flaskr.db import get_db

bp = Blueprint("blog", __name__)


@bp.route("/")
def index():
    entries = get_db().execute(
        "SELECT entry.*, author.name FROM entry JOIN author ON author.id = author_id ORDER BY entry.id DESC"
    )
    return render_template("blog/index.html", entries=entries.fetchall())


@bp.route("/create", methods=("GET", "POST"))
@login_required
def create():
    if request.method == "POST" and complete():
        with get_db() as db:
            db.execute(
                "INSERT INTO entry (title, text, author_id) VALUES (?, ?, ?)",
                (request.form["title"], request.form["text"], g.author["id"]),
            )
        return redirect(url_for("index"))
    return render_template("blog/form.html", entry=request.form, title="New entry")


@bp.route("/<int:number>/update", methods=("GET", "POST"))
@login_required
def update(number):
    entry = own_entry(number)
    if request.method == "POST" and complete():
        with get_db() as db:
            db.execute(
                "UPDATE entry SET title = ?, text = ? WHERE id = ?",
                (request.form["title"], request.form["text"], number),
            )
        return redirect(url_for("index"))
    return render_template("blog/form.html", entry=entry, title="Change")


@bp.route("/<int:number>/delete", methods=("POST",))
@login_required
def delete(number):
    own_entry(number)
    with get_db() as db:
        db.execute("DELETE FROM entry WHERE id = ?", (number,))
    return redirect(url_for("index"))


def own_entry(number):
    entry = get_db().execute("SELECT * FROM entry WHERE id = ?", (number,)).fetchone()
    if entry is None:
        abort(404)
    if entry["author_id"] != g.author["id"]:
        abort(403)
    return entry


def complete():
    if request.form.get("title") and request.form.get("text"):
        return True
    flash("A title and a text are needed.")
    return False
