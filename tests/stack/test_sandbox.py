"""What `[sandbox]` makes of the units: each permission takes away its lines and nothing else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.config.security import Permission, Sandbox
from seawall.errors import ConfigError
from seawall.stack import sandbox
from stack import place
from stack.cases import composed, project

DATA = "/srv/guestbook/data"
FILTER = "SystemCallFilter=@system-service"
#: For each permission what it takes from the strict sandbox, and what stands there instead.
LOOSENED: Mapping[str, tuple[set[str], set[str]]] = {
    "write-execute-memory": ({"MemoryDenyWriteExecute=yes"}, set()),
    "other-users": ({"PrivateUsers=yes"}, set()),
    "scheduling": (
        {"RestrictRealtime=yes", "SystemCallFilter=~@privileged @resources"},
        {"SystemCallFilter=~@privileged"},
    ),
    "devices": ({"PrivateDevices=yes", "DevicePolicy=closed"}, set()),
    "home": ({"ProtectHome=yes"}, {"ProtectHome=read-only"}),
    "processes": ({"ProtectProc=invisible", "ProcSubset=pid"}, set()),
    "network-interfaces": (
        {"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"},
        {"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"},
    ),
    "namespaces": (
        {"RestrictNamespaces=yes", FILTER, "SystemCallFilter=~@privileged @resources"},
        {f"{FILTER} @mount", "SystemCallFilter=~@resources"},
    ),
    # All that implies NoNewPrivileges=yes in the systemd of Debian 12, as was tried there, line by line.
    "privileges": (
        {
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=",
            "LockPersonality=yes",
            "MemoryDenyWriteExecute=yes",
            "PrivateDevices=yes",
            "PrivateUsers=yes",
            "ProtectClock=yes",
            "ProtectHostname=yes",
            "ProtectKernelLogs=yes",
            "ProtectKernelModules=yes",
            "ProtectKernelTunables=yes",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
            "RestrictNamespaces=yes",
            "RestrictRealtime=yes",
            "RestrictSUIDSGID=yes",
            "SystemCallArchitectures=native",
            FILTER,
            "SystemCallFilter=~@privileged @resources",
            "SystemCallErrorNumber=EPERM",
        },
        set(),
    ),
    "system-calls": (
        {
            "SystemCallArchitectures=native",
            FILTER,
            "SystemCallFilter=~@privileged @resources",
            "SystemCallErrorNumber=EPERM",
        },
        set(),
    ),
    "shared-memory": ({"PrivateIPC=yes", "RemoveIPC=yes"}, set()),
    "shared-tmp": ({"PrivateTmp=yes"}, {"ReadWritePaths=/tmp /var/tmp"}),
}
PERMISSIONS = st.sets(st.sampled_from(sorted(LOOSENED)))


def settings(**values: Any) -> Sandbox:
    return Sandbox(**values)


def box(**values: Any) -> list[str]:
    return list(sandbox.lines(settings(**values), DATA))


def directives(lines: Iterable[str]) -> set[str]:
    return {line for line in lines if not line.startswith("#")}


def exposure(lines: Iterable[str], folder: Path) -> float:
    """systemd's own opinion of a unit that has nothing but this sandbox and a user (systemd-analyze(1), security)."""
    unit = folder / "guestbook.service"
    unit.write_text("\n".join(["[Service]", "User=daemon", "ExecStart=/bin/true", *lines, ""]))
    command = [place.needed("systemd-analyze"), "security", "--offline=yes", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"exposure level for \S+: ([\d.]+) ", said)
    assert found, said
    return float(found[1])


def test_every_permission_of_the_configuration_is_spoken_of_here() -> None:
    assert set(LOOSENED) == set(get_args(Permission))


@pytest.mark.parametrize("permission", sorted(LOOSENED))
def test_a_permission_takes_away_exactly_its_lines_and_leaves_its_reason(permission: str) -> None:
    gone, instead = LOOSENED[permission]
    before, after = box(level="strict"), box(level="strict", allow={permission: "the reason"})
    assert directives(before) - directives(after) == gone
    assert directives(after) - directives(before) == instead
    assert set(after) - set(before) - instead == {f"# {permission} allowed: the reason"}


@given(PERMISSIONS, st.sampled_from(["standard", "strict"]))
def test_permissions_together_take_away_what_each_of_them_does(allowed: set[str], level: str) -> None:
    lines = box(level=level, allow={name: f"because of {name}" for name in allowed})
    before = directives(box(level=level))
    gone = {line.partition("=")[0] for name in allowed for line in LOOSENED[name][0]}
    kept = {line for line in before if line.partition("=")[0] not in gone}
    assert kept <= directives(lines)
    only_loosened = {line.partition("=")[0] for line in before ^ directives(lines)} - {"ReadWritePaths"}
    assert only_loosened <= gone
    for name in allowed:
        strict_alone = name in ("write-execute-memory", "other-users") and level == "standard"
        assert lines.count(f"# {name} allowed: because of {name}") == (0 if strict_alone else 1)


def test_no_permission_opens_the_file_system_and_only_one_the_kernel() -> None:
    every = directives(box(allow=dict.fromkeys(LOOSENED, "all of it")))
    assert {"ProtectSystem=strict", "ProtectControlGroups=yes", "KeyringMode=private", "UMask=0077"} <= every
    few = dict.fromkeys(set(LOOSENED) - {"privileges"}, "all the rest")
    assert {"NoNewPrivileges=yes", "ProtectKernelModules=yes", "RestrictSUIDSGID=yes"} <= directives(box(allow=few))


@pytest.mark.parametrize(
    ("values", "at_most"),
    [
        ({}, 1.5),
        ({"level": "strict"}, 1.1),
        ({"level": "strict", "outbound": "none"}, 0.9),
        ({"level": "strict", "outbound": ["10.0.0.0/8"]}, 1.1),
    ],
)
def test_systemd_finds_little_exposed(values: dict[str, Any], at_most: float, tmp_path: Path) -> None:
    assert exposure(box(**values), tmp_path) <= at_most


def test_systemd_would_find_more_exposed_without_a_line(tmp_path: Path) -> None:
    """The test above can fail."""
    assert exposure([line for line in box(level="strict") if line != "PrivateUsers=yes"], tmp_path) > 1.1


@pytest.mark.parametrize("permission", [None, *sorted(LOOSENED)])
def test_systemd_knows_every_line(permission: str | None, tmp_path: Path) -> None:
    """`systemd-analyze verify` returns 0 on keys and values that it does not understand, so its words are read."""
    lines = box(
        level="strict",
        outbound=["10.0.0.0/8", "2001:db8::/32"],
        memory="1g",
        allow={permission: "why"} if permission else {},
        write={"/srv/a b%c": "why", '/srv/"quoted\\"': "why"},
    )
    unit = tmp_path / "guestbook.service"
    unit.write_text("\n".join(["[Service]", "User=daemon", "ExecStart=/bin/true", *lines, ""]))
    command = [place.needed("systemd-analyze"), "verify", "--man=no", "--recursive-errors=one", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_path_to_write_to_stands_below_its_reason_and_must_exist() -> None:
    lines = box(write={"/srv/my media": "shared with the converter"})
    at = lines.index("# /srv/my media may be written: shared with the converter")
    assert lines[at + 1] == 'ReadWritePaths="/srv/my media"'


def test_what_is_written_for_others_is_theirs_to_read() -> None:
    assert "UMask=0027" in box(write={"/srv/media": "shared with the converter"})


@pytest.mark.parametrize("path", ["/home/ada/media", "/root", "/run/user/1000/x"])
def test_a_path_in_a_home_that_is_hidden_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="hides from the app"):
        box(write={path: "why"})
    assert f"ReadWritePaths={path}" in box(write={path: "why"}, allow={"home": "the media of ada"})


def test_a_path_that_goes_up_is_refused() -> None:
    with pytest.raises(ConfigError, match="goes up"):
        box(write={"/srv/media/../x": "why"})


def test_without_connections_to_elsewhere_the_host_itself_is_still_there() -> None:
    assert {"IPAddressDeny=any", "IPAddressAllow=localhost"} <= set(box(outbound="none"))
    assert "IPAddressAllow=localhost 10.0.0.0/8 2001:db8::1" in box(outbound=["10.0.0.0/8", "2001:db8::1"])
    assert not [line for line in box() if line.startswith("IPAddress")]


@pytest.mark.parametrize(
    ("size", "line"), [("512m", "MemoryMax=512M"), ("2g", "MemoryMax=2G"), ("4096", "MemoryMax=4096")]
)
def test_memory_has_the_limit_that_was_asked_for_and_no_way_out_into_swap(size: str, line: str) -> None:
    assert {line, "MemorySwapMax=0"} <= set(box(memory=size))
    assert not [line for line in box() if line.startswith("Memory")]


def test_workers_and_scheduled_commands_are_in_the_apps_sandbox() -> None:
    made = composed(
        project(
            sandbox={"level": "strict", "memory": "1g", "allow": {"devices": "the model runs on the GPU"}},
            processes={"worker": "work"},
            schedule={"clean": {"command": "clean", "at": "daily"}},
        )
    )
    services = [file for item in made.release.programs for file in item.files if file.name.endswith(".service")]
    assert len(services) == 3
    for file in services:
        lines = file.content.splitlines()
        assert {"MemoryDenyWriteExecute=yes", "MemoryMax=1G", "# devices allowed: the model runs on the GPU"} <= set(
            lines
        )
        assert "PrivateDevices=yes" not in lines
