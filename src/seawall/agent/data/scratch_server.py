"""A PostgreSQL server of its own, laid out from the archive and brought to a moment, and gone afterwards.

It is the administrator's alone: it has a socket in its own folder, no port, and archives nothing.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import process
from seawall.agent.data import pgbackrest
from seawall.agent.data.pgbackrest import Until
from seawall.agent.data.vocabulary import Archive
from seawall.agent.errors import DiskFull, LoadFailed
from seawall.agent.files import gid_of, mount_point, remove_tree, uid_of

#: Where scratch servers lie: on the file system of the live one, whose size they have.
BESIDE = "/var/lib/postgresql"
#: What must stay free beside a copy, bytes: what was written since is laid out there too (a gigabyte of it at once,
#: max_wal_size), and the live server goes on writing to the same disk.
RESERVE = 2 << 30
#: Bound on a recovery, seconds.
RECOVERY = 12 * 3600
#: Only what differs from the defaults, and nothing of the live server's: a file that its settings name may be gone.
SETTINGS = """\
listen_addresses = ''
unix_socket_directories = '{folder}'
hba_file = '{folder}/seawall_hba.conf'
ident_file = '{folder}/seawall_ident.conf'
archive_mode = off
hot_standby = off
autovacuum = off
fsync = off
jit = off
logging_collector = off
"""


@dataclass(frozen=True)
class ScratchServer:
    """The server that is made for an app. ``folder`` is its data's, and its socket's."""

    archive: Archive
    app: str

    @property
    def folder(self) -> Path:
        return Path(BESIDE) / f"seawall-recovery-{self.app}"

    @contextmanager
    def brought_to(self, until: Until) -> Iterator[None]:
        """It runs within, and holds what the live server held then. Raises RepositoryFailed, LoadFailed, DiskFull."""
        self._new_folder()
        try:
            self._must_fit()
            pgbackrest.restore(self.archive, str(self.folder), until)
            with self._running(until):
                yield
        finally:
            remove_tree(str(self.folder))

    def _new_folder(self) -> None:
        remove_tree(str(self.folder))  # of a recovery that was cut off; a server that still ran in it has ended with it
        self.folder.mkdir(mode=0o700)
        os.chown(self.folder, uid_of(pgbackrest.ADMIN), gid_of(pgbackrest.ADMIN))

    def _must_fit(self) -> None:
        size, free = pgbackrest.size(self.archive), shutil.disk_usage(BESIDE).free
        if free < size + RESERVE:
            raise DiskFull(
                f"there is no room to recover the database in: a copy of the server takes {size >> 20} MB, "
                f"{RESERVE >> 20} MB must stay free, and {free >> 20} MB are",
                place=BESIDE,
                state="the live database is as it was",
                remedy=f"make room on {mount_point(BESIDE)}",
            )

    @contextmanager
    def _running(self, until: Until) -> Iterator[None]:
        files = {
            "seawall.conf": SETTINGS.format(folder=self.folder),
            "seawall_hba.conf": "local all all peer\n",
            "seawall_ident.conf": "",
        }
        for name, content in files.items():
            (self.folder / name).write_text(content)
            (self.folder / name).chmod(0o644)
        begin = ("start", "--wait", f"--timeout={RECOVERY}", f"--log={self.folder}/seawall.log")
        done = self._pg_ctl(*begin, "-o", f"-c config_file={self.folder}/seawall.conf")
        try:
            if done.returncode or not self._has_come():
                raise self._not_reached(until)
            yield
        finally:
            self._pg_ctl("stop", "--mode=fast")

    def _has_come(self) -> bool:
        """Wait until the server has come to its moment and lets itself be asked; False where it ends before."""
        ready = [f"/usr/lib/postgresql/{self.archive.version}/bin/pg_isready", "--quiet", f"--host={self.folder}"]
        deadline = time.monotonic() + RECOVERY
        while time.monotonic() < deadline:
            if process.run(ready, timeout=60, user=pgbackrest.ADMIN, cwd="/").returncode == 0:
                return True
            if self._pg_ctl("status").returncode:
                return False
            time.sleep(0.2)
        return False

    def _pg_ctl(self, *words: str) -> process.Completed:
        program = f"/usr/lib/postgresql/{self.archive.version}/bin/pg_ctl"
        argv = [program, f"--pgdata={self.folder}", *words]
        return process.run(argv, timeout=RECOVERY + 60, user=pgbackrest.ADMIN, cwd="/")

    def _not_reached(self, until: Until) -> LoadFailed:
        log = self.folder / "seawall.log"
        whole = log.read_text(errors="replace") if log.exists() else ""
        said = process.tail(whole)
        if "before configured recovery target was reached" in whole:
            return LoadFailed(
                f"the archive ends before {until.spoken}",
                state="the live database is as it was",
                remedy="recover its end: --at latest",
                output=said,
            )
        return LoadFailed(
            f"the server could not be brought to {until.spoken}",
            place=str(self.folder),
            state="the live database is as it was",
            remedy="the last lines of its log are below",
            output=said,
        )
