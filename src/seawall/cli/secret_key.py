"""`seawall secret key`: who can read the secrets."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command
from seawall.cli.render.lines import count


@click.group("key")
def group() -> None:
    """Say who can read the secrets.

    They are encrypted for a list of public keys; whoever has the private half of one can read them.
    """


@group.command("list", cls=Command)
@options.directory
@options.as_json
def list_(directory: Path, as_json: bool) -> None:
    """List the public keys that can read the secrets.

    \b
    Examples:
      seawall secret key list
    """
    from seawall.config.document import find
    from seawall.config.recipients import recipients

    keys = recipients(find(directory).directory)
    if as_json:
        console.document({"keys": list(keys)})
    else:
        console.show("\n".join(keys) or "No keys: `seawall secret set NAME` makes the first.")


@group.command("add", cls=Command)
@options.directory
@click.argument("public", metavar="PUBLICKEY")
def add(directory: Path, public: str) -> None:
    """Let another key read all secrets, those of every environment; needs a key that can.

    \b
    Examples:
      seawall secret key add age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
    """
    from seawall.config.document import find
    from seawall.config.recipients import add_recipient

    done = add_recipient(find(directory).directory, public)
    console.show(f"{count(done, 'secret')} encrypted anew, for this key too")


@group.command("rm", cls=Command)
@options.directory
@click.argument("public", metavar="PUBLICKEY")
def rm(directory: Path, public: str) -> None:
    """Let a key read the secrets no more; needs a key that can.

    What it could read it may have kept, and version control keeps the file as it was: rotate what must be secret from
    its owner.

    \b
    Examples:
      seawall secret key rm age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
    """
    from seawall.config.document import find
    from seawall.config.recipients import remove_recipient

    done = remove_recipient(find(directory).directory, public)
    console.show(f"{count(done, 'secret')} encrypted anew, without this key")
    console.say("note: it still opens older versions of the file: rotate what its owner must not know")
