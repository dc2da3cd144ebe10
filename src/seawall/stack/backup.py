"""The backups of an app on a server, and the drills that prove them: restic, what it is told, and the timers."""

from __future__ import annotations

import json

from seawall.agent.data.vocabulary import Data, DrillSettings, Repository, Retention, data_to_wire
from seawall.agent.envfile import render_environment_file
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import AgentCopy, Directory, File, Layout, Unit
from seawall.config.backup import FOLDER, SFTP
from seawall.config.made_secrets import BACKUP_PASSWORD
from seawall.config.model import Project
from seawall.stack.composition import Inputs
from seawall.stack.templates import render
from seawall.stack.unit_files import UNIT_DIR, UNITS

#: What the host's own timers run.
AGENT = "/var/lib/seawall/agent.pyz"
#: Seconds over which the backups of a host's apps, and of hosts with one repository, are spread.
SPREAD = 900


def wanted(project: Project) -> bool:
    return bool(project.backup.repository)


def packages(project: Project) -> tuple[str, ...]:
    """The distribution's packages."""
    if not wanted(project):
        return ()
    return ("restic", "openssh-client") if project.backup.repository.startswith(SFTP) else ("restic",)


def repository(project: Project, layout: Layout) -> Repository | None:
    """What the jobs are told of the repository; None where there is none."""
    backup, state = project.backup, f"{layout.base}/state"
    if not wanted(project):
        return None
    return Repository(
        backup.repository,
        f"{state}/backup.env",
        ca=f"{state}/backup.ca" if backup.ca else "",
        at=backup.at,
        ssh_key=f"{state}/backup.key" if backup.ssh_key else "",
        known_hosts=f"{state}/backup.known_hosts" if backup.known_hosts else "",
    )


def retention(project: Project) -> Retention:
    return Retention(project.backup.keep_daily, project.backup.keep_weekly, project.backup.keep_monthly)


def drill(project: Project) -> DrillSettings:
    """What the jobs are told of drills: without backups there are none."""
    return DrillSettings(project.drill.command, project.drill.at) if wanted(project) else DrillSettings()


def resources(project: Project, layout: Layout) -> tuple[Resource, ...]:
    """What holds no secret; nothing where there are no backups."""
    if not wanted(project):
        return ()
    backup, state = project.backup, f"{layout.base}/state"
    public = [File(f"{state}/backup.ca", backup.ca)] if backup.ca else []
    public += [File(f"{state}/backup.known_hosts", _whole_lines(backup.known_hosts))] if backup.known_hosts else []
    drill = "Restores the newest backup where nobody sees it, and compares it."
    return (
        AgentCopy(AGENT),
        Directory(f"{state}/data", 0o700, "root", "root"),
        *public,
        *_timed(project, layout, "backup", backup.at, f"Backs up the data of {layout.app}."),
        *(_timed(project, layout, "drill", project.drill.at, drill) if project.drill.at else ()),
    )


def told(data: Data) -> tuple[Resource, ...]:
    """What the host's jobs are told of the app's data."""
    content = json.dumps(data_to_wire(data), indent=2) + "\n"
    return (File(f"{data.base}/state/data.json", content, 0o600),)


def _timed(project: Project, layout: Layout, job: str, at: str, comment: str) -> tuple[Resource, ...]:
    """A job that the host's own timer starts."""
    unit = f"seawall-{job}-{layout.app}"
    sandbox = _sandbox(project.backup.repository)
    recovers = project.backup.pitr and job == "drill"
    service = render(
        "job.service.j2", layout=layout, agent=AGENT, job=job, comment=comment, recovers=recovers, **sandbox
    )
    timer = render("job.timer.j2", layout=layout, job=job, at=at, spread=SPREAD)
    return (
        File(f"{UNIT_DIR}/{unit}.service", service, service=UNITS.name),
        File(f"{UNIT_DIR}/{unit}.timer", timer, service=UNITS.name),
        UNITS,
        Unit(f"{unit}.timer"),
    )


def _sandbox(url: str) -> dict[str, str]:
    """What the job may see and write to: a repository on the host may be anywhere, and ssh reads root's own files."""
    if url.startswith(FOLDER):
        return {"system": "full", "home": "no"}
    return {"system": "strict", "home": "read-only" if url.startswith(SFTP) else "yes"}


def secret_resources(inputs: Inputs, layout: Layout) -> tuple[Resource, ...]:
    """The password of the repository and the secrets of its store, readable by root alone."""
    backup, own = inputs.project.backup, inputs.own
    if not wanted(inputs.project):
        return ()
    values = {"RESTIC_PASSWORD": own[BACKUP_PASSWORD], **{name: own[name] for name in backup.secrets}}
    files = {"backup.env": render_environment_file(values)}
    if backup.ssh_key:
        files["backup.key"] = _whole_lines(own[backup.ssh_key])
    return tuple(File(f"{layout.base}/state/{name}", text, 0o600, secret=True) for name, text in files.items())


def notes(project: Project) -> tuple[str, ...]:
    """What a person should know before a deployment."""
    url = project.backup.repository
    if url.startswith(FOLDER):
        return (f"the backups in {url} are on the host itself and are lost with it: a place elsewhere outlives it",)
    return ()


def _whole_lines(text: str) -> str:
    """ssh reads no key whose last line has no end."""
    return text.strip() + "\n"
