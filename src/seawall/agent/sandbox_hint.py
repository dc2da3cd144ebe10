"""What the log of a program that did not start says of its sandbox (systemd.exec(5)), as a remedy."""

from __future__ import annotations

import re

from seawall.agent.vocabulary import Program

#: A line that every unit with a sandbox has.
SANDBOXED = "ProtectSystem=strict"
GUIDE = "(docs/guides/sandbox.md)"
#: Evidence in the log, a line of the unit without which it means nothing, and what to do; the first that fits is told.
HINTS = (
    (
        r"mount namespacing: (?:/run/systemd/(?:unit-root|mount-rootfs))?(?P<path>/[^:\n]+): No such file",
        "ReadWritePaths=",
        "the app is to write to {path}, which is not there: make it on the host, with the app's user as its owner, or "
        "take it out of [sandbox.write]",
    ),
    (
        r"step (?P<step>NAMESPACE|SECCOMP|USER|BPF) spawning",
        SANDBOXED,
        "systemd could not set the sandbox up here (at its step {step}); the lines below say why",
    ),
    (
        r"Read-only file system",
        SANDBOXED,
        "the app may write to its data alone: name in [app] persist what it writes in its folder, and in "
        "[sandbox.write] what lies elsewhere " + GUIDE,
    ),
    (
        # EPERM from systemd's filter of system calls, EACCES from newer kernels themselves (PR_SET_MDWE(2const)).
        r"write\+execute memory|PROT_EXEC|executable stack"
        r"|mmap(?:[^\n]*\n){0,3}[^\n]*(?:Operation not permitted|Permission denied)",
        "MemoryDenyWriteExecute=yes",
        "the strict sandbox forbids memory that is writable and executable; if that is the cause, name "
        "write-execute-memory in [sandbox.allow], with the reason " + GUIDE,
    ),
    (
        r"Address family not supported",
        "RestrictAddressFamilies=",
        "the sandbox has Unix and IP sockets only; if the app asks the kernel for its network interfaces, name "
        "network-interfaces in [sandbox.allow], with the reason " + GUIDE,
    ),
    (
        r"Operation not permitted|Bad system call|status=31/SYS",
        SANDBOXED,
        "the sandbox may be what forbids it; if so, [sandbox.allow] loosens one thing at a time " + GUIDE,
    ),
)


def of(program: Program, log: str) -> str:
    """What to do where the program's sandbox may have stopped it, or ""."""
    unit = "\n".join(file.content for file in program.files)
    if SANDBOXED not in unit:
        return ""
    for evidence, line, remedy in HINTS:
        found = re.search(evidence, log)
        if found and line in unit:
            return remedy.format(**found.groupdict())
    return ""
