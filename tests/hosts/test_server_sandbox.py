"""What an app may do on its server, tried from inside: by a scheduled command, which shares the app's sandbox."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from seawall.stack.front_unit import NGINX_PATH as DROP_IN
from verifiers import exposure

from .machine import Host
from .product import Project, eventually, tiny_project, visit

SECRET = "heron-17-basalt-never-seen"
#: Tries each thing and notes what came of it: "yes", what it found, or the error's name.
PROBE = """\
import ctypes, errno, json, mmap, os, socket, sqlite3, subprocess, threading
from pathlib import Path

HOME = Path(os.environ["HOME"])
ELSEWHERE = (os.environ["ELSEWHERE"], 9)
FOUND = {}


def attempt(name, action):
    try:
        FOUND[name] = action() or "yes"
    except OSError as error:
        FOUND[name] = errno.errorcode[error.errno]
    except sqlite3.Error as error:
        FOUND[name] = str(error)


def command(*argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    return done.stdout.strip() or f"exit {done.returncode}"


def threads():
    made = [threading.Thread(target=os.getpid) for _ in range(50)]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()


def callback():
    import cffi
    ffi = cffi.FFI()
    ffi.cdef("int abs(int);")
    assert ffi.dlopen(None).abs(-7) == 7
    assert ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 7)() == 7


(HOME / "note").unlink(missing_ok=True)
attempt("write its code", lambda: open("app.py", "a").close())
attempt("write its data", lambda: (HOME / "note").write_text("x") and None)
attempt("write elsewhere", lambda: open("/var/tmp/../lib/x", "w").close())
attempt("write /srv/shared", lambda: open("/srv/shared/x", "w").close())
attempt("read /home", lambda: os.listdir("/home") and None)
attempt("see others", lambda: "no" if not Path("/proc/1").exists() else None)
attempt("see memory", lambda: open("/proc/meminfo").close())
attempt("see others' files in /tmp", lambda: open("/tmp/of-somebody").close())
attempt("gain rights", lambda: command("/usr/local/bin/gains-rights", "-u"))
attempt("become root", lambda: os.setuid(0))
attempt("raw packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close())
attempt("network interfaces", lambda: socket.if_nameindex() and None)
attempt("namespaces", lambda: command("unshare", "-Urm", "mount", "-t", "tmpfs", "x", "/mnt"))
attempt("writable and executable memory", lambda: mmap.mmap(-1, 4096, prot=7).close())
attempt("priorities", lambda: os.nice(1) and None)
attempt("make a setuid file", lambda: os.chmod(HOME / "note", 0o4755))
attempt("see devices", lambda: "no" if not Path("/dev/net").exists() else None)
attempt("a core dump", lambda: command("sh", "-c", "ulimit -c"))
attempt("threads", threads)
attempt("programs", lambda: command("echo", "hello"))
attempt("sqlite", lambda: sqlite3.connect(HOME / "db").execute("create table if not exists t(a)") and None)
attempt("callbacks from C", callback)
attempt("locks", lambda: __import__("multiprocessing").Lock() and None)
attempt("names of hosts", lambda: socket.getaddrinfo("localhost", 80) and None)
attempt("speak to this host", lambda: socket.create_connection(("127.0.0.1", 443), 5).close())
attempt("speak to others", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ELSEWHERE) and None)
attempt("files for others", lambda: oct((HOME / "note").stat().st_mode & 0o077))
(HOME / "probe.json").write_text(json.dumps(FOUND))
"""
#: What an app needs and always has.
ALWAYS = {
    "write its data": "yes",
    "write its code": "EACCES",
    "write elsewhere": "EROFS",
    "become root": "EPERM",
    "a core dump": "0",
    "threads": "yes",
    "programs": "hello",
    "sqlite": "yes",
    "callbacks from C": "yes",
    "locks": "yes",
    "speak to this host": "yes",
    "names of hosts": "yes",
}
#: What it has not, unless it is allowed.
CONFINED = {
    "write /srv/shared": "EROFS",
    "read /home": "EACCES",
    "see others": "no",
    "see others' files in /tmp": "ENOENT",
    "raw packets": "EAFNOSUPPORT",
    "network interfaces": "EAFNOSUPPORT",
    "namespaces": "exit 1",
    "priorities": "EPERM",
    "make a setuid file": "EPERM",
    "see devices": "no",
    "files for others": "0o0",
}
STRICT = {"level": "strict", "outbound": "none", "memory": "512m"}


@dataclass(frozen=True)
class Boxed:
    host: Host
    project: Project

    def units(self) -> list[str]:
        """The services of the release that is live."""
        live = self.project.live()
        return [f"seawall-tiny@{live}.service", f"seawall-tiny.worker@{live}.service", self.probe]

    @property
    def probe(self) -> str:
        return f"seawall-tiny.probe@{self.project.live()}.service"

    def deploy(self, **sandbox: Any) -> None:
        """Deploy with this sandbox alone."""
        self.project.configure(sandbox=None)
        self.project.configure(sandbox=sandbox)
        self.project.deploy()

    def found(self) -> dict[str, str]:
        """What the probe finds in the sandbox of the live release."""
        self.host.run(["systemctl", "start", self.probe])
        found: dict[str, str] = json.loads(self.host.read_file("/srv/tiny/data/probe.json"))
        return found


@pytest.fixture(scope="module")
def boxed(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Boxed:
    """An app in the default sandbox, on a host with things that it must not reach."""
    host = module_host
    host.write_file("/tmp/of-somebody", "private\n")
    host.run(["install", "-m", "4755", "/usr/bin/id", "/usr/local/bin/gains-rights"])
    project = tiny_project(
        tmp_path_factory.mktemp("sandbox"),
        ssh_environment,
        host.name,
        secrets=["TOKEN"],
        env={"ELSEWHERE": f"{host.link.network.prefix}.1"},
        processes={"worker": "sleep 100000"},
        schedule={"probe": {"command": "python probe.py", "at": "2040-01-01"}},
    )
    project.write("probe.py", PROBE)
    project.write("requirements.txt", "flask\ncffi\n")
    project.seawall("secret", "set", "TOKEN", input=f"{SECRET}\n")
    project.deploy()
    host.run(["install", "-d", "-o", "tiny", "-g", "tiny", "/srv/shared"])
    return Boxed(host, project)


def test_the_default_sandbox_gives_an_app_what_it_needs_and_keeps_the_rest(boxed: Boxed) -> None:
    found = boxed.found()
    uid = boxed.host.run(["id", "-u", "tiny"]).stdout.strip()
    assert {name: found[name] for name in ALWAYS} == ALWAYS
    assert {name: found[name] for name in CONFINED} == CONFINED
    assert found["gain rights"] == uid
    for name in ("writable and executable memory", "see memory", "speak to others"):
        assert found[name] == "yes"


def test_systemd_finds_little_exposed_in_the_default_sandbox(boxed: Boxed) -> None:
    for unit in boxed.units():
        assert exposure.scan(boxed.host, unit).level <= 1.5


def test_no_user_of_the_host_learns_a_secret_from_systemd_or_a_file(boxed: Boxed) -> None:
    assert visit(boxed.host, "/env/TOKEN").text == SECRET
    asking = ["runuser", "-u", "nobodyspecial", "--"]
    shown = boxed.host.run([*asking, "systemctl", "show", *boxed.units()]).stdout
    assert "EnvironmentFiles=/srv/tiny/releases/" in shown
    assert SECRET not in shown
    finding = "grep -rlsaF -f - --exclude-dir=proc --exclude-dir=sys /"
    found = boxed.host.run([*asking, "sh", "-c", f"cd /; {finding}"], stdin=f"{SECRET}\n", check=False)
    assert found.stdout == ""


def left_behind(boxed: Boxed, requirements: str) -> tuple[str, bool]:
    """What gunicorn has left in its home, and whether its workers show that they live in memory."""
    boxed.project.write("requirements.txt", requirements)
    boxed.project.configure(server={"kind": "gunicorn"})
    boxed.deploy(**STRICT)
    boxed.project.configure(server={"kind": None})
    boxed.host.run(["sh", "-c", "cd /srv/tiny/data && rm -f probe.json note db"])
    assert visit(boxed.host).status_code == 200
    looking = 'for p in $(cat /sys/fs/cgroup"$(systemctl show -P ControlGroup "$1")"/cgroup.procs); do '
    looking += "ls -l /proc/$p/fd; done"
    open_files = boxed.host.run(["sh", "-c", looking, "sh", boxed.units()[0]]).stdout
    return boxed.host.run(["find", "/srv/tiny/data", "-mindepth", "1"]).stdout, "/dev/shm/wgunicorn" in open_files


def test_gunicorn_leaves_nothing_in_its_home(boxed: Boxed) -> None:
    assert left_behind(boxed, "flask\ncffi\n") == ("", True)


def test_the_oldest_gunicorn_leaves_nothing_in_its_home_either(boxed: Boxed) -> None:
    assert left_behind(boxed, "flask\ncffi\ngunicorn==23.0.0\n") == ("", True)


def test_the_strict_sandbox_still_gives_an_app_what_it_needs(boxed: Boxed) -> None:
    boxed.deploy(**STRICT)
    found = boxed.found()
    assert {name: found[name] for name in ALWAYS} == ALWAYS
    assert {name: found[name] for name in CONFINED} == CONFINED
    assert found["writable and executable memory"] in ("EPERM", "EACCES")  # the latter from newer systemd and kernels
    assert (found["see memory"], found["speak to others"]) == ("ENOENT", "EPERM")
    for unit in boxed.units():
        assert exposure.scan(boxed.host, unit).level <= 0.9
    # Test hosts do not enforce limits of memory; that systemd has understood them is what can be seen.
    wanted = ["IPAddressDeny", "IPAddressAllow", "MemoryMax", "MemorySwapMax"]
    shown = boxed.host.run(["systemctl", "show", "-p", ",".join(wanted), boxed.units()[0]]).stdout.splitlines()
    assert {line.partition("=")[0]: set(line.partition("=")[2].split()) for line in shown} == {
        "IPAddressAllow": {"127.0.0.0/8", "::1/128"},
        "IPAddressDeny": {"0.0.0.0/0", "::/0"},
        "MemoryMax": {str(512 << 20)},
        "MemorySwapMax": {"0"},
    }


def test_each_thing_that_is_allowed_is_there_and_the_rest_is_not(boxed: Boxed) -> None:
    names = ("home", "processes", "network-interfaces", "write-execute-memory", "scheduling", "shared-tmp", "devices")
    reasons = dict.fromkeys((*names, "namespaces"), "it is tried")
    boxed.deploy(level="strict", allow=reasons, write={"/srv/shared": "it is tried"})
    found = boxed.found()
    loosened = {
        "write /srv/shared": "yes",
        "read /home": "yes",
        "see others": "yes",
        "see memory": "yes",
        "see others' files in /tmp": "yes",
        "network interfaces": "yes",
        "namespaces": "exit 0",
        "writable and executable memory": "yes",
        "priorities": "yes",
        "see devices": "yes",
        "files for others": "0o40",
    }
    assert {name: found[name] for name in loosened} == loosened
    for name in ("raw packets", "make a setuid file"):
        assert found[name] == CONFINED[name]
    assert {name: found[name] for name in ALWAYS} == ALWAYS
    unit = boxed.host.run(["systemctl", "cat", boxed.units()[0]]).stdout
    assert all(f"# {name} allowed: it is tried" in unit for name in reasons)


def test_a_program_that_gains_rights_works_only_where_that_is_allowed(boxed: Boxed) -> None:
    boxed.deploy(level="strict", allow={"privileges": "it is tried"})
    found = boxed.found()
    assert found["gain rights"] == "0"
    assert (found["write its code"], found["read /home"]) == ("EACCES", "EACCES")


def test_a_path_that_is_not_there_stops_the_deployment_by_its_name(boxed: Boxed) -> None:
    before = boxed.project.live()
    boxed.project.configure(sandbox=None)
    boxed.project.configure(sandbox={"write": {"/srv/nowhere": "it is tried"}})
    failed = boxed.project.deploy(check=False)
    assert failed.code == 1
    assert "the app is to write to /srv/nowhere, which is not there" in failed.said
    assert boxed.project.live() == before
    assert visit(boxed.host).status_code == 200


def test_an_app_that_the_sandbox_stops_is_told_what_to_allow(boxed: Boxed) -> None:
    app = (boxed.project.directory / "app.py").read_text()
    boxed.project.configure(sandbox=None)
    boxed.project.configure(sandbox={"level": "strict"})
    boxed.project.write("app.py", f"{app}\nimport mmap\n\nmmap.mmap(-1, 4096, prot=7)\n")
    failed = boxed.project.deploy(check=False)
    boxed.project.write("app.py", app)
    assert failed.code == 1
    assert "write-execute-memory in [sandbox.allow]" in failed.said


def test_one_off_commands_gain_no_rights_and_leave_no_core_dumps(boxed: Boxed) -> None:
    shown = boxed.project.seawall("run", "--", "sh", "-c", "grep NoNewPrivs /proc/self/status; ulimit -c; umask")
    assert shown.out.split() == ["NoNewPrivs:", "1", "0", "0077"]
    assert boxed.project.seawall("run", "--", "sh", "-c", "exit 7", check=False).code == 7
    missing = boxed.project.seawall("run", "--", "no-such-program", check=False)
    assert "no-such-program cannot be run: No such file or directory" in missing.said


def test_nginx_serves_in_its_sandbox_after_crashes_rotations_and_reloads(boxed: Boxed) -> None:
    host = boxed.host
    assert "Restart=on-failure" in host.read_file(DROP_IN)
    host.run(["systemctl", "restart", "nginx"])
    assert exposure.scan(host, "nginx.service").level <= 2.8
    first = host.run(["systemctl", "show", "-P", "MainPID", "nginx"]).stdout.strip()
    assert "NoNewPrivs:\t1" in host.read_file(f"/proc/{first}/status")
    host.run(["kill", "-9", first])
    eventually(lambda: host.run(["systemctl", "is-active", "nginx"], check=False).stdout == "active\n", "nginx again")
    assert host.run(["systemctl", "show", "-P", "MainPID", "nginx"]).stdout.strip() != first
    log = "/var/log/nginx/seawall-tiny.access.log"
    # As logrotate does it (its configuration for nginx: create 0640 www-data adm, then `rotate`).
    host.run(["mv", log, f"{log}.1"])
    host.run(["install", "-m", "640", "-o", "www-data", "-g", "adm", "/dev/null", log])
    host.run(["invoke-rc.d", "nginx", "rotate"])
    host.run(["systemctl", "reload", "nginx"])
    eventually(lambda: visit(host, "/after-rotation").status_code == 404, "an answer")
    eventually(lambda: "/after-rotation" in host.read_file(log), "its line in the log")
    assert "/after-rotation" not in host.read_file(f"{log}.1")
    errors = host.run(["sh", "-c", "cat /var/log/nginx/*error.log"]).stdout
    assert "Operation not permitted" not in errors
    assert "Permission denied" not in errors
