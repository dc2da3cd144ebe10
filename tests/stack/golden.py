"""A composition as a tree of small files, to be kept and compared. `python -m stack.golden` (in tests/) writes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from seawall.agent.resource import resource_to_wire
from seawall.agent.vocabulary import File, to_wire
from seawall.stack.composition import Composition

KEPT = Path(__file__).parent / "golden"
KEPT_SERVERS = Path(__file__).parent / "golden_servers"


def as_files(made: Composition) -> dict[str, str]:
    """Each generated file under the path it has on the host, and all else as JSON."""
    files = {}
    resources = []
    for resource in made.resources:
        data = resource_to_wire(resource)
        if isinstance(resource, File):
            files["host" + resource.path] = data.pop("content")
        if "password" in data:
            data["password"] = "(secret)"
        resources.append(data)
    for file in made.release.files:
        files[f"release/{file.name}"] = file.content
    for program in made.release.programs:
        for file in program.files:
            files[f"units/{file.name}"] = file.content
    files["resources.json"] = _json(resources)
    files["release.json"] = _json(_release(made))
    return files


def _release(made: Composition) -> dict[str, Any]:
    release = to_wire(made.release)
    release["entries"] = [entry["path"] for entry in release["entries"]]
    release["files"] = [file["name"] for file in release["files"]]
    for program in release["programs"]:
        program["files"] = [file["name"] for file in program["files"]]
    return {"layout": to_wire(made.layout), "release": release, "notes": made.notes}


def _json(data: object) -> str:
    return json.dumps(data, indent=2) + "\n"


def kept(case: str, folder: Path = KEPT) -> dict[str, str]:
    root = folder / case
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def main() -> None:
    from stack import server_cases
    from stack.cases import CASES

    _write(KEPT, {case: as_files(make()) for case, make in CASES.items()})
    servers = {case: server_cases.as_files(make()) for case, make in server_cases.CASES.items()}
    _write(KEPT_SERVERS, servers)


def _write(folder: Path, cases: dict[str, dict[str, str]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for case, files in cases.items():
        for name, text in files.items():
            path = folder / case / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


if __name__ == "__main__":
    main()
