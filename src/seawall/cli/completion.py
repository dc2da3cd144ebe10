"""`seawall completion`."""

from __future__ import annotations

import click

from seawall.cli.command import Command


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      eval "$(seawall completion bash)"          in ~/.bashrc
      eval "$(seawall completion zsh)"           in ~/.zshrc
      seawall completion fish > ~/.config/fish/completions/seawall.fish
    """
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    assert maker is not None  # noqa: S101 - click has these three
    root = ctx.find_root()
    click.echo(maker(root.command, {}, "seawall", "_SEAWALL_COMPLETE").source())
