"""What a site is asked, besides its pages. Each kind of question has a name, under which the rules find its answers."""

from __future__ import annotations

from collections.abc import Mapping

from seawall.checks.live.seen import Request, Site

#: A name that no site has (RFC 2606, 2): it stands for whoever points their own name at the host.
STRANGER = "seawall-check.invalid"
#: A path that no app has.
NOWHERE = "/seawall-check-no-such-page"
#: More than any limit; only announced, never sent. 1 TiB.
HUGE = 1 << 40
#: Above nginx's buffers, 8 KB for a line and 32 KB in all, bytes.
LONG_HEADER = 64 * 1024

#: What lies beside an app's code and must not be served.
FILES = (
    "/.env",
    "/.env.production",
    "/.git/config",
    "/.git/HEAD",
    "/.htpasswd",
    "/.ssh/id_rsa",
    "/.seawall/local.secrets",
    "/seawall.toml",
    "/app.py",
    "/wsgi.py",
    "/config.py",
    "/settings.py",
    "/requirements.txt",
    "/pyproject.toml",
    "/Dockerfile",
    "/docker-compose.yml",
    "/instance/app.db",
    "/db.sqlite3",
    "/backup.sql",
    "/static../.env",
    "/static../app.py",
    "/static/../.env",
    "/static/..%2f.env",
)
METHODS = ("TRACE", "TRACK")
#: Paths that make badly set-up apps tell of themselves. None of them is asked with more than GET.
PROVOKING = (
    NOWHERE,
    f"{NOWHERE}/%ff%fe",
    "/%c0%ae%c0%ae/",
    f"/?{'a' * 2000}",
    "/?__debugger__=yes&cmd=resource&f=style.css",
    "/console",
    "/server-status",
    "/nginx_status",
)


def questions(site: Site, mounts: tuple[str, ...] = ()) -> Mapping[str, tuple[Request, ...]]:
    """All questions to a site; ``mounts`` are the prefixes of its static folders."""
    beside = tuple(f"{mount.rstrip('/')}../{name}" for mount in mounts for name in (".env", "app.py"))
    asked = {
        "missing": (Request(NOWHERE),),
        "files": tuple(Request(path) for path in dict.fromkeys((*FILES, *beside))),
        "folders": tuple(Request(mount) for mount in mounts),
        "methods": (
            *(Request("/", method) for method in METHODS),
            Request(f"{STRANGER}:443", "CONNECT"),
            Request("*", "OPTIONS"),
        ),
        "errors": (*(Request(path) for path in PROVOKING), Request(bare=True)),
        "big body": (Request(NOWHERE, "POST", headers=(("Content-Length", str(HUGE)),)),),
        "long header": (Request(headers=(("X-Long", "a" * LONG_HEADER),)),),
        "stranger": (Request(host=STRANGER), Request(host=STRANGER, plain=True)),
        "forwarded": tuple(
            Request(target, headers=_pretended(), plain=plain)
            for target, plain in (
                ("/", False),
                ("/seawall-check", True),
                *((mount.rstrip("/"), False) for mount in mounts),
            )
        ),
        "origin": (Request(headers=(("Origin", f"https://{STRANGER}"),)),),
        "notes": (Request("/.well-known/security.txt"),),
    }
    if site.https:
        asked["plain"] = (Request("/seawall-check?a=1", plain=True),)
        asked["aliases"] = tuple(
            Request("/seawall-check?a=1", host=name, plain=plain) for name in site.aliases for plain in (False, True)
        )
    return asked


def _pretended() -> tuple[tuple[str, str], ...]:
    return (("X-Forwarded-Host", STRANGER), ("X-Host", STRANGER), ("Forwarded", f"host={STRANGER}"))
