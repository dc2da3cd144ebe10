"""Rendering of the templates in ``templates/``. A name that a template does not know is an error."""

from __future__ import annotations

import json
import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from seawall.stack import mozilla, quoting

#: What nearly every deployment to a server renders, with what those include.
USUAL = (
    "gunicorn.conf.py.j2",
    "web.service.j2",
    "web.socket.j2",
    "_place.j2",
    "_sandbox.j2",
    "nginx-site.conf.j2",
    "nginx-host.conf.j2",
    "nginx-host-tls.conf.j2",
    "front-unit.conf.j2",
    "_nginx-http.j2",
    "_nginx-tls.j2",
    "_nginx-limits.j2",
    "_nginx-headers.j2",
    "_nginx-uwsgi.j2",
    "_nginx-errors.j2",
    "_nginx-app.j2",
)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("seawall.stack"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - configuration files, not HTML; each value has its format's own filter
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["ciphers"] = mozilla.CIPHERS
    environment.filters["py"] = json.dumps  # a string of JSON is one of Python too
    environment.filters["nginx"] = quoting.nginx
    environment.filters["nginx_text"] = quoting.nginx_text
    environment.filters["nginx_regex"] = quoting.nginx_regex
    environment.filters["apache"] = quoting.apache
    environment.filters["apache_text"] = quoting.apache_text
    environment.filters["apache_rule"] = quoting.apache_rule
    environment.filters["regex"] = re.escape
    environment.filters["bytes"] = quoting.in_bytes
    environment.filters["ini"] = quoting.ini
    environment.filters["ini_environment"] = quoting.ini_environment
    environment.filters["unit"] = quoting.unit
    environment.filters["unit_word"] = quoting.unit_word
    environment.filters["uwsgi"] = quoting.uwsgi
    environment.filters["plain"] = quoting.plain
    environment.filters["sh"] = quoting.sh
    environment.filters["sh_words"] = quoting.sh_words
    return environment


def warm() -> None:
    """Compile the usual templates of a server now, while something else is waited for; `render` is quick afterwards."""
    for name in USUAL:
        _environment().get_template(name)


def render(template: str, **values: object) -> str:
    """The text of a template. Raises ConfigError for a value that the file's format cannot carry."""
    return _environment().get_template(template).render(**values)
