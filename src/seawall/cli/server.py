"""`seawall server`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from seawall.cli import console, options
from seawall.cli.command import Command
from seawall.errors import UsageError

if TYPE_CHECKING:
    from seawall.operations.setup import SetUp, SetupPlan
    from seawall.stack.host import Options

F = TypeVar("F", bound=Callable[..., Any])

#: What `audit --exit-code` answers when something is not as it should be.
DRIFT = 3
#: The least time that a new connection needs, seconds.
LEAST_PATIENCE = 15


@click.group("server")
def command() -> None:
    """Make a fresh server a good home for apps, and look after it."""


def confirm_within(function: F) -> F:
    return click.option(
        "--confirm-within",
        type=click.IntRange(LEAST_PATIENCE, 600),
        default=60,
        show_default=True,
        metavar="SECONDS",
        help="How long the host waits for a new connection before it takes back what could lock you out.",
    )(function)


@command.command("setup", cls=Command)
@click.argument("host", metavar="[USER@]HOST")
@click.option("--user", metavar="NAME", help="The login that people use from now on; deploy unless told otherwise.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A public key to let in; those that let you in unless told otherwise. May be repeated.",
)
@click.option(
    "--allow", multiple=True, metavar="PORT", help="Open this port too: 8080, 53/udp, 6000:6010/tcp. May be repeated."
)
@click.option("--firewall/--no-firewall", default=None, help="Look after the firewall (ufw), or leave it alone.")
@click.option("--swap/--no-swap", default=None, help="Make a swap file where there is no swap, or none.")
@confirm_within
@options.yes
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@options.as_json
def setup(
    host: str,
    *,
    user: str | None,
    keys: tuple[Path, ...],
    allow: tuple[str, ...],
    firewall: bool | None,
    swap: bool | None,
    confirm_within: int,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a fresh Debian or Ubuntu server a good home for apps.

    Updates, a login with sudo and your key, sshd for keys alone, a firewall with ssh and the web open, fail2ban, limits
    for the journal, swap. The plan is shown first. What could lock you out is taken back by the host itself unless a
    new connection gets in. Run it again at any time: it changes what differs, and nothing else.

    \b
    Examples:
      seawall server setup root@203.0.113.5
      seawall server setup web1 --user ops --key ~/.ssh/ops.pub --allow 8443 --yes
      seawall server setup root@203.0.113.5 --dry-run
    """
    from seawall.operations.setup import own_keys, read_keys
    from seawall.stack.host import Options

    if not (yes or dry_run):
        console.must_ask("server setup", "look at it with --dry-run, then say --yes")
    chosen = Options(
        user, tuple(key for file in keys for key in read_keys(file)), allow or None, firewall, swap, own_keys()
    )
    with _planned(host, chosen) as plan:
        if dry_run:
            _show(plan, as_json)
        else:
            _carry_out(plan, yes, confirm_within, as_json)


@command.command("audit", cls=Command)
@click.argument("host", metavar="[USER@]HOST")
@click.option("--fix", is_flag=True, help="Put right what can be, as `seawall server setup` would.")
@confirm_within
@options.yes
@click.option("--exit-code", is_flag=True, help="Exit with 3 if anything is not as it should be.")
@options.as_json
@click.pass_context
def audit(
    ctx: click.Context, host: str, *, fix: bool, confirm_within: int, yes: bool, exit_code: bool, as_json: bool
) -> None:
    """Show where a server is no longer as `seawall server setup` made it.

    What was chosen then is kept on the host, so no options are needed.

    \b
    Examples:
      seawall server audit deploy@203.0.113.5
      seawall server audit deploy@203.0.113.5 --exit-code --json
      seawall server audit deploy@203.0.113.5 --fix
    """
    from seawall.operations.setup import own_keys
    from seawall.stack.host import Options

    if fix and not yes:
        console.must_ask("server audit --fix", "look at it without --fix, then say --yes")
    with _planned(host, Options(own_keys=own_keys())) as plan:
        if not fix:
            _show(plan, as_json, audited=True)
        elif plan.facts.profile is None:
            raise UsageError(
                f"{host} was never set up", state="nothing was changed", remedy=f"seawall server setup {host}"
            )
        else:
            _carry_out(plan, yes, confirm_within, as_json)
        if exit_code and (plan.setup.findings if fix else plan.drift):
            ctx.exit(DRIFT)


@contextmanager
def _planned(host: str, chosen: Options) -> Iterator[SetupPlan]:
    """A plan whose session ends with the block."""
    from seawall.operations.setup import make_plan

    plan = make_plan(host, chosen, console.ask_password)
    try:
        yield plan
    finally:
        plan.session.close()


def _show(plan: SetupPlan, as_json: bool, audited: bool = False) -> None:
    from seawall.cli.render.server import setup_data, setup_lines

    if as_json:
        console.document(setup_data(plan))
    else:
        console.show(setup_lines(plan, audited=audited))


def _carry_out(plan: SetupPlan, yes: bool, patience: int, as_json: bool) -> None:
    from seawall.cli.deploying import accept
    from seawall.cli.following import follow
    from seawall.cli.render.server import done_lines, setup_data, setup_lines
    from seawall.operations.setup import carry_out

    console.say(setup_lines(plan))
    done: SetUp | None = None
    if not plan.empty:
        if not yes:
            accept(f"Set {plan.destination} up like this?")
        done = follow(carry_out(plan, patience), "", [plan])
    if as_json:
        console.document(setup_data(plan, done))
    elif done is not None:
        console.show(done_lines(plan, done))
