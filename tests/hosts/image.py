"""Root file systems of a fresh Debian, made once and kept.

An image is a directory that hosts use as the lower layer of an overlay, so it is never written to again. It lives in
`$SEAWALL_TEST_HOSTS_CACHE` (default `~/.cache/seawall-test-hosts`) under a name that depends on everything that went
into it; removing the whole cache is always safe while no host runs.
"""

import datetime
import fcntl
import hashlib
import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seawall.stack.server import UV_VERSION

from .commands import HostError, run

BASE_PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "python3",
    "iproute2",
    "ca-certificates",
    "sudo",
)
# What a first deployment installs: a host with these spares most tests a quarter of a minute of apt, and as much of
# pip, because where there is venv, uv is there too.
VENV = "python3-venv"
WARM_PACKAGES = ("nginx", VENV, "certbot")
ADMIN_PASSWORD = "correct horse battery"  # of a machine that lives for seconds and that only this machine reaches
LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
CUSTOMISE = Path(__file__).with_name("customise.sh")


def cache_directory() -> Path:
    """Where images and downloads are kept between runs."""
    named = os.environ.get("SEAWALL_TEST_HOSTS_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "seawall-test-hosts"


@dataclass(frozen=True)
class Image:
    """Debian `suite` with `packages` beyond the base."""

    suite: str
    packages: tuple[str, ...] = ()

    def ensure(self) -> Path:
        """The image's directory, made now if it is not in the cache (12 to 40 s)."""
        target = cache_directory() / "images" / f"{self.suite}-{self._fingerprint()}"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.is_dir():
                half_made = target.with_suffix(".new")
                shutil.rmtree(half_made, ignore_errors=True)
                self._build(half_made)
                half_made.rename(target)
        return target

    def _build(self, directory: Path) -> None:
        customise = shlex.join(["sh", str(CUSTOMISE)])
        arguments = shlex.join([str(LOCAL_CERTIFICATES), ADMIN_PASSWORD, self._uv])
        argv = ["mmdebstrap", "--quiet", "--variant=minbase", "--format=directory"]
        argv += [f"--include={','.join((*BASE_PACKAGES, *self.packages))}"]
        argv += [f'--customize-hook={customise} "$1" {arguments}']
        if self.packages:
            # Package lists too, so that a warm host installs more without a refresh.
            argv += ["--skip=cleanup/apt/lists"]
        # Without sources of this machine, mmdebstrap's own default for the suite.
        sources = apt_sources(self.suite)
        try:
            run([*argv, self.suite, str(directory), *(["-"] if sources else [])], stdin=sources, timeout=900)
        except HostError:
            shutil.rmtree(directory, ignore_errors=True)
            raise

    @property
    def _uv(self) -> str:
        """The version of uv that is there; "" for none."""
        return UV_VERSION if VENV in self.packages else ""

    def _fingerprint(self) -> str:
        # The month is part of it, so that an image does not fall far behind the archive's security updates.
        month = datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m")
        certificates = [path.read_bytes() for path in sorted(LOCAL_CERTIFICATES.glob("*.crt"))]
        recipe = [CUSTOMISE.read_bytes(), Path(__file__).read_bytes()]
        words = [month, self.suite, *self.packages, self._uv, apt_sources(self.suite)]
        return hashlib.sha256(b"\0".join([*(word.encode() for word in words), *recipe, *certificates])).hexdigest()[:12]


def image(suite: str, packages: Sequence[str] = ()) -> Image:
    """Debian `suite` with these packages more, in whatever order they are named."""
    return Image(suite, tuple(sorted(packages)))


def apt_sources(suite: str) -> str:
    """This machine's own Debian sources, told for `suite`; empty where this machine is not a Debian."""
    codename = _codename()
    if not codename:
        return ""
    wanted = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    lines = []
    for target in run(wanted).stdout.splitlines():
        uri, release, component = target.split()
        if release == codename or release.startswith(f"{codename}-"):
            lines.append(f"deb {uri} {suite}{release.removeprefix(codename)} {component}\n")
    return "".join(sorted(set(lines)))


def _codename() -> str:
    release = Path("/etc/os-release").read_text()
    values = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    return values.get("VERSION_CODENAME", "").strip('"') if values.get("ID") == "debian" else ""
