"""Fetch uv, the project's package manager, for a machine that has neither uv nor pip nor root.

uv.lock names uv's own wheels with their hashes. This takes the one for this machine, checks it and unpacks the
program.
"""

import hashlib
import io
import platform
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(target: Path) -> None:
    wheel = wheel_for(platform.machine(), platform.libc_ver()[0] or "musl")
    with urllib.request.urlopen(wheel["url"], timeout=300) as answer:  # noqa: S310 - an address of our own lock
        data = answer.read()
    if "sha256:" + hashlib.sha256(data).hexdigest() != wheel["hash"]:
        sys.exit("seawall: the uv that arrived is not the one in uv.lock; nothing was installed")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".data/scripts/uv"))
        program = archive.read(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    fresh.write_bytes(program)
    fresh.chmod(0o755)
    fresh.replace(target)


def wheel_for(machine: str, libc: str) -> dict[str, str]:
    """The locked wheel for this kind of Linux machine."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())
    (uv,) = (package for package in locked["package"] if package["name"] == "uv")
    kind = "musllinux" if libc == "musl" else "manylinux"
    for wheel in uv["wheels"]:
        name = wheel["url"].rpartition("/")[2]
        if kind in name and name.endswith(f"_{machine}.whl"):
            return wheel
    sys.exit(f"seawall: there is no uv for {machine} with {libc} in uv.lock; install uv yourself and run this again")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
