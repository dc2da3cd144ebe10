"""What to send where, how often, and for how long."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from seawall.errors import UsageError

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110, section 9.2.2
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\U0010ffff]")
_LINE_BREAK = re.compile(r"[\r\n\x00]")


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of request. An empty path means the path of the plan's address."""

    method: str = "GET"
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Z]+", self.method) or _UNSAFE.search(self.path):
            raise UsageError(
                f"not a request line: {self.method} {self.path!r}",
                remedy="percent-encode the path, write the method in capitals",
            )
        if any(_LINE_BREAK.search(name + value) for name, value in self.headers):
            raise UsageError("a header of the test request contains a line break")

    @property
    def idempotent(self) -> bool:
        return self.method in IDEMPOTENT


@dataclass(frozen=True, slots=True)
class TrafficPlan:
    """The load to make.

    url: where to; its host name is sent as ``Host`` and checked against the certificate.
    rate: requests a second, fresh and kept connections together.
    seconds: how long; None means until stopped.
    keepalive: share (0 to 1) of the requests that go over kept connections; each other one opens its own.
    connections: how many connections are kept. When all are busy, a request opens one more.
    requests: sent in turn, in equal shares; repeat one to weight it.
    ca_file: certificates to trust (PEM); empty means the system's.
    resolve_to: connect to this address instead of looking the host name up.
    mark: regular expression looked for in the head and body of every answer; its first group (or the
        whole match) names what answered, for instance a version. See ``Report.marks``.
    timeout: seconds after which a request has failed.
    """

    url: str
    rate: float = 200.0
    seconds: float | None = None
    keepalive: float = 0.5
    connections: int = 16
    requests: tuple[Request, ...] = (Request(),)
    ca_file: str = ""
    resolve_to: str = ""
    mark: str = ""
    timeout: float = 10.0

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise UsageError(problem, place=self.url)

    @property
    def address(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def port(self) -> int:
        return self.address.port or (443 if self.address.scheme == "https" else 80)

    @property
    def target(self) -> str:
        """The path and query of the address, as a request line has them."""
        parts = self.address
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> TrafficPlan:
        data = json.loads(text)
        requests = tuple(
            Request(one["method"], one["path"], tuple((n, v) for n, v in one["headers"]), one["body"])
            for one in data.pop("requests")
        )
        return cls(requests=requests, **data)


def _problem(plan: TrafficPlan) -> str:
    """What is wrong with the plan, or nothing."""
    try:
        parts = urlsplit(plan.url)
        _ = parts.port
        re.compile(plan.mark)
    except ValueError as error:
        return f"not an address of a site: {error}"
    except re.error as error:
        return f"the mark is not a regular expression: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return "not an address of a site; it should look like https://example.org/ or http://127.0.0.1:8000/"
    if _UNSAFE.search(plan.url):
        return "the address has a space or a character that must be percent-encoded"
    wrong = {
        "rate must be above 0": plan.rate <= 0,
        "seconds must be above 0": plan.seconds is not None and plan.seconds <= 0,
        "keepalive is a share from 0 to 1": not 0 <= plan.keepalive <= 1,
        "connections must be at least 1": plan.connections < 1,
        "there is no request to send": not plan.requests,
        "timeout must be above 0": plan.timeout <= 0,
    }
    return next((problem for problem, found in wrong.items() if found), "")


def encode(plan: TrafficPlan, request: Request, connection: str) -> bytes:
    """The request as bytes; ``connection`` is the value of that header, ``close`` or ``keep-alive``."""
    body = request.body.encode()
    lines = [
        f"{request.method} {request.path or plan.target} HTTP/1.1",
        f"Host: {plan.address.netloc}",
        "User-Agent: seawall-traffic",
        "Accept: */*",
        f"Connection: {connection}",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    if body or request.method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
