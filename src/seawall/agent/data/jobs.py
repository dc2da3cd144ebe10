"""The jobs that the host's own timers start. What they print goes to the journal of the host, line by line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from seawall.agent import niceness, process
from seawall.agent.data import fence, installed, psql
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.vocabulary import Data
from seawall.agent.errors import AgentError, ErrorRecord

Say = Callable[[str], None]
Job = Callable[[Data, Say], None]


def _backup(data: Data, say: Say) -> None:
    from seawall.agent.data import backup

    yield_to_others()
    backup.job(data, say)


def _watch(data: Data, say: Say) -> None:
    from seawall.agent.data import watch

    watch.run(data, say)


def _drill(data: Data, say: Say) -> None:
    from seawall.agent.data.drill import Drill
    from seawall.agent.data.recording import in_turn

    yield_to_others()
    Drill(data, "the timer", say, partial(in_turn, say=say)).run()


#: By the names that the units have. Each imports what it needs only when it is run.
WATCH = "watch"
JOBS: dict[str, Job] = {"backup": _backup, "drill": _drill, WATCH: _watch}


def run(name: str, base: str) -> int:
    """Do the job for the app in the folder ``base``. Returns the exit code: that of the error, if there is one."""
    try:
        data = DataPlaces(Path(base)).data()
        if _is_fenced(data) and not (name == WATCH and psql.runs(installed.postgresql())):
            _say("nothing to do: another host took the place of the database here, which is fenced")
            return 0
        JOBS[name](data, _say)
    except AgentError as error:
        _tell(error.record())
        return error.exit_code
    except OSError as error:
        _tell(ErrorRecord("failed", str(error)))
        return 1
    return 0


def _is_fenced(data: Data) -> bool:
    """Whether the app's database on this host, which is its own, has lost its place: a backup of it would be taken for
    one of the app's data."""
    database = data.database
    return database is not None and bool(database.address) and fence.fence(installed.postgresql()) is not None


def yield_to_others() -> None:
    """Take processor and disk when hardly anybody else wants them (nice(1), ionice(1)); so does all that is started
    from now on. The units of the timers ask for it too, and by CPUWeight, which holds where control groups decide."""
    niceness.yield_most()
    process.run(["ionice", "--class", "idle", "--pid", str(os.getpid())], timeout=10)


def _say(line: str) -> None:
    print(line, flush=True)


def _tell(error: ErrorRecord) -> None:
    print(error.fact, file=sys.stderr)
    for line in (error.place, error.state, error.remedy, *error.output.splitlines()):
        if line:
            print(f"  {line}", file=sys.stderr)
