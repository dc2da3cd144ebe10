"""The paths of an app's data on a host, below those of the app itself (`seawall.agent.places`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.agent.errors import AgentError

if TYPE_CHECKING:
    from seawall.agent.data.vocabulary import Data


@dataclass(frozen=True)
class DataPlaces:
    """``base`` is the app's folder, BASE."""

    base: Path

    @property
    def settings(self) -> Path:
        """What the jobs go by: `Data` as JSON, no secrets in it."""
        return self.base / "state" / "data.json"

    @property
    def folder(self) -> Path:
        return self.base / "state" / "data"

    @property
    def record(self) -> Path:
        """One line for each run of a job."""
        return self.folder / "record.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the one job that is at the app's data."""
        return self.folder / "lock"

    @property
    def recovery_lock(self) -> Path:
        """Held while a moment is recovered beside the live database, which takes long and is no job of its own."""
        return self.folder / "recovery.lock"

    @property
    def snapshots(self) -> Path:
        """Dumps that were made before migrations."""
        return self.folder / "snapshots"

    @property
    def migrated(self) -> Path:
        """A digest of all that the last migration that succeeded depended on."""
        return self.folder / "migrated"

    @property
    def migrating(self) -> Path:
        """What the database was like before the migration that is under way; absent where none is."""
        return self.folder / "migrating.json"

    @property
    def exchange(self) -> Path:
        """What a restore is about to do with the live data; exists only while it is at it."""
        return self.folder / "exchange.json"

    @property
    def superseded(self) -> Path:
        """Which databases, on hosts of their own, have lost their place to others."""
        return self.folder / "superseded.json"

    @property
    def cache(self) -> Path:
        """What restic keeps of its repository to be quick."""
        return self.folder / "cache"

    @property
    def alert_settings(self) -> Path:
        """What the watch goes by: `AlertSettings` as JSON, no secrets in it."""
        return self.base / "state" / "alerts.json"

    @property
    def alert_secrets(self) -> Path:
        """The mail server's password and the webhook's URL, in the form of an environment file."""
        return self.base / "state" / "alerts.env"

    @property
    def alerts(self) -> Path:
        """What the watch remembers of troubles, and of whom it told them."""
        return self.folder / "alerts.json"

    @property
    def health(self) -> Path:
        """What the watch found last, for programs."""
        return self.folder / "health.json"

    def data(self) -> Data:
        """What there is to look after. Raises AgentError where that cannot be read."""
        from seawall.agent.data.vocabulary import data_from_wire  # late: many apps have nothing there

        try:
            return data_from_wire(json.loads(self.settings.read_bytes()))
        except FileNotFoundError:
            raise AgentError(
                "nothing of this app's data is looked after on this host",
                place=str(self.settings),
                state="nothing was changed",
                remedy="name a [database] or a [backup] repository in seawall.toml and deploy",
            ) from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise AgentError(
                "the settings of the app's data cannot be read",
                place=str(self.settings),
                state="nothing was changed",
                remedy="`seawall deploy` writes them anew",
                output=str(error),
            ) from error
