"""What this host is: read once at the start of each session, without starting a process where a file tells."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from seawall.agent import preflight, preflight_apache
from seawall.agent.data import installed
from seawall.agent.process import run

#: Debian's front servers: systemd's name of each, and where it says which its main process is.
FRONTS = {"nginx": ("nginx.service", "/run/nginx.pid"), "apache": ("apache2.service", "/run/apache2/apache2.pid")}
#: How systemd calls a unit that is down, and is to stay so (systemctl(1), Unit states).
DOWN = ("inactive", "failed", "")


def gather() -> dict[str, Any]:
    release = _os_release()
    nginx, openssl, modules = _nginx()
    return {
        "os_id": release.get("ID", ""),
        "os_version": release.get("VERSION_ID", ""),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "python_path": sys.executable,
        "architecture": os.uname().machine,
        "nginx_version": nginx,
        "openssl_version": openssl,
        "default_servers": preflight.default_servers(),
        "nginx_sizes": preflight.sizes(),
        "nginx_needs": preflight.needs(),
        "nginx_modules": modules,
        "nginx_sites": preflight.sites(),
        "apache_version": _apache_version(),
        "apache_sites": preflight_apache.sites(),
        "apache_default_servers": preflight_apache.default_servers(),
        "apache_ports": preflight_apache.ports(),
        "apache_needs": preflight_apache.needs(),
        "postgresql_version": installed.postgresql(),
        "mariadb": installed.mariadb(),
        "fronts_up": [name for name, (unit, pid_file) in FRONTS.items() if is_up(Path(pid_file), unit)],
        "redis_servers": installed.redis_servers(),
        "archives": installed.archives(),
        "ipv6": Path("/proc/net/if_inet6").exists(),
        "address": _own_address(),
        "root": os.geteuid() == 0,
        "jemalloc": _jemalloc(),
        "systemd": Path("/run/systemd/system").is_dir(),
    }


def _os_release() -> dict[str, str]:
    """os-release(5): ``NAME=value`` lines, values perhaps quoted."""
    try:
        text = Path("/etc/os-release").read_text()
    except FileNotFoundError:
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: value.strip("\"'") for name, value in pairs}


def _nginx() -> tuple[str, str, list[str]]:
    """nginx's version, that of the OpenSSL it runs with, which need not be the one it was built with, and those of its
    modules that compress static files. Where there is no nginx, the one that will be installed has the first."""
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if nginx is None:
        return "", "", ["gzip_static"]
    said = run([nginx, "-V"], timeout=5).stderr
    version = re.search(r"nginx/([\d.]+)", said)
    openssl = re.search(r"running with OpenSSL ([\d.]+)", said) or re.search(r"built with OpenSSL ([\d.]+)", said)
    built_in = ["gzip_static"] if "--with-http_gzip_static_module" in said else []
    return version.group(1) if version else "", openssl.group(1) if openssl else "", built_in + preflight.brotli()


def _apache_version() -> str:
    """Debian's Apache, the program of which is called apache2."""
    apache = shutil.which("apache2", path=os.environ.get("PATH", "") + ":/usr/sbin")
    found = re.search(r"Apache/([\d.]+)", run([apache, "-v"], timeout=5).stdout) if apache else None
    return found.group(1) if found else ""


def is_up(pid_file: Path, unit: str) -> bool:
    """Whether a front server runs. One that was killed leaves its file, and systemd may be about to start it again."""
    try:
        process = pid_file.read_text().strip()
    except OSError:
        return False
    return Path("/proc", process or "none").exists() or _state(unit) not in DOWN


def _state(unit: str) -> str:
    """systemd's word for how a unit is, or "" where there is no systemd."""
    if not Path("/run/systemd/system").is_dir():
        return ""
    return run(["systemctl", "show", "--property=ActiveState", "--value", unit], timeout=5).stdout.strip()


def _jemalloc() -> str:
    """The library of Debian's libjemalloc2, or ""."""
    path = Path(f"/usr/lib/{os.uname().machine}-linux-gnu/libjemalloc.so.2")
    return str(path) if path.exists() else ""


def _own_address() -> str:
    """The address the caller reached this host by; sshd sets ``SSH_CONNECTION`` (ssh(1)), sudo may drop it."""
    parts = os.environ.get("SSH_CONNECTION", "").split()
    return parts[2] if len(parts) == 4 else ""
