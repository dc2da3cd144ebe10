"""Lays a composition for this machine out by hand, as far as the real programs need it to be started."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.envfile import render_environment_file
from seawall.agent.stage import fill
from seawall.agent.vocabulary import Directory, File, Service, UnitFile
from seawall.stack.composition import Composition
from seawall.stack.targets import LocalTarget
from stack.cases import LOCAL


def needed(program: str) -> str:
    """The path of a program that a test needs. Without it the test is skipped by name, and fails where CI is set."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found:
        return found
    reason = f"{program} is not installed; tools/install-test-tools installs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def local_target(directory: Path, *, nginx: str) -> LocalTarget:
    """This machine, with a certificate for localhost and two free ports."""
    certificate, key = certificate_in(directory / "ca")
    return replace(
        LOCAL,
        directory=str(directory),
        user="root",
        nginx=nginx,
        https_port=free_port(),
        http_port=free_port(),
        is_root=os.geteuid() == 0,
        tool_python=sys.executable,
        certificate=certificate,
        key=key,
    )


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def certificate_in(folder: Path) -> tuple[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "localhost.crt", folder / "localhost.key"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run(
        [
            *command,
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    return str(certificate), str(key)


def lay_out(made: Composition) -> None:
    """Directories and files of the host."""
    for resource in made.resources:
        if isinstance(resource, Directory):
            Path(resource.path).mkdir(mode=resource.mode, parents=True, exist_ok=True)
    for resource in made.resources:
        if isinstance(resource, File):
            Path(resource.path).write_text(resource.content)


def stage(made: Composition, release: str) -> Path:
    """A release's folder with its settings and environment; its code and virtual environment are empty."""
    root = Path(made.layout.base) / "releases" / release
    for folder in ("code", "settings", "static", "venv/bin"):
        (root / folder).mkdir(parents=True)
    (root / "env").write_text(render_environment_file(made.release.env))
    for file in made.release.files:
        (root / file.name).write_text(filled(file, release).content)
    (root / "web.sock").symlink_to(f"{made.layout.run}/{release}.sock")
    return root


def install(made: Composition, release: str) -> None:
    """The release's fragments, where supervisord reads them."""
    for program in made.release.programs:
        for file in program.files:
            unit = filled(file, release)
            (Path(made.layout.fragments) / unit.name).write_text(unit.content)


def filled(file: UnitFile, release: str) -> UnitFile:
    return UnitFile(fill(file.name, release), fill(file.content, release))


def switch(made: Composition, release: str) -> None:
    live = Path(made.layout.base) / "live"
    new = live.with_name("live.new")
    new.symlink_to(f"releases/{release}")
    new.rename(live)


def service(made: Composition, name: str) -> Service:
    return next(item for item in made.resources if isinstance(item, Service) and item.name == name)


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for something that will happen; the limit only keeps a broken test from hanging."""
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit, f"waited in vain for {what}"
        time.sleep(0.02)
