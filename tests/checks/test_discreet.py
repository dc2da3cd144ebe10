"""A secret that is found, or stands beside what is found, is in no output and no file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from seawall.cli.main import cli

SECRET = "kX7-pferd"
LONG = "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWpr"

BESIDE = {
    "app.py": f"""
from flask import Flask
import jwt, requests
app = Flask(__name__)
app.config["SECRET_KEY"] = "{SECRET}{"a" * 150}"
app.config.update(DEBUG=True, SECRET_KEY='{SECRET}')
JWT_SECRET_KEY: str = '''{SECRET}
rest'''
API_KEY = "{SECRET}"  # seawall: ignore[SW405]
requests.get("https://x", headers={{"Authorization": "Bearer {SECRET}"}}, verify=False)
requests.get("https://shop:{SECRET}@x", verify=False)
jwt.decode(token, "{LONG}", algorithms=["none"])
User(username="admin", password="admin", token='{SECRET}')
app.run(host="0.0.0.0", api_key=b"{SECRET}")
""",
    "requirements.txt": f"flask\n--extra-index-url https://u:{SECRET}@index.example.com\n"
    f"shop @ git+https://{SECRET}@git.example.com/shop\n",
}


@pytest.mark.parametrize("options", [(), ("--json",), ("--sarif", "found.sarif")])
def test_no_output_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    for name, text in BESIDE.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["check", *options, "--skip", "SW521", "--skip", "SW522"])
    said = done.output + "".join(file.read_text() for file in tmp_path.rglob("*.sarif"))
    for rule in ("SW001", "SW101", "SW103", "SW245", "SW401", "SW405", "SW501", "SW503", "SW504", "SW244", "SW247"):
        assert rule in said
    assert SECRET not in said
    assert LONG not in said
