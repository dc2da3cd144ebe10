"""A well kept site breaks no live rule; one thing spoilt breaks its rule, and says what shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from seawall.checks.finding import Exchange
from seawall.checks.live.catalogue import HOST as HOST_RULES
from seawall.checks.live.catalogue import LIVE, OUTSIDE
from seawall.checks.live.host import HostSeen
from seawall.checks.live.questions import STRANGER
from seawall.checks.live.seen import Answer, Outside, Slow
from seawall.checks.run import go_through

from . import well
from .well import FRONT, NOW, PLAIN, WELL, answer, asked, certificate, cookie, front, posture, tls

CSP = "Content-Security-Policy"
PAGE = '<!doctype html><script src="http://cdn.example.net/a.js"></script>'

#: What breaks each rule, and what its evidence then says.
SPOILT: dict[str, list[tuple[Outside | HostSeen, str]]] = {
    "SW801": [(certificate(distrust="certificate has expired"), "certificate has expired")],
    "SW802": [
        (well.self_signed(certificate(self_issued=True)).but(pages=front("Strict-Transport-Security").pages), "")
    ],
    "SW803": [
        (certificate(not_before=NOW - timedelta(days=70), not_after=NOW + timedelta(days=20)), "20 days left of 90")
    ],
    "SW804": [(certificate(not_after=NOW + timedelta(days=337)), "it lives 367 days")],
    "SW805": [(tls(versions=("TLSv1", "TLSv1.2", "TLSv1.3")), "TLSv1")],
    "SW806": [(tls(versions=("TLSv1.2",)), "TLSv1.3")],
    "SW807": [(tls(ciphers={"TLSv1.2": ("AES128-SHA", "ECDHE-RSA-AES128-GCM-SHA256")}), "accepts AES128-SHA")],
    "SW808": [(tls(curves=("X25519", "secp521r1")), "accepts secp521r1")],
    "SW809": [
        (certificate(key="RSA 1024"), "RSA 1024"),
        (certificate(key="RSA 2047"), "RSA 2047"),
        (certificate(signature="sha1"), "sha1"),
    ],
    "SW810": [(tls(holes=("Heartbleed",)), "Heartbleed")],
    "SW811": [
        (asked("plain", replace(PLAIN, status=200, headers=())), "200"),
        (asked("plain", replace(PLAIN, headers=(("Location", "http://shop.example.com/login"),))), "http://"),
    ],
    "SW812": [
        (asked("plain", replace(PLAIN, status=302)), "302 is not for good"),
        (asked("plain", replace(PLAIN, headers=(("Location", "https://shop.example.com/"),))), "is lost"),
        (
            asked("plain", replace(PLAIN, headers=(("Location", "https://www.example.com/seawall-check?a=1"),))),
            "another host",
        ),
        (asked("plain", replace(PLAIN, headers=(("Location", "https://[broken"),))), "another host"),
    ],
    "SW813": [
        (asked("aliases", answer("/seawall-check?a=1", 200)), "200"),
        (asked("aliases", answer("/seawall-check?a=1", 301, Location="https://old.example.org/")), "old.example.org"),
        (asked("aliases", answer("/seawall-check?a=1", 301, Location="https://[broken")), "301"),
    ],
    "SW814": [
        (front("Strict-Transport-Security"), "no Strict-Transport-Security"),
        (front(Strict_Transport_Security="max-age=31536000; includeSubDomains"), "less than two years"),
    ],
    "SW815": [(front(Strict_Transport_Security="max-age=63072000"), "max-age=63072000")],
    "SW816": [(well.self_signed(WELL), "max-age=63072000")],
    "SW817": [(asked("stranger", answer("/")), "200"), (asked("stranger", answer("/", 502)), "502")],
    "SW818": [(WELL.but(stranger=True), "accepted")],
    "SW819": [
        (asked("forwarded", answer("/", 302, Location=f"https://{STRANGER}/login")), STRANGER),
        (asked("forwarded", answer("/", body=f'<a href="https://{STRANGER}/">')), STRANGER),
    ],
    "SW821": [
        (
            front(
                Content_Security_Policy="default-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
            ),
            "",
        ),
        (
            front(Content_Security_Policy="default-src 'self' 'unsafe-eval'; base-uri 'none'; frame-ancestors 'none'"),
            "",
        ),
        (front(Content_Security_Policy="default-src *; base-uri 'none'; frame-ancestors 'none'"), "* lets scripts"),
    ],
    "SW822": [(front(Content_Security_Policy="object-src 'none'; base-uri 'none'; frame-ancestors 'none'"), "")],
    "SW823": [
        (front(Content_Security_Policy="script-src 'self'"), "without object-src, base-uri, frame-ancestors"),
        (front(Content_Security_Policy="default-src 'self'; base-uri 'none'"), "without frame-ancestors"),
    ],
    "SW825": [(front("X-Content-Type-Options"), "no X-Content-Type-Options")],
    "SW826": [(front("Referrer-Policy"), ""), (front(Referrer_Policy="unsafe-url"), "unsafe-url")],
    "SW827": [(front("Permissions-Policy"), "no Permissions-Policy")],
    "SW828": [(front("Cross-Origin-Opener-Policy"), "no Cross-Origin-Opener-Policy")],
    "SW829": [(front("Cross-Origin-Resource-Policy"), "no Cross-Origin-Resource-Policy")],
    "SW830": [(front(X_XSS_Protection="1; mode=block"), "1; mode=block")],
    "SW831": [(front(Server="nginx/1.22.1"), "nginx/1.22.1"), (front(X_Powered_By="PHP/8.2"), "PHP/8.2")],
    "SW832": [(WELL.but(pages=(replace(FRONT, headers=(*FRONT.headers, ("X-Content-Type-Options", "nosniff"))),)), "")],
    "SW833": [
        (
            asked(
                "origin",
                answer(
                    Access_Control_Allow_Origin=f"https://{STRANGER}",
                    Access_Control_Allow_Credentials="true",
                ),
            ),
            STRANGER,
        )
    ],
    "SW834": [(cookie("session=abc; HttpOnly; SameSite=Lax"), "session=***; HttpOnly")],
    "SW835": [(cookie("__Host-session=abc; Secure; SameSite=Lax"), "***; Secure")],
    "SW836": [(cookie("__Host-session=abc; Secure; HttpOnly"), "***")],
    "SW837": [(cookie("__Host-session=abc; Secure; HttpOnly; SameSite=None"), "SameSite=None")],
    "SW838": [(cookie("session=abc; Secure; HttpOnly; SameSite=Lax"), "session=***")],
    "SW839": [(front("Cache-Control"), "no Cache-Control"), (front(Cache_Control="public, max-age=60"), "public")],
    "SW840": [(front(body=PAGE), "http://cdn.example.net/a.js")],
    "SW841": [
        (WELL.but(assets=(answer("/static/a.css", Content_Type="text/css", X_Content_Type_Options="nosniff"),)), "")
    ],
    "SW850": [
        (WELL.but(pages=(answer("/", 502),)), "502"),
        (WELL.but(pages=(Answer("GET /", error="refused"),)), "refused"),
    ],
    "SW851": [(WELL.but(pages=(FRONT, answer("/basket", 500))), "500")],
    "SW852": [(WELL.but(pages=(FRONT, answer("/old", 404))), "404")],
    "SW853": [
        (asked("files", answer("/.env", Content_Type="application/octet-stream")), "octet-stream"),
        (asked("files", answer("/static../app.py", Content_Type="text/x-python")), "text/x-python"),
    ],
    "SW854": [(asked("folders", answer("/static/", body="<title>Index of /static/</title>")), "Index of")],
    "SW855": [
        (asked("methods", answer("/", 200, method="TRACE")), "200"),
        (asked("methods", answer("/", 200, method="OPTIONS", Allow="GET, TRACE")), "Allow: GET, TRACE"),
    ],
    "SW856": [
        (asked("big body", Answer("POST", error="no answer within 6 s")), "no answer"),
        (asked("big body", answer("/", 500)), "500"),
    ],
    "SW857": [(asked("long header", answer("/", 200)), "200")],
    "SW858": [(WELL.but(slow=Slow(False, 16.0)), "still open"), (WELL.but(slow=Slow(True, 15.6)), "closed after 16 s")],
    "SW859": [
        (asked("missing", answer("/x", 404, "<pre>Traceback (most recent call last):\n secret")), "Traceback"),
        (asked("errors", answer("/x", 500, "<title>KeyError // Werkzeug Debugger</title>")), "Werkzeug Debugger"),
    ],
    "SW860": [
        (asked("errors", answer("/x", 404, "<center>nginx/1.22.1</center>")), "nginx/1.22.1"),
        (asked("errors", answer("/x", 404, 'File "/srv/shop/app.py", line 3')), "/srv/shop/app.py"),
    ],
    "SW861": [
        (asked("errors", answer("/?__debugger__=yes&cmd=resource&f=style.css", Content_Type="text/css")), "text/css"),
        (asked("errors", answer("/console", body="EVALEX = true")), "EVALEX"),
    ],
    "SW862": [(asked("errors", answer("/nginx_status", body="Active connections: 3")), "200")],
    "SW863": [(WELL.but(ports=(22, 5432)), "PostgreSQL")],
    "SW864": [(WELL.but(ports=(22, 4433)), "accepted")],
    "SW865": [(asked("notes", answer("/.well-known/security.txt", 404)), "404")],
    "SW866": [(WELL.but(resolved=("198.51.100.9",)), "198.51.100.9")],
    "SW901": [(posture(exposure={"seawall-shop@v1.service": 9.2}), "9.2")],
    "SW902": [(posture(reboot=True), "exists")],
    "SW903": [(posture(updates=["openssl", "nginx"]), "openssl, nginx")],
    "SW904": [(posture(unattended=False), "off")],
    "SW905": [(posture(proxy={"LoadState": "loaded", "Restart": "no"}), "no")],
    "SW906": [(posture(open_files=["0644 /srv/shop/releases/v1/env"]), "mode 0644")],
    "SW907": [(posture(sshd={"permitrootlogin": "yes"}), "permitrootlogin yes")],
    "SW908": [(posture(sshd={"passwordauthentication": "yes"}), "passwordauthentication yes")],
    "SW909": [(posture(firewall="inactive"), "inactive"), (posture(firewall=""), "not installed")],
    "SW910": [(posture(clock={"NTPSynchronized": "no", "NTP": "no"}), "NTPSynchronized=no"), (posture(clock={}), "no")],
    "SW911": [
        (posture(disks=[{"path": "/", "free": 9, "total": 100, "files_free": 1, "files": 2}]), "9 % of the space"),
        (posture(disks=[{"path": "/", "free": 50, "total": 100, "files_free": 1, "files": 99}]), "1 % of the files"),
    ],
    "SW912": [(posture(failed=["cron.service"]), "cron.service")],
    "SW913": [(posture(backup=None), "is not there")],
    "SW914": [
        (posture(backup={"at": (NOW - timedelta(days=3)).timestamp(), "verified": True}), "3 days old"),
        (posture(backup={"at": NOW.timestamp(), "verified": False}), "not verified"),
    ],
    "SW915": [(replace(well.HOST, interrupted="the deployment of v2 was cut off"), "cut off")],
    "SW916": [(replace(well.HOST, unwell=("no release is live",)), "no release is live")],
    "SW917": [(replace(well.HOST, served="b" * 64), "SHA-256 aaaa")],
    # Without any policy nothing forbids frames either.
    "SW820": [(front(CSP, X_Frame_Options="DENY"), f"no {CSP}")],
}
#: What breaks two rules at once, on purpose.
TOGETHER = {"SW824": (front(CSP), {"SW820", "SW824"})}
CASES = [(rule, number) for rule, cases in SPOILT.items() for number in range(len(cases))]


def broken(seen: Outside | HostSeen) -> list[tuple[str, Exchange]]:
    findings = go_through(OUTSIDE, seen) if isinstance(seen, Outside) else go_through(HOST_RULES, seen)
    return [(found.rule.id, found.evidence) for found in findings if isinstance(found.evidence, Exchange)]


def test_a_well_kept_site_and_host_break_nothing() -> None:
    assert broken(WELL) == []
    assert broken(well.HOST) == []


@pytest.mark.parametrize(("rule", "number"), CASES)
def test_one_thing_spoilt_breaks_its_rule_and_no_other(rule: str, number: int) -> None:
    seen, shown = SPOILT[rule][number]
    found = broken(seen)
    assert {one for one, _ in found} == {rule}
    assert any(shown in f"{evidence.request} {evidence.answer} {evidence.fact}" for _, evidence in found)


@pytest.mark.parametrize("rule", TOGETHER)
def test_a_fault_that_is_two(rule: str) -> None:
    seen, expected = TOGETHER[rule]
    assert {one for one, _ in broken(seen)} == expected


def test_every_live_rule_has_an_example() -> None:
    assert {*SPOILT, *TOGETHER} == {check.rule.id for check in LIVE}


def test_the_value_of_a_cookie_is_never_shown() -> None:
    seen = cookie("session=s3cret-value")
    assert len(broken(seen)) > 1
    assert "s3cret" not in str(broken(seen))


def test_a_traceback_is_named_and_not_repeated() -> None:
    seen = asked("errors", answer("/x", 500, "Traceback (most recent call last):\nKeyError: 'sk_live_123'"))
    assert "sk_live" not in str(broken(seen))


def test_a_site_that_answers_every_path_with_its_page_serves_no_files() -> None:
    page = answer("/any", Content_Type="text/html", body="<div id=app>")
    seen = WELL.but(asked={**WELL.asked, "missing": (page,), "files": (replace(page, url="/.env"),)})
    assert "SW853" not in {one for one, _ in broken(seen)}


def test_a_site_that_answers_every_path_still_may_not_serve_files() -> None:
    page = answer("/any", Content_Type="text/html", body="<div id=app>")
    env = answer("/.env", Content_Type="text/plain", body="SECRET_KEY=x")
    seen = WELL.but(asked={**WELL.asked, "missing": (page,), "files": (env,)})
    assert "SW853" in {one for one, _ in broken(seen)}


@pytest.mark.parametrize("sources", ["'nonce-abc' 'unsafe-inline'", "'sha256-abc=' 'unsafe-inline'", "'self'"])
def test_unsafe_inline_beside_a_nonce_or_hash_counts_for_nothing(sources: str) -> None:
    policy = f"default-src 'none'; script-src {sources}; base-uri 'none'; frame-ancestors 'none'"
    assert broken(front(Content_Security_Policy=policy)) == []


def test_a_plain_http_site_is_not_asked_for_what_only_https_has() -> None:
    site = replace(well.SITE, https=False)
    page = front("Strict-Transport-Security", Set_Cookie="session=a; HttpOnly; SameSite=Lax").pages
    assert broken(WELL.but(site=site, tls=None, stranger=None, pages=page)) == []


def test_a_page_that_writes_about_tracebacks_shows_none() -> None:
    assert broken(front(body="<code>Traceback (most recent call last)</code> from site-packages, nginx/1.22")) == []


def test_where_the_first_page_is_missing_another_one_is_looked_at() -> None:
    page = front("Permissions-Policy").pages[0]
    found = broken(WELL.but(pages=(answer("/", 404), page)))
    assert {one for one, _ in found} == {"SW827"}
