"""Ordinary projects go online with the file that `seawall init` writes, unedited but for host and domain."""

import re
from collections.abc import Mapping
from pathlib import Path

import httpx

from .machine import Host
from .product import Project, copied_project, eventually, visit, visitor

PROJECTS = Path(__file__).resolve().parents[1] / "projects"
CREDENTIALS = {"name": "ada", "password": "a long one"}


def online(name: str, directory: Path, ssh_environment: Mapping[str, str], host: Host, domain: str) -> Project:
    """A copy of a project, deployed with nothing but `init` before."""
    project = copied_project(directory, ssh_environment, PROJECTS / name)
    project.seawall("init", "--host", host.name, "--domain", domain)
    project.deploy()
    return project


def submit(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return client.post(path, data=fields, follow_redirects=True)


def test_a_single_file_app(module_host: Host, ssh_environment: Mapping[str, str], tmp_path: Path) -> None:
    project = online("single-file", tmp_path, ssh_environment, module_host, "single.example.com")
    assert visit(module_host, "/api/100.0", domain="single.example.com").json() == {
        "celsius": 100.0,
        "fahrenheit": 212.0,
    }
    style = (PROJECTS / "single-file" / "static" / "style.css").read_text()
    assert visit(module_host, "/static/style.css", domain="single.example.com").text == style
    assert project.seawall("plan", "--exit-code").code == 0


def test_a_project_laid_out_like_flasks_tutorial_keeps_its_users_and_posts(
    module_host: Host, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    project = online("flask-tutorial", tmp_path, ssh_environment, module_host, "blog.example.com")
    with visitor(module_host, "blog.example.com") as client:
        submit(client, "/auth/register", **CREDENTIALS)
        assert "ada" in submit(client, "/auth/login", **CREDENTIALS).text
        assert "Kept for ever" in submit(client, "/create", title="Kept for ever", text="over https").text

        project.edit("flaskr/templates/base.html", "</html>", "<!-- the second release --></html>")
        project.deploy()
        page = client.get("/")
        assert "Kept for ever" in page.text
        assert "the second release" in page.text
        assert "Again" in submit(client, "/create", title="Again", text="still logged in").text


def test_a_project_with_migrations_and_a_worker(
    module_host: Host, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    project = online("migrate-rq", tmp_path, ssh_environment, module_host, "board.example.com")
    with visitor(module_host, "board.example.com") as client:
        submit(client, "/notices", text="one two three")
        eventually(lambda: counted(client) == ["3"], "the worker to count the first notice's words")
        project.write("board/note.txt", "a second release\n")
        project.deploy()
        submit(client, "/notices", text="four more words here")
        eventually(lambda: counted(client) == ["4", "3"], "the second release's worker to count")
    assert project.seawall("status").code == 0


def counted(client: httpx.Client) -> list[str]:
    return re.findall(r"(\d+) words", client.get("/").text)
