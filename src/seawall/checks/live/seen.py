"""What a look at a live site saw: plain data, which the rules judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from seawall.checks.finding import Exchange

#: How much of a header or body evidence shows, characters.
SHOWN = 160


@dataclass(frozen=True)
class Site:
    """The site to look at. Visitors type ``domain``; connections go to ``address``, which is the domain itself where
    it resolves. ``aliases`` are the names that lead to it, ``self_signed`` what the configuration says of its
    certificate."""

    domain: str
    address: str
    https: bool = True
    port: int = 443
    http_port: int = 80
    aliases: tuple[str, ...] = ()
    self_signed: bool = False

    @property
    def base(self) -> str:
        """The site's address as a person types it, without a slash at the end."""
        return self.base_of("https" if self.https else "http")

    def base_of(self, scheme: str, name: str = "") -> str:
        port, usual = (self.port, 443) if scheme == "https" else (self.http_port, 80)
        return f"{scheme}://{name or self.domain}{'' if port == usual else f':{port}'}"


@dataclass(frozen=True)
class Request:
    """One question to the site. ``host`` is the name it is asked under, the site's own if empty; ``plain`` is http, on
    its own port; ``bare`` leaves the Host header out."""

    target: str = "/"
    method: str = "GET"
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    plain: bool = False
    bare: bool = False

    def words(self, site: Site) -> str:
        """The request as a person would say it."""
        base = site.base_of("http") if self.plain or not site.https else site.base
        target = self.target if self.target.startswith("/") else f"/ (as {self.target})"
        special = [f"{name}: {value}" for name, value in self.headers]
        special += [f"Host: {self.host}"] if self.host else []
        special += ["no Host"] if self.bare else []
        return f"{self.method} {base}{target}" + (f" [{', '.join(special)}]" if special else "")


@dataclass(frozen=True)
class Answer:
    """What came back for one request; where nothing did, ``status`` is 0 and ``error`` says why."""

    request: str
    url: str = ""
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    error: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def redirects(self) -> bool:
        return self.status in {301, 302, 303, 307, 308}

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    def header(self, name: str) -> str:
        """The values of a header as one (RFC 9110, 5.3); "" without any."""
        return ", ".join(self.all(name))

    @property
    def kind(self) -> str:
        """The media type, without parameters."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @property
    def said(self) -> str:
        return str(self.status) if self.status else self.error or "no answer"

    def evidence(self, line: str = "", fact: str = "") -> Exchange:
        """This exchange as evidence, with the header line or text that shows it."""
        answer = f"{self.said}, {shortened(line)}" if line else self.said
        return Exchange(self.request, answer, fact)

    def showing(self, name: str, fact: str = "") -> Exchange:
        """This exchange as evidence, with one of its headers."""
        value = self.header(name)
        return self.evidence(f"{name}: {value}" if value else f"no {name}", fact)


def shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


@dataclass(frozen=True)
class Certificate:
    """The certificate that the site shows. ``key`` is such as ``RSA 2048`` or ``EC secp256r1``;
    ``distrust`` says why this machine does not trust it for the site's name, or is empty."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    key: str
    signature: str
    sha256: str
    distrust: str = ""
    self_issued: bool = False


@dataclass(frozen=True)
class Tls:
    """How the site speaks TLS. ``ciphers`` are OpenSSL's names by version, ``curves`` those accepted; both are None
    where nobody could look. ``holes`` are known weaknesses that were found."""

    certificate: Certificate | None = None
    versions: tuple[str, ...] = ()
    ciphers: Mapping[str, tuple[str, ...]] | None = None
    curves: tuple[str, ...] | None = None
    holes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slow:
    """What became of a connection that sent its request a byte a second."""

    closed: bool
    seconds: float


@dataclass(frozen=True)
class Outside:
    """All that was seen from outside at one time. ``asked`` has the answers to each kind of question by its name (see
    ``questions``); ``ports`` are those that took a connection; ``stranger`` whether TLS was spoken for an unknown name,
    None where that was not asked; ``resolved`` are the addresses that the domain leads to,
    ``hosts`` those of the project's hosts, as far as known; ``now`` is when."""

    site: Site
    now: datetime
    pages: tuple[Answer, ...] = ()
    assets: tuple[Answer, ...] = ()
    asked: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    tls: Tls | None = None
    stranger: bool | None = None
    slow: Slow | None = None
    ports: tuple[int, ...] = ()
    resolved: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[Answer, ...]:
        return self.asked.get(kind, ())

    @property
    def front(self) -> Answer | None:
        """The first page that is well."""
        return next((page for page in self.pages if page.good), None)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Everything the site itself answered to an honest visitor."""
        return (*self.pages, *self.assets, *self.of("missing"))

    def but(self, **changes: object) -> Outside:
        return replace(self, **changes)  # type: ignore[arg-type]
