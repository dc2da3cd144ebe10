"""The host with all contenders on it, and what their processes cost there."""

import subprocess
from pathlib import Path

from tests.hosts.image import WARM_PACKAGES
from tests.hosts.machine import Host

from bench.serve.contenders import APACHE_UNIT, CONTENDERS, HOME, NGINX, RUN, apache_conf, nginx_conf, unit

PACKAGES = (*WARM_PACKAGES, "apache2", "libjemalloc2")
APP = Path(__file__).with_name("app")
#: Beside what the app needs itself.
SERVERS = ("gunicorn", "pyuwsgi", "granian", "waitress")
FRONTS = {
    NGINX: f"/usr/sbin/nginx -c {HOME}/nginx.conf -g 'daemon off;'",
    APACHE_UNIT: f"/usr/sbin/apache2 -f {HOME}/apache.conf -DFOREGROUND",
}


def prepare(host: Host) -> None:
    """Installs the app, the servers of all contenders and their fronts, and starts them all."""
    # Debian starts both at boot, and port 80 is seawall's.
    host.run(["systemctl", "disable", "--now", "apache2", "nginx"])
    send(host, APP, f"{HOME}/app")
    host.run(["python3", "-m", "venv", f"{HOME}/venv"])
    requirements = (APP / "requirements.txt").read_text().split()
    # pip asks for the current folder, which a process from outside does not have.
    host.run(["env", "-C", HOME, f"{HOME}/venv/bin/pip", "install", "-q", *requirements, *SERVERS])
    host.run(["install", "-d", "-o", "www-data", RUN])
    host.write_file(f"{HOME}/nginx.conf", nginx_conf(CONTENDERS))
    host.write_file(f"{HOME}/apache.conf", apache_conf(CONTENDERS))
    commands = {contender.unit: unit(contender) for contender in CONTENDERS if contender.command}
    commands |= {name: front_unit(command) for name, command in FRONTS.items()}
    start(host, commands)


def front_unit(command: str) -> str:
    return f"[Service]\nExecStart={command}\n"


def start(host: Host, units: dict[str, str]) -> None:
    """Writes units and starts them."""
    for name, text in units.items():
        host.write_file(f"/run/systemd/system/{name}", text)
    host.run(["systemctl", "daemon-reload"])
    host.run(["systemctl", "start", *units])


def stop(host: Host, units: list[str]) -> None:
    host.run(["systemctl", "stop", *units])


def send(host: Host, folder: Path, to: str) -> None:
    """Copies a folder to the host, readable by everybody there."""
    host.run(["mkdir", "-p", to])
    packed = subprocess.run(
        ["tar", "-C", str(folder), "--exclude=__pycache__", "-cf", "-", "."], capture_output=True, check=True
    ).stdout
    inside = Path(f"/proc/{host.cgroup.leader()}/root{to}")
    subprocess.run(["tar", "-C", str(inside), "--no-same-owner", "-xf", "-"], input=packed, check=True)
    host.run(["chmod", "-R", "a+rX", HOME])


def processor_time(host: Host, name: str) -> int:
    """Microseconds that the processes of a unit have run (cgroup v2, cpu.stat), read from outside of the host."""
    lines = (_group(host, name) / "cpu.stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("usage_usec "))


def memory(host: Host, name: str) -> float:
    """Megabytes of a unit's processes; what they share counts once (PSS, proc(5), smaps_rollup)."""
    kilobytes = 0
    for pid in (_group(host, name) / "cgroup.procs").read_text().split():
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        kilobytes += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def _group(host: Host, name: str) -> Path:
    """The control group of a unit; units made from a template have a slice of their own."""
    found = next((host.cgroup.paths[0] / "payload" / "system.slice").glob(f"**/{name}"), None)
    if found is None:
        raise RuntimeError(f"{name} does not run on the host:\n{host.journal()}")
    return found
