"""The watch: looks at the host and the app, remembers what it found, and has people told.

The host's own timer runs it, so nobody need be at a keyboard. Each channel's success is remembered before the next one
is tried: whatever ends the watch half way, nobody is told twice, and one that fails keeps no other from being told.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seawall.agent import lock, releases
from seawall.agent.data import alert_texts, alerts, cut_off, looks, memory, restarts, served, standing, troubles, units
from seawall.agent.data.alert_settings import AlertSettings, settings_from_wire
from seawall.agent.data.memory import ChannelState, Memory
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.troubles import Trouble
from seawall.agent.data.vocabulary import Data
from seawall.agent.envfile import parse_environment_file
from seawall.agent.errors import AgentError, AlertFailed
from seawall.agent.files import write_atomic
from seawall.agent.managers import manager_for
from seawall.agent.places import Places
from seawall.agent.releases import Made

#: How often the front door is tried by the watch before visitors count as not served.
TRIES = 3

Say = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """One look: the troubles, and the histories of restarts after it."""

    troubles: tuple[Trouble, ...]
    restarts: dict[str, restarts.History]


def run(data: Data, say: Say) -> None:
    """Look, tell, remember. Raises AlertFailed when a channel could not be told, after all others were."""
    at = DataPlaces(Path(data.base))
    settings = read_settings(at)
    places = Places(settings.layout)
    now = time.time()
    before = remembered(at, places)
    found = look(settings, places, before, now, tries=TRIES)
    ways = alerts.channels(settings, _secrets(at))
    known = troubles.only(troubles.seen(before.known, found.troubles, now), [way.name for way in ways])
    after = replace(before, looked=now, known=known, restarts=found.restarts)
    for trouble in found.troubles:
        say(f"{trouble.fact}; {trouble.remedy}")
    for way in ways:
        _keep(after, at, places)
        after = _tell(way, settings, after, now)
    _keep(after, at, places)
    _write_health(settings, after, at)
    failed = [f"{name}: {state.said}" for name, state in after.channels.items() if state.failed]
    if failed:
        raise AlertFailed("; ".join(failed), remedy="`seawall alerts test` tries again, and says what was answered")


def read_settings(at: DataPlaces) -> AlertSettings:
    """What the watch goes by. Raises AgentError where that cannot be read."""
    try:
        return settings_from_wire(json.loads(at.alert_settings.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise AgentError(
            "the settings of the watch cannot be read",
            place=str(at.alert_settings),
            remedy="name somebody in [alerts] of seawall.toml, and deploy",
        ) from error


def remembered(at: DataPlaces, places: Places) -> Memory:
    """What the watch knew after its last look."""
    return memory.read(at.alerts, _instead(places))


def look(settings: AlertSettings, places: Places, before: Memory, now: float, *, tries: int) -> Found:
    """Look at everything once. Nothing is changed."""
    found: list[Trouble] = list(_unheard(before))
    histories: dict[str, restarts.History] = dict(before.restarts)
    thresholds = settings.thresholds
    if places.layout.user:  # a person's own machine has a person to look at its disk
        found += looks.disks(_written(places), thresholds.disk_percent)
    found += _cut_off(places)
    data = _told(places)
    if data is not None and data.repository is not None:
        found += looks.backups(data.app, standing.of(data, DataPlaces(places.base)).wrong)
    found += _database(places)
    # A deployment or a restore may be starting a server anew.
    servers = units.servers(data) if data is not None and not lock.holder(places.lock) else []
    of_servers = restarts.counted(before.restarts, servers, now)
    found += looks.servers(servers, restarts.by_program(of_servers), thresholds.restarts)
    made = _running(places)
    if made is not None:
        there = units.units(places, made)
        histories = restarts.counted(before.restarts, there, now)
        found += looks.programs(there)
        found += looks.crash_loops(restarts.by_program(histories), thresholds.restarts)
        if not places.maintenance.exists():
            found += looks.front_door(made.release.front, tries)
        if made.release.front.tls:
            found += looks.certificate(settings.certificate, made.release.front, thresholds.certificate_days, now)
    return Found(tuple(found), {**histories, **of_servers})


def test(at: DataPlaces) -> list[dict[str, Any]]:
    """Send a test by each channel: for each, where to, and what its server answered or why it could not be sent."""
    settings = read_settings(at)
    message = alert_texts.Message(alert_texts.TEST, settings.layout.app, settings.host)
    answers = []
    for way in alerts.channels(settings, _secrets(at)):
        try:
            answers.append({"channel": way.name, "to": way.to, "sent": True, "said": way.send(message), "remedy": ""})
        except AlertFailed as error:
            said = f"{error.place}: {error.fact}" if error.place else error.fact
            answers.append({"channel": way.name, "to": way.to, "sent": False, "said": said, "remedy": error.remedy})
    return answers


def _told(places: Places) -> Data | None:
    """What is looked after of the app's data, if anything is."""
    at = DataPlaces(places.base)
    return at.data() if at.settings.exists() else None


def _cut_off(places: Places) -> Iterator[Trouble]:
    """A restore that was ended while data changed places: the app may be stopped, and its data half of this."""
    said = cut_off.told(places)
    if said:
        yield Trouble("restore-cut-off", said, "`seawall deploy`, or any command that changes something, puts it right")


def _database(places: Places) -> Iterator[Trouble]:
    """A replica that does not follow: nobody would notice before it is needed."""
    known = None if lock.holder(places.lock) else served.standing(places)
    if known and known["fault"]:
        remedy = "see that both run (`pg_lsclusters`); the logs in /var/log/postgresql on both hosts say why"
        yield Trouble("database", f"the {known['role']} of the database: {known['fault']}", remedy)


def _unheard(before: Memory) -> Iterator[Trouble]:
    """Channels by which nobody could be told: whoever still hears of something hears of that."""
    for name, state in sorted(before.channels.items()):
        if state.failed:
            yield Trouble(
                own_trouble(name), f"nobody can be told by {name}: {state.said}", "`seawall alerts test` tries it again"
            )


def own_trouble(channel: str) -> str:
    """The id of the trouble that a channel fails."""
    return f"alerts:{channel}"


def _running(places: Places) -> Made | None:
    """The live release, if it is to run now: none while the app is stopped or a deployment is changing it."""
    live = releases.live_id(places)
    if not live or lock.holder(places.lock) or live not in manager_for(places).running(places):
        return None
    return releases.load(places, live)


def _written(places: Places) -> Iterator[str]:
    """What lies on the file systems that matter."""
    yield from looks.EVERYWHERE
    yield from map(str, (places.base, places.data, places.state))


def _secrets(at: DataPlaces) -> dict[str, str]:
    try:
        return parse_environment_file(at.alert_secrets.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def _tell(way: alerts.Channel, settings: AlertSettings, after: Memory, now: float) -> Memory:
    """What is remembered once a channel has been told what it is due, or could not be."""
    due = troubles.due(after.known, way.name, now)
    notices = tuple(notice for notice in due if notice.trouble.id != own_trouble(way.name))
    if not notices:
        return after
    was = after.channels.get(way.name, ChannelState(""))
    try:
        said = way.send(alert_texts.message(settings.layout.app, settings.host, notices))
    except AlertFailed as error:
        state = ChannelState(f"{error.place}: {error.fact}" if error.place else error.fact, was.failed or now)
        return replace(after, channels={**after.channels, way.name: state})
    known = troubles.told(after.known, way.name, notices, now)
    return replace(after, known=known, channels={**after.channels, way.name: ChannelState(said)})


def _keep(after: Memory, at: DataPlaces, places: Places) -> None:
    at.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    memory.write(after, at.alerts, _instead(places))


def _instead(places: Places) -> Path:
    """In the memory of the host, which has room when a disk has none."""
    return places.run / "watch.json"


def _write_health(settings: AlertSettings, after: Memory, at: DataPlaces) -> None:
    """The page of health for programs. A full disk leaves the one of before; its time tells."""
    document = json.dumps(health(settings.layout.app, settings.host, after), indent=1).encode() + b"\n"
    with contextlib.suppress(AgentError):
        write_atomic(str(at.health), document, 0o600)


def health(app: str, host: str, after: Memory) -> dict[str, Any]:
    """How the app is on this host: ``well`` if there is no trouble."""
    lasting = troubles.lasting(after.known)
    return {
        "version": 1,
        "app": app,
        "host": host,
        "looked": alert_texts.stamp(after.looked),
        "well": not lasting,
        "troubles": [
            {
                "id": one.trouble.id,
                "fact": one.trouble.fact,
                "remedy": one.trouble.remedy,
                "since": alert_texts.stamp(one.since),
            }
            for one in lasting
        ],
        "channels": {name: {"failed": bool(one.failed), "said": one.said} for name, one in after.channels.items()},
    }
