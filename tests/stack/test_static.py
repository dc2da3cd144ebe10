"""Which static files browsers keep for ever."""

from __future__ import annotations

import re

import pytest

from seawall.errors import ConfigError
from seawall.stack import static
from stack.cases import project


@pytest.mark.parametrize(
    "path",
    [
        "/static/app.3f2a9c1b.js",
        "/static/base.27e20196a850.css",
        "/static/js/main.8e4b3f2a.chunk.js",
        "/static/index-4f8a2b1c.js.map",
        "/static/vendor~main.0123456789abcdef0123.js",
        "/static/3f2a9c1b4d5e.woff2",
        f"/static/logo.{'a1' * 32}.svg",
    ],
)
def test_a_content_hash_in_a_files_name_is_seen(path: str) -> None:
    assert re.search(f"{static.HASHED}$", path)


@pytest.mark.parametrize(
    "path",
    [
        "/static/style.css",
        "/static/jquery-3.7.1.min.js",
        "/static/report-20240131.pdf",
        "/static/defaced-feedface.js",
        "/static/deadbeef.css",
        "/static/a1b2c3d4",
        "/static/a1b2c3d4/style.css",
        "/static/app.3f2a9c1.js",
        "/static/app.3F2A9C1B.js",
        f"/static/logo.{'a1' * 33}.svg",
        "/static/app3f2a9c1b.js",
    ],
)
def test_a_date_a_word_or_a_version_is_no_content_hash(path: str) -> None:
    assert not re.search(f"{static.HASHED}$", path)


def test_only_static_files_can_be_declared_unchanging() -> None:
    with pytest.raises(ConfigError, match="/api/ is not below a URL prefix of") as caught:
        static.caching(project(static={"/static/": "static"}, proxy={"immutable": ["/static/assets/", "/api/"]}))
    assert caught.value.place == "[proxy] immutable"
