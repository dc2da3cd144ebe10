"""The certificate of a project's site: how it is on each host, and renewing it now."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.agent.certificates.served import WORRY
from seawall.agent.resource import resource_to_wire
from seawall.agent.vocabulary import Event
from seawall.config.model import LOCAL, Project
from seawall.errors import UsageError
from seawall.operations.events import Happening, Progress
from seawall.operations.hosts import Host, person
from seawall.operations.parallel import Tell, on_each
from seawall.stack.compose import certificate_for, front_service
from seawall.stack.facts import Facts

#: Seconds in a day.
DAY = 86400


@dataclass(frozen=True)
class Seen:
    """One certificate; ``error`` says why there is none to see, or is empty. ``days`` are those left."""

    names: tuple[str, ...] = ()
    issuer: str = ""
    self_signed: bool = False
    begins: str = ""
    ends: str = ""
    days: int = 0
    lifetime_days: int = 0
    fingerprint: str = ""
    path: str = ""
    error: str = ""

    @property
    def ending(self) -> bool:
        return not self.error and self.days < min(WORRY / DAY, self.lifetime_days / 6)


@dataclass(frozen=True)
class CertificateStatus:
    """The certificate on one host: on its disk, and as visitors are shown it.

    ``trouble`` says how the one on disk differs from what the configuration wants, or is empty; ``renewed`` whether it
    has just become another one.
    """

    host: str
    mode: str
    domains: tuple[str, ...]
    disk: Seen
    served: Seen
    trouble: str
    renewed: bool = False

    @property
    def well(self) -> bool:
        """What is wanted is there and shown, and not about to end."""
        same = not self.served.error and self.served.fingerprint == self.disk.fingerprint
        return same and not self.trouble and not self.served.ending


def status(project: Project, hosts: Sequence[Host]) -> list[CertificateStatus]:
    """How it is on each host. Raises UsageError where the site has none."""
    questions = [_question(project, host) for host in hosts]
    return [
        _status(project, host, question, host.session.request("certificate", **question))
        for host, question in zip(hosts, questions, strict=True)
    ]


def renew(
    project: Project, hosts: Sequence[Host], *, force: bool
) -> Generator[Happening, None, list[CertificateStatus]]:
    """Renew it now where it is due, or with ``force`` in any case; return how it is then.

    Raises UsageError where there is nothing to renew, HostError if it failed: the old one stays.
    """
    if project.tls.mode == "self-signed":
        raise UsageError(
            "the certificate is self-signed: `seawall deploy` makes a new one in time",
            place="[tls]",
            remedy='set tls.mode to "acme" for one that browsers trust',
        )
    questions = {host.name: _question(project, host) for host in hosts}

    def work(host: Host, tell: Tell) -> CertificateStatus:
        def hear(event: Event) -> None:
            tell(Progress(host.name, event))

        question = questions[host.name]
        answer = host.session.request("renew-certificate", hear, by=person(), force=force, **question)
        return _status(project, host, question, answer)

    outcomes = yield from on_each(hosts, work, lambda: "certbot ends what it has begun")
    if outcomes.failures:
        raise outcomes.failures[0][1]
    return outcomes.results


def _question(project: Project, host: Host) -> dict[str, Any]:
    wanted = certificate_for(project, host.target, Facts.from_wire(host.session.facts))
    if wanted is None:
        if project.environment == LOCAL:
            raise UsageError(
                "this machine's certificate is made anew by `seawall up`", remedy="name an environment: -e"
            )
        raise UsageError('the site has no certificate: tls.mode is "off"', place="[tls]", remedy="choose another mode")
    domains = wanted.domains or project.domains
    domain = domains[0] if domains else getattr(host.target, "address", "localhost")
    return {
        "certificate": resource_to_wire(wanted),
        "service": resource_to_wire(front_service(project)),
        "domain": domain.replace("*", "www", 1),
    }


def _status(project: Project, host: Host, question: dict[str, Any], answer: dict[str, Any]) -> CertificateStatus:
    return CertificateStatus(
        host=host.name,
        mode=project.tls.mode,
        domains=tuple(question["certificate"]["domains"]),
        disk=_seen(answer["disk"]),
        served=_seen(answer["served"]),
        trouble=answer["trouble"],
        renewed=answer.get("renewed", False),
    )


def _seen(answer: dict[str, Any]) -> Seen:
    return Seen(**{**answer, "names": tuple(answer.get("names", ()))})
