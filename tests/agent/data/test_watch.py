"""The watch as its timer runs it: what it finds, whom it tells, what it remembers."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from seawall.agent import releases
from seawall.agent.data import jobs, memory, present, record, watch
from seawall.agent.data.alert_settings import AlertSettings, Mail, Webhook, settings_to_wire
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.troubles import REMINDER
from seawall.agent.data.vocabulary import Data, Repository, data_to_wire
from seawall.agent.errors import AlertFailed, DiskFull
from seawall.agent.places import Places

from .. import sample
from ..http_servers import on_port
from .sinks import Letters, Posts, free_port, mail_server

NOON = 1_795_867_200.0  # 2026-11-28 12:00 UTC
URL_SECRET = "/services/s3cr3t"


@dataclass
class Watched:
    """An app on a host whose disk is as full as ``full`` says, and who was told of it."""

    places: Places
    letters: Letters
    posts: Posts
    settings: AlertSettings
    full: int = 50
    now: float = NOON
    said: list[str] = field(default_factory=list)

    @property
    def at(self) -> DataPlaces:
        return DataPlaces(self.places.base)

    def deploy(self, **changes: Any) -> None:
        """Put the settings where a deployment puts them."""
        self.settings = replace(self.settings, **changes)
        self.at.alert_settings.write_text(json.dumps(settings_to_wire(self.settings)))

    def look(self, after: float = 300) -> None:
        self.now += after
        watch.run(Data("tiny", str(self.places.base), "tiny"), self.said.append)

    def ran(self, job: str, after: float = 0, *, ok: bool = True) -> None:
        """Have a job of the app's data end now, well or not."""
        self.now += after
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now))
        record.append(self.at.record, record.Run(job, "20261128-120000", when, when, ok, error="" if ok else "broken"))

    def subjects(self) -> list[str]:
        return [str(letter["Subject"]).partition(": ")[2] for _, _, letter in self.letters.heard]

    def posted(self) -> list[str]:
        return [json.loads(body)["subject"].partition(": ")[2] for _, _, body in self.posts.heard]

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.at.health.read_bytes())
        return found


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    letters, posts = Letters(), Posts()
    places = sample.places(tmp_path / "srv", user="tiny")
    with mail_server(letters) as smtp, on_port(posts) as port:
        mail = Mail(("ops@example.com",), "seawall@example.com", "127.0.0.1", smtp, "off")
        hook = Webhook("json", secret="HOOK")
        made = Watched(places, letters, posts, AlertSettings("web1", places.layout, mail=mail, webhook=hook))
        made.at.alert_secrets.write_text(f'HOOK="http://127.0.0.1:{port}{URL_SECRET}"\n')
        made.deploy()
        monkeypatch.setattr(time, "time", lambda: made.now)
        monkeypatch.setattr(os, "statvfs", lambda _: _disk(made.full))
        monkeypatch.setattr(watch.looks, "EVERYWHERE", ("/",))
        monkeypatch.setattr(watch.looks, "mount_point", lambda _: "/")
        yield made


def _disk(percent: int) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, 10_000, 100 * (100 - percent), 100 * (100 - percent), 0, 0, 0, 0, 255))


def test_a_restore_that_was_cut_off_is_told(watched: Watched) -> None:
    watched.at.folder.mkdir(exist_ok=True)
    watched.at.exchange.write_text("{}")
    watched.look()
    assert watched.posted() == ["an earlier restore was cut off while data changed places"]


def test_every_channel_is_told_once_of_a_trouble_and_once_of_its_end(watched: Watched) -> None:
    watched.look()
    assert (watched.subjects(), watched.posted(), watched.health()["well"]) == ([], [], True)
    watched.full = 95
    watched.look()
    watched.look()
    full = "the file system / is 95 % full: 2.0 MB of 41 MB free"
    assert watched.subjects() == watched.posted() == [full]
    assert watched.health() == {
        "version": 1,
        "app": "tiny",
        "host": "web1",
        "looked": "2026-11-28T12:15:00Z",
        "well": False,
        "troubles": [
            {
                "id": "disk:/",
                "fact": full,
                "remedy": "make room: `du -xh --max-depth=2 / | sort -h | tail` shows what takes it",
                "since": "2026-11-28T12:10:00Z",
            }
        ],
        "channels": {
            "email": {"failed": False, "said": "250 OK queued as 4711"},
            "webhook": {"failed": False, "said": "200 OK taken"},
        },
    }
    watched.look(after=REMINDER)
    watched.full = 50
    watched.look()
    watched.look()
    assert watched.subjects() == watched.posted() == [full, f"still: {full}", f"over: {full}"]
    assert watched.health()["troubles"] == []


def test_a_backup_that_gets_old_is_told_and_one_that_was_made_ends_that(watched: Watched) -> None:
    """Its age is in the words, which change with each look; it is one and the same trouble."""
    data = Data("tiny", str(watched.places.base), "tiny", repository=Repository("/backups", "/backup.env"))
    watched.at.settings.write_text(json.dumps(data_to_wire(data)))
    os.utime(watched.at.settings, (NOON, NOON))
    watched.at.folder.mkdir()
    watched.ran("backup")
    watched.ran("drill")
    watched.look()
    assert watched.subjects() == []
    watched.ran("drill", after=2 * 86400)
    watched.look()
    watched.look(after=7200)
    assert watched.subjects() == ["the last backup is 2 days old, and one is due every day"]
    watched.ran("backup")
    watched.look()
    assert watched.subjects()[1:] == ["over: the last backup is 2 days old, and one is due every day"]
    watched.ran("drill", ok=False)
    watched.look()
    assert watched.subjects()[2].startswith("the last drill failed (2026-11-30T14:")


def test_a_channel_that_fails_keeps_no_other_from_being_told_is_tried_again_and_is_shown(watched: Watched) -> None:
    good = watched.settings.mail
    assert good is not None
    watched.deploy(mail=replace(good, port=free_port()))
    watched.full = 95
    with pytest.raises(AlertFailed, match=r"email: 127\.0\.0\.1:.*could not be reached"):
        watched.look()
    assert watched.posted() == ["the file system / is 95 % full: 2.0 MB of 41 MB free"]
    with pytest.raises(AlertFailed):
        watched.look()
    assert watched.posted()[1].startswith("nobody can be told by email: 127.0.0.1:")
    assert watched.health()["channels"]["email"]["failed"]
    ids = [trouble["id"] for trouble in present.present(watched.places)["troubles"]]
    assert ids == ["disk:/", "alerts:email"]
    watched.deploy(mail=good)
    watched.look()
    watched.look()
    assert watched.subjects() == ["the file system / is 95 % full: 2.0 MB of 41 MB free"]
    assert watched.posted()[2].startswith("over: nobody can be told by email")
    assert [trouble["id"] for trouble in watched.health()["troubles"]] == ["disk:/"]


def test_a_watch_that_is_ended_half_way_tells_nobody_twice(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    watched.full = 95

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(watch.alerts, "by_webhook", killed)
        with pytest.raises(KeyboardInterrupt):
            watched.look()
    watched.look()
    assert len(watched.subjects()) == len(watched.posted()) == 1


def test_a_disk_without_room_to_remember_anything_is_told_once(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = memory.write_atomic

    def full(path: str, data: bytes, mode: int) -> None:
        if path.startswith(str(watched.places.state)):
            raise DiskFull("No room left")
        write(path, data, mode)

    monkeypatch.setattr(memory, "write_atomic", full)
    monkeypatch.setattr(watch, "write_atomic", full)
    watched.full = 100
    watched.look()
    watched.look()
    assert watched.subjects() == ["the file system / is 100 % full: 0 B of 41 MB free"]
    monkeypatch.undo()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"looked": 1, "troubles": [{}], "restarts": {}}'])
def test_a_memory_that_cannot_be_read_is_begun_anew(watched: Watched, content: bytes) -> None:
    watched.at.folder.mkdir()
    watched.at.alerts.write_bytes(content)
    watched.full = 95
    watched.look()
    assert len(watched.subjects()) == 1


def test_the_secret_url_is_nowhere_but_in_its_file(watched: Watched) -> None:
    watched.posts.status = 500
    watched.full = 95
    with pytest.raises(AlertFailed) as caught:
        watched.look()
    texts = [*watched.said, str(caught.value.record()), watched.at.alerts.read_text(), watched.at.health.read_text()]
    assert not [text for text in texts if "s3cr3t" in text]


def test_a_test_is_sent_by_each_channel_and_says_what_was_answered(watched: Watched) -> None:
    watched.posts.status = 500
    mail, hook = watch.test(watched.at)
    assert mail == {
        "channel": "email",
        "to": "ops@example.com",
        "sent": True,
        "said": "250 OK queued as 4711",
        "remedy": "",
    }
    assert hook["sent"] is False
    assert hook["said"].endswith("the webhook answered 500 Internal Server Error not at …")
    assert watched.subjects() == ["a test"]
    assert not watched.at.alerts.exists()


def test_looking_without_telling_changes_nothing(watched: Watched) -> None:
    watched.full = 95
    found = present.present(watched.places)
    assert [(trouble["id"], trouble["since"]) for trouble in found["troubles"]] == [("disk:/", "")]
    assert not watched.at.folder.exists()
    assert watched.subjects() == watched.posted() == []


def test_a_watch_that_does_not_look_any_more_is_a_trouble(watched: Watched) -> None:
    os.utime(watched.at.alert_settings, (NOON, NOON))
    watched.look()
    watched.now += 1100
    assert present.present(watched.places)["well"]
    watched.now += 200
    (trouble,) = present.present(watched.places)["troubles"]
    assert trouble["fact"] == "the watch has not looked since 2026-11-28 12:05 UTC, so nobody is told of trouble"
    watched.at.alerts.unlink()
    assert "has not looked yet" in present.present(watched.places)["troubles"][0]["fact"]


def test_on_a_persons_own_machine_the_disk_is_theirs_to_look_at(watched: Watched) -> None:
    watched.full = 95
    own = Places(replace(watched.places.layout, user=""))
    watched.at.alert_settings.unlink()
    assert present.present(own)["well"]


@pytest.mark.parametrize("stopped", ["locked", "no release", "not running"])
def test_an_app_that_is_stopped_or_being_deployed_is_not_looked_at(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    monkeypatch.setattr(releases, "live_id", lambda _: "" if stopped == "no release" else "v1")
    monkeypatch.setattr(watch.lock, "holder", lambda _: "ada deploys" if stopped == "locked" else "")
    asked: list[str] = []
    monkeypatch.setattr(watch.units, "units", _noting(asked))
    watched.look()
    assert asked == []


def _noting(asked: list[str]) -> Callable[..., list[Any]]:
    def units(_places: Places, made: Any) -> list[Any]:
        asked.append(made.id)
        return []

    return units


def test_the_job_says_what_it_found_and_fails_when_somebody_could_not_be_told(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.at.settings.write_text(json.dumps({"app": "tiny", "base": str(watched.places.base), "user": "tiny"}))
    watched.full = 95
    assert jobs.run("watch", str(watched.places.base)) == 0
    assert capsys.readouterr().out.startswith("the file system / is 95 % full: 2.0 MB of 41 MB free; make room:")
    watched.full = 50
    watched.posts.status = 503
    assert jobs.run("watch", str(watched.places.base)) == 1
    assert "webhook: 127.0.0.1:" in capsys.readouterr().err
