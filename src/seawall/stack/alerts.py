"""The watch of an app on a server: a timer of the host's own, in a sandbox, and what it goes by."""

from __future__ import annotations

import json

from seawall.agent.data.alert_settings import AlertSettings, Mail, Thresholds, Webhook, settings_to_wire
from seawall.agent.envfile import render_environment_file
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import AgentCopy, Directory, File, Layout, Unit
from seawall.config.alerts import Alerts
from seawall.config.model import Project
from seawall.stack.backup import AGENT
from seawall.stack.composition import Inputs
from seawall.stack.templates import render
from seawall.stack.tls import SiteTls
from seawall.stack.unit_files import UNIT_DIR, UNITS


def resources(project: Project, layout: Layout, tls: SiteTls | None, host: str) -> tuple[Resource, ...]:
    """What the host holds for the watch; nothing where there is nobody to tell. ``host`` is what people call it."""
    alerts = project.alerts
    if not alerts.wanted:
        return ()
    unit = f"seawall-watch-{layout.app}"
    told = AlertSettings(
        host=host,
        layout=layout,
        certificate=tls.certificate if tls else "",
        minutes=alerts.minutes,
        mail=_mail(alerts),
        webhook=_webhook(alerts),
        thresholds=Thresholds(alerts.disk_percent, alerts.certificate_days, alerts.restarts),
    )
    content = json.dumps(settings_to_wire(told), indent=2) + "\n"
    service = render("watch.service.j2", layout=layout, agent=AGENT, archive=project.backup.pitr)
    timer = render("watch.timer.j2", layout=layout, minutes=alerts.minutes)
    return (
        AgentCopy(AGENT),
        Directory(f"{layout.base}/state/data", 0o700, "root", "root"),
        File(f"{layout.base}/state/alerts.json", content, 0o600),
        File(f"{UNIT_DIR}/{unit}.service", service, service=UNITS.name),
        File(f"{UNIT_DIR}/{unit}.timer", timer, service=UNITS.name),
        UNITS,
        Unit(f"{unit}.timer"),
    )


def secret_resources(inputs: Inputs, layout: Layout) -> tuple[Resource, ...]:
    """The mail server's password and the webhook's URL, readable by root alone."""
    names = inputs.project.alerts.secrets
    if not names:
        return ()
    content = render_environment_file({name: inputs.own[name] for name in names})
    return (File(f"{layout.base}/state/alerts.env", content, 0o600, secret=True),)


def _mail(alerts: Alerts) -> Mail | None:
    if not alerts.email:
        return None
    smtp = alerts.smtp
    return Mail(
        recipients=alerts.email,
        sender=alerts.sender or alerts.email[0],
        host=smtp.host,
        port=alerts.port,
        tls=smtp.tls,
        user=smtp.user,
        password=smtp.password if smtp.user else "",
    )


def _webhook(alerts: Alerts) -> Webhook | None:
    if not alerts.webhook:
        return None
    secret = alerts.webhook_secret
    return Webhook(alerts.format, "" if secret else alerts.webhook, secret)
