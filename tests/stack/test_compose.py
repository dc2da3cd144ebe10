"""What a composition promises on every target, and what it refuses."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.vocabulary import (
    Certificate,
    Directory,
    Entry,
    Package,
    Requirements,
    User,
    release_from_wire,
    to_wire,
)
from seawall.errors import ConfigError, ProjectError
from seawall.stack import gunicorn, server
from seawall.stack.facts import Facts
from seawall.stack.targets import ServerTarget
from stack.cases import BOOKWORM, CASES, LOCAL, TREE, composed, project


@pytest.mark.parametrize("case", CASES)
def test_a_release_travels_as_json_unchanged(case: str) -> None:
    release = CASES[case]().release
    assert release_from_wire(to_wire(release)) == release


def test_facts_are_read_from_what_the_agent_says_and_the_rest_is_left() -> None:
    hello = {
        "os_id": "debian",
        "cores": 4,
        "nginx_version": "1.22.1",
        "systemd": True,
        "python_path": "/usr/bin/python3",
    }
    facts = Facts.from_wire(hello)
    assert (facts.os_id, facts.cores, facts.nginx, facts.memory_bytes) == ("debian", 4, (1, 22, 1), 0)


# --- workers


@pytest.mark.parametrize(
    ("interface", "threads", "kind"), [("wsgi", 4, "gthread"), ("wsgi", 1, "sync"), ("asgi", 4, "asgi")]
)
def test_the_worker_follows_from_interface_and_threads(interface: str, threads: int, kind: str) -> None:
    made = project(app={"entry": "a:b", "interface": interface}, server={"threads": threads})
    assert gunicorn.worker(made) == kind


# --- static folders


def test_each_static_prefix_has_a_folder_of_its_own_in_the_release() -> None:
    made = composed(project(static={"/a/b/": "media", "/a-b/": "guestbook/static", "/A.B/": "media/"}))
    assert made.release.static == {"a-b": "media", "a-b-2": "guestbook/static", "a-b-3": "media"}


def test_a_static_folder_without_files_is_refused() -> None:
    with pytest.raises(ProjectError, match="static folder nothing has no files"):
        composed(project(static={"/static/": "nothing"}))


def test_a_static_folder_that_the_app_writes_is_refused() -> None:
    made = project(static={"/up/": "media/up"}, app={"entry": "a:b", "persist": ["media"]})
    with pytest.raises(ConfigError, match="kept between releases"):
        composed(made, tree=(*TREE, Entry("media/up/x", "e" * 64, 1)))


# --- names and addresses


def test_without_domains_a_server_answers_at_the_addresses_it_is_known_by() -> None:
    made = composed(target=ServerTarget("2001:db8::1"), facts=replace(BOOKWORM, address="10.0.0.5"))
    certificate = next(r for r in made.resources if isinstance(r, Certificate))
    assert certificate.domains == ("2001:db8::1", "10.0.0.5")
    assert made.release.front.host == made.release.gate.host == "[2001:db8::1]"


def test_our_own_questions_use_the_first_domain() -> None:
    assert composed(project(domains=["a.example", "b.example"])).release.front.host == "a.example"
    assert composed(project(domains=["*.a.example"])).release.front.host == "www.a.example"


@pytest.mark.parametrize(
    ("mode", "port", "scheme"), [("self-signed", 443, "https"), ("files", 443, "https"), ("off", 80, "http")]
)
def test_the_front_door_is_where_nginx_listens(mode: str, port: int, scheme: str) -> None:
    tls = {"mode": mode, **({"certificate": "/c", "key": "/k"} if mode == "files" else {})}
    release = composed(project(tls=tls)).release
    assert (release.front.address, release.front.port, release.gate.scheme) == ("127.0.0.1", port, scheme)


def test_a_certificate_is_made_only_where_it_is_self_signed() -> None:
    files = composed(project(tls={"mode": "files", "certificate": "/c", "key": "/k"}))
    assert not [r for r in files.resources if isinstance(r, Certificate)]


@pytest.mark.parametrize("given", [{}, {"certificate": "/c"}, {"key": "/k"}])
def test_tls_from_files_needs_both_paths(given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="a path is missing"):
        composed(project(tls={"mode": "files", **given}))


@pytest.mark.parametrize("name", ["mail", "backup", "proxy", "seawall-build", "postgres"])
def test_an_app_never_takes_the_user_of_something_else(name: str) -> None:
    with pytest.raises(ConfigError, match="belongs to the system"):
        composed(project(name=name))


# --- who owns what


def test_the_app_owns_its_data_and_nothing_else_of_its_folder() -> None:
    made = composed()
    owned = [r.path for r in made.resources if isinstance(r, Directory) and r.owner == "guestbook"]
    assert owned == ["/srv/guestbook/data"]


def test_every_directory_comes_after_its_parent_and_its_owner() -> None:
    made = composed()
    seen: set[str] = set()
    for resource in made.resources:
        if isinstance(resource, User):
            seen.add(resource.name)
        if isinstance(resource, Directory):
            assert resource.owner in (seen | {"root"})
            below = [path for path in seen if path.startswith(resource.path + "/")]
            assert not below
            seen.add(resource.path)


def test_the_users_own_packages_are_installed_once_beside_what_seawall_needs() -> None:
    made = composed(project(packages=["libpq5", "nginx"]))
    assert [r.name for r in made.resources if isinstance(r, Package)] == ["nginx", "python3-venv", "libpq5"]


def test_on_this_machine_nothing_belongs_to_another_user_and_all_of_it_lies_in_the_projects_folder() -> None:
    made = composed(target=LOCAL)
    inside = f"{LOCAL.directory}/.seawall/local"
    assert (made.layout.user, made.layout.build_user, made.layout.front_group) == ("", "", "")
    paths = [path for r in made.resources if (path := getattr(r, "path", ""))]
    assert paths
    assert all(path.startswith(inside) for path in paths)
    assert not [r for r in made.resources if isinstance(r, Package | User | Certificate)]


def test_a_folder_whose_sockets_would_have_too_long_a_path_is_refused() -> None:
    longest = "/" + "x" * 63
    composed(target=replace(LOCAL, directory=longest))
    with pytest.raises(ProjectError, match="too long by 2"):
        composed(target=replace(LOCAL, directory=longest + "é"))


@pytest.mark.parametrize("name", ["a$b", "a\nb", "a ;b", "a #b"])
def test_a_folder_that_a_configuration_cannot_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot carry"):
        composed(target=replace(LOCAL, directory=f"/home/{name}"))


# --- the rest


def test_the_schedule_is_left_out_on_this_machine_and_the_person_is_told() -> None:
    made = composed(project(schedule={"clean": {"command": "flask clean", "at": "daily"}}), LOCAL)
    assert [p.role for p in made.release.programs] == ["web"]
    assert any("clean" in note for note in made.notes)


def test_the_app_server_is_added_to_the_requirements_as_they_were() -> None:
    requirements = composed().release.requirements
    assert requirements == Requirements(path="requirements.txt", extra=("pyuwsgi>=2.0.28",))


@pytest.mark.parametrize("value", ["\r", "\0", "\ud800"])
def test_a_variable_that_cannot_reach_the_app_is_named_and_its_value_is_not_shown(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        composed(env={"KEY": "topsecret" + value})
    assert "'KEY'" in caught.value.fact
    assert "topsecret" not in caught.value.fact


def test_uv_on_servers_is_the_one_seawall_is_tested_with() -> None:
    lock = tomllib.loads((Path(__file__).parents[2] / "uv.lock").read_text())
    locked = {package["name"]: package["version"] for package in lock["package"]}
    assert locked["uv"] == server.UV_VERSION
