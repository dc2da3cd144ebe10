"""Requirements that lie in the project itself are as new as the release."""

from __future__ import annotations

import shutil

from local.site import APP, Site

PYPROJECT = """\
[project]
name = "part"
version = "1.0"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

BACKEND = """\
import pathlib, zipfile

INFO = "part-1.0.dist-info/"


def build_wheel(folder, config_settings=None, metadata_directory=None):
    pathlib.Path("left-by-the-build").touch()
    with zipfile.ZipFile(pathlib.Path(folder, "part-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.write("part.py")
        wheel.writestr(INFO + "METADATA", "Metadata-Version: 2.1\\nName: part\\nVersion: 1.0\\n")
        wheel.writestr(INFO + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(INFO + "RECORD", f"part.py,,\\n{INFO}METADATA,,\\n{INFO}WHEEL,,\\n{INFO}RECORD,,\\n")
    return "part-1.0-py3-none-any.whl"


build_editable = build_wheel
"""


def test_a_package_in_the_project_moves_with_the_release_and_needs_no_older_one(fresh: Site) -> None:
    fresh.write("part/pyproject.toml", PYPROJECT)
    fresh.write("part/backend.py", BACKEND)
    fresh.write("part/part.py", "NAME = 'one'\n")
    fresh.write("requirements.txt", "flask==3.1.*\n-e ./part\n")
    fresh.write("app.py", "import part\n" + APP.replace('"VERSION one "', 'f"VERSION {part.NAME} "'))
    fresh.deploy()
    assert fresh.says() == "one"
    fresh.write("part/part.py", "NAME = 'two'\n")
    fresh.deploy()
    assert fresh.says() == "two"
    fresh.configure("env", 'COLOUR = "blue"')
    fresh.deploy()
    for older in ("v1", "v2"):
        shutil.rmtree(fresh.base / "releases" / older)
    fresh.configure("env", 'COLOUR = "red"')
    fresh.deploy()
    assert fresh.get() == (200, "VERSION two red")
    assert not list((fresh.base / "live").resolve().rglob("left-by-the-build"))
