"""Registering, logging in and out."""

import functools
import sqlite3

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

from flaskr.db import get_db

bp = Blueprint("auth", __name__, url_prefix="/auth")


@bp.before_app_request
def load_author():
    g.author = None
    if "author" in session:
        query = "SELECT id, name FROM author WHERE id = ?"
        g.author = get_db().execute(query, (session["author"],)).fetchone()


def login_required(view):
    @functools.wraps(view)
    def guarded(**values):
        if g.author is None:
            return redirect(url_for("auth.login"))
        return view(**values)

    return guarded


@bp.route("/register", methods=("GET", "POST"))
def register():
    if request.method == "POST":
        name, password = request.form.get("name", "").strip(), request.form.get("password", "")
        if not name or not password:
            flash("A name and a password are needed.")
        elif add_author(name, password):
            return redirect(url_for("auth.login"))
        else:
            flash(f"The name {name} is taken.")
    return render_template("auth/form.html", title="Register")


def add_author(name, password):
    db = get_db()
    try:
        with db:
            db.execute(
                "INSERT INTO author (name, password) VALUES (?, ?)",
                (name, generate_password_hash(password)),
            )
    except sqlite3.IntegrityError:
        return False
    return True


@bp.route("/login", methods=("GET", "POST"))
def login():
    if request.method == "POST":
        query = "SELECT * FROM author WHERE name = ?"
        author = get_db().execute(query, (request.form.get("name", ""),)).fetchone()
        if author and check_password_hash(author["password"], request.form.get("password", "")):
            session.clear()
            session["author"] = author["id"]
            return redirect(url_for("index"))
        flash("Name and password do not match.")
    return render_template("auth/form.html", title="Log in")


@bp.route("/logout")
def logout():
    session.clear()
    return redirect(url_for("index"))
