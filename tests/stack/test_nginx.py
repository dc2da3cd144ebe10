"""nginx's sites, checked by nginx itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from seawall.agent.vocabulary import File
from seawall.stack import nginx
from seawall.stack.composition import Composition
from seawall.stack.facts import Facts
from stack import place
from stack.cases import CASES, composed, project
from stack.nginx_front import installed

#: What Debian 12 and 13 and Ubuntu 24.04 have at the level of http, where a second one is an error.
DISTRIBUTED = [
    "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;",
    "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off; server_tokens off;",
]


def files(made: Composition) -> dict[str, str]:
    return {r.path: r.content for r in made.resources if isinstance(r, File) and r.path.startswith("/etc/nginx/")}


def site_of(made: Composition) -> str:
    return next(text for path, text in files(made).items() if path.startswith(nginx.SITES))


def judged(tmp_path: Path, *texts: str, http: str = "") -> str:
    """What nginx says of these files in one http block; only paths and ports are put where this machine has them."""
    certificate, key = place.certificate_in(tmp_path)
    ports = {port: place.free_port() for port in ("80", "443")}
    text = "\n".join(texts).replace("/var/log/nginx/", f"{tmp_path}/").replace("[::]:", "[::1]:")
    text = re.sub(r"ssl_certificate .*;", f"ssl_certificate {certificate};", text)
    text = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {key};", text)
    text = re.sub(r"(listen (?:\[::1\]:)?)(443|80)\b", lambda m: f"{m[1]}{ports[m[2]]}", text)
    text = text.replace("?X25519MLKEM768:", "")
    text = re.sub(r"(cache_path )\S+/cache/", rf"\1{tmp_path}/", text)
    text = re.sub(r" +brotli.*;\n", "", text)  # a module of its own
    if installed().nginx < nginx.HTTP2_DIRECTIVE:
        text = text.replace("    http2 on;\n", "").replace(" ssl;", " ssl http2;")
    conf = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{http}\naccess_log off;\n{text}\n}}\n"
    (tmp_path / "nginx.conf").write_text(conf)
    command = [place.needed("nginx"), "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode or "[warn]" in done.stderr else ""


@pytest.mark.parametrize("http", DISTRIBUTED)
@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("server-")])
def test_nginx_itself_accepts_the_site_beside_another_app(case: str, http: str, tmp_path: Path) -> None:
    other = composed(project(name="other", domains=["other.example.com"]))
    assert judged(tmp_path, *files(CASES[case]()).values(), site_of(other), http=http) == ""


def test_nginx_itself_accepts_a_name_of_greatest_length(tmp_path: Path) -> None:
    made = composed(project(name="a" * 31, limits={"routes": {f"/r{n}": {"rate": "1/m"} for n in range(20)}}))
    assert judged(tmp_path, *files(made).values()) == ""


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (Facts("debian", "12", nginx_version="1.22.1"), "listen 443 ssl http2;"),
        (Facts("debian", "13", nginx_version="1.26.3"), "http2 on;"),
        (Facts("debian", "13"), "http2 on;"),
        (Facts("ubuntu", "24.04"), "listen 443 ssl http2;"),
        (Facts(), "listen 443 ssl http2;"),
    ],
)
def test_http2_is_asked_for_in_the_words_of_the_nginx_that_is_there_or_will_be(facts: Facts, line: str) -> None:
    assert f"    {line}\n" in site_of(composed(facts=facts))


def test_a_site_without_tls_leaves_port_443_to_others() -> None:
    made = composed(project(tls={"mode": "off"}))
    assert place.service(made, "nginx").ports == (80,)
    assert place.service(composed(), "nginx").ports == (80, 443)
    assert "443" not in "".join(files(made).values())


def test_two_apps_whose_names_differ_in_a_hyphen_share_no_name_in_nginx() -> None:
    sites = [site_of(composed(project(name=name))) for name in ("a-b", "ab")]
    names = [set(re.findall(r"\bseawall_\w+", site)) for site in sites]
    # What a regular expression found is used at once, and PCRE has no room for the app's name in its name.
    assert names[0] & names[1] == {
        f"seawall_{found}" for found in ("id", "half", "digits", "path", "referrer", "seconds")
    }
