"""Where candidates are tried: in a folder of the project that goes away again, or on a host of the project."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from seawall.agent.resource import resource_to_wire
from seawall.agent.vocabulary import to_wire
from seawall.config.folder import own_folder
from seawall.config.model import Project
from seawall.config.process_manager import ProcessManager
from seawall.errors import UsageError
from seawall.operations import local
from seawall.operations.hosts import Host, local_target, person
from seawall.operations.plan import Wanted
from seawall.stack.layout import layout_for
from seawall.stack.local import foundation
from seawall.stack.managers import HERE_SUPERVISOR
from seawall.stack.targets import LocalTarget
from seawall.transport.local import open_local

FOLDER = "tune"
#: How long the agent may take to take back what is being tried out, seconds.
PATIENCE = 60


@contextmanager
def on_this_machine(wanted: Wanted) -> Iterator[tuple[Host, Wanted]]:
    """A local target of its own beside that of `seawall up`: with a copy of that one's data, without a front server.
    Nothing of it is left afterwards, neither files nor processes. Raises UsageError if it is in use already."""
    project = wanted.project
    folder = own_folder(project.directory) / FOLDER
    with _alone(folder.with_suffix(".lock")):
        _clear(folder)  # what a run left that was killed
        try:
            target = replace(local_target(project), folder=f"{folder.parent.name}/{folder.name}", runs_under="")
            host = _greeted(project, target)
            try:
                _lay_out(project, host, target, folder)
                yield host, replace(wanted, project=_under_supervisor(project))
            finally:
                host.session.wait_closed(PATIENCE)
        finally:
            _clear(folder)


def check_host(host: Host, *, yes_on_live: bool) -> None:
    """Raises UsageError where nothing can be tried, or where it would take away from visitors what is theirs."""
    if not host.live:
        raise UsageError(
            f"nothing is deployed on {host.name} yet, so there is nothing to try it on",
            remedy="`seawall deploy` first; or leave --host out, and it is tried on this machine",
        )
    here = [f"{host.live} of this app"] if host.running else []
    here += list(host.app["memory"]["others"])
    if here and not yes_on_live:
        raise UsageError(
            f"{host.name} serves visitors, and trying things out there takes processor time from them: "
            f"{', '.join(here)}",
            state="nothing was tried",
            remedy="say --yes-on-live if that is well, or leave --host out, and it is tried on this machine",
        )


def _greeted(project: Project, target: LocalTarget) -> Host:
    layout = layout_for(project, target)
    session = open_local()
    session.send_early("open", layout=to_wire(layout))
    session.greet()
    return Host("local", target, session, layout, session.answer())


def _lay_out(project: Project, host: Host, target: LocalTarget, folder: Path) -> None:
    """The folders and supervisord; the data are a copy of what the local site has, which nobody would want changed."""
    _copy_data(local.folder(project), folder)
    resources = [resource_to_wire(resource) for resource in foundation(host.layout, target, HERE_SUPERVISOR)]
    plan = host.session.request("plan", resources=resources, release=None, domains=[])
    fingerprint, by = plan["fingerprint"], person()
    host.session.request("prepare", fingerprint=fingerprint, new_release=False, release_id="", lead=False, by=by)
    host.session.request("commit")
    host.app = host.session.request("open", layout=to_wire(host.layout))


def _under_supervisor(project: Project) -> Project:
    """A service manager that goes away with its folder, whichever the local site has."""
    return project.model_copy(update={"process": ProcessManager(manager="supervisor")})


def _copy_data(site: Path, folder: Path) -> None:
    (folder / "state").mkdir(parents=True)
    if (site / "data").is_dir():
        shutil.copytree(site / "data", folder / "data", symlinks=True)
    if (site / "state" / "set-up").exists():
        (folder / "state" / "set-up").touch()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise UsageError(
            "the project is being tuned already", place=str(lock), remedy="wait for that to end, or stop it"
        ) from error
    try:
        yield
    finally:
        lock.unlink()
        os.close(handle)


def _clear(folder: Path) -> None:
    local.shut_down(folder / "run" / "supervisor.sock")
    shutil.rmtree(folder, ignore_errors=True)
