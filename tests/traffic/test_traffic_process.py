from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seawall.errors import SeawallError
from seawall.traffic import Report, TrafficPlan, TrafficProcess, form_request


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = {
            "/form": b'<form method="post" action="send?x=1"><input type="hidden" name="token" '
            b'value="a&amp;b"><input name="author"></form>'
            b'<form><input type="hidden" name="other" value="1"></form>',
            "/plain": b"no form",
        }.get(self.path, b"version 1.0")
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "session=abc; HttpOnly")
        self.end_headers()
        self.wfile.write(body)
        self.server.seen.set()  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


class Site(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "seawall.traffic", *arguments]


def test_traffic_runs_beside_other_work_until_it_is_stopped(site: Site) -> None:
    with TrafficProcess.start(TrafficPlan(site.url, rate=100, mark=r"version (\S+)")) as traffic:
        assert site.seen.is_set()
        report = traffic.stop()
    assert report.requests >= 1
    assert report.failed == 0
    assert [mark.name for mark in report.marks] == ["1.0"]


def test_traffic_that_ended_by_itself_still_reports(site: Site) -> None:
    with TrafficProcess.start(TrafficPlan(site.url, rate=100, seconds=0.1)) as traffic:
        assert traffic.stop().requests <= 10


def test_the_worker_keeps_its_report_until_it_is_asked_for(site: Site) -> None:
    """Else the report could be swallowed together with the line that says it has started."""
    with subprocess.Popen(
        [sys.executable, "-m", "seawall.traffic.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdin is not None
        worker.stdin.write(TrafficPlan(site.url, seconds=0.01).to_json() + "\n")
        worker.stdin.flush()
        assert site.seen.wait(30)
        time.sleep(0.5)
        assert worker.poll() is None
        output, _ = worker.communicate(timeout=30)
    started, report = output.splitlines()
    assert started == "started"
    assert Report.from_json(report).failed == 0


def test_a_site_that_is_down_is_in_the_report_and_no_error(nobody: str) -> None:
    with TrafficProcess.start(TrafficPlan(nobody, rate=100)) as traffic:
        report = traffic.stop()
    assert report.failed == report.requests >= 1


def test_leaving_the_block_early_ends_the_traffic(site: Site) -> None:
    with TrafficProcess.start(TrafficPlan(site.url)) as traffic:
        pid = traffic.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_missing_file_of_certificates_is_an_error_that_names_it(tmp_path: Path) -> None:
    missing = str(tmp_path / "ca.pem")
    with pytest.raises(SeawallError) as caught:
        TrafficProcess.start(TrafficPlan("https://127.0.0.1:1/", ca_file=missing))
    assert caught.value.output == f"{missing}: No such file or directory"


def test_a_generator_that_was_killed_is_an_error_and_not_a_clean_report(site: Site) -> None:
    with TrafficProcess.start(TrafficPlan(site.url)) as traffic:
        os.kill(traffic.pid, signal.SIGKILL)
        with pytest.raises(SeawallError, match="traffic generator failed"):
            traffic.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_report_when_it_is_told_to_stop(site: Site, number: signal.Signals) -> None:
    with subprocess.Popen(command(site.url), stdout=subprocess.PIPE, text=True) as process:
        assert site.seen.wait(30)
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert " requests, 0 failed, longest stall " in output.splitlines()[-1]


def test_the_command_can_report_as_json(site: Site) -> None:
    done = subprocess.run(
        command(site.url, "--seconds", "0.1", "--rate", "100", "--json"),
        capture_output=True,
        check=True,
        text=True,
    )
    report = json.loads(done.stdout)
    assert (report["requests"], report["failed"], report["by_status"]) == (10, 0, {"200": 10})


def test_the_command_fails_if_a_request_did_and_says_how(nobody: str) -> None:
    done = subprocess.run(
        command(nobody, "--seconds", "0.1", "--rate", "200"),
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("20 requests, 20 failed, ")
    assert "failed at 0.000 s: connection refused\n" in done.stderr
    assert "... and 10 more\n" in done.stderr


def test_the_command_refuses_what_is_no_address() -> None:
    done = subprocess.run(command("nowhere"), capture_output=True, check=False, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("nowhere: not an address of a site")


def test_a_form_is_filled_in_with_its_cookie_and_hidden_fields(site: Site) -> None:
    request = form_request(TrafficPlan(site.url), "/form", {"author": "Ada L"})
    assert (request.method, request.path) == ("POST", "/send?x=1")
    assert request.body == "token=a%26b&author=Ada+L"
    assert dict(request.headers) == {
        "Content-Type": "application/x-www-form-urlencoded",
        "Referer": f"{site.url}form",
        "Cookie": "session=abc",
    }


@pytest.mark.parametrize(("page", "complaint"), [("/plain", "no form on the page"), ("/missing", "answered 404")])
def test_a_page_without_a_form_is_an_error(site: Site, page: str, complaint: str) -> None:
    with pytest.raises(SeawallError, match=complaint):
        form_request(TrafficPlan(site.url), page, {})


def test_only_the_standard_library_is_imported() -> None:
    program = (
        "import sys; before = set(sys.modules); import seawall.traffic, seawall.traffic.worker;"
        "names = {n.split('.')[0] for n in set(sys.modules) - before};"
        "print(names - sys.stdlib_module_names)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "{'seawall'}"
