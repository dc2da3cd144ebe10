"""Pages are read as a browser reads them, and a policy is proposed under which they still work."""

from __future__ import annotations

import re
import tomllib

import pytest

from seawall.checks.live.csp import holes, missing, propose, read_policy
from seawall.checks.live.pages import hash_source, read_page, style_loads

URL = "https://shop.example.com/basket/"
PAGE = """<!doctype html>
<html><head>
<link rel="stylesheet" href="/static/shop.css">
<link rel="preload" as="font" href="https://fonts.example.net/a.woff2">
<link rel="icon" href="data:image/png;base64,AAAA">
<link rel="canonical" href="https://elsewhere.example.org/">
<style>body { background: url("paper.png"); src: url(/static/b.woff2) }</style>
<script src="../static/shop.js"></script>
<script>start();</script>
<script type="application/ld+json">{"@type": "Shop"}</script>
</head><body>
<img src="/a.png" srcset="https://img.example.net/b.png 2x, /c.png 1x">
<iframe src="https://video.example.net/embed/1"></iframe>
<a href="/logout">Log out</a> <a href="?page=2#top">2</a>
<form action="/buy" method="post"><button onclick="go()">Buy</button></form>
<p style="color: red">Sale</p>
</body></html>
"""


def test_a_page_says_what_it_loads_and_where_it_leads() -> None:
    page = read_page(URL, PAGE)
    assert page.loads == [
        ("style-src", "https://shop.example.com/static/shop.css"),
        ("font-src", "https://fonts.example.net/a.woff2"),
        ("img-src", "data:image/png;base64,AAAA"),
        ("img-src", "https://shop.example.com/basket/paper.png"),
        ("font-src", "https://shop.example.com/static/b.woff2"),
        ("script-src", "https://shop.example.com/static/shop.js"),
        ("img-src", "https://shop.example.com/a.png"),
        ("img-src", "https://img.example.net/b.png"),
        ("img-src", "https://shop.example.com/c.png"),
        ("frame-src", "https://video.example.net/embed/1"),
        ("form-action", "https://shop.example.com/buy"),
    ]
    assert page.links == ["https://shop.example.com/logout", "https://shop.example.com/basket/?page=2#top"]
    assert page.scripts == ["start();"]
    assert (page.handlers, page.style_attributes) == (["<button onclick>"], ["<p style>"])


def test_the_proposed_policy_allows_what_the_page_loads_and_nothing_else() -> None:
    proposal = propose(
        [read_page(URL, PAGE)], ["fetch('/api')"], {"https://shop.example.com/static/shop.css": "@import 'x.css'"}
    )
    style = re.search(r"<style>(.*)</style>", PAGE)
    assert style is not None
    assert read_policy(proposal.policy) == {
        "default-src": ("'none'",),
        "script-src": ("'self'", hash_source("start();")),
        "style-src": ("'self'", hash_source(style[1])),
        "img-src": ("'self'", "data:", "https://img.example.net"),
        "font-src": ("'self'", "https://fonts.example.net"),
        "connect-src": ("'self'",),
        "frame-src": ("https://video.example.net",),
        "base-uri": ("'none'",),
        "form-action": ("'self'",),
        "frame-ancestors": ("'none'",),
    }
    assert holes(read_policy(proposal.policy)) == []
    assert missing(read_policy(proposal.policy)) == []


def test_the_snippet_is_toml_that_only_reports() -> None:
    proposal = propose([read_page(URL, PAGE)])
    assert tomllib.loads(proposal.toml) == {"headers": {"content_security_policy_report_only": proposal.policy}}


def test_what_the_policy_cannot_allow_is_remarked() -> None:
    remarks = "\n".join(propose([read_page(URL, PAGE)], ["eval(x)"]).remarks)
    for words in ("<button onclick>", "<p style>", "eval", "what scripts load", "hashes"):
        assert words in remarks


def test_a_page_that_loads_nothing_needs_nothing() -> None:
    proposal = propose([read_page(URL, "<h1>Hello</h1>")])
    assert proposal.policy == "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def test_scripts_that_are_made_anew_each_time_get_no_hashes() -> None:
    pages = [read_page(URL, f"<script>token = {number}</script>") for number in range(13)]
    proposal = propose(pages)
    assert "sha256" not in proposal.policy
    assert any("differ too much" in remark for remark in proposal.remarks)


def test_a_script_with_a_nonce_is_left_to_the_app() -> None:
    proposal = propose([read_page(URL, '<script nonce="abc">start();</script>')])
    assert "sha256" not in proposal.policy
    assert any("nonces" in remark for remark in proposal.remarks)


def test_a_hash_is_that_of_the_text_as_browsers_have_it() -> None:
    # The example of the CSP's own text (level 3, 8.3).
    assert hash_source("alert('Hello, world.');") == "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert hash_source("a\r\nb") == hash_source("a\nb")


def test_a_base_element_moves_what_follows_it() -> None:
    page = read_page(URL, '<base href="https://cdn.example.net/x/"><script src="a.js"></script>')
    assert ("script-src", "https://cdn.example.net/x/a.js") in page.loads
    assert ("base-uri", "https://cdn.example.net/x/") in page.loads


@pytest.mark.parametrize(
    "text",
    [
        "<script>",
        "<a href='http://[::1'>",
        "<img srcset=','>",
        "<base href='http://[x'><img src=a.png>",
        "<style>a{src:url(//[x)}</style>",
        "<!-- x",
        "<form action>",
        "\0",
    ],
)
def test_broken_html_is_no_obstacle(text: str) -> None:
    assert read_page(URL, text).url == URL


def test_a_style_sheet_says_what_it_loads() -> None:
    sheet = "@import url('more.css'); a { background: url(x.png) } @font-face { src: url('f.woff2?v=1') }"
    assert style_loads("https://a.example/css/main.css", sheet) == [
        ("style-src", "https://a.example/css/more.css"),
        ("img-src", "https://a.example/css/x.png"),
        ("font-src", "https://a.example/css/f.woff2?v=1"),
    ]


def test_of_two_directives_of_a_name_the_first_counts() -> None:
    assert read_policy("script-src 'self'; SCRIPT-SRC *;; ") == {"script-src": ("'self'",)}
