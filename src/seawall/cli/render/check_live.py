"""A proposed Content-Security-Policy, in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, count

if TYPE_CHECKING:
    from seawall.checks.live.csp import Proposal


def proposal_lines(proposal: Proposal | None) -> list[Line]:
    """The snippet for seawall.toml, with what to know of it as comments."""
    if proposal is None:
        return [Line("# No page was seen, so no Content-Security-Policy can be proposed.", "careful")]
    return [
        Line(f"# A Content-Security-Policy for the {count(proposal.pages, 'page')} seen, to try in seawall.toml:"),
        *(Line(f"# {remark}", "faint") for remark in proposal.remarks),
        *(Line(line) for line in proposal.toml.splitlines()),
    ]


def proposal_data(proposal: Proposal | None) -> dict[str, Any]:
    if proposal is None:
        return {}
    return {"policy": proposal.policy, "pages": proposal.pages, "remarks": list(proposal.remarks)}
