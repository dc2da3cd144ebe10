"""Booted hosts as in tests/hosts, for tests that also need the verifiers."""

import os
from functools import cache

import pytest

from hosts import needs
from hosts.conftest import (  # noqa: F401 - fixtures and hooks
    boot_module_host,
    lab,
    pytest_collection_modifyitems,
    pytest_runtest_makereport,
    ssh_environment,
)
from verifiers import installed


@cache
def _lacking() -> str | None:
    return needs.missing() or installed.missing()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("hosts") is not None:
        needs.enforce(_lacking(), os.environ)
