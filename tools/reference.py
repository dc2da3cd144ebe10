"""Writes the reference pages that are made from the code; a test tells when they are stale."""

from __future__ import annotations

import json
from pathlib import Path

from seawall.checks import reference as checklist
from seawall.checks.catalogue import every_rule
from seawall.config.reference import markdown
from seawall.config.schema import json_schema

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"


def pages() -> dict[Path, str]:
    """Each page and what it should hold."""
    return {
        FOLDER / "configuration.md": markdown(),
        FOLDER / "checks.md": checklist.markdown(every_rule()),
        FOLDER / "seawall.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(FOLDER.parent.parent))
