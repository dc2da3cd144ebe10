"""Where tools/install-verifiers puts things, and what is missing."""

import hashlib
import os
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INSTALLER = ROOT / "tools" / "install-verifiers"
#: In the order in which the installer hashes them: another pin is another directory.
PINS = (INSTALLER, HERE / "requirements.txt", HERE / "npm" / "package-lock.json", HERE / "npm" / "scan.mjs")
PROGRAMS = ("nmap", "slowhttptest", "openssl", "hexdump", "pebble", "pebble-challtestsrv")


def directory() -> Path:
    """The directory of the verifiers that are no packages of this machine."""
    named = os.environ.get("SEAWALL_VERIFIERS_CACHE")
    cache = Path(named) if named else Path.home() / ".cache" / "seawall-verifiers"
    pins = hashlib.sha256(b"".join(path.read_bytes() for path in PINS)).hexdigest()
    return cache / pins[:12]


def python_program(name: str) -> str:
    """The path of a program in the verifiers' own virtual environment."""
    return str(directory() / "python" / "bin" / name)


def missing() -> str | None:
    """The first thing that is missing, as a sentence, or None."""
    if not (directory() / "complete").exists():
        return "the verifiers are not installed: run tools/install-verifiers"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"the verifiers need {program}: run tools/install-verifiers"
    return None
