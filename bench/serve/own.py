"""seawall's own defaults: the same app as `seawall init` sets it up and `seawall deploy` puts it on the same host."""

import shutil

from tests.hosts.product import Project, empty_project

from bench.place import ALIAS, Place
from bench.serve.contenders import Entrant
from bench.serve.ground import APP
from bench.serve.views import CACHED, VIEWS

NAME = "bench"
FRONT_UNIT = "nginx.service"
#: All load comes from one address, which the defaults do not let through; everybody is asked over plain http; and one
#: page is kept, which is always the app's own wish.
COMPARABLE = {
    "tls": {"mode": "off"},
    "limits": {"rate": "", "connections": 0},
    "proxy": {"cache": {"paths": {CACHED.path: 60}}},
}


def deploy(place: Place) -> Project:
    """Puts the app on the host. Raises what the deployment raises."""
    project = Project(empty_project(place.folder / NAME, place.environment).directory, place.environment)
    shutil.copytree(APP, project.directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    project.seawall("init", "--yes", "--name", NAME, "--host", ALIAS)
    project.configure(**COMPARABLE)
    project.deploy()
    return project


def entrant(project: Project) -> Entrant:
    return Entrant("seawall", "seawall's defaults", 80, VIEWS, unit(project), FRONT_UNIT)


def unit(project: Project) -> str:
    """The unit of the live release."""
    return f"seawall-{NAME}@{project.live()}.service"
