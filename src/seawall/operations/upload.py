"""The upload: what the hosts lack of the project, sent from where an earlier attempt broke off."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterable
from pathlib import Path

from seawall.agent.store import key
from seawall.agent.wire import CHUNK
from seawall.errors import Declined, SeawallError
from seawall.operations.events import Happening, Upload
from seawall.operations.hosts import Host
from seawall.operations.parallel import Tell, on_each
from seawall.operations.plan import HostPlan, Plan

#: Between two reports of an upload, bytes.
REPORT_EVERY = 4 * CHUNK


def upload(plan: Plan) -> Generator[Happening, None, None]:
    """Send every host at once what its new release lacks. Raises SeawallError with no host changed."""
    lacking = [item for item in plan.hosts if item.missing and item.release.new]
    stopped = threading.Event()

    def stop() -> str:
        stopped.set()
        return "stopping: no more files are sent"

    outcomes = yield from on_each(lacking, lambda item, tell: send_objects(plan, item, tell, stopped), stop)
    if outcomes.failures:
        raise outcomes.failures[0][1]
    if outcomes.stopped:
        raise _stopped_sending()


def send_objects(plan: Plan, item: HostPlan, tell: Tell, stopped: threading.Event) -> None:
    """Send what the host lacks, each file from where an earlier attempt broke off."""
    files = {key(entry): entry for entry in plan.tree.entries if entry.sha256}
    total = sum(files[name].size - offset for name, offset in item.missing.items())
    sent = reported = 0
    tell(Upload(item.host.name, 0, total, len(item.missing)))
    for name, offset in item.missing.items():
        for count in _send_file(item.host, os.path.join(plan.tree.root, files[name].path), name, offset):
            sent += count
            if stopped.is_set():
                raise _stopped_sending()
            if sent - reported >= REPORT_EVERY:
                reported = sent
                tell(Upload(item.host.name, sent, total, len(item.missing)))
    still = _objects_end(item.host, item.missing)
    for name in still:  # what an earlier attempt had left there was damaged, or the file changes right now
        for _ in _send_file(item.host, os.path.join(plan.tree.root, files[name].path), name, 0):
            pass
    if still and (damaged := _objects_end(item.host, still)):
        raise _changed(files[next(iter(damaged))].path)
    tell(Upload(item.host.name, total, total, len(item.missing)))


def _objects_end(host: Host, names: Iterable[str]) -> dict[str, int]:
    """Wait until all is safe on the host's disk. Returns what is not there after all."""
    missing: dict[str, int] = host.session.request("objects-end", names=list(names))["missing"]
    return missing


def _send_file(host: Host, path: str, name: str, offset: int) -> Generator[int, None, None]:
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - a file that is gone is another error than a failing read
    except OSError as error:
        raise _changed(path) from error
    with file:
        size = os.fstat(file.fileno()).st_size
        file.seek(offset)
        while True:
            data = file.read(CHUNK)
            offset += len(data)
            last = offset >= size
            host.session.send("object", data, name=name, offset=offset - len(data), last=last)
            yield len(data)
            if last:
                return
            if not data:
                raise _changed(path)


def _changed(path: str) -> SeawallError:
    return SeawallError(
        f"{path!r} changed while it was being sent", state="nothing was changed on any host", remedy="run it again"
    )


def _stopped_sending() -> SeawallError:
    return Declined(
        "stopped while files were being sent", state="nothing was changed; what has arrived is not sent again"
    )
