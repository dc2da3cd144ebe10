"""What nginx says of static files, and in which form it sends them."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path

from seawall.stack.facts import Facts
from stack import place
from stack.cases import BOOKWORM, composed, project
from stack.nginx_front import Front, front_in
from stack.test_nginx import site_of

STATIC = {"static": {"/static/": "guestbook/static"}}
FOR_EVER = "public, max-age=31536000, immutable"


def put(front: Front, name: str, content: bytes = b"x") -> None:
    file = front.base / "releases/v1/static/static" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def kept(front: Front, path: str) -> str | None:
    return front.ask(path).headers["Cache-Control"]


def test_files_with_a_content_hash_in_their_names_are_kept_for_ever_and_others_are_asked_for_again(
    front: Front,
) -> None:
    for name in ("app.3f2a9c1b.js", "deep/app-3f2a9c1b.min.css", "assets/words.js"):
        put(front, name)
    headers = front.ask("/static/style.css").headers
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("text/css", "max-age=3600")
    assert front.ask("/static/style.css", If_None_Match=headers["ETag"]).status == 304
    assert kept(front, "/static/app.3f2a9c1b.js") == FOR_EVER
    assert kept(front, "/static/deep/app-3f2a9c1b.min.css") == FOR_EVER
    assert kept(front, "/static/assets/words.js") == "max-age=3600"
    assert kept(front, "/static/style.css?v=3f2a9c1b") == "max-age=3600"
    assert kept(front, "/static/none.3f2a9c1b.js") is None
    assert kept(front, "/app.3f2a9c1b.js") is None, "the app's answers are the app's business"


def test_what_is_kept_for_ever_can_be_widened_and_the_rest_be_asked_for_each_time(short: Path) -> None:
    wanted = {"static_max_age": 0, "immutable": ["/static/assets/"], "immutable_query": "v"}
    with front_in(short, proxy=wanted) as front:
        for name in ("app.3f2a9c1b.js", "assets/words.js"):
            put(front, name)
        assert kept(front, "/static/style.css") == "no-cache"
        assert kept(front, "/static/style.css?v=") == "no-cache"
        assert kept(front, "/static/style.css?w=3f2a9c1b") == "no-cache"
        assert kept(front, "/static/style.css?v=3f2a9c1b") == FOR_EVER
        assert kept(front, "/static/assets/words.js") == FOR_EVER
        assert kept(front, "/static/app.3f2a9c1b.js") == FOR_EVER


def test_a_compressed_file_beside_a_file_is_sent_to_whoever_takes_it(front: Front) -> None:
    put(front, "page.css", b"as it is")
    put(front, "page.css.gz", gzip.compress(b"as it was compressed"))
    plain, packed = front.ask("/static/page.css"), front.ask("/static/page.css", Accept_Encoding="gzip")
    assert (plain.text, plain.headers["Content-Encoding"]) == ("as it is", None)
    assert (packed.headers["Content-Encoding"], gzip.decompress(packed.body)) == ("gzip", b"as it was compressed")
    assert (packed.headers["Content-Type"], packed.headers["Vary"]) == ("text/css", "Accept-Encoding")


def test_a_release_moves_files_and_their_compressed_forms_together(front: Front) -> None:
    put(front, "page.css.gz", gzip.compress(b"v1"))
    put(front, "page.css", b"v1")
    place.switch(front.made, "v2")
    assert front.ask("/static/page.css", Accept_Encoding="gzip").status == 404


def test_brotli_is_used_where_its_module_is_there_or_comes_with_the_deployment() -> None:
    def said(facts: Facts, *packages: str) -> list[str]:
        return re.findall(
            r"^ +(brotli\w*) on;$", site_of(composed(project(**STATIC, packages=packages), facts=facts)), re.M
        )

    assert said(BOOKWORM) == []
    assert said(BOOKWORM, "libpq5", "libnginx-mod-http-brotli-static") == ["brotli_static"]
    assert said(replace(BOOKWORM, nginx_modules=("brotli_static", "brotli"))) == ["brotli_static", "brotli"]


def test_an_nginx_without_the_module_for_compressed_files_is_not_asked_to_use_it() -> None:
    assert "gzip_static on;" in site_of(composed(project(**STATIC)))
    assert "gzip_static" not in site_of(composed(project(**STATIC), facts=replace(BOOKWORM, nginx_modules=())))
