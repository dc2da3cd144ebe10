"""Where a release's server listens and what it speaks there, and how the front server learns of it.

The link to its socket is called ``web.sock``, or ``uwsgi.sock`` where uwsgi's own protocol is spoken there. Beside it a
release has up to two marker files, which the front server looks for at each request: ``web.uwsgi`` (empty) for that
protocol, ``web.tcp`` (``ADDRESS:PORT``) where it listens on TCP. So the one rename of ``live`` also changes the way of
asking; and a request for which that was decided just before finds no socket, rather than one that takes it for noise.
Where the release listens on its socket, one more file (empty) says all of that at once, ``web.uwsgi-socket`` or
``web.http-socket``: nginx looks for it first and need look for no other. Releases that an earlier agent made lack it.
``web.release`` holds the release's id: by it a front server that cannot see where a link leads says which release
answered (decision 0002).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seawall.agent.places import ReleasePlaces
from seawall.agent.vocabulary import Listen

UWSGI_MARKER = "web.uwsgi"
TCP_MARKER = "web.tcp"
SOCKET_MARKERS = {"http": "web.http-socket", "uwsgi": "web.uwsgi-socket"}
RELEASE_MARKER = "web.release"
MARKERS = (UWSGI_MARKER, TCP_MARKER, *SOCKET_MARKERS.values())


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens: at ``socket``, or on TCP where there is an ``address``."""

    socket: Path
    address: str = ""
    port: int = 0
    speaks: str = "http"


def endpoint(at: ReleasePlaces, listen: Listen) -> Endpoint:
    return Endpoint(at.socket, listen.address, port(at.id), listen.speaks)


def port(release_id: str) -> int:
    """The TCP port of a release: 1 and the last four digits of its number, so that neighbours never meet."""
    return 10_000 + int(release_id[1:]) % 10_000


def link_name(listen: Listen) -> str:
    """What the link to the socket is called in the release's folder."""
    return "uwsgi.sock" if listen.speaks == "uwsgi" else "web.sock"


def socket_marker(listen: Listen) -> tuple[str, ...]:
    """The name of the one file that says how a release is asked on its socket; none where it listens on TCP."""
    return () if listen.address else (SOCKET_MARKERS[listen.speaks],)


def markers(release_id: str, listen: Listen) -> dict[str, str]:
    """The marker files that every release has, with their content."""
    found = {}
    if listen.speaks == "uwsgi":
        found[UWSGI_MARKER] = ""
    if listen.address:
        found[TCP_MARKER] = f"{listen.address}:{port(release_id)}"
    return found
