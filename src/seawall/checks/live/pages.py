"""What a page asks a browser to load and do, read from its HTML by the standard library's parser."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from seawall.checks.live import urls

#: Attributes that load something, by element, and the directive of the CSP that rules over it (CSP level 3, 6.1).
LOADS = {
    ("script", "src"): "script-src",
    ("img", "src"): "img-src",
    ("img", "srcset"): "img-src",
    ("source", "srcset"): "img-src",
    ("input", "src"): "img-src",
    ("video", "poster"): "img-src",
    ("video", "src"): "media-src",
    ("audio", "src"): "media-src",
    ("source", "src"): "media-src",
    ("track", "src"): "media-src",
    ("iframe", "src"): "frame-src",
    ("frame", "src"): "frame-src",
    ("object", "data"): "object-src",
    ("embed", "src"): "object-src",
    ("form", "action"): "form-action",
    ("button", "formaction"): "form-action",
    ("input", "formaction"): "form-action",
    ("base", "href"): "base-uri",
}
#: What `<link rel=…>` loads.
LINKS = {
    "stylesheet": "style-src",
    "icon": "img-src",
    "apple-touch-icon": "img-src",
    "manifest": "manifest-src",
    "modulepreload": "script-src",
}
#: What `<link rel=preload as=…>` loads.
PRELOADS = {
    "script": "script-src",
    "style": "style-src",
    "font": "font-src",
    "image": "img-src",
    "fetch": "connect-src",
}
#: Types of `<script>` that are data, not code (HTML, 4.12.1).
CODE = frozenset({"", "module", "text/javascript", "application/javascript", "text/ecmascript", "importmap"})
URL_IN_STYLE = re.compile(r"""(@import\s+)?(?:url\(\s*["']?([^"')]+)["']?\s*\)|(?<=@import)\s+["']([^"']+)["'])""")
#: Calls of a script that fetch by themselves; what they are given cannot be told.
FETCHING = re.compile(r"\b(?:fetch\(|XMLHttpRequest|EventSource\(|WebSocket\(|sendBeacon\(|\$\.(?:get|post|ajax)|htmx)")
EVALUATING = re.compile(r"\b(?:eval\(|new Function\()")


@dataclass
class Page:
    """One page. ``loads`` are directive and absolute URL; ``scripts`` and ``styles`` the texts that stand in the page;
    ``handlers`` and ``style_attributes`` count what no hash can allow in every browser."""

    url: str
    loads: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    style_attributes: list[str] = field(default_factory=list)
    nonces: int = 0

    @property
    def assets(self) -> list[str]:
        """URLs of scripts, styles and images."""
        return [url for directive, url in self.loads if directive in {"script-src", "style-src", "img-src"}]


def read_page(url: str, text: str) -> Page:
    """The page at ``url``, whose HTML is ``text``."""
    reader = _Reader(url)
    reader.feed(text)
    reader.close()
    return reader.page


def hash_source(text: str) -> str:
    """The CSP's source for a text that stands in the page (CSP level 3, 2.3.1)."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")  # as a browser's parser does before it hashes
    return f"'sha256-{base64.b64encode(hashlib.sha256(plain.encode()).digest()).decode()}'"


def style_loads(base: str, text: str) -> list[tuple[str, str]]:
    """What a style sheet loads: others, and images or fonts, told apart by their ending."""
    found = []
    for imported, url, quoted in URL_IN_STYLE.findall(text):
        where = urls.joined(base, url or quoted)
        ending = urls.split(where).path.rpartition(".")[2].lower()
        font = ending in {"woff", "woff2", "ttf", "otf", "eot"}
        found.append(("style-src" if imported or quoted else "font-src" if font else "img-src", where))
    return found


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page(url)
        self._base = url
        self._inside = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._attributes(tag, given)
        if tag == "base" and given.get("href"):
            self._base = urls.joined(self.page.url, given["href"]) or self._base
        elif tag == "link":
            self._link(given)
        elif tag == "a" and given.get("href"):
            self.page.links.append(self._absolute(given["href"]))
        elif tag == "style" or (tag == "script" and "src" not in given and given.get("type", "").lower() in CODE):
            self._inside, self._text = tag, []
            if "nonce" in given:
                self.page.nonces += 1
                self._inside = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if not self._inside or tag != self._inside:
            return
        text = "".join(self._text)
        if tag == "style":
            self.page.styles.append(text)
            self.page.loads += style_loads(self._base, text)
        else:
            self.page.scripts.append(text)
        self._inside = ""

    def _attributes(self, tag: str, given: dict[str, str]) -> None:
        for name, value in given.items():
            directive = LOADS.get((tag, name))
            if directive and value and not (tag == "input" and name == "src" and given.get("type") != "image"):
                named = [part.split()[0] for part in value.split(",") if part.split()] if name == "srcset" else [value]
                self.page.loads += [(directive, self._absolute(url)) for url in named]
            elif name.startswith("on"):
                self.page.handlers.append(f"<{tag} {name}>")
            elif name == "style" and value:
                self.page.style_attributes.append(f"<{tag} style>")
            if name in {"href", "src", "action"} and value.strip().lower().startswith("javascript:"):
                self.page.handlers.append(f"<{tag} {name}=javascript:>")
        if tag == "form" and not given.get("action"):
            self.page.loads.append(("form-action", self.page.url))

    def _link(self, given: dict[str, str]) -> None:
        words = given.get("rel", "").lower().split()
        directive = next((LINKS[word] for word in words if word in LINKS), "")
        if "preload" in words:
            directive = PRELOADS.get(given.get("as", ""), "")
        if directive and given.get("href"):
            self.page.loads.append((directive, self._absolute(given["href"])))

    def _absolute(self, url: str) -> str:
        return urls.joined(self._base, url)
