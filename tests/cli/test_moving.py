"""`seawall database copy` and `seawall clone-host`: what they refuse, and what they say of what they did."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from seawall.agent.data.restored import Restored
from seawall.cli.render import cloned, copied
from seawall.cli.render.deployed import Done
from seawall.config.made_secrets import BACKUP_PASSWORD, Own
from seawall.errors import SeawallError, SecretError, UsageError
from seawall.operations.data import clone_host
from seawall.operations.data.clone_host import Cloned
from seawall.operations.data.copy_database import Copied, Route, look
from seawall.operations.data.restore import Outlook

from .conftest import Run
from .golden import KEPT, assert_kept, text_of
from .plans import a_plan, host_named, host_plan, new_release

FOUND = {"kind": "postgresql", "name": "guestbook", "version": "15.18", "bytes": 1_250_000_000}
ROUTE = Route(
    host_named("root@web1"), host_named("root@stage"), "guestbook", FOUND, {**FOUND, "name": "guestbook-staging"}
)
COPIED = Copied(
    1_100_000_000,
    12,
    90_210,
    "guestbook-staging_before_20261128_142213",
    "flask db upgrade",
    61.25,
    "2026-12-28T14:22:13Z",
)
BACKUP = Outlook(
    "root@web2", "20261128-030412", "2026-11-28T03:04:12Z", "web1", 1_250_000_000, 12, 90_210, 431, "guestbook",
    ("/srv/guestbook/data",), (),
)  # fmt: skip
CLONED = Cloned(BACKUP, Restored("root@web2", BACKUP.backup, "guestbook"))
NOW = datetime(2026, 11, 28, 14, 4, 12, tzinfo=UTC)
FRESH = host_plan(release=new_release(), live="")
S3 = {"repository": "s3:https://s3.example.com/b/guestbook"}


class Answers:
    """A host's session that gives one answer."""

    def __init__(self, **answer: object) -> None:
        self.answer = answer

    def request(self, op: str, **_: object) -> dict[str, object]:
        assert op == "data-copy-look"
        return self.answer


def test_a_copy_says_from_where_to_where_and_what_became_of_what_was_there() -> None:
    said = [*copied.route_lines(ROUTE, "staging", "anonymise.sql"), *copied.copied_lines(ROUTE, COPIED)]
    assert_kept(KEPT / "database-copy.txt", text_of(said))


def test_a_copy_as_json_is_the_kept_contract() -> None:
    document = {"version": 1, **copied.copied_data(ROUTE, COPIED)}
    assert_kept(KEPT / "database-copy.json", json.dumps(document, indent=2) + "\n")


@pytest.mark.parametrize(
    ("there", "why"),
    [
        ({**FOUND, "kind": "mariadb", "refusal": ""}, "a postgresql database, and root@stage a mariadb one"),
        ({**FOUND, "refusal": "the server here is older"}, "the server here is older"),
    ],
)
def test_a_database_that_the_other_cannot_load_is_not_sent(there: dict[str, object], why: str) -> None:
    source, target = host_named("root@web1"), host_named("root@stage")
    source.session, target.session = Answers(**FOUND), Answers(**there)  # type: ignore[assignment]
    with pytest.raises(UsageError, match=why):
        look(source, target)


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [("staging", "production", "--yes-into-production"), ("staging", "staging", "onto itself")],
)
def test_a_copy_that_nobody_can_have_meant_is_refused(run: Run, source: str, target: str, why: str) -> None:
    told = run("database", "copy", "--from", source, "--to", target, "--yes")
    assert told.exit_code == 2
    assert why in told.stderr


def test_a_clone_says_what_was_restored_and_how_old_it_is() -> None:
    before = replace(CLONED, done=replace(CLONED.done, kept_database="guestbook_before_20261128_142213"))
    assert_kept(KEPT / "clone-host.txt", text_of(cloned.cloned_lines(before, NOW)))


def test_a_clone_as_json_is_the_kept_contract() -> None:
    document = {"version": 1, **cloned.cloned_data(a_plan(FRESH), Done("v1", {FRESH.host.name: ""}, 21.5), CLONED, NOW)}
    assert_kept(KEPT / "clone-host.json", json.dumps(document, indent=2) + "\n")


def test_a_clone_from_the_archive_says_how_far_it_came() -> None:
    done = replace(CLONED.done, reached="2026-11-28T14:03:58Z")
    said = cloned.cloned_lines(replace(CLONED, at="latest", done=done), NOW)
    assert_kept(KEPT / "clone-host-at.txt", text_of(said))
    asked = cloned.what("", "latest"), cloned.what("20261128-030412", "")
    assert asked == ("the newest backup, with the database as it was at the end of the archive,",
                     "backup 20261128-030412")  # fmt: skip


def test_a_clone_takes_the_database_from_the_archive_unless_a_backup_is_named() -> None:
    archived = a_plan(FRESH, backup={**S3, "pitr": True, "secrets": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]},
                      database={"kind": "postgresql"})  # fmt: skip
    assert clone_host.moment(archived, "", "") == "latest"
    assert clone_host.moment(archived, "20261128-030412", "") == ""
    assert clone_host.moment(archived, "20261128-030412", "2026-11-28 14:00") == "2026-11-28 14:00"
    assert clone_host.moment(a_plan(FRESH, backup=S3), "", "") == ""
    with pytest.raises(UsageError, match="there is no archive"):
        clone_host.moment(a_plan(FRESH, backup=S3), "", "latest")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 seconds"), (119, "119 seconds"), (7199, "119 minutes"), (172800, "2 days")]
)
def test_an_age_is_told_in_the_unit_that_fits(seconds: int, said: str) -> None:
    assert cloned.age(seconds) == said


def test_a_host_with_a_live_release_is_not_cloned_onto() -> None:
    with pytest.raises(UsageError, match="is no fresh host: v12 is live there"):
        clone_host.check(a_plan(backup=S3))


def test_without_backups_there_is_nothing_to_clone() -> None:
    with pytest.raises(UsageError, match="no backups"):
        clone_host.check(a_plan(FRESH))


def test_without_the_password_of_the_backups_nothing_is_begun() -> None:
    plan = a_plan(FRESH, backup=S3)
    plan.own = Own({BACKUP_PASSWORD: "made up"}, (BACKUP_PASSWORD,))
    with pytest.raises(SecretError, match=BACKUP_PASSWORD):
        clone_host.check(plan)
    plan.own = Own({BACKUP_PASSWORD: "kept"}, ())
    clone_host.check(plan)


def test_a_deployment_that_fails_after_the_restore_says_that_the_data_is_there() -> None:
    with pytest.raises(SeawallError) as raised, cloned.told_where_it_stands():
        raise SeawallError("the gate", state="everything is as it was", remedy="mend the app")
    assert raised.value.state == "everything is as it was; the data is restored on the host"
    assert raised.value.remedy == "mend the app; then `seawall deploy` does what is left"
