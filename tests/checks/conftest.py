"""pip-audit's answers without pip-audit: what it says of three packages that there are not."""

from __future__ import annotations

import pytest

from seawall.checks.static import audit

SAID = {
    "broken-package==1.0\n": audit.Answer((("broken-package", "1.0", "PYSEC-2026-1", "1.1"),)),
    "unreachable-package==1.0\n": audit.Answer(hindrance="pip-audit cannot reach its data: no network"),
}


@pytest.fixture(autouse=True)
def _pip_audit_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "audit", lambda requirements: SAID.get(requirements, audit.Answer()))
