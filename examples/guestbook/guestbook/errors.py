"""Error pages that say what a visitor can do, and nothing about the inside."""

from __future__ import annotations

from flask import Flask, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import InternalServerError, NotFound


def register(app: Flask) -> None:
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(InternalServerError, _failed)


def _stale_form(_error: CSRFError) -> tuple[str, int]:
    return render_template("errors/400.html"), 400


def _not_found(_error: NotFound) -> tuple[str, int]:
    return render_template("errors/404.html"), 404


def _failed(_error: InternalServerError) -> tuple[str, int]:
    return render_template("errors/500.html"), 500
