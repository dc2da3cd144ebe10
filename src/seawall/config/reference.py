"""The reference page of ``seawall.toml``, written from the model."""

from __future__ import annotations

from itertools import groupby

from seawall.config.schema import KeyFacts, all_keys, table_description

_INTRODUCTION = """\
# seawall.toml

This page is made from the configuration's model by `make docs`; `seawall config explain KEY` shows the same texts.

seawall looks for `seawall.toml`, or `[tool.seawall]` in `pyproject.toml`, in the current folder and those above it.
Only `name` and `app.entry` must be given. `BASE` is `/srv/APP` on a server and `.seawall/local` on the local target.

```toml
name = "guestbook"
domains = ["guestbook.example.com"]
hosts = ["root@203.0.113.5"]
secrets = ["SECRET_KEY"]

[app]
entry = "guestbook:create_app()"

[static]
"/static/" = "guestbook/static"
```
"""

_ENVIRONMENTS = """\
## [environments.NAME]

An environment has any of the keys above, as far as they differ from the base: tables merge, everything else replaces.
`production` (the default) and `local` (`seawall up`) always exist. In another environment the app is called
`name-NAME`, so that both fit on one host, unless the environment sets a `name` of its own.

```toml
[environments.staging]
hosts = ["staging"]
server.workers = 1
```

## Where variables come from

From weak to strong: `[env]`; `.env` (local target only); `.env.NAME` of the environment NAME; the secrets that
`secrets` names, from `seawall.secrets`. Values are never shown.
"""


def markdown() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for table, keys in groupby(all_keys(), key=_table):
        if table:
            parts.append(_heading(table))
        else:
            parts.append("## At the top of the file\n")
        parts += [_entry(known) for known in keys]
    return "\n".join([*parts, _ENVIRONMENTS])


def _table(known: KeyFacts) -> str:
    """The table a key stands in; a table whose keys are the user's is its own."""
    table = known.key.rpartition(".")[0]
    return table or (known.key if known.example.startswith("[") else "")


def _heading(table: str) -> str:
    text = "" if table in {known.key for known in all_keys()} else table_description(table)
    return f"## [{table}]\n" + (f"\n{text}\n" if text else "")


def _entry(known: KeyFacts) -> str:
    default = "must be given" if known.required else f"default `{known.default}`"
    return (
        f"### `{known.key}`\n\n{known.description}\n\n"
        f"- Must be {known.must_be}; {default}.\n- Becomes {known.becomes}.\n\n```toml\n{known.example}\n```\n"
    )
