"""Sites that are shut down whatever happens."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local.site import Site, new_site
from seawall.operations import hosts

#: What the tests are done with: nginx where there is one.
nginx = hosts._nginx()


@pytest.fixture(autouse=True, scope="session")
def _nginx_in_ci() -> None:
    assert nginx or os.environ.get("CI") != "true", "no nginx here: run tools/install-test-tools"


@pytest.fixture(scope="module")
def deployed() -> Iterator[Site]:
    """A site with a first release, shared by the tests of a module."""
    site = new_site()
    try:
        site.deploy()
        yield site
    finally:
        site.end()


@pytest.fixture
def site(deployed: Site) -> Iterator[Site]:
    """The module's site with its project as it works; a test may leave any release live."""
    deployed.reset()
    deployed.recovered.clear()
    yield deployed
    deployed.reset()


@pytest.fixture
def fresh() -> Iterator[Site]:
    """A site of the test's own, not deployed yet."""
    site = new_site()
    try:
        yield site
    finally:
        site.end()
