"""sshd's own keys, by which clients know the host: long enough, made by ssh-keygen."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.files import FILE
from seawall.agent.host_vocabulary import HostKey
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change


def observe(resource: HostKey) -> int:
    """Its length in bits, 0 if there is none or it cannot be read."""
    if files.look(resource.path).kind != FILE:
        return 0
    try:
        completed = process.run(["ssh-keygen", "-l", "-f", resource.path], timeout=30)
    except CommandFailed:
        return 0
    match = re.match(r"(\d+) ", completed.stdout)
    return int(match[1]) if match else 0


def diff(resource: HostKey, bits: int) -> Change | None:
    """What must change, or None."""
    if bits >= resource.bits:
        return None
    text = f"{resource.type}, {resource.bits} bits"
    if bits:
        text += f" (it has {bits}): clients that know this host by that key alone will ask"
    return Change("host-key", resource.path, "update" if bits else "create", text, str(bits))


def apply(resource: HostKey, _bits: int, work: Work) -> None:
    """Make it in a folder of root's alone, then put it in its place. Raises ApplyFailed, DiskFull or OSError."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = str(Path(folder) / "key")
        command = ["ssh-keygen", "-q", "-t", resource.type, "-b", str(resource.bits), "-N", "", "-C", "", "-f", fresh]
        try:
            process.check(command, timeout=300, cancelled=work.cancelled)
        except CommandFailed as error:
            raise ApplyFailed(
                "ssh-keygen could not make a host key", place=resource.path, output=error.output
            ) from error
        private, public = Path(fresh).read_bytes(), Path(f"{fresh}.pub").read_bytes()
    work.undo.write_file(resource.path, private, 0o600, *texts.ids("", ""))
    work.undo.write_file(f"{resource.path}.pub", public, 0o644, *texts.ids("", ""))
