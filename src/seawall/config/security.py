"""The tables of ``seawall.toml`` that keep visitors and the host safe: TLS, headers, limits, the sandbox."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seawall.config.table import Table, setting
from seawall.config.values import (
    Domain,
    Email,
    HeaderName,
    HeaderText,
    HostPath,
    HttpsUrl,
    Network,
    Rate,
    Reason,
    Size,
    UrlPath,
    WritablePath,
)

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
#: Two years, the least that Mozilla's guidelines for TLS 6.0 ask for, in seconds.
TWO_YEARS = 63_072_000

Domains = Annotated[tuple[Domain, ...], Field(strict=False)]
Networks = Annotated[tuple[Network, ...], Field(strict=False)]


class Tls(Table):
    """How visitors' connections are encrypted."""

    mode: Literal["acme", "self-signed", "files", "off"] = setting(
        "self-signed",
        "`acme` has a certificate authority (Let's Encrypt unless `directory` says otherwise) issue a certificate for "
        "`domains` and renews it in time, which accepts the authority's terms of service; `self-signed` makes one on "
        "the host (visitors are warned); `files` uses one that you put there; `off` serves plain http, for a host "
        "behind something that ends TLS. The default is encrypted, works on every host and tells nobody of it.",
        example="acme",
        becomes="the certificate of the nginx site, and its listening ports",
    )
    certificate: HostPath = setting(
        "",
        "With `files`: the path on the host of the certificate with its chain, in PEM form.",
        example="/etc/ssl/example/fullchain.pem",
        becomes="`ssl_certificate` in the nginx site",
    )
    key: HostPath = setting(
        "",
        "With `files`: the path on the host of the certificate's private key, in PEM form.",
        example="/etc/ssl/example/privkey.pem",
        becomes="`ssl_certificate_key` in the nginx site",
    )
    email: Email = setting(
        "",
        "With `acme`: where the authority may write to. None by default; Let's Encrypt sends no reminders any more.",
        example="you@example.com",
        becomes="the contact of the host's account with the authority",
    )
    directory: HttpsUrl = setting(
        LETS_ENCRYPT,
        "With `acme`: the authority's directory URL (RFC 8555, 7.1.1). The default is Let's Encrypt.",
        example="https://ca.example.com/acme/directory",
        becomes="`server` in certbot's renewal configuration",
    )
    directory_ca: HostPath = setting(
        "",
        "With `acme` and a private authority: the path on the host of the PEM file that its https address is checked "
        "against. The default is the host's own list of authorities.",
        example="/etc/ssl/certs/company-ca.pem",
        becomes="REQUESTS_CA_BUNDLE of certbot",
    )
    hsts_seconds: Annotated[int, Field(ge=0, le=10 * TWO_YEARS)] = setting(
        TWO_YEARS,
        "How long browsers remember to come by https only (Strict-Transport-Security, RFC 6797), in seconds; 0 sends "
        "no such header. The default, two years, is what Mozilla's guidelines ask for. It is never sent with a "
        "self-signed certificate, which it would make impossible to visit.",
        example=86400,
        becomes="`max-age` of the header Strict-Transport-Security",
    )
    hsts_subdomains: bool = setting(
        True,
        "Whether that holds for all subdomains of the domain too. On by default; turn it off if one of them is served "
        "over plain http.",
        example=False,
        becomes="`includeSubDomains` of the header",
    )
    hsts_preload: bool = setting(
        False,
        "Whether browsers may build the domain into their list of https-only sites (hstspreload.org). Off by default: "
        "it takes months to undo.",
        example=True,
        becomes="`preload` of the header",
    )


class Headers(Table):
    """Headers that the proxy adds to answers, unless the app sends the same header itself. `""` adds none."""

    content_security_policy: HeaderText = setting(
        "base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
        "What pages may load and do (Content-Security-Policy, CSP level 3). The default forbids only what hardly any "
        "site needs; `seawall check --live` proposes a stricter one from the pages that it sees.",
        example="default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        becomes="the header Content-Security-Policy",
    )
    content_security_policy_report_only: HeaderText = setting(
        "",
        "A policy to try: browsers report what it would forbid and forbid nothing. None by default.",
        example="default-src 'self'",
        becomes="the header Content-Security-Policy-Report-Only",
    )
    content_type_options: Literal["nosniff", ""] = setting(
        "nosniff",
        "Whether browsers must take an answer for what its Content-Type says. On by default.",
        example="",
        becomes="the header X-Content-Type-Options",
    )
    referrer_policy: HeaderText = setting(
        "strict-origin-when-cross-origin",
        "What other sites learn of the page a visitor came from. The default tells them the host name only.",
        example="no-referrer",
        becomes="the header Referrer-Policy",
    )
    permissions_policy: HeaderText = setting(
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Which of the browser's abilities pages may use. The default turns off those that ask the visitor for leave.",
        example="geolocation=(self), camera=(), microphone=()",
        becomes="the header Permissions-Policy",
    )
    cross_origin_opener_policy: HeaderText = setting(
        "same-origin",
        "Whether windows of other sites keep a handle on this site's. The default cuts it; take "
        "`same-origin-allow-popups` where you sign people in through a window of another site.",
        example="same-origin-allow-popups",
        becomes="the header Cross-Origin-Opener-Policy",
    )
    cross_origin_resource_policy: HeaderText = setting(
        "same-origin",
        "Which sites may embed this site's images, scripts and other files. The default is this one only; take "
        "`cross-origin` for an app whose files others show.",
        example="cross-origin",
        becomes="the header Cross-Origin-Resource-Policy",
    )
    other: dict[HeaderName, HeaderText] = setting(
        {},
        "Further headers, added under the same rule.",
        example={"X-Robots-Tag": "noindex"},
        becomes="a header each",
    )


class RouteLimits(Table):
    """What is different under one URL path."""

    rate: Rate = setting(
        "",
        'Requests per address under this path: a number per second or minute, or "" for no limit of its own. The '
        "site's own limit holds too.",
        example="10/m",
        becomes="a `limit_req_zone` and `limit_req` in the nginx site",
    )
    burst: Annotated[int, Field(ge=0, le=100_000)] = setting(
        5,
        "How many requests may come at once before the rate is enforced.",
        example=20,
        becomes="`burst` of that `limit_req`",
    )
    max_body: Size | Literal[""] = setting(
        "",
        'The largest request body under this path. The default, "", is that of `proxy.max_body`.',
        example="200m",
        becomes="`client_max_body_size` in the path's `location`",
    )
    read_timeout: Annotated[int, Field(ge=0, le=86400)] = setting(
        0,
        "Seconds the proxy waits for the app under this path. The default, 0, is that of `proxy.read_timeout`.",
        example=600,
        becomes="`proxy_read_timeout` in the path's `location`",
    )


class Limits(Table):
    """What one address may ask of the site. More than that is answered with 429."""

    rate: Rate = setting(
        "100/s",
        'Requests per address: a number per second or minute, or "" for no limit. The default is far above what a '
        "browser asks for, and below what one machine can do to harm a small server. Static files do not count.",
        example="20/s",
        becomes="a `limit_req_zone` and `limit_req` in the nginx site",
    )
    burst: Annotated[int, Field(ge=0, le=100_000)] = setting(
        200,
        "How many requests may come at once before the rate is enforced.",
        example=50,
        becomes="`burst` of that `limit_req`",
    )
    connections: Annotated[int, Field(ge=0, le=100_000)] = setting(
        100,
        "Requests per address that may be under way at the same time; 0 is no limit. The default leaves room for an "
        "office behind one address.",
        example=20,
        becomes="`limit_conn` in the nginx site",
    )
    trusted: Networks = setting(
        (),
        "Addresses or networks that are not limited: a monitor, a load balancer. The host itself never is.",
        example=["203.0.113.0/24", "2001:db8::1"],
        becomes="the `geo` block of the nginx site",
    )
    routes: dict[UrlPath, RouteLimits] = setting(
        {},
        "URL paths with limits of their own; a path that ends with a slash means all below it.",
        example={"/login": {"rate": "10/m"}},
        becomes="a `location` of the nginx site each",
    )


Permission = Literal[
    "write-execute-memory",
    "other-users",
    "scheduling",
    "devices",
    "home",
    "processes",
    "network-interfaces",
    "namespaces",
    "privileges",
    "system-calls",
    "shared-memory",
    "shared-tmp",
]


class Sandbox(Table):
    """What the app's processes may do on the host. On your own machine (`seawall up`) there is no sandbox."""

    level: Literal["standard", "strict"] = setting(
        "standard",
        "`standard` suits any app; `strict` also forbids memory that is both writable and executable, which compilers "
        "at run time and some bindings to C need, and hides other users. Try `strict`: an app that cannot start in it "
        "never takes traffic.",
        example="strict",
        becomes="the sandbox lines of the app's units (systemd.exec(5))",
    )
    outbound: Literal["any", "none"] | Networks = setting(
        "any",
        "Where the app may connect to, and be reached from, over the network: `any`, `none` (this host only), or "
        "networks. The default is any, because most apps call something.",
        example=["10.0.0.0/8"],
        becomes="`IPAddressDeny=` and `IPAddressAllow=` in the units",
    )
    memory: Size | Literal[""] = setting(
        "",
        'The most memory that one unit of the app may use; beyond it, it is killed and started again. "" is no limit.',
        example="1g",
        becomes="`MemoryMax=` in the units",
    )
    allow: dict[Permission, Reason] = setting(
        {},
        "What is loosened, one thing at a time, each with its reason. `write-execute-memory` (compilers at run time), "
        "`other-users` (see who else is there), `scheduling` (priorities), `devices` (a GPU), `home` (read home "
        "directories), `processes` (see others' in /proc), `network-interfaces` (list them), `namespaces` (containers, "
        "a headless browser), `privileges` (setuid programs), `system-calls` (all that the kernel has), "
        "`shared-memory` (System V IPC with others), `shared-tmp` (the host's own /tmp).",
        example={"devices": "the model runs on the GPU"},
        becomes="the lines of the sandbox that fall away, with the reason as a comment",
    )
    write: dict[WritablePath, Reason] = setting(
        {},
        "Paths on the host outside the app's own data that it may write, each with its reason. They must exist and "
        "belong to the app's user or group.",
        example={"/srv/media": "shared with the converter"},
        becomes="`ReadWritePaths=` in the units",
    )
