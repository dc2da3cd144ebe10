"""A site and a host that are as they should be, for tests to spoil one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from seawall.checks.live.host import HostSeen
from seawall.checks.live.questions import FILES, METHODS, NOWHERE
from seawall.checks.live.seen import Answer, Certificate, Outside, Site, Slow, Tls

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SITE = Site("shop.example.com", "203.0.113.5", aliases=("www.shop.example.com",))
BASE = "https://shop.example.com"
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Server": "nginx",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Set-Cookie": "__Host-session=abc; Secure; HttpOnly; Path=/; SameSite=Lax",
}


def answer(target: str = "/", status: int = 200, body: str = "", method: str = "GET", **headers: str) -> Answer:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(f"{method} {BASE}{target}", f"{BASE}{target}", status, named, body)


FRONT = Answer(f"GET {BASE}/", f"{BASE}/", 200, tuple(HEADERS.items()), "<h1>Shop</h1>")
STYLE = answer(
    "/static/shop.css", Content_Type="text/css", Cache_Control="max-age=3600", X_Content_Type_Options="nosniff"
)
PLAIN = Answer(
    "GET http://shop.example.com/seawall-check?a=1",
    "http://shop.example.com/seawall-check?a=1",
    301,
    (("Location", "https://shop.example.com/seawall-check?a=1"),),
)
REFUSED = Answer("GET", error="the connection was closed without an answer")
CERTIFICATE = Certificate(
    names=("shop.example.com",),
    issuer="An authority",
    not_before=NOW - timedelta(days=30),
    not_after=NOW + timedelta(days=60),
    key="EC secp256r1",
    signature="sha256",
    sha256="a" * 64,
)
TLS = Tls(
    CERTIFICATE,
    versions=("TLSv1.2", "TLSv1.3"),
    ciphers={"TLSv1.2": ("ECDHE-ECDSA-AES128-GCM-SHA256",), "TLSv1.3": ("TLS_AES_128_GCM_SHA256",)},
    curves=("X25519", "secp256r1"),
)
WELL = Outside(
    site=SITE,
    now=NOW,
    pages=(FRONT,),
    assets=(STYLE,),
    asked={
        "missing": (answer(NOWHERE, 404),),
        "files": tuple(answer(path, 404) for path in FILES),
        "folders": (answer("/static/", 403),),
        "methods": tuple(answer("/", 405, method=method) for method in (*METHODS, "CONNECT", "OPTIONS")),
        "errors": (
            answer(NOWHERE, 404),
            answer("/?__debugger__=yes&cmd=resource&f=style.css", Content_Type="text/html"),
        ),
        "big body": (answer(NOWHERE, 413, method="POST"),),
        "long header": (answer("/", 400),),
        "stranger": (REFUSED, REFUSED),
        "forwarded": (answer("/"),),
        "origin": (answer("/"),),
        "notes": (
            answer("/.well-known/security.txt", body="Contact: mailto:a@example.com\n"),
            answer("/robots.txt", 404),
        ),
        "plain": (PLAIN,),
        "aliases": (answer("/seawall-check?a=1", 301, Location=f"{BASE}/seawall-check?a=1"),),
    },
    tls=TLS,
    stranger=False,
    slow=Slow(True, 10.0),
    ports=(22,),
    resolved=("203.0.113.5",),
    hosts=("203.0.113.5",),
)
POSTURE = {
    "exposure": {"seawall-shop@v1.service": 1.3, "nginx.service": 9.6},
    "reboot": False,
    "updates": [],
    "unattended": True,
    "proxy": {"LoadState": "loaded", "Restart": "on-failure"},
    "open_files": [],
    "sshd": {"permitrootlogin": "no", "passwordauthentication": "no", "kbdinteractiveauthentication": "no"},
    "firewall": "active",
    "clock": {"NTPSynchronized": "yes", "NTP": "yes"},
    "disks": [{"path": "/", "free": 50, "total": 100, "files_free": 50, "files": 100}],
    "failed": [],
    "backup": {"at": (NOW - timedelta(hours=3)).timestamp(), "verified": True},
    "certificate": {"path": "/etc/ssl/seawall/shop.crt", "pem": "", "sha256": "a" * 64},
    "listening": [22, 80, 443],
}
HOST = HostSeen("web1", NOW, POSTURE, live="v1", served="a" * 64)


def asked(kind: str, *answers: Answer) -> Outside:
    """A well site that answers one kind of question so."""
    return WELL.but(asked={**WELL.asked, kind: answers})


def front(without: str = "", body: str = "<h1>Shop</h1>", **changed: str) -> Outside:
    """A well site whose first page has other headers."""
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changed.items()}}
    headers.pop(without, None)
    return WELL.but(pages=(replace(FRONT, headers=tuple(headers.items()), body=body),))


def cookie(value: str) -> Outside:
    return front(Set_Cookie=value)


def certificate(**changes: object) -> Outside:
    return WELL.but(tls=replace(TLS, certificate=replace(CERTIFICATE, **changes)))  # type: ignore[arg-type]


def tls(**changes: object) -> Outside:
    return WELL.but(tls=replace(TLS, **changes))  # type: ignore[arg-type]


def self_signed(seen: Outside) -> Outside:
    return seen.but(site=replace(seen.site, self_signed=True))


def posture(**changes: object) -> HostSeen:
    return replace(HOST, posture={**POSTURE, **changes})
