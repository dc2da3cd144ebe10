"""When an app does not start, its log tells whether the sandbox may be why, and only then it is blamed."""

from __future__ import annotations

import pytest

from seawall.agent import sandbox_hint
from seawall.agent.vocabulary import Program, UnitFile

STANDARD = "ProtectSystem=strict\nReadWritePaths=/srv/tiny/data\nRestrictAddressFamilies=AF_UNIX\n"
STRICT = f"{STANDARD}MemoryDenyWriteExecute=yes\n"
NO_PATH = (
    "seawall-tiny@v4.service: Failed to set up mount namespacing: /run/systemd/unit-root/srv/media: No such file or "
    "directory\nseawall-tiny@v4.service: Failed at step NAMESPACE spawning gunicorn: No such file or directory"
)
MMAP = "    mmap.mmap(-1, 4096, prot=7)\nPermissionError: [Errno 1] Operation not permitted"


def told(log: str, unit: str) -> str:
    return sandbox_hint.of(Program("web", "web", (), (), (UnitFile("tiny.service", unit),)), log)


@pytest.mark.parametrize(
    ("log", "unit", "remedy"),
    [
        (NO_PATH, STANDARD, "write to /srv/media, which is not there"),
        ("x.service: Failed at step SECCOMP spawning gunicorn", STANDARD, "its step SECCOMP"),
        ("OSError: [Errno 30] Read-only file system: 'a.db'", STANDARD, "[app] persist"),
        (MMAP, STRICT, "write-execute-memory"),
        ("MemoryError: Cannot allocate write+execute memory for ffi.callback()", STRICT, "write-execute-memory"),
        (MMAP.replace("1] Operation not permitted", "13] Permission denied"), STRICT, "write-execute-memory"),
        (MMAP, STANDARD, "one thing at a time"),
        ("OSError: [Errno 97] Address family not supported by protocol", STANDARD, "network-interfaces"),
        ("PermissionError: [Errno 1] Operation not permitted: '/x'", STRICT, "one thing at a time"),
    ],
)
def test_what_the_sandbox_may_have_forbidden_is_named_with_its_remedy(log: str, unit: str, remedy: str) -> None:
    assert remedy in told(log, unit)


@pytest.mark.parametrize("log", ["", "ModuleNotFoundError: No module named 'flask'", "[Errno 13] Permission denied"])
def test_the_sandbox_is_not_blamed_without_evidence(log: str) -> None:
    assert told(log, STRICT) == ""


def test_where_there_is_no_sandbox_it_is_not_blamed() -> None:
    assert told(MMAP, "[program:web]\ncommand=gunicorn\n") == ""
