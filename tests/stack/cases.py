"""The projects whose compositions are kept as golden files, one for each thing that changes what is generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from seawall.agent.vocabulary import Entry, Requirements, Source
from seawall.config.model import Project
from seawall.stack.compose import compose
from seawall.stack.composition import Away, Composition
from seawall.stack.facts import Facts
from seawall.stack.targets import LocalTarget, ServerTarget, Target

BOOKWORM = Facts("debian", "12", 2, 4 << 30, "3.11.2", "x86_64", "1.22.1", "203.0.113.5")
TRIXIE = Facts("debian", "13", 8, 32 << 30, "3.13.5", "x86_64", "1.26.3", "2001:db8::5", openssl_version="3.5.1")
BROTLI = replace(TRIXIE, nginx_modules=("gzip_static", "brotli_static", "brotli"))
SMALL = Facts("ubuntu", "24.04", 4, 512 << 20, "3.12.3", "aarch64", "", "203.0.113.6", ipv6=False)
SERVER = ServerTarget("web.example.net")
TREE = (
    Entry("guestbook/__init__.py", "a" * 64, 120),
    Entry("guestbook/static/style.css", "b" * 64, 30),
    Entry("media/502.html", "e" * 64, 50),
    Entry("media/logo.svg", "c" * 64, 40),
    Entry("requirements.txt", "d" * 64, 6),
)
LOCAL = LocalTarget(
    directory="/home/ada/My projects/guest book",
    user="ada",
    nginx="/usr/sbin/nginx",
    https_port=8443,
    http_port=8080,
    is_root=False,
    python="/usr/bin/python3",
    uv="/opt/seawall/bin/uv",
    tool_python="/opt/seawall/bin/python",
    certificate="/home/ada/My projects/guest book/.seawall/ca/localhost.crt",
    key="/home/ada/My projects/guest book/.seawall/ca/localhost.key",
)


#: Seawall's own secrets.
OWN = {"DATABASE_PASSWORD": "not in any file but env"}


def project(**settings: Any) -> Project:
    """A project as the loader would make it, with an entry of the guestbook unless told otherwise."""
    values = {"name": "guestbook", "app": {"entry": "guestbook:create_app()"}, "directory": Path("/home/ada/guestbook")}
    return Project(**{**values, **settings})


def composed(
    made: Project | None = None,
    target: Target = SERVER,
    facts: Facts = BOOKWORM,
    *,
    tree: tuple[Entry, ...] = TREE,
    env: Mapping[str, str] | None = None,
    own: Mapping[str, str] | None = None,
    required: frozenset[str] = frozenset(),
    away: Away | None = None,
) -> Composition:
    return compose(
        made or project(),
        target,
        facts,
        tree=tree,
        env=env if env is not None else {"SECRET_KEY": "not in any file but env"},
        requirements=Requirements(path="requirements.txt"),
        source=Source(commit="0123abc"),
        own=own,
        required=required,
        away=away,
    )


def _full() -> Project:
    return project(
        environment="staging",
        domains=["guestbook.example.com", "*.guestbook.example.com"],
        packages=["libpq5", "nginx"],
        secrets=["SECRET_KEY"],
        server={
            "workers": 3,
            "threads": 1,
            "timeout": 120,
            "graceful_timeout": 60,
            "max_requests": 10000,
            "preload": True,
            "backlog": 512,
        },
        proxy={
            "max_body": "2g",
            "read_timeout": 300,
            "access_log": "off",
            "request_id_from": ["203.0.113.7", "2001:db8::/32"],
            "streams": ["/events", "/feeds/"],
            "compress": True,
            "error_pages": "media",
            "cache": {"paths": {"/": 60, "/feeds/": 5, "/blog/": 600}, "size": "1g", "ignored_cookies": ["_ga", "a.b"]},
            "static_max_age": 0,
            "immutable": ["/a/b/"],
            "immutable_query": "v",
        },
        static={"/static/": "guestbook/static", "/a/b/": "media", "/a-b/": "media"},
        tls={"mode": "files", "certificate": "/etc/ssl/example/fullchain.pem", "key": "/etc/ssl/example/privkey.pem"},
        health={"path": "/", "successes": 5},
        release={"setup": "flask init-db", "migrate": "flask db upgrade", "keep": 3},
        processes={
            "mail": "python -m mailer --subject '100% of $5; \"done\"'",
            "worker": {"command": "rq worker default", "count": 2, "stop_timeout": 60},
        },
        schedule={"clean": {"command": "TZ=UTC flask clean", "at": "Mon *-*-* 03:00"}},
    )


def _guarded(**settings: Any) -> Project:
    """Everything that headers, limits and an authority's certificate can ask for."""
    return project(
        domains=["guestbook.example.com"],
        redirect_from=["www.guestbook.example.com", "old.example.com"],
        tls={"mode": "acme", "hsts_preload": True},
        static={"/static/": "guestbook/static"},
        headers={
            "content_security_policy": "default-src 'self'; script-src 'sha256-$5\\'",
            "content_security_policy_report_only": "default-src 'none'",
            "referrer_policy": "",
            "other": {"X-Robots-Tag": 'no"index', "X-Price": "$1 ${scheme}"},
        },
        limits={
            "rate": "20/s",
            "burst": 0,
            "connections": 10,
            "trusted": ["203.0.113.0/24", "2001:db8::1", "127.0.0.0/8"],
            "routes": {
                "/login": {"rate": "10/m"},
                "/api/": {"max_body": "200m", "read_timeout": 600},
                "/health": {"rate": "5/s", "burst": 0},
            },
        },
        **settings,
    )


def _loosened() -> Project:
    """The strict sandbox with some of it taken away."""
    return project(
        sandbox={
            "level": "strict",
            "outbound": ["10.0.0.0/8"],
            "memory": "1g",
            "allow": {"devices": "the model runs on the GPU", "namespaces": "a browser makes the PDFs"},
            "write": {"/srv/media": "shared with the converter"},
        },
        processes={"worker": "rq worker default"},
    )


def _supervised() -> Project:
    """What runs under supervisor, and what stays with systemd."""
    return project(
        process={"manager": "supervisor"},
        sandbox={"allow": {"privileges": "it calls ping"}, "write": {"/srv/media": "shared with the converter"}},
        processes={
            "mail": "python -m mailer --subject '100% of $5; \"done\"'",
            "worker": {"command": "rq worker default", "count": 2, "stop_timeout": 60},
        },
        schedule={"clean": {"command": "flask clean", "at": "daily"}},
    )


CASES: dict[str, Callable[[], Composition]] = {
    "mariadb": lambda: composed(project(database={"kind": "mariadb", "memory": "2g"}), own=OWN),
    "sqlite": lambda: composed(project(database={"kind": "sqlite"})),
    "local-sqlite": lambda: composed(project(database={"kind": "sqlite", "path": "instance/site.db"}), LOCAL),
    "redis": lambda: composed(project(redis={"enabled": True, "policy": "allkeys-lru"})),
    "server-plain": composed,
    "server-full": lambda: composed(_full(), facts=BROTLI),
    "server-asgi-without-tls": lambda: composed(
        project(app={"entry": "chat.main:app", "interface": "asgi"}, tls={"mode": "off"}), facts=SMALL
    ),
    "server-guarded": lambda: composed(_guarded()),
    "server-loosened": lambda: composed(_loosened()),
    "server-by-address": lambda: composed(facts=TRIXIE),
    "server-beside-others": lambda: composed(
        project(domains=["guestbook.example.com"]),
        facts=replace(
            BOOKWORM,
            default_servers=(
                "80 /etc/nginx/sites-enabled/default",
                "443 /etc/nginx/sites-enabled/shop",
                "[::]:443 /etc/nginx/sites-enabled/shop",
            ),
        ),
    ),
    "server-old-nginx": lambda: composed(
        project(domains=["guestbook.example.com"]), facts=Facts("debian", "11", nginx_version="1.18.0")
    ),
    "server-acme": lambda: composed(
        project(
            domains=["guestbook.example.com", "book.example.com"],
            redirect_from=["www.guestbook.example.com"],
            tls={
                "mode": "acme",
                "email": "ada@example.com",
                "directory": "https://ca.example.com/acme/directory",
                "directory_ca": "/etc/ssl/certs/company-ca.pem",
            },
        )
    ),
    "server-tcp": lambda: composed(project(server={"socket": "tcp"})),
    "server-supervised": lambda: composed(_supervised(), facts=TRIXIE),
    "server-supervised-tcp": lambda: composed(
        project(process={"manager": "supervisor"}, server={"socket": "tcp"}, tls={"mode": "off"})
    ),
    "server-watched": lambda: composed(project(alerts={"webhook": "https://ntfy.sh/guestbook", "format": "ntfy"})),
    "apache": lambda: composed(_guarded(proxy={"kind": "apache"})),
    "apache-by-address": lambda: composed(
        project(
            proxy={"kind": "apache", "access_log": "off", "compress": True}, static={"/static/": "guestbook/static"}
        ),
        facts=replace(TRIXIE, apache_version="2.4.62", apache_ports=("80",)),
    ),
    "apache-without-tls": lambda: composed(
        project(
            domains=["guestbook.example.com"],
            redirect_from=["old.example.com"],
            proxy={"kind": "apache"},
            tls={"mode": "off"},
        )
    ),
    "apache-after-nginx": lambda: composed(
        project(domains=["guestbook.example.com"], proxy={"kind": "apache"}),
        facts=replace(
            BOOKWORM,
            fronts_up=("nginx",),
            nginx_sites=("/etc/nginx/sites-enabled/seawall-guestbook.conf",),
            apache_version="2.4.62",
            apache_ports=("80", "443"),
            apache_sites=("/etc/apache2/sites-enabled/shop.conf",),
            apache_default_servers=("80 /etc/apache2/sites-enabled/shop.conf",),
        ),
    ),
    "server-postgresql": lambda: composed(
        project(
            database={"kind": "postgresql", "memory": "2g", "pool": True},
            processes={"worker": "rq worker default"},
            schedule={"clean": {"command": "flask clean", "at": "daily"}},
        ),
        own={"DATABASE_PASSWORD": "not in any file but env"},
    ),
    "server-backups": lambda: composed(
        project(
            backup={
                "repository": "sftp:keeper@vault.example.com:/backups",
                "at": "*-*-* 00/6:00",
                "keep_daily": 14,
                "known_hosts": "vault.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
                "ssh_key": "BACKUP_SSH_KEY",
            },
        ),
        own={"BACKUP_PASSWORD": "not in any file but one", "BACKUP_SSH_KEY": "not in any file but another"},
    ),
    "local-nginx": lambda: composed(_full(), LOCAL),
    "local-tcp": lambda: composed(project(server={"socket": "tcp"}), LOCAL),
    "local-systemd": lambda: composed(
        project(process={"manager": "systemd"}, processes={"worker": "rq worker"}),
        LocalTarget(**{**vars(LOCAL), "runtime": "/run/user/1000"}),
    ),
    "local-systemd-granian": lambda: composed(
        project(process={"manager": "systemd"}, static={"/static/": "guestbook/static"}),
        LocalTarget(**{**vars(LOCAL), "runtime": "/run/user/1000", "nginx": ""}),
    ),
    "local-granian": lambda: composed(
        project(static={"/static/": "guestbook/static"}),
        LocalTarget(**{**vars(LOCAL), "nginx": "", "is_root": True, "user": "root"}),
    ),
}
