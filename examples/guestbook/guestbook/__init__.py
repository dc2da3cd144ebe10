"""A guestbook for the visitors of a lighthouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from guestbook import config, dates, entries, errors, pages, status
from guestbook.database import set_up_database
from guestbook.forms import csrf
from guestbook.version import VERSION


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Make the application. Settings come from the environment; tests pass overrides."""
    app = Flask(__name__)
    app.config.from_mapping(overrides or {})
    config.load(app)
    if app.config["BEHIND_PROXY"]:
        # One proxy, which overwrites these headers. The Host header is passed on as it came.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign]

    set_up_database(app)
    csrf.init_app(app)
    for blueprint in (entries.blueprint, pages.blueprint, status.blueprint):
        app.register_blueprint(blueprint)
    errors.register(app)
    app.add_template_filter(dates.iso_time)
    app.add_template_filter(dates.readable_time)
    app.context_processor(lambda: {"version": VERSION})
    return app
