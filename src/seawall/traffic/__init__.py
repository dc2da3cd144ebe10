"""A steady stream of requests that shows whether a change of a site loses any.

The load is *open*: requests leave on schedule whatever the answers do, and every latency counts from the
moment a request was due, not from the moment it could be sent. A server that is silent for half a second
therefore shows half a second in all the requests that fell due meanwhile (a closed loop would send, and
count, only one: "coordinated omission").

What counts as **failed**:

- the connection is refused, reset, unreachable, or TLS fails (an untrusted certificate too);
- the answer's status is not 2xx or 3xx;
- the connection ends before the answer is whole: no status line, a body shorter than ``Content-Length``, or
  chunks without their end (RFC 9112, sections 6.3 and 8);
- the answer is not HTTP/1.x;
- it takes longer than ``TrafficPlan.timeout`` seconds (10) from the moment the request was begun.

What does not count as failed, but is counted beside it:

- ``reopened``: a kept connection that the server closed *between* requests, noticed before anything was sent
  on it (RFC 9112, section 9.5). The request goes out on a new connection.
- ``retried``: a request was sent on a connection that had carried another before, and the connection ended
  before one byte of the answer came. RFC 9112, section 9.3.1, lets a client repeat that once if the method is
  idempotent (RFC 9110, section 9.2.2: GET, HEAD, OPTIONS, TRACE, PUT, DELETE), as browsers do. A POST is not
  repeated and has failed; a repetition that ends the same way has failed; so has a first request on a new
  connection. The latency still counts from when the request was due. A client cannot tell a server that
  closed an idle connection from one that died at work, so whoever wants to be strict asks for ``retried == 0``.

Use ``TrafficProcess`` to measure beside other work: it runs the load in a process of its own.
Only the standard library is imported here.
"""

from __future__ import annotations

from seawall.traffic.forms import form_request
from seawall.traffic.load import Note, run_traffic
from seawall.traffic.plan import Request, TrafficPlan
from seawall.traffic.process import TrafficProcess
from seawall.traffic.report import Failure, Mark, Report
from seawall.traffic.wire import Answer

__all__ = [
    "Answer",
    "Failure",
    "Mark",
    "Note",
    "Report",
    "Request",
    "TrafficPlan",
    "TrafficProcess",
    "form_request",
    "run_traffic",
]
