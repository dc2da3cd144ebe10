"""The guestbook on a host, put there as a person does who leaves every setting as it is: set up, then deployed.

The certificate is issued by a test authority, through ACME as Let's Encrypt would.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hosts.machine import Host
from hosts.pebble import Pebble
from hosts.product import Project, copied_project

from .findings import Target

GUESTBOOK = Path(__file__).resolve().parents[2] / "examples" / "guestbook"
DOMAIN = "guestbook.example.com"
AUTHORITY = "/etc/ssl/pebble.pem"


@dataclass(frozen=True)
class Site:
    """The host, the project on this machine, and what a verifier needs to reach the site."""

    host: Host
    project: Project
    target: Target

    def unit(self) -> str:
        """The service of the live release."""
        return f"seawall-guestbook@{self.project.live()}.service"


def make_site(host: Host, pebble: Pebble, environment: Mapping[str, str], directory: Path) -> Site:
    """`seawall server setup` and `seawall deploy`, as the guide for beginners has them."""
    project = copied_project(directory, environment, GUESTBOOK)
    project.seawall("server", "setup", f"root@{host.name}", "--yes")
    # What a person has from the name's registrar and from the world's list of authorities.
    host.run(["sh", "-c", f"echo {host.address} {DOMAIN} >>/etc/hosts"])
    host.write_file(AUTHORITY, pebble.own_certificate)
    project.configure(
        hosts=[f"deploy@{host.name}"], tls={"mode": "acme", "directory": pebble.url, "directory_ca": AUTHORITY}
    )
    project.seawall("secret", "set", "SECRET_KEY", input=f"{'verified' * 8}\n")
    project.deploy()
    trusted = directory / "authority.pem"
    trusted.write_text(pebble.roots[-1])
    return Site(host, project, Target(DOMAIN, host.address, trusted))
