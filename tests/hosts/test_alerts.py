"""A server tells people of trouble by itself: by e-mail and by a webhook, both real ones beside it."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import Message
from typing import Any

import pytest

from agent.certificates.making import Pair, pair
from agent.data.sinks import PASSWORD, Letters, Posts, context, mail_server
from agent.http_servers import on_port

from .lab import Lab
from .machine import Host
from .product import Project, Result, eventually, tiny_project

WATCH = "seawall-watch-tiny"
STATE = "/srv/tiny/state"
TRUSTED = "/usr/local/share/ca-certificates/alerts.crt"
HOOK = "/services/T0/s3cr3t-hook"


@dataclass
class Watched:
    """A deployed app, its host, and those who are told."""

    host: Host
    project: Project
    letters: Letters
    posts: Posts
    authority: Pair

    def look(self) -> int:
        """What the timer does, now; the exit code of the job."""
        self.host.run(["systemctl", "start", WATCH], check=False)
        return int(self.host.run(["systemctl", "show", "-P", "ExecMainStatus", WATCH]).stdout)

    def mails(self) -> list[tuple[str, str]]:
        """Subjects and texts of the e-mails that came since the last time."""
        found = [(str(letter["Subject"]), _text(letter)) for _, _, letter in self.letters.heard]
        self.letters.heard.clear()
        return found

    def posted(self) -> list[dict[str, Any]]:
        """What was posted since the last time."""
        found = [json.loads(body) for _, _, body in self.posts.heard]
        self.posts.heard.clear()
        return found

    def trust(self, certificate: bytes) -> None:
        """Have the host trust this certificate of the two servers, and no other of theirs."""
        self.host.write_file(TRUSTED, certificate.decode())
        self.host.run(["update-ca-certificates", "--fresh"])

    def crash(self, unit: str, times: int) -> None:
        """Kill a service and wait until systemd has started it again, so many times."""
        for _ in range(times):
            before = self.pid(unit)
            self.host.run(["systemctl", "kill", "--signal=KILL", unit])
            eventually(lambda: self.pid(unit) not in ("0", before), f"{unit} is started again")  # noqa: B023

    def pid(self, unit: str) -> str:
        return self.host.run(["systemctl", "show", "-P", "MainPID", unit]).stdout.strip()

    def backed_up(self, *, days_ago: int) -> None:
        """Have the record say that a backup was made so many days ago, and proven just now."""
        program = (
            "import json, time\n"
            f"file = open('{STATE}/data/record.jsonl', 'a')\n"
            f"for job, days in (('backup', {days_ago}), ('drill', 0)):\n"
            "    when = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - days * 86400))\n"
            "    print(json.dumps({'job': job, 'id': when, 'begun': when, 'ended': when, 'ok': True}), file=file)\n"
        )
        self.host.run(["python3", "-c", program])

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.host.read_file(f"{STATE}/data/health.json"))
        return found

    def status(self) -> Result:
        return self.project.seawall("status", check=False)


def _text(letter: Message) -> str:
    content: bytes = letter.get_payload(decode=True)  # type: ignore[assignment]
    return content.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def watched(
    module_host: Host, lab: Lab, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    address = f"{lab.network.prefix}.1"
    folder = tmp_path_factory.mktemp("alerts")
    authority, letters, posts = pair(address), Letters(), Posts()
    tls = context(authority, folder)
    with ExitStack() as stack:
        smtp = stack.enter_context(mail_server(letters, tls, login=True, address=address))
        port = stack.enter_context(on_port(posts, tls, address))
        project = tiny_project(
            folder,
            ssh_environment,
            module_host.name,
            processes={"worker": "sleep 100000"},
            backup={"repository": "/srv/backups"},
            alerts={
                "email": ["ops@example.com"],
                "smtp": {"host": address, "port": smtp, "user": "seawall"},
                "webhook": "ALERTS_WEBHOOK",
            },
        )
        made = Watched(module_host, project, letters, posts, authority)
        made.trust(authority.pem)
        project.seawall("secret", "set", "SMTP_PASSWORD", input=f"{PASSWORD}\n")
        project.seawall("secret", "set", "ALERTS_WEBHOOK", input=f"https://{address}:{port}{HOOK}\n")
        project.deploy()
        yield made


def test_a_test_says_what_the_servers_answered(watched: Watched) -> None:
    tested = watched.project.seawall("alerts", "test")
    assert "email to ops@example.com: sent\n  the server answered: 250 OK queued as 4711" in tested.out
    assert "sent\n  the server answered: 200 OK taken" in tested.out
    assert watched.mails()[0][0] == f"tiny on {watched.host.name}: a test"
    assert watched.posted()[0]["kind"] == "test"
    assert watched.letters.logins == ["seawall"]


def test_while_all_is_well_the_timer_looks_and_nobody_hears_of_it(watched: Watched) -> None:
    shown = watched.host.run(["systemctl", "show", "-P", "ActiveState,UnitFileState,TimersMonotonic", f"{WATCH}.timer"])
    assert "OnUnitActiveUSec=5min" in shown.stdout
    assert watched.host.run(["systemctl", "is-enabled", f"{WATCH}.timer"]).stdout == "enabled\n"
    assert watched.host.run(["systemctl", "is-active", f"{WATCH}.timer"]).stdout == "active\n"
    assert watched.look() == 0
    assert (watched.mails(), watched.posted()) == ([], [])
    assert (watched.health()["well"], watched.health()["troubles"]) == (True, [])
    assert watched.status().code == 0
    assert watched.project.seawall("plan", "--exit-code").code == 0


def test_a_stale_backup_a_full_disk_a_crash_loop_and_visitors_who_are_not_served_are_told_in_one_message(
    watched: Watched,
) -> None:
    host = watched.host
    watched.backed_up(days_ago=3)
    host.mount_tmpfs("/boot", "8m")
    host.run(["dd", "if=/dev/zero", "of=/boot/filling", "bs=1k", "count=7800"])
    live = watched.project.live()
    watched.crash(f"seawall-tiny.worker@{live}.service", 3)
    host.run(["systemctl", "stop", f"seawall-tiny@{live}.socket", f"seawall-tiny@{live}.service"])
    assert watched.look() == 0
    ((subject, text),) = watched.mails()
    assert subject == f"tiny on {host.name}: 5 new"
    assert re.search(r"^the file system /boot is 9\d % full: \d+ kB of 8\.4 MB free$", text, re.M)
    assert re.search(r"^worker ended and was started again 3 times within an hour$", text, re.M)
    assert re.search(r"^visitors are not served: /health through nginx answered 502$", text, re.M)
    assert re.search(r"^web does not run: it ended \(.*\)$", text, re.M)
    assert text.count("  Since 20") == text.count("  To do: ") == 5
    (posted,) = watched.posted()
    assert re.search(r"^the last backup is 3 days old, and one is due every day$", text, re.M)
    told = ["data:backup-stale", "disk:/boot", "program:web", "crash-loop:worker", "front-door"]
    assert [notice["id"] for notice in posted["notices"]] == sorted(told)
    assert watched.look() == 0
    assert (watched.mails(), watched.posted()) == ([], [])


def test_status_and_the_page_for_programs_are_red_meanwhile(watched: Watched) -> None:
    status = watched.status()
    assert status.code == 1
    assert re.search(r"the file system /boot is 9\d % full: .* \(since 20", status.out)
    assert watched.project.seawall("alerts", "status", check=False).code == 1
    health = watched.health()
    assert (health["well"], len(health["troubles"])) == (False, 5)
    assert watched.host.run(["stat", "-c", "%U %a", f"{STATE}/data/health.json"]).stdout == "root 600\n"


def test_what_is_over_is_told_once(watched: Watched) -> None:
    live = watched.project.live()
    watched.host.run(["systemctl", "start", f"seawall-tiny@{live}.socket", f"seawall-tiny@{live}.service"])
    watched.host.unmount("/boot")
    watched.backed_up(days_ago=0)
    watched.look()
    ((subject, text),) = watched.mails()
    assert subject == f"tiny on {watched.host.name}: 4 over"
    assert text.count("Over since 20") == 4
    assert [trouble["id"] for trouble in watched.health()["troubles"]] == ["crash-loop:worker"]
    watched.look()
    assert watched.mails() == []


def test_a_server_that_is_not_trusted_is_sent_nothing_and_that_is_shown(watched: Watched) -> None:
    watched.letters.logins.clear()
    watched.posted()
    watched.trust(pair("nobody.example.com").pem)
    watched.host.run(["systemctl", "stop", f"seawall-tiny.worker@{watched.project.live()}.service"])
    assert watched.look() == 1
    assert (watched.mails(), watched.posted(), watched.letters.logins) == ([], [], [])
    status = watched.status()
    assert "nobody can be told by email" in status.out
    assert "its certificate is not trusted" in status.out
    tested = watched.project.seawall("alerts", "test", check=False)
    assert (tested.code, tested.out.count("its certificate is not trusted")) == (1, 2)
    assert HOOK not in status.said + tested.said
    watched.trust(watched.authority.pem)
    watched.host.run(["systemctl", "start", f"seawall-tiny.worker@{watched.project.live()}.service"])
    assert watched.look() == 0


def test_the_secrets_are_in_one_file_of_roots(watched: Watched) -> None:
    for secret in (PASSWORD, HOOK):
        finding = "grep -rlsaF -f - --exclude-dir=proc --exclude-dir=sys /"
        found = watched.host.run(["sh", "-c", finding], stdin=f"{secret}\n", check=False).stdout
        assert found == f"{STATE}/alerts.env\n"
    assert watched.host.run(["stat", "-c", "%U %a", f"{STATE}/alerts.env"]).stdout == "root 600\n"


def test_the_watch_may_do_little(watched: Watched) -> None:
    """The exposure that systemd works out; what is left is root's files and the network (systemd-analyze(1))."""
    judged = watched.host.run(["systemd-analyze", "security", "--no-pager", f"{WATCH}.service"]).stdout
    exposure = re.search(r"exposure level for .*: ([\d.]+)", judged)
    assert exposure is not None
    assert float(exposure[1]) <= 1.5
    assert watched.host.run(["systemd-analyze", "verify", f"/etc/systemd/system/{WATCH}.timer"]).stderr == ""


def test_a_crash_loop_under_supervisor_is_told_too(watched: Watched) -> None:
    watched.project.configure(process={"manager": "supervisor"}, alerts={"restarts": 1})
    watched.project.deploy()
    watched.look()
    watched.mails()
    name = f"seawall-tiny.worker@{watched.project.live()}"
    pid = ["supervisorctl", "pid", f"{name}:{name}-1"]
    before = watched.host.run(pid).stdout
    watched.host.run(["kill", "-9", before.strip()])
    eventually(lambda: watched.host.run(pid).stdout not in (before, "0\n"), "the next worker")
    watched.look()
    ((subject, _),) = watched.mails()
    assert subject.endswith(": worker ended and was started again once within an hour")


def test_nothing_is_left_of_a_watch_that_is_not_wanted_any_more(watched: Watched) -> None:
    watched.project.configure(alerts=None)
    watched.project.deploy()
    units = watched.host.run(["sh", "-c", "systemctl list-units --all --plain --no-legend 'seawall-watch*'"]).stdout
    assert units == ""
    left = watched.host.run(["sh", "-c", f"find /etc /run {STATE} -name '*watch-tiny*' -o -name 'alerts.[je]*'"]).stdout
    assert left.split() == [f"{STATE}/data/alerts.json"]
    assert watched.project.seawall("plan", "--exit-code").code == 0
