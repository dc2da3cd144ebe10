"""A folder of a stranger: looking at it runs nothing of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from seawall.checks.static import audit
from seawall.operations import checks, plan

ASK = audit.audit.__wrapped__
SIGNED = "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n"


def git(folder: Path, *arguments: str, said: str | None = None) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, input=said, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A repository that names a program wherever git would run one, and a signed commit; the program leaves a file."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x")
    signed = git(folder, "cat-file", "commit", "HEAD").replace("\n\n", SIGNED, 1)
    git(folder, "update-ref", "HEAD", git(folder, "hash-object", "-t", "commit", "-w", "--stdin", said=signed + "\n"))
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 $* >> {tmp_path}/ran\n")
    program.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "gpg.program", "diff.external", "diff.x.textconv"):
        git(folder, "config", name, str(program))
    git(folder, "config", "log.showSignature", "true")
    (folder / ".git" / "info" / "attributes").write_text("*.py diff=x\n")
    (folder / ".git" / "hooks" / "post-index-change").symlink_to(program)
    return folder


def test_git_runs_no_program_that_the_repository_names(trap: Path) -> None:
    git(trap, "-c", "core.pager=cat", "log", "-1")
    assert (trap.parent / "ran").exists(), "the trap itself must work"
    (trap.parent / "ran").unlink()
    (trap / "app.py").touch()
    assert checks.check_project(trap, "production", (), ()).findings == []
    assert plan._source(trap).message == "x"
    assert not (trap.parent / "ran").exists()


def test_pip_audit_imports_nothing_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pip_audit.py", "json.py", "sitecustomize.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(audit, "PATIENCE", 0.5)
    ASK("flask==3.1.0\n")
    assert not (tmp_path / "ran").exists()
