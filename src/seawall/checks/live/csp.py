"""Content-Security-Policy: reading one, judging it, and proposing one from the pages of a site (CSP level 3)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from seawall.checks.live import urls
from seawall.checks.live.pages import EVALUATING, FETCHING, Page, hash_source, style_loads

Policy = Mapping[str, tuple[str, ...]]

#: Sources by which anybody's script gets in.
WILD = frozenset({"*", "https:", "http:", "data:"})
#: What `default-src` does not stand in for (CSP level 3, 6.3 and 6.4), and plugins.
APART = ("base-uri", "frame-ancestors")
#: Directives of a proposal, in its order.
ORDER = (
    "script-src",
    "style-src",
    "img-src",
    "font-src",
    "connect-src",
    "media-src",
    "object-src",
    "frame-src",
    "manifest-src",
)
NONE = "'none'"
#: More inline texts than this are a page that is made anew each time: hashes would not hold.
MOST_HASHES = 12


def read_policy(header: str) -> Policy:
    """The directives of a policy with their sources; the first of a name counts (CSP level 3, 2.2.1)."""
    policy: dict[str, tuple[str, ...]] = {}
    for part in header.split(";"):
        words = part.split()
        if words:
            policy.setdefault(words[0].lower(), tuple(words[1:]))
    return policy


def sources(policy: Policy, directive: str) -> tuple[str, ...] | None:
    """The sources that a directive allows, `default-src`'s where it is not there; None if anything is allowed."""
    return policy.get(directive, policy.get("default-src"))


def holes(policy: Policy) -> list[str]:
    """By which scripts that are not the site's own can run, each in words."""
    scripts = sources(policy, "script-src")
    if scripts is None:
        return []
    kept = any(source.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for source in scripts)
    strict = "'strict-dynamic'" in scripts
    found = ["'unsafe-inline' lets injected scripts run"] if "'unsafe-inline'" in scripts and not kept else []
    found += ["'unsafe-eval' lets text become a script"] if "'unsafe-eval'" in scripts else []
    wild = sorted(WILD & set(scripts)) if not strict else []
    return found + [f"{source} lets scripts come from anywhere" for source in wild]


def missing(policy: Policy) -> list[str]:
    """Directives that a policy cannot do without and lacks."""
    plugins = [] if sources(policy, "object-src") is not None else ["object-src"]
    return plugins + [name for name in APART if name not in policy]


@dataclass(frozen=True)
class Proposal:
    """A policy for the pages that were seen, and what to know of it."""

    policy: str
    pages: int
    remarks: tuple[str, ...]

    @property
    def toml(self) -> str:
        """What goes into seawall.toml to try it."""
        return f"[headers]\ncontent_security_policy_report_only = {json.dumps(self.policy)}\n"


def propose(
    pages: Sequence[Page], texts: Iterable[str] = (), sheets: Mapping[str, str] = MappingProxyType({})
) -> Proposal:
    """The strictest policy under which these pages load what they name. ``texts`` are the scripts that were fetched,
    for what they do themselves; ``sheets`` the style sheets by their URL, for what they load."""
    allowed: dict[str, set[str]] = {}
    loads = [(page.url, *load) for page in pages for load in page.loads]
    loads += [(url, *load) for url, text in sheets.items() for load in style_loads(url, text)]
    for base, directive, url in loads:
        source = _source(base, url)
        if source:
            allowed.setdefault(directive, set()).add(source)
    inline = _inline(pages)
    for directive, hashes in inline.items():
        allowed.setdefault(directive, set()).update(hashes)
    scripts = [*texts, *(text for page in pages for text in page.scripts)]
    if any(FETCHING.search(text) for text in scripts):
        allowed.setdefault("connect-src", set()).add("'self'")
    parts = [f"default-src {NONE}"]
    parts += [f"{name} {' '.join(_sorted(allowed[name]))}" for name in ORDER if allowed.get(name)]
    forms = _sorted(allowed.get("form-action", set()))
    bases = _sorted(allowed.get("base-uri", set()))
    parts += [
        f"base-uri {' '.join(bases) or NONE}",
        f"form-action {' '.join(forms) or NONE}",
        f"frame-ancestors {NONE}",
    ]
    return Proposal("; ".join(parts), len(pages), tuple(_remarks(pages, scripts, inline)))


def _inline(pages: Sequence[Page]) -> dict[str, set[str]]:
    scripts = {hash_source(text) for page in pages for text in page.scripts}
    styles = {hash_source(text) for page in pages for text in page.styles}
    both = {"script-src": scripts, "style-src": styles}
    return {name: hashes for name, hashes in both.items() if hashes and len(hashes) <= MOST_HASHES}


def _source(page: str, url: str) -> str:
    """The source expression for a URL: the site itself, a scheme, or another origin."""
    parts, own = urls.split(url), urls.split(page)
    if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
        return "'self'"
    if parts.scheme in {"data", "blob"}:
        return f"{parts.scheme}:"
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return ""
    # On an https page browsers refuse plain http, whatever the policy says.
    return f"{own.scheme if own.scheme == 'https' else parts.scheme}://{parts.netloc}"


def _sorted(found: set[str]) -> list[str]:
    """`'self'` first, then origins, then hashes."""
    return sorted(found, key=lambda source: (source != "'self'", source.startswith("'"), source))


def _remarks(pages: Sequence[Page], scripts: Sequence[str], inline: Mapping[str, set[str]]) -> Iterable[str]:
    yield "what scripts load or ask for by themselves was not seen, nor were pages behind a login: try it first"
    handlers = sorted({handler for page in pages for handler in page.handlers})
    if handlers:
        yield f"{', '.join(handlers[:5])}: the policy forbids these; move them into a script file"
    attributes = sorted({one for page in pages for one in page.style_attributes})
    if attributes:
        yield f"{', '.join(attributes[:5])}: the policy forbids these; move them into a style sheet"
    for name, texts in (("script-src", "scripts"), ("style-src", "styles")):
        if name in inline:
            yield f"the {texts} in pages are allowed by their hashes, which change with them; a file needs none"
    if len({text for page in pages for text in page.scripts}) > MOST_HASHES:
        yield "the scripts in pages differ too much for hashes: move them into files"
    if any(page.nonces for page in pages):
        yield "some pages use nonces, which only the app can send: set the policy there"
    if any(EVALUATING.search(text) for text in scripts):
        yield "a script uses eval, which the policy forbids"
    loads = [url for page in pages if page.url.startswith("https:") for _, url in page.loads]
    if any(urls.split(url).scheme == "http" for url in loads):
        yield "something is loaded over plain http, which browsers refuse on an https page"
