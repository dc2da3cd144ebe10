"""What is live after a deployment, where, and how to go back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seawall.cli.render.errors import error_data, warning_lines
from seawall.cli.render.lines import Line, seconds

if TYPE_CHECKING:
    from seawall.config.model import Project
    from seawall.errors import SeawallError
    from seawall.operations.plan import Plan


@dataclass(frozen=True)
class Done:
    """The live release, what was live before on each host, the seconds it took, and what went wrong all the same."""

    live: str
    before: dict[str, str]
    seconds: float
    troubles: tuple[SeawallError, ...] = ()


def deployed_lines(plan: Plan, done: Done) -> list[Line]:
    """`v13 is live: https://guestbook.example.com (4.21 s)`, and how to go back."""
    lines = [Line(f"{done.live} is live: {', '.join(addresses(plan))} ({seconds(done.seconds)})", "good")]
    earlier = sorted(set(done.before.values()) - {"", done.live})
    if earlier:
        lines.append(Line(f"back to {', '.join(earlier)}: seawall rollback{environment_option(plan.project)}"))
    for trouble in done.troubles:
        lines += warning_lines(trouble)
    return lines


def deployed_data(plan: Plan, done: Done) -> dict[str, Any]:
    return {
        "app": plan.project.app_id,
        "environment": plan.project.environment,
        "changed": not plan.empty,
        "live": done.live,
        "before": done.before,
        "addresses": addresses(plan),
        "seconds": round(done.seconds, 3),
        "notes": list(plan.notes),
        "warnings": [error_data(trouble)["error"] for trouble in done.troubles],
    }


def addresses(plan: Plan) -> list[str]:
    """Where visitors find the app."""
    from seawall.config.model import LOCAL
    from seawall.operations import local
    from seawall.operations.hosts import address_of

    project = plan.project
    if project.environment == LOCAL:
        return [local.address(project)]
    scheme = "http" if project.tls.mode == "off" else "https"
    names = project.domains or [_in_url(address_of(item.host.name)) for item in plan.hosts]
    return [f"{scheme}://{name}" for name in names]


def environment_option(project: Project) -> str:
    """The option that names the environment, for a command a person is to type."""
    return "" if project.environment == "production" else f" -e {project.environment}"


def _in_url(address: str) -> str:
    """An IPv6 address stands in brackets (RFC 3986, 3.2.2)."""
    return f"[{address}]" if ":" in address else address
