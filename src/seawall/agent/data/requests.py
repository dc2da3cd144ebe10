"""What the tool asks of an app's data: one table of the operations whose names begin with ``data-``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.agent.client import Client
from seawall.agent.places import Places
from seawall.agent.wire import Frame

Answer = dict[str, Any]


def _records(places: Places, _frame: Frame, _client: Client) -> Answer:
    """What was done with the app's data, oldest first."""
    from seawall.agent.data import record
    from seawall.agent.data.places import DataPlaces

    return {"runs": [run.to_wire() for run in record.read(DataPlaces(places.base).record)]}


def _back_up(places: Places, frame: Frame, client: Client) -> Answer:
    """Make a backup now, at the pace of the timer's."""
    from seawall.agent.data import backup
    from seawall.agent.data.jobs import yield_to_others
    from seawall.agent.data.places import DataPlaces

    data = DataPlaces(places.base).data()
    yield_to_others()
    by = str(frame.message.get("by", ""))
    return {"run": backup.back_up(data, client.report, by=by, cancelled=client.gone).to_wire()}


def _backups(places: Places, _frame: Frame, client: Client) -> Answer:
    """The backups in the repository, oldest first."""
    from seawall.agent.data import kept
    from seawall.agent.data.places import DataPlaces

    at = DataPlaces(places.base)
    return kept.listed(at.data(), at, client.gone)


def _forget(places: Places, frame: Frame, client: Client) -> Answer:
    """Remove backups by their ids."""
    from seawall.agent.data import kept
    from seawall.agent.data.places import DataPlaces

    at, message = DataPlaces(places.base), frame.message
    by = str(message.get("by", ""))
    return kept.forget(at.data(), at, list(message["ids"]), by=by, report=client.report, cancelled=client.gone)


def _troubles(places: Places, _frame: Frame, _client: Client) -> Answer:
    """The troubles there are now, and how the last message of each channel went."""
    from seawall.agent.data.present import present

    return present(places)


def _test_alerts(places: Places, _frame: Frame, _client: Client) -> Answer:
    """Send a test by each channel, and tell what was answered."""
    from seawall.agent.data import watch
    from seawall.agent.data.places import DataPlaces

    return {"channels": watch.test(DataPlaces(places.base))}


def _restore(places: Places, frame: Frame, client: Client, found: Any) -> Any:
    """The restore that is asked for, of this source."""
    from seawall.agent.data.outlook import Outlook, Wish
    from seawall.agent.data.places import DataPlaces
    from seawall.agent.data.restore import Restore

    message = frame.message
    wish = Wish(str(message["to"]), str(message["table"]), bool(message["replace"]))
    outlook = Outlook(DataPlaces(places.base).data(), found.manifest, wish)
    return Restore(outlook, found, places, str(message.get("by", "")), client.report, client.gone)


def _source(places: Places, frame: Frame) -> Any:
    """The backup or snapshot that is asked for. Raises NoSuchBackup, RepositoryFailed."""
    from seawall.agent.data import source
    from seawall.agent.data.places import DataPlaces

    message, data = frame.message, DataPlaces(places.base).data()
    return (source.snapshot if message["snapshot"] else source.backup)(data, str(message["backup"]))


def _restore_look(places: Places, frame: Frame, client: Client) -> Answer:
    """What a restore would do; nothing is done. Raises NotEmpty, BadRequest."""
    if frame.message.get("at"):
        from seawall.agent.data import to_moment

        return to_moment.look(places, frame.message)
    told: Answer = _restore(places, frame, client, _source(places, frame)).outlook.told()
    return told


def _restore_now(places: Places, frame: Frame, client: Client) -> Answer:
    """Do it."""
    from dataclasses import asdict

    if frame.message.get("at"):
        from seawall.agent.data import to_moment

        return to_moment.restore(places, frame.message, client)
    return asdict(_restore(places, frame, client, _source(places, frame)).run())


def _drill(places: Places, frame: Frame, client: Client) -> Answer:
    """Prove the newest backup, at the pace of the timer's."""
    from seawall.agent.data.drill import Drill
    from seawall.agent.data.jobs import yield_to_others
    from seawall.agent.data.places import DataPlaces
    from seawall.agent.vocabulary import Event

    def say(text: str) -> None:
        client.report(Event("note", "drilled", text=text))

    yield_to_others()
    return Drill(DataPlaces(places.base).data(), str(frame.message.get("by", "")), say).run()


def _copy_look(places: Places, frame: Frame, _client: Client) -> Answer:
    """What database is here, and whether a dump of another version can be loaded into it."""
    from seawall.agent.data import copying

    version = str(frame.message["version"])
    return {**copying.look(places), "refusal": copying.refusal(places, version) if version else ""}


def _copy_send(places: Places, frame: Frame, client: Client) -> Answer:
    """The database, in pieces, and then its figures."""
    from seawall.agent.data import copying

    return copying.send(places, client, str(frame.message.get("by", "")))


def _copy_receive(places: Places, frame: Frame, client: Client) -> Answer:
    """Another's database, in the place of the one that is here. Its pieces follow the request."""
    from seawall.agent.data import arrival

    return arrival.receive(places, frame, client)


def _databases(places: Places, _frame: Frame, _client: Client) -> Answer:
    """The app's database, and what restores and copies have put aside."""
    from seawall.agent.data import aside
    from seawall.agent.data.places import DataPlaces

    return aside.listed(DataPlaces(places.base).data())


def _drop(places: Places, frame: Frame, _client: Client) -> Answer:
    """Remove one of what was put aside, by its name."""
    from dataclasses import asdict

    from seawall.agent.data import aside
    from seawall.agent.data.places import DataPlaces

    message = frame.message
    return asdict(aside.drop(DataPlaces(places.base).data(), str(message["name"]), str(message.get("by", ""))))


def _set_up(places: Places, _frame: Frame, _client: Client) -> Answer:
    """What the app's set-up command would make has been restored: it is not to be run any more."""
    from seawall.agent.migrating import mark_set_up

    mark_set_up(places)
    return {}


def _server(places: Places, _frame: Frame, _client: Client) -> Answer:
    """What there is already on a database's host."""
    from seawall.agent.data import served

    return served.told(places)


def _way(places: Places, frame: Frame, _client: Client) -> Answer:
    """The address by which this host comes to another, and the host that took its place, if the app knows of one."""
    from seawall.agent.data import served, superseded

    to = str(frame.message["to"])
    lost = {one.address: one.successor for one in superseded.known(places)}
    return {"address": served.way(to), "successor": lost.get(to, "")}


def _snapshot(places: Places, frame: Frame, client: Client) -> Answer:
    """Save the database before a migration that another host runs."""
    from seawall.agent.data import served

    message = frame.message
    return served.save(places, str(message["release"]), str(message.get("by", "")), client)


def _promotion_look(places: Places, frame: Frame, _client: Client) -> Answer:
    """How this host's PostgreSQL is, before a replica takes the primary's place."""
    from seawall.agent.data import promotion

    return promotion.look(places, str(frame.message["slot"]))


def _promotion_knock(_places: Places, frame: Frame, _client: Client) -> Answer:
    """Whether this host still reaches the database that is said to be gone."""
    from seawall.agent.data import promotion

    return {"answers": promotion.answers(str(frame.message["address"]))}


def _fence(places: Places, frame: Frame, _client: Client) -> Answer:
    """End the old primary, and keep it ended."""
    from seawall.agent.data import promotion

    return promotion.put_fence(places, frame.message)


def _unfence(places: Places, frame: Frame, _client: Client) -> Answer:
    """Have the old primary serve again: no other has taken its place."""
    from seawall.agent.data import promotion

    return promotion.take_fence(places, frame.message)


def _caught_up(places: Places, frame: Frame, _client: Client) -> Answer:
    """Wait until the replica has all that the old primary had."""
    from seawall.agent.data import promotion

    return promotion.await_end(places, str(frame.message["checkpoint"]))


def _supersede(places: Places, frame: Frame, _client: Client) -> Answer:
    """Have the app's host go to the old primary no more."""
    from seawall.agent.data import superseded

    return superseded.supersede(places, frame.message)


def _promote(places: Places, frame: Frame, _client: Client) -> Answer:
    """Have the replica take changes."""
    from seawall.agent.data import promotion

    return promotion.promote(places, frame.message)


OPERATIONS: dict[str, Callable[[Places, Frame, Client], Answer]] = {
    "data-back-up": _back_up,
    "data-backups": _backups,
    "data-forget": _forget,
    "data-records": _records,
    "data-test-alerts": _test_alerts,
    "data-troubles": _troubles,
    "data-restore-look": _restore_look,
    "data-restore": _restore_now,
    "data-drill": _drill,
    "data-copy-look": _copy_look,
    "data-copy-send": _copy_send,
    "data-copy-receive": _copy_receive,
    "data-databases": _databases,
    "data-drop": _drop,
    "data-set-up": _set_up,
    "data-server": _server,
    "data-way": _way,
    "data-snapshot": _snapshot,
    "data-promotion-look": _promotion_look,
    "data-promotion-knock": _promotion_knock,
    "data-fence": _fence,
    "data-unfence": _unfence,
    "data-caught-up": _caught_up,
    "data-supersede": _supersede,
    "data-promote": _promote,
}
