"""gixy-ng on all of a host's nginx configuration, the distribution's files included."""

import json
from pathlib import Path

from hosts.commands import run
from hosts.machine import Host

from .findings import Finding
from .installed import python_program

#: An `if` in a location that ends what rewrites, sets a variable or passes to the app, and an address in a variable:
#: how a site goes by what the live release speaks. nginx documents them for just that place (ngx_http_rewrite_module,
#: break and set; ngx_http_proxy_module; ngx_http_uwsgi_module), and an address needs no resolver.
OF_THE_WAY_TO_THE_APP = (
    ("if_is_evil", 'Directive "break" '),
    ("if_is_evil", 'Directive "set" '),
    ("if_is_evil", 'Directive "proxy_pass" '),
    ("if_is_evil", 'Directive "uwsgi_pass" '),
    ("missing_resolver", "'uwsgi_pass' uses a variable "),
    ("missing_resolver", "'proxy_pass' uses a variable "),
)


def scan(host: Host, directory: Path) -> list[Finding]:
    """What gixy says of `nginx -T`; `directory` is for the dump."""
    dump = directory / "nginx.conf"
    dump.write_text(host.run(["nginx", "-T"]).stdout)
    # It exits with 1 when it has findings; with no output at all it could not read the configuration.
    return parse(run([python_program("gixy"), "--format", "json", str(dump)], check=False).stdout)


def parse(text: str) -> list[Finding]:
    """Findings of every severity."""
    return [
        Finding("gixy", issue["plugin"], issue["severity"], f"{issue['reason']} ({issue['file']}:{issue['line']})")
        for issue in json.loads(text)
    ]


def counted(findings: list[Finding]) -> list[Finding]:
    """Without what is said of the way to the app."""
    return [
        f for f in findings if not any(f.id == id_ and f.text.startswith(text) for id_, text in OF_THE_WAY_TO_THE_APP)
    ]
