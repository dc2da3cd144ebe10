"""What the watch looks at: disks, programs, certificate and front door."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seawall.agent.data import installed, looks, summary, units
from seawall.agent.data.restarts import Unit
from seawall.agent.data.vocabulary import Data, Database, RedisServer
from seawall.agent.releases import Made
from seawall.agent.vocabulary import FrontDoor, Program, UnitFile

from .. import sample
from ..certificates.making import Pair, pair
from ..fake_programs import Programs
from ..http_servers import answers, in_turn, on_port
from .sinks import context


def usage(blocks: int, free: int, files: int = 0, files_free: int = 0) -> os.statvfs_result:
    """A file system of blocks of 1 MiB, of which a twentieth is root's alone."""
    kept = blocks // 20
    return os.statvfs_result(
        (1 << 20, 1 << 20, blocks, free + kept if free else 0, free, files, files_free, files_free, 0, 255)
    )


@pytest.mark.parametrize(
    ("found", "ids"),
    [
        (usage(1000, 95, 1000, 500), []),
        (usage(1000, 94, 1000, 500), ["disk:/"]),
        (usage(1000, 0, 1000, 500), ["disk:/"]),
        (usage(1000, 500, 1000, 100), []),
        (usage(1000, 500, 1000, 99), ["inodes:/"]),
        (usage(0, 0), []),  # a file system without blocks or inodes is full of nothing
    ],
)
def test_a_file_system_is_told_when_more_than_its_share_is_taken(
    monkeypatch: pytest.MonkeyPatch, found: os.statvfs_result, ids: list[str]
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: found)
    assert [trouble.id for trouble in looks.disks(["/"], 90)] == ids


def test_what_is_full_says_how_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: usage(20_000, 1200, 1000, 10))
    space, inodes = looks.disks(["/"], 90)
    assert space.fact == "the file system / is 94 % full: 1.3 GB of 21 GB free"
    assert space.remedy.startswith("make room: `du -xh --max-depth=2 /")
    assert inodes.fact == "the file system / has used 99 % of its inodes: 10 files more fit"


def test_each_file_system_is_looked_at_once_and_paths_that_are_not_there_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    several = [str(tmp_path), str(tmp_path / "a"), str(tmp_path / "gone")]
    assert len(list(looks.disks(several, -1))) == 2  # its space and its inodes


def test_a_program_that_does_not_run_is_told_once_with_its_reason() -> None:
    found = [
        Unit("worker.1", "worker", 0, "", "it ended (exit status 1, exit-code)"),
        Unit("worker.2", "worker", 0, "", "it ended (exit status 1, exit-code)"),
        Unit("web", "web", 0, ""),
    ]
    assert [trouble.fact for trouble in looks.programs(found)] == [
        "worker does not run: it ended (exit status 1, exit-code)"
    ]


def test_a_program_that_was_started_again_too_often_is_in_a_crash_loop() -> None:
    (loop,) = looks.crash_loops({"web": 3, "worker": 2}, 3)
    assert (loop.id, loop.fact) == ("crash-loop:web", "web ended and was started again 3 times within an hour")


def test_a_server_of_the_data_that_does_not_run_or_not_for_long_is_told_with_where_to_look() -> None:
    down = Unit("postgresql@15-main.service", "PostgreSQL", 0, "", "it ended (exit status 1, exit-code)")
    found = list(looks.servers([down, Unit("r.service", "Redis", 9, "")], {"PostgreSQL": 2, "Redis": 3}, 3))
    assert [(trouble.id, trouble.fact) for trouble in found] == [
        ("server:postgresql", "PostgreSQL does not run: it ended (exit status 1, exit-code)"),
        ("crash-loop:redis", "Redis ended and was started again 3 times within an hour"),
    ]
    assert "`journalctl -u postgresql@15-main.service`" in found[0].remedy


def test_everything_that_can_be_wrong_with_backups_has_a_remedy() -> None:
    text = Path(summary.__file__).read_text()
    kinds = re.findall(r'Reason\(\s*"([a-z-]+)"', text)
    assert len(kinds) == 9
    found = list(looks.backups("tiny", [summary.Reason(kind, f"{kind}!") for kind in kinds]))
    assert [trouble.id for trouble in found] == [f"data:{kind}" for kind in kinds]
    assert found[0].fact == "backup-failed!"
    assert "`systemctl status seawall-backup-tiny.timer`" in "".join(trouble.remedy for trouble in found)


# units


def systemd(name: str, program: str, role: str = "web") -> Program:
    files = tuple(
        UnitFile(f"{name}.{kind}", "") for kind in (("service", "timer") if role == "schedule" else ("service",))
    )
    return Program(role, program, tuple(file.name for file in files), (), files, "systemd")


def test_systemd_is_asked_once_for_all_units(tmp_path: Path, programs: Programs) -> None:
    programs.add(
        "systemctl",
        """printf 'Id=app@v1.service\\nActiveState=activating\\nSubState=auto-restart\\nNRestarts=7\\nResult=exit-code
ExecMainStatus=3\\nExecMainStartTimestampMonotonic=99\\n\\nId=app.clean@v1.service\\nActiveState=failed\\nNRestarts=0
Result=exit-code\\nExecMainStatus=1\\n\\nId=app.clean@v1.timer\\nActiveState=active\\n\\nId=app.w@v1.service
ActiveState=active\\nNRestarts=2\\nResult=success\\n'""",
    )
    release = sample.release(
        programs=(
            systemd("app@@RELEASE@", "web"),
            systemd("app.clean@@RELEASE@", "clean", "schedule"),
            systemd("app.w@@RELEASE@", "w", "process"),
        )
    )
    found = units.units(sample.places(tmp_path, user="tiny"), Made("v1", release, "", ""))
    assert found == [
        Unit("app@v1.service", "web", 7, "99", "it ended (exit status 3, exit-code)"),
        Unit("app.clean@v1.service", "clean", 0, "", "its last run failed (exit status 1, exit-code)"),
        Unit("app.clean@v1.timer", "clean", 0, ""),
        Unit("app.w@v1.service", "w", 2, ""),
    ]
    assert len(programs.called()) == 1


def test_a_persons_own_systemd_is_asked_for_their_units(tmp_path: Path, programs: Programs) -> None:
    programs.add(
        "systemctl",
        "case \"$XDG_RUNTIME_DIR $*\" in '/run/user/1000 --user '*) "
        "printf 'Id=app@v1.service\\nActiveState=active\\n' ;; esac",
    )
    at = sample.places(tmp_path, user="", units="/run/user/1000/systemd/user")
    (found,) = units.units(at, Made("v1", sample.release(programs=(systemd("app@@RELEASE@", "web"),)), "", ""))
    assert found.broken == ""


def test_supervisord_that_does_not_answer_runs_nothing(tmp_path: Path) -> None:
    release = sample.release(
        programs=(Program("web", "web", ("web-@RELEASE@",), (), (UnitFile("web-@RELEASE@.ini", ""),), "supervisor"),)
    )
    (found,) = units.units(sample.places(tmp_path), Made("v1", release, "", ""))
    assert (found.program, found.broken) == ("web", "supervisord does not answer")


# front door and certificate


def front(port: int, *, tls: bool = False) -> FrontDoor:
    return FrontDoor("127.0.0.1", port, tls, "example.com", "/health")


def test_visitors_are_served_if_one_of_some_tries_is_answered_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "BETWEEN", 0.01)
    with on_port(in_turn(answers(502), answers(502), answers(200))) as port:
        assert list(looks.front_door(front(port), 3)) == []
    with on_port(answers(502)) as port:
        (trouble,) = looks.front_door(front(port), 3)
    assert trouble.fact == "visitors are not served: /health through nginx answered 502"


def test_where_a_redirect_leads_to_is_nobody_elses_business() -> None:
    with on_port(answers(302, Location="/login?token=hunter2")) as port:
        (trouble,) = looks.front_door(front(port), 1)
    assert trouble.fact.endswith("answered 302")


@contextmanager
def shown(made: Pair, folder: Path) -> Iterator[FrontDoor]:
    with on_port(answers(200), context(made, folder)) as port:
        yield front(port, tls=True)


def test_a_certificate_is_well_if_it_lasts_and_is_the_one_on_disk(tmp_path: Path) -> None:
    made = pair("example.com", days=90)
    (tmp_path / "site.crt").write_bytes(made.pem)
    with shown(made, tmp_path) as door:
        assert list(looks.certificate(str(tmp_path / "site.crt"), door, 14, time.time())) == []
        assert list(looks.certificate("", door, 14, time.time())) == []


@pytest.mark.parametrize(("after", "words"), [(75, None), (76, "ends"), (90, "expired")])
def test_one_that_nobody_renewed_in_time_is_told(tmp_path: Path, after: int, words: str | None) -> None:
    with shown(pair("example.com", days=90), tmp_path) as door:
        found = list(looks.certificate("", door, 14, time.time() + after * 86400 - 3600))
    assert [f"visitors are shown {words}" in trouble.fact for trouble in found] == ([True] if words else [])


def test_of_a_short_lived_one_a_sixth_of_its_life_is_early_enough(tmp_path: Path) -> None:
    with shown(pair("example.com", days=7), tmp_path) as door:
        assert list(looks.certificate("", door, 14, time.time() + 4 * 86400)) == []
        assert len(list(looks.certificate("", door, 14, time.time() + 5 * 86400))) == 1


def test_another_certificate_than_the_one_on_disk_and_none_on_disk_are_told(tmp_path: Path) -> None:
    (tmp_path / "site.crt").write_bytes(pair("example.com", days=89).pem)
    with shown(pair("example.com", days=90), tmp_path) as door:
        (other,) = looks.certificate(str(tmp_path / "site.crt"), door, 14, time.time())
        (gone,) = looks.certificate(str(tmp_path / "gone.crt"), door, 14, time.time())
    assert other.id == "certificate:other"
    assert gone.id == "certificate:file"


def test_where_nobody_is_served_the_certificate_is_not_the_trouble() -> None:
    assert list(looks.certificate("", front(1, tls=True), 14, time.time())) == []


def test_the_units_of_the_servers_are_asked_for_by_what_the_data_is_on(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "postgresql", lambda: "15")
    monkeypatch.setattr(installed, "pool", lambda: True)
    names = ("postgresql@15-main.service", "pgbouncer.service", "seawall-redis-tiny.service")
    programs.add(
        "systemctl",
        "\n".join(f"printf 'Id={name}\\nActiveState=failed\\nNRestarts=5\\nResult=signal\\n\\n'" for name in names),
    )
    redis = RedisServer("/run/redis.sock", "/srv/tiny/redis", names[2])
    found = units.servers(Data("tiny", "/srv/tiny", "tiny", Database("postgresql", "tiny"), redis))
    labels = ("PostgreSQL", "PgBouncer", "Redis")
    assert found == [Unit(n, p, 5, "", "it ended (exit status ?, signal)") for n, p in zip(names, labels, strict=True)]
    assert programs.called() == [f"systemctl show -p {units.SHOWN} {' '.join(names)}"]
    assert units.servers(Data("tiny", "/srv/tiny", "tiny", Database("sqlite", "tiny"))) == []
