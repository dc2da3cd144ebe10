"""Fixtures that hand out booted hosts. Whatever uses one carries the marker `hosts`."""

import os
from collections.abc import Callable, Generator, Iterator
from functools import cache

import pytest

from . import needs
from .data_host import DATA_PACKAGES, at_rest
from .image import WARM_PACKAGES
from .lab import Lab, open_lab
from .machine import Host

BootHost = Callable[..., Host]
_lacking = cache(needs.missing)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "lab" in item.fixturenames:
            item.add_marker(pytest.mark.hosts)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("hosts") is not None:
        needs.enforce(_lacking(), os.environ)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed host test shows what its hosts logged."""
    report = yield
    opened = getattr(item, "funcargs", {}).get("lab")
    if report.failed and call.when == "call" and isinstance(opened, Lab):
        for host in opened.hosts.values():
            report.sections.append((f"journal of {host.name}", host.journal()))
    return report


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The session's place for hosts."""
    with open_lab() as opened:
        yield opened


@pytest.fixture(scope="session")
def ssh_environment(lab: Lab) -> dict[str, str]:
    """An environment in which plain `ssh` knows the session's hosts, its key and their host keys."""
    return lab.client.environment()


@pytest.fixture
def boot_host(lab: Lab) -> Iterator[BootHost]:
    """A factory: `boot_host(name=None, suite="bookworm", packages=())` gives a fresh host for this test."""
    yield from _hosts_for_a_while(lab)


@pytest.fixture(scope="module")
def boot_module_host(lab: Lab) -> Iterator[BootHost]:
    """The same, for hosts that live as long as the test module."""
    yield from _hosts_for_a_while(lab)


@pytest.fixture
def host(boot_host: BootHost) -> Host:
    """A fresh Debian bookworm with nothing on it but sshd, sudo and python3."""
    return boot_host()


@pytest.fixture
def warm_host(boot_host: BootHost) -> Host:
    """A fresh bookworm that has the packages a first deployment installs."""
    return boot_host(packages=WARM_PACKAGES)


@pytest.fixture(scope="module")
def module_host(boot_module_host: BootHost) -> Host:
    """A warm host that the tests of one module share; `reset`, or `save` and `restore`, start it over."""
    return boot_module_host(packages=WARM_PACKAGES)


@pytest.fixture(scope="module")
def data_host(boot_module_host: BootHost) -> Host:
    """A warm host with the databases' packages too, all at rest, that the tests of one module share."""
    return at_rest(boot_module_host(packages=DATA_PACKAGES))


def _hosts_for_a_while(lab: Lab) -> Iterator[BootHost]:
    mine: list[Host] = []

    def boot(*args: object, **options: object) -> Host:
        mine.append(lab.boot(*args, **options))  # type: ignore[arg-type]
        return mine[-1]

    yield boot
    for host in reversed(mine):
        lab.remove(host)
