"""Servers that pgBackRest takes for one, because their hosts were made from one image with a PostgreSQL in it.

An archive holds what each server has written by the number of the segment. If the changes of two came into one, neither
could be recovered.
"""

from __future__ import annotations

from seawall.agent.data import pgbackrest, psql
from seawall.agent.data.vocabulary import Archive
from seawall.agent.errors import RepositoryFailed

#: The server's identifier, made with it; and the segment that it has come to, which is archived when it is full. At the
#: very end of one that is the one before (PostgreSQL's documentation, 9.27.3).
PRESENT = "SELECT system_identifier, pg_walfile_name(pg_current_wal_lsn()) FROM pg_control_system()"


def refuse(archive: Archive) -> None:
    """Raises RepositoryFailed where what was archived cannot be this server's past. One that does not run has none."""
    if not psql.runs(archive.version):
        return
    ((system, present),) = psql.ask(PRESENT)
    archived = pgbackrest.last(archive, int(system))
    if archived <= present:
        return
    raise RepositoryFailed(
        f"the archive is another server's of the same identifier: it has come to {archived}, and the one here to "
        f"{present}. Hosts that were made from one image have such servers",
        place=archive.settings,
        state="nothing was changed",
        remedy="make the server here anew while nothing is in it: "
        f"`pg_dropcluster --stop {archive.version} main && pg_createcluster --start {archive.version} main`, then "
        "say `seawall clone-host` again, or `seawall deploy` if nothing is to be restored",
    )
