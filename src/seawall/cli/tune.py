"""`seawall tune`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from seawall.cli import console, options
from seawall.cli.command import Command

if TYPE_CHECKING:
    from seawall.config.model import Project
    from seawall.config.server import Kind
    from seawall.operations.hosts import Host
    from seawall.operations.plan import Wanted
    from seawall.operations.tune import Telling, Tuned
    from seawall.operations.tuning.proposal import Proposal

KINDS = click.Choice(["gunicorn", "uwsgi", "granian", "waitress", "uvicorn"])
PATH = "/"


@click.command("tune", cls=Command)
@options.project
@click.option("--host", metavar="HOST", help="Try on this host of the project, not on this machine.")
@click.option("--yes-on-live", is_flag=True, help="Try there though it serves visitors.")
@click.option("--route", "routes", multiple=True, metavar="PATH", help="Ask for this; may be repeated.")
@click.option("--kind", "kinds", multiple=True, type=KINDS, help="Try this server; may be repeated.")
@click.option("--workers", multiple=True, type=click.IntRange(1, 512), help="Try so many workers; may be repeated.")
@click.option("--threads", multiple=True, type=click.IntRange(1, 256), help="Try so many threads; may be repeated.")
@click.option("--visitors", default=16, type=click.IntRange(1, 1000), help="How many ask at the same time (16).")
@click.option("--seconds", "limit", default=60.0, type=click.FloatRange(5, 86400), help="How long it may take (60).")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the picture there.")
@click.option("--write", is_flag=True, help="Write what is proposed into seawall.toml.")
@options.as_json
def command(
    *,
    directory: Path,
    environment: str,
    host: str | None,
    yes_on_live: bool,
    routes: tuple[str, ...],
    kinds: tuple[str, ...],
    workers: tuple[int, ...],
    threads: tuple[int, ...],
    visitors: int,
    limit: float,
    svg: Path | None,
    write: bool,
    as_json: bool,
) -> None:
    """Find the quickest way to run the app, by trying.

    Runs the app as it is under one application server after the other, loads it, measures, and takes it back; then
    the best one with other threads, workers and switches. Nothing goes live. Proposes a change of seawall.toml only
    for a clear difference. Without --host it all happens on this machine, in the project's .seawall folder, with the
    settings of the environment `local`.

    \b
    Examples:
      seawall tune
      seawall tune --route / --route /entries --seconds 120
      seawall tune --kind gunicorn --workers 2 --workers 4 --threads 1 --threads 8
      seawall tune --host root@203.0.113.5 --yes-on-live --write
    """
    from seawall.cli.render.tune import plan_lines, proposal_lines, tuned_data, tuned_lines
    from seawall.config.document import find
    from seawall.config.load import load_to_deploy
    from seawall.config.model import LOCAL
    from seawall.operations.plan import read_project
    from seawall.operations.tune import tune
    from seawall.operations.tuning.candidates import Wish
    from seawall.operations.tuning.proposal import propose
    from seawall.operations.tuning.trials import Order

    project = load_to_deploy(directory, environment if host else LOCAL)
    wish = Wish(cast("tuple[Kind, ...]", kinds), workers, threads)
    asked = routes or tuple(dict.fromkeys((project.health.path, PATH)))
    order = Order(asked, () if routes else (PATH,), wish, limit, visitors, counts=bool(host or workers), leads=not host)
    with _place(read_project(project), host, yes_on_live) as (there, wanted):
        console.say(plan_lines(there.name, order))
        tuned = _follow(tune(there, wanted, order))
    proposal = propose(find(directory), project, tuned.now, tuned.best, counts=order.counts)
    picture = _picture(project, tuned, svg)
    if write and proposal.diff:
        _write(directory, proposal)
    if as_json:
        console.document(tuned_data(tuned, proposal, picture, written=write and bool(proposal.diff)))
    else:
        console.show(tuned_lines(tuned, picture))
        console.show(proposal_lines(proposal, written=write))


@contextmanager
def _place(wanted: Wanted, host: str | None, yes_on_live: bool) -> Iterator[tuple[Host, Wanted]]:
    from seawall.operations.tuning import place

    if host is None:
        console.say("making a place for it in .seawall/tune …")
        with place.on_this_machine(wanted) as here:
            yield here
        return
    from seawall.cli.sessions import connected_to

    with connected_to(wanted.project, (host,)) as (there,):
        place.check_host(there, yes_on_live=yes_on_live)
        try:
            yield there, wanted
        finally:
            there.session.wait_closed(place.PATIENCE)  # what was tried is taken back by then


def _follow(work: Generator[Telling, None, Tuned]) -> Tuned:
    """Do it and tell of it, a line for each turn and for what takes long."""
    from seawall.cli.render.tune import telling_lines

    while True:
        try:
            console.say(telling_lines(next(work)))
        except StopIteration as end:
            result: Tuned = end.value
            return result


def _picture(project: Project, tuned: Tuned, svg: Path | None) -> str:
    """Draw it; in the folder that never travels unless another place is named. Raises UsageError."""
    from seawall.cli.render.tune import picture
    from seawall.config.folder import own_folder
    from seawall.errors import UsageError

    path = svg or own_folder(project.directory) / "tune.svg"
    try:
        path.write_text(picture(project.name, tuned), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", place=str(path)) from error
    return str(path)


def _write(directory: Path, proposal: Proposal) -> None:
    from seawall.config.document import find
    from seawall.config.writing import replace

    replace(find(directory).path, proposal.text)
