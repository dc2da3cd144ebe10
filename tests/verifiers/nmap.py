"""nmap from this machine: which ports of a host answer."""

from ipaddress import ip_address
from xml.etree import ElementTree

from hosts.commands import run

#: A test host is a hop away and loses nothing, so this is as thorough as a slow scan.
SPEED = ("-n", "-Pn", "-T4", "--max-retries", "1")


def tcp_ports(address: str) -> set[int]:
    """The open ones of all 65535 TCP ports; a few seconds."""
    return _open([*SPEED, "--min-rate", "20000", "-sS", "-p-"], address)


def udp_ports(address: str) -> set[int]:
    """Those of the 100 usual UDP ports that answered. A silent port may be open or filtered; nobody can tell."""
    return _open([*SPEED, "--min-rate", "200", "-sU", "--top-ports", "100"], address)


def _open(options: list[str], address: str) -> set[int]:
    family = ["-6"] if ip_address(address).version == 6 else []
    return parse(run(["nmap", *family, *options, "-oX", "-", address], timeout=300).stdout)


def parse(xml: str) -> set[int]:
    """The ports whose state is `open`, from a finished scan."""
    report = ElementTree.fromstring(xml)  # noqa: S314 - nmap's own output
    finished = report.find("runstats/finished")
    assert finished is not None, "nmap did not finish"
    assert finished.get("exit") == "success", "nmap did not finish"
    found = report.findall("host/ports/port")
    return {int(port.attrib["portid"]) for port in found if _state(port) == "open"}


def _state(port: ElementTree.Element) -> str:
    state = port.find("state")
    return "" if state is None else state.attrib["state"]
