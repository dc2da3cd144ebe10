"""The agent as one archive, and the small program that unpacks and starts it on a host."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import seawall

#: Comes before the first frame, so that whatever a login shell prints first can be told apart and skipped.
MARKER = b"\x00seawall\x00"
#: What the bootstrap says (in place of a frame) if the host lacks this agent. As a length it would be absurd.
#: It then reads past whatever was sent on trust, up to the marker, and takes the agent that follows.
NEED = b"need"
#: Exit codes of the bootstrap and the shell line around it.
NO_PYTHON, SUDO_NEEDS_PASSWORD, NO_SUDO, OLD_PYTHON, BAD_ARCHIVE, SUDO_REFUSED = 90, 91, 92, 93, 94, 95

#: An agent that nobody used for so long is removed when another arrives, seconds: thirty days.
UNUSED = 30 * 86400

#: Runs on the host under `python3 -I -c`, with the folder of agents and the wanted agent's SHA-256 as arguments.
#: What only the first visit needs is imported only then.
BOOTSTRAP = f"""
import os, sys
if sys.version_info < (3, 9): sys.exit({OLD_PYTHON})
home, digest = sys.argv[1:3]
here = os.path.join(home, digest)
os.write(1, {MARKER!r})
if not os.path.isdir(here):
    os.write(1, {NEED!r})
    import hashlib, io, tempfile, zipfile
    def take(count):
        data = b""
        while len(data) < count:
            part = os.read(0, count - len(data))
            if not part: sys.exit({BAD_ARCHIVE})
            data += part
        return data
    skipped = b""
    while not skipped.endswith({MARKER!r}): skipped = skipped[-64:] + take(1)
    data = take(int.from_bytes(take(4), "big"))
    if hashlib.sha256(data).hexdigest() != digest: sys.exit({BAD_ARCHIVE})
    os.umask(0o022)
    os.makedirs(home, exist_ok=True)
    fresh = tempfile.mkdtemp(dir=home)
    zipfile.ZipFile(io.BytesIO(data)).extractall(fresh)
    os.chmod(fresh, 0o755)
    os.sync()
    try: os.rename(fresh, here)
    except OSError: pass
    import shutil, time
    for other in os.scandir(home):
        if other.name != digest and time.time() - other.stat().st_mtime > {UNUSED}: shutil.rmtree(other.path)
os.utime(here)
sys.path.insert(0, here)
os.environ["SSH_CONNECTION"] = sys.argv[3] if len(sys.argv) > 3 else ""
from seawall.agent.main import main
main()
""".strip()


@dataclass(frozen=True)
class Package:
    """The packed agent and its SHA-256, which is also its name on the host."""

    data: bytes
    digest: str


@cache
def package() -> Package:
    """Pack the agent, always to the same bytes for the same code."""
    root = Path(seawall.__file__).parent
    files = sorted((root / "agent").rglob("*.py"))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:
        out.writestr(_info("seawall/__init__.py"), "")
        for file in files:
            out.writestr(_info(f"seawall/{file.relative_to(root).as_posix()}"), file.read_bytes())
    data = archive.getvalue()
    return Package(data, hashlib.sha256(data).hexdigest())


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    return info
