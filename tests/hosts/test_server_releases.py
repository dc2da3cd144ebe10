"""Releases on a server: what makes one, what moves with it, how to go back, and what becomes of the old ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from .machine import Host
from .product import Project, eventually, tiny_project, visit, visitor

# Prints its release, and goes on until it is told to end.
WORKER = """\
import os, signal, sys, time

release = os.path.basename(os.path.dirname(os.path.realpath(os.getcwd())))
signal.signal(signal.SIGTERM, lambda *_: (print("worker ends in", release, flush=True), sys.exit(0)))
print("worker runs in", release, flush=True)
while True:
    time.sleep(0.1)
"""
TICK = "sh -c 'echo tick in $(basename $(dirname $(pwd -P)))'"
SETUP = "sh -c 'echo set up once >> kept/setup'"
MIGRATE = "sh -c 'echo migrated by $(id -un); echo step >> kept/migrations'"


@dataclass
class Served:
    host: Host
    project: Project
    made: list[str] = field(default_factory=list)

    def release(self, word: str) -> str:
        """Deploy version `word`; the answer is the release's id."""
        self.project.release(word)
        return self.deploy()

    def deploy(self) -> str:
        self.project.deploy()
        self.made.append(self.project.live())
        return self.made[-1]

    def releases(self) -> list[str]:
        return [str(line["id"]) for line in self.project.seawall("releases", "--json").json["releases"]]

    def show(self, unit: str, name: str) -> str:
        return self.host.run(["systemctl", "show", "-P", name, unit]).stdout.strip()

    def workers(self) -> int:
        """Worker processes of the live release, the master not counted."""
        pid = self.show(f"seawall-tiny@{self.project.live()}.service", "MainPID")
        return len(self.host.run(["cat", f"/proc/{pid}/task/{pid}/children"]).stdout.split())


@pytest.fixture(scope="module")
def served(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Served:
    project = tiny_project(
        tmp_path_factory.mktemp("releases"),
        ssh_environment,
        module_host.name,
        app={"persist": ["kept"]},
        env={"COLOUR": "red"},
        release={"setup": SETUP, "migrate": MIGRATE, "keep": 3},
        processes={"worker": "python worker.py"},
        schedule={"tick": {"command": TICK, "at": "*:*:0/2"}},
    )
    project.write("worker.py", WORKER)
    return Served(module_host, project)


def test_the_migrations_output_is_shown_and_it_runs_as_the_apps_user(served: Served) -> None:
    deployed = served.project.deploy()
    served.made.append(served.project.live())
    assert "migrated by tiny" in deployed.said


def test_set_up_runs_at_the_first_release_only_and_the_migration_at_each(served: Served) -> None:
    served.release("two")
    assert served.host.read_file("/srv/tiny/data/kept/setup") == "set up once\n"
    assert served.host.read_file("/srv/tiny/data/kept/migrations") == "step\nstep\n"


def test_a_failing_migration_leaves_the_old_release_serving(served: Served) -> None:
    served.project.release("never")
    served.project.configure(release={"migrate": "sh -c 'echo no such table: colours; exit 7'"})
    refused = served.project.deploy(check=False)
    served.project.configure(release={"migrate": MIGRATE})
    assert refused.code == 1
    assert "exit code 7" in refused.err
    assert "no such table: colours" in refused.err
    assert visit(served.host).text == "version two"
    assert served.project.live() == served.made[-1]


def test_a_release_that_fails_its_gate_never_serves_and_its_last_words_are_shown(served: Served) -> None:
    served.project.release("never")
    served.project.edit("app.py", 'return {"status": "ok"}', 'raise RuntimeError("the moon is down")')
    served.project.configure(health={"timeout": 3})
    refused = served.project.deploy(check=False)
    served.project.edit("app.py", 'raise RuntimeError("the moon is down")', 'return {"status": "ok"}')
    served.project.configure(health={"timeout": 60})
    assert refused.code == 1
    assert "500" in refused.err
    assert "the moon is down" in refused.err
    assert visit(served.host).text == "version two"
    assert served.project.seawall("status").code == 0


def test_a_worker_runs_in_the_live_release_and_the_old_ones_ends(served: Served) -> None:
    old = served.made[-1]
    new = served.release("three")
    assert served.show(f"seawall-tiny.worker@{new}.service", "ActiveState") == "active"
    eventually(
        lambda: f"worker ends in {old}" in served.project.seawall("logs", "-n", "200", "worker").out,
        "the old worker's last words",
    )
    assert f"worker runs in {new}" in served.project.seawall("logs", "-n", "200", "worker").out
    units = served.host.run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "seawall-tiny*"]).stdout
    eventually(lambda: served.show(f"seawall-tiny.worker@{old}.service", "ActiveState") == "inactive", units)


def test_a_timer_fires_its_command_and_moves_with_the_release(served: Served) -> None:
    old = served.made[-1]
    new = served.release("four")
    logged = served.host.run(["date", "+%F %T.%6N"]).stdout.strip()
    eventually(lambda: f"tick in {new}" in served.host.journal(200), "the new release's tick")
    since = served.host.run(["journalctl", "-q", "--no-pager", "--since", logged]).stdout
    assert f"tick in {old}" not in since
    assert served.host.run(["sh", "-c", "ls /etc/systemd/system/ | grep tick | grep timer"]).stdout.count(".timer") == 1


def test_settings_change_through_the_gate_and_a_rollback_brings_all_of_them_back(served: Served) -> None:
    assert served.workers() == 1
    served.project.configure(env={"COLOUR": "blue"}, server={"workers": 2}, processes={"worker": None})
    plan = served.project.seawall("plan", "--exit-code", check=False)
    assert plan.code == 3
    assert "processes = 2" in plan.out
    assert "COLOUR" in plan.out
    assert "blue" not in plan.out
    new = served.deploy()
    assert (served.workers(), visit(served.host, "/env/COLOUR").text) == (2, "blue")
    assert served.show(f"seawall-tiny.worker@{new}.service", "ActiveState") == "inactive"

    served.project.seawall("rollback")
    old = served.made[-2]
    assert served.project.live() == old
    assert (served.workers(), visit(served.host, "/env/COLOUR").text) == (1, "red")
    assert served.show(f"seawall-tiny.worker@{old}.service", "ActiveState") == "active"


def test_a_release_after_a_rollback_gets_a_number_that_was_never_used(served: Served) -> None:
    newest = max(int(one[1:]) for one in served.made)
    assert int(served.release("five")[1:]) > newest


def test_only_as_many_releases_are_kept_as_wanted_and_files_of_the_others_are_gone(served: Served) -> None:
    served.release("six")
    kept = served.releases()
    assert len(kept) == 3
    eventually(
        lambda: sorted(served.host.run(["ls", "/srv/tiny/releases"]).stdout.split()) == sorted(kept),
        "the folders of pruned releases to go",
    )
    assert served.host.run(["sh", "-c", "ls /run/seawall/tiny"]).stdout.split() == [f"{served.project.live()}.sock"]


def test_rollback_takes_any_kept_release_by_its_number(served: Served) -> None:
    oldest = served.releases()[-1]
    served.project.seawall("rollback", "--to", oldest)
    assert served.project.live() == oldest
    gone = served.project.seawall("rollback", "--to", "v1", check=False)
    assert gone.code == 2
    assert "v1" in gone.err
    assert oldest in gone.err


def test_a_static_folder_and_a_body_limit_come_with_a_deployment(served: Served) -> None:
    body = "x" * 3_000_000
    served.project.configure(proxy={"max_body": "1m"}, static={"/files/": "files"})
    served.project.write("files/a b.txt", "first\n")
    served.deploy()
    assert visit(served.host, "/files/a%20b.txt").text == "first\n"
    assert visit(served.host, "/files../app.py").status_code == 404
    with visitor(served.host) as client:
        assert client.post("/size", content=body).status_code == 413
        served.project.configure(proxy={"max_body": "5m"})
        served.project.write("files/a b.txt", "second\n")
        served.deploy()
        assert client.post("/size", content=body).text == str(len(body))
        assert client.get("/files/a%20b.txt").text == "second\n"


def test_numbers_of_releases_were_never_used_twice(served: Served) -> None:
    assert len(served.made) == len(set(served.made))


def test_a_schedule_that_cannot_start_is_taken_back_and_can_be_corrected(served: Served) -> None:
    live = served.project.live()
    served.project.configure(schedule={"tick": {"at": "whenever it suits"}})
    refused = served.project.deploy(check=False)
    assert refused.code == 1
    assert "tick" in refused.said
    assert served.project.live() == live
    served.project.configure(schedule={"tick": {"at": "*:*:0/2"}}, env={"COLOUR": "violet"})
    served.deploy()
    assert served.project.live() != live
