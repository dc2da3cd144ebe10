"""The agent as one archive, and the small program that unpacks and starts it on a host."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from seawall.agent import packing

#: Comes before the first frame, so that whatever a login shell prints first can be told apart and skipped.
MARKER = b"\x00seawall\x00"
#: What the bootstrap says (in place of a frame) if the host lacks this agent. As a length it would be absurd.
#: It then reads past whatever was sent on trust, up to the marker, and takes the agent that follows.
NEED = b"need"
#: Exit codes of the bootstrap and the shell line around it.
NO_PYTHON, SUDO_NEEDS_PASSWORD, NO_SUDO, OLD_PYTHON, BAD_ARCHIVE, SUDO_REFUSED, BAD_PLACE = 90, 91, 92, 93, 94, 95, 96

#: An agent that nobody used for so long is removed when another arrives, seconds: thirty days.
UNUSED = 30 * 86400

#: Runs on the host under `python3 -I -c`, with the folder of agents and the wanted agent's digest as arguments.
#: What only the first visit needs is imported only then. An agent that is there already runs only if nobody but root,
#: or who runs this, could have written to it, and if its files, and what Python compiled them to, are what they were;
#: else it is put away and sent again.
BOOTSTRAP = f"""
import os, sys
if sys.version_info < (3, 9): sys.exit({OLD_PYTHON})
import hashlib
home, digest = sys.argv[1:3]
here = os.path.join(home, digest)
tag = "compiled-" + sys.implementation.cache_tag
def total(files):
    found = hashlib.sha256()
    for name, data in sorted(files): found.update(b"%d %d " % (len(name), len(data)) + name + data)
    return found.hexdigest()
def ours(path):
    status = os.lstat(path)
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022: raise ValueError
def read(path):
    with open(path, "rb") as file: return file.read()
def held(top):
    ours(top)
    for folder, folders, names in os.walk(top):
        for name in folders + names: ours(os.path.join(folder, name))
        for name in names: yield os.path.relpath(os.path.join(folder, name), top), os.path.join(folder, name)
def sound(top):
    try:
        files = dict(held(top))
        expected = read(files.pop(tag))
        compiled = [(os.fsencode(name), read(files.pop(name))) for name in sorted(files) if name.endswith(".pyc")]
        source = [(os.fsencode(name), read(path)) for name, path in files.items()]
        return total(compiled).encode() == expected and total(source) == digest
    except (OSError, KeyError, ValueError): return False
os.write(1, {MARKER!r})
try:
    for folder in (home, os.path.dirname(home)):
        if os.path.lexists(folder): ours(folder)
except ValueError: sys.exit({BAD_PLACE})
if not sound(here):
    os.write(1, {NEED!r})
    import compileall, io, py_compile, shutil, tempfile, time, zipfile
    def take(count):
        data = b""
        while len(data) < count:
            part = os.read(0, count - len(data))
            if not part: sys.exit({BAD_ARCHIVE})
            data += part
        return data
    def remove_unused(path):
        try:
            if time.time() - os.lstat(path).st_mtime > {UNUSED}: shutil.rmtree(path, ignore_errors=True)
        except OSError: return  # another session was quicker
    skipped = b""
    while not skipped.endswith({MARKER!r}): skipped = skipped[-64:] + take(1)
    data = take(int.from_bytes(take(4), "big"))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        arrived = total((os.fsencode(name), archive.read(name)) for name in archive.namelist())
    except Exception: arrived = ""
    if arrived != digest: sys.exit({BAD_ARCHIVE})
    os.umask(0o022)
    os.makedirs(home, exist_ok=True)
    fresh = tempfile.mkdtemp(dir=home)
    archive.extractall(fresh)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(fresh, ddir=here, quiet=2, invalidation_mode=mode)
    compiled = [(os.fsencode(name), read(path)) for name, path in held(fresh) if name.endswith(".pyc")]
    with open(os.path.join(fresh, tag), "w") as file: file.write(total(compiled))
    os.chmod(fresh, 0o755)
    os.sync()
    aside = tempfile.mkdtemp(dir=home)
    try:
        if os.path.lexists(here) and not sound(here): os.rename(here, os.path.join(aside, "spoiled"))
        os.rename(fresh, here)
    except OSError: shutil.rmtree(fresh, ignore_errors=True)
    if not sound(here): sys.exit({BAD_ARCHIVE})
    shutil.rmtree(aside, ignore_errors=True)
    for other in os.listdir(home):
        if other != digest: remove_unused(os.path.join(home, other))
os.utime(here)
sys.dont_write_bytecode = True
sys.path.insert(0, here)
os.environ["SSH_CONNECTION"] = sys.argv[3] if len(sys.argv) > 3 else ""
from seawall.agent.main import main
main()
""".strip()


@dataclass(frozen=True)
class Package:
    """The packed agent and its digest, which is also its name on the host: a SHA-256 of its files, names included, that
    the host can work out anew from the files as they lie there."""

    data: bytes
    digest: str


@cache
def package() -> Package:
    """Pack the agent, always to the same bytes for the same code."""
    files = packing.sources()
    return Package(packing.archive(files), _digest(files))


def _digest(files: Mapping[str, bytes]) -> str:
    """As the bootstrap works it out: lengths tell where a name ends and a content begins."""
    found = hashlib.sha256()
    for name, data in sorted((name.encode(), data) for name, data in files.items()):
        found.update(b"%d %d " % (len(name), len(data)) + name + data)
    return found.hexdigest()
