"""A bridge per test session, a network namespace per host, and the way out to the package archives.

Every name carries the session's slot, so sessions side by side do not meet and the leavings of a killed one are found
by name. Address and MAC of a host depend on slot and number alone: a new MAC behind an old address would leave stale
neighbour entries that block it for many seconds.
"""

from dataclasses import dataclass
from pathlib import Path

from .commands import HostError, run

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


@dataclass(frozen=True)
class Network:
    """The networks 10.231.<slot>.0/24 and fd5e:a1:<slot>::/64; only the first leads out into the world."""

    slot: int

    @property
    def bridge(self) -> str:
        return f"seawall-br{self.slot}"

    @property
    def prefix(self) -> str:
        return f"10.231.{self.slot}"

    @property
    def prefix6(self) -> str:
        return f"fd5e:a1:{self.slot:x}:"

    def up(self) -> None:
        """Makes the bridge and lets what is behind it reach the world. Forwarding stays on afterwards."""
        run(["ip", "link", "add", self.bridge, "mtu", str(_mtu()), "type", "bridge"])
        run(["ip", "address", "add", f"{self.prefix}.1/24", "dev", self.bridge])
        if has_ipv6():
            run(["ip", "address", "add", f"{self.prefix6}:1/64", "dev", self.bridge, "nodad"])
        run(["ip", "link", "set", self.bridge, "up"])
        FORWARDING.write_text("1")
        for table, rule in self._rules():
            run(["iptables", "-w", "-t", table, "-I", *rule])

    def down(self) -> None:
        """Removes all that carries this slot's name, whether it is there or not."""
        for namespace in _namespaces(f"seawall-{self.slot}-"):
            run(["ip", "netns", "delete", namespace])
        for interface in _interfaces(f"sw{self.slot}v"):
            # The kernel removes a pair together with its namespace, perhaps at this very moment.
            run(["ip", "link", "delete", interface], check=False)
        if self.bridge in _interfaces(self.bridge):
            run(["ip", "link", "delete", self.bridge])
        for table, rule in self._rules():
            while run(["iptables", "-w", "-t", table, "-C", *rule], check=False).returncode == 0:
                run(["iptables", "-w", "-t", table, "-D", *rule])

    def link(self, name: str, number: int) -> "Link":
        return Link(self, name, number)

    def _rules(self) -> list[tuple[str, list[str]]]:
        """Table, and chain with matches and target."""
        subnet = f"{self.prefix}.0/24"
        return [
            ("nat", ["POSTROUTING", "-s", subnet, "!", "-d", subnet, "-j", "MASQUERADE"]),
            ("filter", ["FORWARD", "-i", self.bridge, "-j", "ACCEPT"]),
            ("filter", ["FORWARD", "-o", self.bridge, "-j", "ACCEPT"]),
        ]


@dataclass(frozen=True)
class Link:
    """One host's place in the network: a namespace and the pair of interfaces that leads into it."""

    network: Network
    host: str
    number: int

    @property
    def address(self) -> str:
        return f"{self.network.prefix}.{10 + self.number}"

    @property
    def address6(self) -> str:
        return f"{self.network.prefix6}:{10 + self.number:x}"

    @property
    def mac(self) -> str:
        return f"02:5e:a1:00:{self.network.slot:02x}:{10 + self.number:02x}"

    @property
    def namespace(self) -> str:
        return f"seawall-{self.network.slot}-{self.host}"

    @property
    def interface(self) -> str:
        return f"sw{self.network.slot}v{self.number}"

    def up(self) -> None:
        mtu = str(_mtu())
        run(["ip", "netns", "add", self.namespace])
        outside = ["ip", "link", "add", self.interface, "mtu", mtu, "master", self.network.bridge, "type", "veth"]
        inside = ["peer", "name", "host0", "address", self.mac, "mtu", mtu, "netns", self.namespace]
        run([*outside, *inside])
        run(["ip", "link", "set", self.interface, "up"])
        within = ["ip", "-n", self.namespace]
        run([*within, "link", "set", "lo", "up"])
        run([*within, "address", "add", f"{self.address}/24", "dev", "host0"])
        if has_ipv6():
            run([*within, "address", "add", f"{self.address6}/64", "dev", "host0", "nodad"])
        run([*within, "link", "set", "host0", "up"])
        run([*within, "route", "add", "default", "via", f"{self.network.prefix}.1"])
        # A new namespace passes packets on if this machine does; a server does not.
        run(["ip", "netns", "exec", self.namespace, "sysctl", "-qw", "net.ipv4.ip_forward=0"])

    def renew(self) -> None:
        """The place of a machine that boots: nothing of its kernel is left, no firewall rule and no connection."""
        self.down()
        self.up()

    def down(self) -> None:
        run(["ip", "netns", "delete", self.namespace])
        # The kernel removes the pair with its namespace in its own time; the next host wants the name now.
        run(["ip", "link", "delete", self.interface], check=False)


def has_ipv6() -> bool:
    """Whether this machine's kernel speaks IPv6 at all; hosts then have an address of each kind."""
    switch = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
    return switch.exists() and switch.read_text().strip() == "0"


def _mtu() -> int:
    """The largest packet that the machine's way out takes: a larger one would vanish without a word."""
    words = run(["ip", "route", "show", "default"]).stdout.split()
    if "dev" not in words:
        raise HostError("this machine has no default route: test hosts could reach no package archive")
    device = words[words.index("dev") + 1]
    return int(Path(f"/sys/class/net/{device}/mtu").read_text())


def _namespaces(prefix: str) -> list[str]:
    return sorted(p.name for p in Path("/run/netns").glob(f"{prefix}*"))


def _interfaces(prefix: str) -> list[str]:
    return sorted(p.name for p in Path("/sys/class/net").glob(f"{prefix}*"))
