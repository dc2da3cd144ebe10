"""What the surroundings do: full disks, two persons at once, wrong clocks, strange names, talkative shells."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .clock import right_on, wrong_on
from .conftest import BootHost
from .faults import Faults, cut_connection, deployed, ended, press_ctrl_c, visited
from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, tiny_project, visit

MEGABYTE = 1_000_000
SHELLS = ("fish", "csh", "tcsh")


@dataclass
class Site:
    host: Host
    project: Project
    faults: Faults


@pytest.fixture(scope="module")
def deployed_host(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Host:
    host = boot_module_host(packages=WARM_PACKAGES)
    host.run(["apt-get", "install", "-y", "-q", *SHELLS])
    deployed(host, tiny_project(tmp_path_factory.mktemp("input"), ssh_environment, host.name))
    return host


@pytest.fixture
def site(deployed_host: Host, ssh_environment: Mapping[str, str], tmp_path: Path) -> Site:
    """The host with its first release, started over for each test; the project of that release."""
    deployed_host.restore("deployed")
    return Site(deployed_host, tiny_project(tmp_path, ssh_environment, deployed_host.name), Faults(deployed_host))


def goes_on(site: Site, word: str) -> None:
    """The next deployment works and leaves everything in order."""
    site.project.release(word)
    site.project.deploy()
    assert visit(site.host).text == f"version {word}"
    site.faults.assert_tidy(site.faults.look().live)


# disks


def test_a_disk_that_is_full_during_the_upload_is_named_and_the_upload_goes_on_later(site: Site) -> None:
    (site.project.directory / "big.bin").write_bytes(os.urandom(12 * MEGABYTE))
    disk_of_its_own(site.host, "objects", "8m")
    error = full_disk_error(site)
    assert "No room left on the file system of /srv/tiny/objects/" in error
    assert "make room on /srv/tiny/objects" in error
    site.faults.assert_tidy("v1")
    site.host.run(["mount", "-o", "remount,size=40m", "/srv/tiny/objects"])
    told = site.project.deploy()
    assert 0 < sent_megabytes(told.err) < 8
    assert site.host.run(["stat", "-c", "%s", "/srv/tiny/live/code/big.bin"]).stdout.strip() == str(12 * MEGABYTE)
    goes_on(site, "two")


def test_a_disk_that_is_full_during_the_build_is_named(site: Site) -> None:
    site.project.write("requirements.txt", "flask\nbabel\n")
    disk_of_its_own(site.host, "venvs", "60m")
    used = int(site.host.run(["sh", "-c", "df -k --output=used /srv/tiny/venvs | tail -1"]).stdout)
    site.host.run(["mount", "-o", f"remount,size={used + 4000}k", "/srv/tiny/venvs"])
    error = full_disk_error(site)
    assert "No room left on the file system of /srv/tiny/venvs" in error
    assert "make room on /srv/tiny/venvs" in error
    site.faults.assert_tidy("v1")
    site.host.run(["mount", "-o", "remount,size=200m", "/srv/tiny/venvs"])
    goes_on(site, "two")


@pytest.mark.parametrize("folder", ["releases", "state"])
def test_a_disk_that_is_full_while_the_release_is_laid_out_is_named(site: Site, folder: str) -> None:
    disk_of_its_own(site.host, folder, "8m")
    if folder == "state":  # the journal, up to the end of a page: its next record needs another one
        page = "import os; f = open('/srv/tiny/state/journal.jsonl', 'a'); f.write('\\n' * (-f.tell() % 4096))"
        site.host.run(["python3", "-c", page])
    site.host.run(["sh", "-c", f"cat /dev/zero >/srv/tiny/{folder}/filler || true"])
    site.project.release("two")
    error = full_disk_error(site)
    assert f"No room left on the file system of /srv/tiny/{folder}" in error
    assert f"make room on /srv/tiny/{folder}" in error
    site.host.run(["rm", f"/srv/tiny/{folder}/filler"])
    goes_on(site, "three")


def disk_of_its_own(host: Host, folder: str, size: str) -> None:
    """Move a folder of the app to a small disk."""
    path = f"/srv/tiny/{folder}"
    host.run(["cp", "-a", path, "/srv/kept"])
    host.mount_tmpfs(path, size)
    host.run(["cp", "-a", "/srv/kept/.", path])


def full_disk_error(site: Site) -> str:
    """What a deployment says that the visitors do not notice."""
    with visited(site.host) as seen:
        told = site.project.deploy(check=False)
    assert told.code in (1, 4), told
    assert seen.answers == ["version one"]
    return told.err[told.err.index("error: ") :]


# uploads


def sent_megabytes(err: str) -> float:
    """How much the deployment says it sent."""
    words = next(line for line in err.splitlines() if " sent " in line).split(", ")[1].split()
    return float(words[0]) * {"B": 1e-6, "kB": 1e-3, "KB": 1e-3, "MB": 1.0}[words[1]]


@pytest.mark.parametrize("accident", ["cut", "ctrl-c", "kill"])
def test_an_upload_that_broke_off_goes_on_where_it_was(site: Site, accident: str) -> None:
    (site.project.directory / "big.bin").write_bytes(os.urandom(60 * MEGABYTE))
    part = Path(f"{site.host.disk.root}/srv/tiny/objects")
    process = site.project.start("deploy", "--yes")
    while sum(file.stat().st_size for file in part.glob("*.part")) < 20 * MEGABYTE:
        assert process.poll() is None, process.communicate()
    if accident == "cut":
        cut_connection(process)
    elif accident == "ctrl-c":
        press_ctrl_c(process)
    else:
        site.faults.kill_agent()
    told = ended(process)
    assert told.code in ((130, 1) if accident == "ctrl-c" else (4,)), told
    assert "Traceback" not in told.err
    site.faults.assert_tidy("v1")
    again = site.project.deploy()
    assert 0 < sent_megabytes(again.err) <= 40
    site.faults.assert_tidy("v2")


def test_what_an_earlier_upload_left_damaged_is_sent_again(site: Site) -> None:
    (site.project.directory / "big.bin").write_bytes(os.urandom(5 * MEGABYTE))
    with site.faults.held(site.project, "store.Store.whole before") as process:
        cut_connection(process)
    ended(process)
    site.faults.kill_agent()
    site.faults.disarm()
    site.host.run(
        ["sh", "-c", "for f in /srv/tiny/objects/*.part; do dd if=/dev/zero of=$f bs=1k count=1 conv=notrunc; done"]
    )
    site.project.deploy()
    site.faults.assert_tidy("v2")


# two at once


def test_the_second_of_two_deployments_is_told_who_holds_the_lock(site: Site) -> None:
    site.project.release("two")
    with site.faults.held(site.project, "gated start") as first:
        status = site.project.seawall("status", check=False)
        assert "runs a deploy" in status.out
        assert "cut off" not in status.out
        second = site.project.deploy(check=False)
        assert second.code == 1, second
        assert "runs a deploy on this host right now" in second.err or "runs a deploy on this host (since" in second.err
        assert "wait until it has ended" in second.err
        site.faults.release()
    assert ended(first).code == 0
    assert visit(site.host).text == "version two"
    site.faults.assert_tidy("v2")


def test_a_killed_holder_frees_the_lock(site: Site) -> None:
    site.project.release("two")
    with site.faults.held(site.project, "gated start") as first:
        site.faults.kill_agent()
        assert ended(first).code == 4
    goes_on(site, "three")


# clocks


@pytest.mark.parametrize("when", ["2007-01-01", "2039-06-01"])
def test_a_wrong_clock_on_the_host_changes_no_order(site: Site, when: str, tmp_path: Path) -> None:
    for word in ("two", "three"):
        site.project.release(word)
        site.project.deploy()
    # The agent's python3, and the openssl that it asks.
    wrong_on(site.host, when, tmp_path, "python3", "openssl")
    for word in ("four", "five"):
        site.project.release(word)
        site.project.deploy()
    assert site.project.seawall("plan", "--exit-code").code == 0
    listed = site.project.seawall("releases", "--json").json["releases"]
    assert [line["id"] for line in listed] == ["v5", "v4", "v3", "v2", "v1"]
    assert when[:4] in listed[0]["made"]
    right_on(site.host, "python3", "openssl")
    site.project.deploy()  # a certificate made at the wrong time is of no use at the right one
    site.project.seawall("rollback")
    assert visit(site.host).text == "version four"
    site.project.seawall("rollback")
    assert visit(site.host).text == "version three"
    goes_on(site, "six")


# names


STRANGE = [
    b"with space.txt",
    b"with\nnewline.txt",
    b"'single' and \"double\".txt",
    b"-rf",
    b"--help",
    b"$(touch /tmp/owned);`id`",
    b"back\\slash",
    b"not utf-8 \xff\xfe.bin",
    "Größe 大小.txt".encode(),
    b"*",
    b"folder -x/\xe9/file",
    b"#hash#",
    b"@RELEASE@.txt",
]


def test_files_of_every_name_travel(site: Site) -> None:
    root = os.fsencode(site.project.directory)
    for name in STRANGE:
        path = Path(os.fsdecode(os.path.join(root, name)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content of " + name)
    site.project.configure(static={"/static/": "folder -x"})
    plan = site.project.seawall("plan")
    assert "with\nnewline" not in plan.said
    site.project.deploy()
    look = "import os, sys; sys.stdout.buffer.write(open(os.fsencode(bytes.fromhex(sys.argv[1])), 'rb').read())"
    for name in STRANGE:
        path = b"/srv/tiny/live/code/" + name
        found = site.host.run(["python3", "-c", look, path.hex()]).stdout
        assert os.fsencode(found) == b"content of " + name
    assert not site.host.exists("/tmp/owned")
    assert site.project.seawall("plan", "--exit-code").code == 0
    goes_on(site, "two")
    site.project.seawall("rollback")
    site.project.seawall("releases")


def test_links_inside_travel_and_others_are_refused(site: Site) -> None:
    folder = site.project.directory
    (folder / "real.txt").write_text("real")
    (folder / "inside").symlink_to("real.txt")
    (folder / "absolute").symlink_to(folder / "real.txt")
    site.project.deploy()
    for name in ("inside", "absolute"):
        assert site.host.run(["cat", f"/srv/tiny/live/code/{name}"]).stdout == "real"
    for target, words in (("/etc/passwd", "leads out of the project"), ("nowhere", "a link to nothing")):
        (folder / "bad").symlink_to(target)
        told = site.project.deploy(check=False)
        assert told.code == 2
        assert words in told.err
        assert "nothing was sent" in told.err
        (folder / "bad").unlink()
    site.faults.assert_tidy("v2")


def test_what_must_stay_home_stays_home(site: Site) -> None:
    folder = site.project.directory
    for name in (
        ".git/config",
        ".env",
        ".env.production",
        "my-env/pyvenv.cfg",
        "my-env/bin/x",
        "node_modules/x",
        "__pycache__/app.cpython-311.pyc",
        ".seawall/cache/x",
        "sub/.env",
        "sub/.git/x",
        "sub/kept.txt",
    ):
        site.project.write(name, "SECRET=do-not-send\n")
    site.project.deploy()
    there = site.host.run(["find", "/srv/tiny/live/code/", "-printf", "%P\n"]).stdout.split()
    assert {name for name in there if not name.startswith("__pycache__")} - {"seawall.toml"} == {
        "app.py",
        "requirements.txt",
        "sub",
        "sub/kept.txt",
    }
    found = site.host.run(["grep", "-rl", "do-not-send", "/srv/tiny/objects"], check=False).stdout.split()
    assert len(found) == 1, "that is kept.txt"
    assert folder.exists()


# shells


def test_what_a_login_shell_prints_is_read_past(site: Site) -> None:
    site.host.write_file("/root/.bashrc", "echo hello; echo and errors >&2; printf '\\0\\0garbage'\n")
    goes_on(site, "two")


@pytest.mark.parametrize("shell", SHELLS)
def test_any_login_shell_will_do(site: Site, shell: str) -> None:
    site.host.run(["sh", "-c", f'chsh -s "$(command -v {shell})" root'])
    goes_on(site, "two")
    assert site.project.seawall("run", "--", "echo", "it's $HOME").out.strip() == "it's $HOME"
    site.host.run(["rm", "-r", "/var/lib/seawall/agent"])
    goes_on(site, "three")


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1", "xx_YY.nonsense"])
def test_the_locale_that_comes_along_does_not_matter(site: Site, locale: str) -> None:
    site.host.write_file("/root/.bashrc", f"export LC_ALL={locale} LANG={locale}\n")
    site.project.write("Größe.txt", "ä")
    goes_on(site, "two")
