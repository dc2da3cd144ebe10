"""The pace of what a database's server does for a job: it has the server's priority, however nice the job is.

A dump goes at the pace at which it is read. Checksums are reckoned inside of the server, which rests in between. It is
not made nice itself: whoever holds a lock of the server's and gets no processor holds up all the others.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """A rest of ``rest`` seconds, on average after each ``after`` bytes of rows that were reckoned."""

    rest: float
    after: int


#: For what nobody waits for. PostgreSQL's autovacuum rests as often, 2 ms for 100 pages that it reads
#: (autovacuum_vacuum_cost_delay); a hash is more work than a page. It takes 37 s for each GB, an hour for 100,
#: beside the dump.
CALM = Pace(0.004, 128 << 10)
