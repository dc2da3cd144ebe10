"""`seawall verify` on a server: what was edited there is found, and what it advises mends it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .machine import Host
from .product import Project, eventually, tiny_project, visit

AGENT = "/var/lib/seawall/agent"


@pytest.fixture(scope="module")
def deployed(
    module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """The tiny app with a worker, a static folder, a path that it keeps and a secret."""
    project = tiny_project(
        tmp_path_factory.mktemp("verify"),
        ssh_environment,
        module_host.name,
        secrets=["TOKEN"],
        app={"persist": ["kept"]},
        static={"/static/": "static"},
        processes={"worker": "sleep 100000"},
    )
    project.write("static/style.css", "body {}\n")
    project.seawall("secret", "set", "TOKEN", input="pelican-41-quartz")
    project.deploy()
    module_host.save("deployed")
    return project


@pytest.fixture
def project(deployed: Project, module_host: Host) -> Iterator[Project]:
    """The project as it was deployed first."""
    yield deployed
    module_host.restore("deployed")
    deployed.release("one")
    eventually(lambda: visit(module_host).status_code == 200, "the app is back")


def differing(project: Project, *options: str) -> dict[str, list[str]]:
    """The paths that differ, by area; the exit code must agree."""
    result = project.seawall("verify", "--json", *options, check=False)
    (host,) = result.json["hosts"]
    assert result.code == (0 if host["well"] else 1)
    areas = [*host["areas"], *(area for one in host["releases"] for area in one["areas"])]
    assert sum(area["checked"] for area in areas) > 300
    return {area["name"]: [one["path"] for one in area["differences"]] for area in areas if area["differences"]}


def sh(host: Host, script: str) -> str:
    return host.run(["sh", "-c", script]).stdout


def test_a_fresh_release_is_as_it_was_sent_and_so_is_the_next_and_one_that_was_taken_back(
    project: Project, module_host: Host
) -> None:
    assert differing(project) == {}
    module_host.run(["sh", "-c", "echo mine > /srv/tiny/data/kept/file"])
    project.release("two")
    project.deploy()
    assert differing(project, "--all") == {}
    project.seawall("rollback")
    assert differing(project, "--all") == {}
    assert "as it was sent" in project.seawall("verify").out


def test_edited_code_is_found_and_the_next_deployment_sends_it_again(project: Project, module_host: Host) -> None:
    sh(module_host, "sed -i s/one/evil/ /srv/tiny/live/code/app.py; echo evil >> /srv/tiny/live/code/requirements.txt")
    found = differing(project)
    assert found["code"] == ["/srv/tiny/releases/v1/code/app.py", "/srv/tiny/releases/v1/code/requirements.txt"]
    assert len(found["contents"]) == 1  # sed made a file of its own, the other was written in place
    assert "edited on the host" in project.seawall("plan").out
    project.deploy()
    assert differing(project) == {}
    assert visit(module_host).text == "version one"


def test_edited_contents_are_not_laid_out_by_a_restart(project: Project, module_host: Host) -> None:
    sh(module_host, "echo evil >> /srv/tiny/live/code/app.py")
    failed = project.seawall("restart", check=False)
    assert (failed.code, "no longer what was sent" in failed.err) == (1, True)
    assert project.live() == "v1"


def test_an_edited_unit_and_a_drop_in_are_found_and_a_restart_mends_it(project: Project, module_host: Host) -> None:
    unit = "/etc/systemd/system/seawall-tiny@v1.service"
    sh(module_host, f"sed -i s/NoNewPrivileges=.*/NoNewPrivileges=no/ {unit}; mkdir {unit}.d")
    sh(module_host, f"printf '[Service]\\nUser=root\\n' > {unit}.d/evil.conf")
    assert differing(project) == {"units": [unit, f"{unit}.d/evil.conf"]}
    assert "`seawall restart` lays the live release out anew" in project.seawall("verify", check=False).out
    project.seawall("restart")
    assert differing(project) == {}


def test_an_edited_package_is_found_and_made_anew_beside_the_one_in_use(project: Project, module_host: Host) -> None:
    sh(module_host, "echo evil >> $(echo /srv/tiny/live/venv/lib/python3*/site-packages/flask/app.py)")
    ((path,),) = differing(project).values()
    assert path.endswith("/site-packages/flask/app.py")
    (advice,) = [line for line in project.seawall("verify", check=False).out.splitlines() if "next: rm " in line]
    sh(module_host, advice.split("next: ")[1].split(";")[0])
    project.seawall("restart")
    assert differing(project) == {}
    assert "evil" not in sh(module_host, "tail -1 /srv/tiny/live/venv/lib/python3*/site-packages/flask/app.py")


def test_edited_variables_are_found_without_being_shown_and_the_next_deployment_mends_them(
    project: Project, module_host: Host
) -> None:
    sh(module_host, "sed -i s/pelican/heron/ /srv/tiny/live/env; chmod 644 /srv/tiny/live/env")
    said = project.seawall("verify", check=False).said
    assert "/srv/tiny/releases/v1/env  was edited" in said
    assert "others than root can read it" in said
    assert "heron" not in said
    failed = project.seawall("restart", check=False)
    assert (failed.code, "variables of v1 were edited" in failed.err) == (1, True)
    project.deploy()
    assert differing(project) == {}
    assert visit(module_host, "/env/TOKEN").text == "pelican-41-quartz"


def test_what_the_app_could_write_to_is_found(project: Project, module_host: Host) -> None:
    sh(module_host, "chmod 666 /srv/tiny/live/code/app.py; chown tiny /srv/tiny/releases/v1/code")
    assert set(differing(project)["code"]) >= {"/srv/tiny/releases/v1/code", "/srv/tiny/releases/v1/code/app.py"}


def test_a_process_that_runs_other_code_is_found(project: Project, module_host: Host) -> None:
    sh(
        module_host,
        "mkdir /srv/other; mv /srv/tiny/releases/v1/code /srv/other/; cp -a /srv/other/code /srv/tiny/releases/v1/",
    )
    processes = differing(project)["processes"]
    assert [path.split(" ")[0] for path in processes] == ["web", "worker"]


def test_an_agent_that_was_edited_on_the_host_is_sent_again_and_not_run(project: Project, module_host: Host) -> None:
    main = f"$(echo {AGENT}/*/seawall/agent/main.py)"
    sh(module_host, f"echo \"open('/root/ran', 'w')\" >> {main}")
    project.seawall("status")
    assert not module_host.exists("/root/ran")
    assert "/root/ran" not in sh(module_host, f"cat {main}")


def test_no_agent_runs_from_a_folder_that_others_may_write_to(project: Project, module_host: Host) -> None:
    sh(module_host, f"chmod 777 {AGENT}")
    failed = project.seawall("status", check=False)
    assert failed.code == 1
    assert "others than root may write to /var/lib/seawall/agent" in failed.err
    assert "chmod go-w" in failed.err
    assert Path(AGENT).name in failed.err


MALICIOUS = """
import glob, os
from setuptools import setup

for venv in glob.glob("/srv/*/venvs/*"):
    python = os.path.join(venv, "bin", "python")
    if os.access(venv, os.W_OK) and os.path.islink(python):
        real = os.path.realpath(python)
        os.remove(python)
        with open(python, "w") as file:
            file.write(f'#!/bin/sh\\nid -u >> /tmp/who-ran-it\\nexec {real} "$@"\\n')
        os.chmod(python, 0o777)
        os.chmod(os.path.join(venv, "lib"), 0o777)
setup(name="part", version="1", py_modules=["part"])
"""


def test_what_a_packages_build_leaves_behind_never_runs_as_root_and_nobody_else_may_change_it(
    project: Project, module_host: Host
) -> None:
    requirements = project.directory / "requirements.txt"
    before = requirements.read_text()
    project.write("part/setup.py", MALICIOUS)
    project.write("part/part.py", "")
    project.write("requirements.txt", f"{before}\n./part\n")
    try:
        sh(module_host, "touch /tmp/who-ran-it; chmod 666 /tmp/who-ran-it")
        said = project.seawall("deploy", "--yes", check=False).err
        assert " built " in said
        ran = sh(module_host, "sort -u /tmp/who-ran-it").split()
        assert ran
        assert "0" not in ran
        assert sh(module_host, "find /srv/*/venvs/* ! -type l -perm /022") == ""
    finally:
        project.write("requirements.txt", before)
