"""What nginx adds, refuses and limits in front of an app, and what apps of one host share."""

import contextlib
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
import pytest

from seawall.stack.front_unit import NGINX_PATH as DROP_IN

from .machine import Host
from .product import Project, Result, tiny_project, visit, visitor

SITES = "/etc/nginx/sites-enabled"
STOCK = f"{SITES}/default"
SHARED = ("/etc/nginx/conf.d/seawall.conf", "/etc/nginx/conf.d/seawall.tls.conf")
OPEN, STRICT = "open.example.com", "strict.example.com"
#: What every answer has, whoever made it.
EVERYWHERE = ("content-security-policy", "x-content-type-options", "referrer-policy", "permissions-policy", "x-mark")
VIEWS = """

@app.get("/own")
def own():
    return "own", {"Content-Security-Policy": "default-src 'none'", "X-Mark": "app"}


@app.get("/away")
def away():
    return "", 302, {"Location": "/"}


@app.get("/slow")
def slow():
    import time
    time.sleep(1)
    return "slow"


@app.route("/.well-known/<path:name>", methods=["GET", "TRACE", "TRACK", "DEBUG"])
@app.route("/any", methods=["GET", "TRACE", "TRACK", "DEBUG"], defaults={"name": "any"})
def any_method(name):
    return f"the app answers {request.method} {name}"
"""


@dataclass(frozen=True)
class Front:
    host: Host
    open: Project
    strict: Project
    refused: Result
    stock_came_back: bool


def app(directory: object, environment: Mapping[str, str], host: Host, name: str, **settings: object) -> Project:
    project = tiny_project(directory, environment, host.name, name=name, **settings)  # type: ignore[arg-type]
    project.write("app.py", (project.directory / "app.py").read_text() + VIEWS)
    project.write("assets/style.css", "body {}\n")
    return project


@pytest.fixture(scope="module")
def front(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Front:
    """Two apps, after a first attempt that nginx refused: one without limits, one with narrow ones."""
    free = app(
        tmp_path_factory.mktemp("open"),
        ssh_environment,
        module_host,
        "open",
        redirect_from=["www.open.example.com"],
        static={"/static/": "assets"},
        headers={"other": {"X-Mark": 'a "mark" of $5'}},
        limits={"rate": "", "connections": 0, "routes": {"/size": {"max_body": "2k"}}},
        proxy={"max_body": "1k"},
    )
    module_host.write_file(f"{SITES}/broken", "server { listen 81; server_nam typo.example.com; }\n")
    refused = free.deploy(check=False)
    came_back = module_host.exists(STOCK)
    module_host.run(["rm", f"{SITES}/broken"])
    free.deploy()
    for hidden in (".env", "settings.py", "data.sqlite3", ".git/config"):
        module_host.write_file(f"/srv/open/live/static/static/{hidden}", "not for visitors")
    module_host.write_file("/srv/open/live/static/.env", "not for visitors")
    strict = app(
        tmp_path_factory.mktemp("strict"),
        ssh_environment,
        module_host,
        "strict",
        static={"/static/": "assets"},
        limits={"rate": "60/m", "burst": 10, "connections": 3, "routes": {"/say/": {"rate": "1/m", "burst": 1}}},
    )
    strict.deploy()
    return Front(module_host, free, strict, refused, came_back)


def connected(host: Host, name: str | None, *, address: str = "", port: int = 443) -> ssl.SSLSocket:
    """A TLS connection that names this host, or none; whose certificate it shows does not matter."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection((address or host.address, port), 20), server_hostname=name)


def answer(connection: socket.socket, host: str, path: str = "/", method: str = "GET") -> str:
    """What comes back to one request on a connection, "" if it is just closed or reset."""
    connection.settimeout(20)
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    said = b""
    with connection, contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            said += piece
    return said.decode()


# --- headers


@pytest.mark.parametrize("path", ["/", "/static/style.css", "/nothing", "/static/nothing", "/away", "/.env"])
def test_every_answer_has_the_headers_whoever_made_it(front: Front, path: str) -> None:
    headers = visit(front.host, path, domain=OPEN).headers
    assert [name for name in EVERYWHERE if name not in headers] == []
    assert headers["x-mark"] == 'a "mark" of $5'
    assert headers["server"] == "nginx"
    assert "strict-transport-security" not in headers, "it would lock visitors out of a self-signed site"


def test_the_apps_own_header_wins(front: Front) -> None:
    headers = visit(front.host, "/own", domain=OPEN).headers
    assert headers.get_list("content-security-policy") == ["default-src 'none'"]
    assert headers.get_list("x-mark") == ["app"]
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"


def test_an_app_that_is_gone_and_one_in_maintenance_have_them_too(front: Front) -> None:
    front.host.run(["mv", "/srv/open/live", "/srv/open/gone"])
    gone = visit(front.host, domain=OPEN)
    front.host.run(["mv", "/srv/open/gone", "/srv/open/live"])
    front.host.run(["touch", "/srv/open/maintenance"])
    away = visit(front.host, domain=OPEN)
    front.host.run(["rm", "/srv/open/maintenance"])
    assert (gone.status_code, away.status_code) == (502, 503)
    assert (away.headers["retry-after"], "retry-after" in gone.headers) == ("60", False)
    for name in EVERYWHERE:
        assert name in gone.headers
        assert name in away.headers


# --- who is served


def test_a_name_that_no_site_has_is_refused_before_a_certificate_is_shown(front: Front) -> None:
    for name in ("unknown.example.com", None):
        with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
            connected(front.host, name)


def test_a_name_that_no_site_has_gets_no_answer_over_http(front: Front) -> None:
    for name in ("unknown.example.com", front.host.address):
        assert answer(socket.create_connection((front.host.address, 80)), name) == ""
    assert " 301 " in answer(socket.create_connection((front.host.address, 80)), OPEN)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_visitors_of_another_name_are_sent_on_with_path_and_query(front: Front, scheme: str) -> None:
    sent = visit(front.host, "/a%20b?c=d&e=%2F", domain=f"www.{OPEN}", scheme=scheme)
    assert (sent.status_code, sent.headers["location"]) == (301, f"https://{OPEN}/a%20b?c=d&e=%2F")
    assert sent.headers["server"] == "nginx"
    assert ("x-content-type-options" in sent.headers) is (scheme == "https")


def test_a_connection_for_one_name_carries_no_request_for_another(front: Front) -> None:
    assert answer(connected(front.host, OPEN), OPEN).startswith("HTTP/1.1 200")
    assert answer(connected(front.host, OPEN.upper()), OPEN).startswith("HTTP/1.1 200")
    assert answer(connected(front.host, OPEN), STRICT).startswith("HTTP/1.1 421")
    assert answer(connected(front.host, OPEN), "unknown.example.com") == ""


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/.git/config",
        "/a/.hidden",
        "/%2egit/config",
        "/static/.env",
        "/static/.git/config",
        "/static../.env",
        "/static/../.env",
        "/static/settings.py",
        "/static/SETTINGS.PY",
        "/static/data.sqlite3",
        "/.well-known/.env",
    ],
)
def test_dot_files_and_sources_are_not_found_by_nginx_itself(front: Front, path: str) -> None:
    said = answer(connected(front.host, OPEN), OPEN, path)
    assert said.startswith("HTTP/1.1 404")
    assert "<center>nginx</center>" in said or path.startswith("/static.."), "nginx's own page"
    assert "not for visitors" not in said


def test_well_known_paths_reach_the_app(front: Front) -> None:
    assert visit(front.host, "/.well-known/security.txt", domain=OPEN).text == "the app answers GET security.txt"


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "DEBUG"])
def test_methods_for_mischief_never_reach_the_app(front: Front, method: str) -> None:
    assert answer(connected(front.host, OPEN), OPEN, "/any", method).startswith("HTTP/1.1 405")


# --- limits


def statuses(host: Host, path: str, count: int, domain: str = STRICT) -> Counter[int]:
    with visitor(host, domain) as client:
        return Counter(client.get(path).status_code for _ in range(count))


def test_more_than_the_rate_is_429_with_a_word_when_to_come_back_and_static_files_do_not_count(front: Front) -> None:
    assert statuses(front.host, "/static/style.css", 40) == {200: 40}
    found = statuses(front.host, "/any", 40)
    assert found[200] >= 11, "the burst and one"
    assert found[429] >= 20
    refused = visit(front.host, "/any", domain=STRICT)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.headers["content-type"] == "text/plain"
    assert "x-content-type-options" in refused.headers
    assert statuses(front.host, "/any", 40, OPEN) == {200: 40}


def test_the_host_itself_is_not_limited(front: Front) -> None:
    ask = "import ssl, socket\nx = ssl._create_unverified_context()\nfor _ in range(40):\n"
    ask += f" c = x.wrap_socket(socket.create_connection(('127.0.0.1', 443)), server_hostname='{STRICT}')\n"
    ask += f" c.sendall(b'GET /any HTTP/1.1\\r\\nHost: {STRICT}\\r\\nConnection: close\\r\\n\\r\\n')\n"
    ask += " print(c.recv(12).decode()); c.close()\n"
    assert Counter(front.host.run(["python3", "-c", ask]).stdout.splitlines()) == {"HTTP/1.1 200": 40}


def test_a_trusted_network_is_not_limited_and_a_route_has_its_own_rate(front: Front) -> None:
    project = front.strict
    project.configure(limits={"rate": "600/s", "burst": 200, "connections": 0})
    project.deploy()
    assert statuses(front.host, "/say/word", 6) == {200: 2, 429: 4}
    assert statuses(front.host, "/any", 40) == {200: 40}
    project.configure(limits={"trusted": [f"{front.host.address.rpartition('.')[0]}.0/24"]})
    project.deploy()
    assert statuses(front.host, "/say/word", 6) == {200: 6}
    project.configure(limits={"trusted": None})


def test_the_addresses_of_one_ipv6_network_are_one_visitor(front: Front) -> None:
    """Asked from the host itself, by addresses that are added to it."""
    near, far = ["2001:db8:1:1::1", "2001:db8:1:1:ffff::2"], "2001:db8:1:2::1"
    for address in (*near, far):
        front.host.run(["ip", "address", "add", f"{address}/128", "dev", "lo", "nodad"])
    ask = "import ssl, socket, sys\nx = ssl._create_unverified_context()\nfor source in sys.argv[1:]:\n"
    ask += " s = socket.create_connection(('2001:db8:1:1::1', 443), source_address=(source, 0))\n"
    ask += f" c = x.wrap_socket(s, server_hostname='{STRICT}')\n"
    ask += f" c.sendall(b'GET /say/word HTTP/1.1\\r\\nHost: {STRICT}\\r\\nConnection: close\\r\\n\\r\\n')\n"
    ask += " print(c.recv(12).decode()[-3:]); c.close()\n"
    front.strict.deploy()
    found = front.host.run(["python3", "-c", ask, near[0], near[1], near[0], near[1], far, far, far]).stdout.split()
    assert found == ["200", "200", "429", "429", "200", "200", "429"]


def test_only_so_many_requests_of_an_address_are_under_way_at_once(front: Front) -> None:
    front.strict.configure(limits={"connections": 3})
    front.strict.deploy()
    found: list[int] = []

    def ask() -> None:
        found.append(visit(front.host, "/slow", domain=STRICT).status_code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(found)[200] >= 3
    assert Counter(found)[429] >= 1


def test_a_body_may_be_as_large_as_its_path_says(front: Front) -> None:
    with visitor(front.host, OPEN) as client:
        assert client.post("/", content=b"x" * 1500).status_code == 413
        assert client.post("/size", content=b"x" * 1500).text == "1500"
        assert client.post("/size", content=b"x" * 2500).status_code == 413


def test_slow_visitors_are_sent_away(front: Front) -> None:
    """Each sends a little now and then, or nothing; nginx ends them all, long before they are done."""
    head = f"POST /size HTTP/1.1\r\nHost: {OPEN}\r\nContent-Length: 100\r\n"
    kinds: dict[str, tuple[Callable[[], socket.socket], str, int]] = {
        "a handshake that never comes": (lambda: socket.create_connection((front.host.address, 443)), "", 0),
        "a head in drops": (lambda: connected(front.host, OPEN), head, 60),
        "a head in drops, http": (lambda: socket.create_connection((front.host.address, 80)), head, 60),
        "a body that stops": (lambda: connected(front.host, OPEN), f"{head}\r\nhalf", 0),
    }
    ended: dict[str, bool] = {}

    def be_slow(kind: str) -> None:
        connect, text, drops = kinds[kind]
        with connect() as connection:
            connection.sendall(text.encode())
            connection.settimeout(1)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and kind not in ended:
                with contextlib.suppress(TimeoutError):
                    try:
                        if not connection.recv(4096):
                            ended[kind] = True
                    except ConnectionError:
                        ended[kind] = True
                if drops and kind not in ended:
                    with contextlib.suppress(OSError):
                        connection.sendall(b"X-A: b\r\n")

    threads = [threading.Thread(target=be_slow, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ended) == set(kinds)


# --- what apps share


def test_the_welcome_page_is_gone_and_came_back_after_a_deployment_that_failed(front: Front) -> None:
    assert front.refused.code == 1
    assert f"- link {STOCK}" in front.refused.said
    assert front.stock_came_back
    assert not front.host.exists(STOCK)


def test_a_site_of_somebody_else_that_answers_for_unknown_hosts_keeps_doing_so(front: Front) -> None:
    theirs = f"{SITES}/theirs"
    front.host.write_file(theirs, "server { listen 80 default_server; return 200 theirs; }\n")
    front.host.run(["sed", "-i", "s/80 default_server/80/", SHARED[0]])
    front.host.run(["nginx", "-t"])
    plan = front.open.seawall("plan", check=False)
    assert f"{theirs} answers for unknown host names on port 80" in plan.said
    front.open.deploy()
    assert answer(socket.create_connection((front.host.address, 80)), "unknown.example.com").endswith("theirs")
    assert front.open.seawall("plan", "--exit-code").code == 0
    front.host.run(["rm", theirs])
    front.open.deploy()
    assert answer(socket.create_connection((front.host.address, 80)), "unknown.example.com") == ""


def test_what_apps_share_stays_until_the_last_of_them_is_gone(front: Front) -> None:
    said = front.strict.seawall("destroy", "--yes", "strict").said
    assert not any(path in said for path in SHARED)
    assert all(front.host.exists(path) for path in (*SHARED, DROP_IN))
    assert visit(front.host, domain=OPEN).status_code == 200
    assert front.open.seawall("plan", "--exit-code").code == 0
    with pytest.raises(ssl.SSLError):
        connected(front.host, STRICT)
    front.open.configure(tls={"mode": "off"})
    front.open.deploy()
    assert [front.host.exists(path) for path in SHARED] == [True, False]
    front.open.seawall("destroy", "--yes", "open")
    assert not front.host.exists(SHARED[0])
    assert not front.host.exists(DROP_IN)
    with pytest.raises(httpx.ConnectError):
        visit(front.host, domain=OPEN, scheme="http")
