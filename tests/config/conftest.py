"""No test sees the keys of the person who runs it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def key_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "SEAWALL_KEY", "SEAWALL_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    return home / ".config" / "seawall" / "keys"
