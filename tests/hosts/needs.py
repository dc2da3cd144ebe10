"""What a machine must offer so that test hosts can boot on it, and what happens where it does not."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from . import cgroup

PROGRAMS = ("mmdebstrap", "systemd-nspawn", "ip", "iptables", "ssh", "ssh-keygen", "mkfs.ext4", "nsenter", "unshare")


def missing() -> str | None:
    """The first thing this machine lacks for test hosts, as a sentence, or None if it has everything."""
    if os.geteuid() != 0:
        return "test hosts need root"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"test hosts need {program}: run tools/install-test-tools"
    if not cgroup.roots():
        return "test hosts need a writable cgroup v2 hierarchy under /sys/fs/cgroup"
    if not Path("/dev/loop-control").exists():
        return "test hosts need loop devices (/dev/loop-control)"
    probe = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "true"], check=False, capture_output=True, text=True
    )
    if probe.returncode != 0:
        return f"test hosts need namespaces, and unshare says: {probe.stderr.strip()}"
    return None


def enforce(lacking: str | None, environment: Mapping[str, str]) -> None:
    """Skips the running test if something is lacking; under CI=true such a skip is a failure."""
    if lacking is None:
        return
    if environment.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"{lacking}; under CI a host test may not be skipped", pytrace=False)
    pytest.skip(lacking)
