"""Plans as operations make them, of hosts that are not there."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from seawall.agent.vocabulary import Change, Entry, FrontDoor, Gate, Release, Requirements
from seawall.config.model import App, Project
from seawall.operations.hosts import Host
from seawall.operations.plan import HostPlan, Plan, ReleasePlan
from seawall.operations.tree import Tree
from seawall.stack.composition import Composition
from seawall.stack.layout import layout_of
from seawall.stack.targets import ServerTarget

LAYOUT = layout_of("guestbook")
NO_CHANGE: dict[str, list[str]] = {"added": [], "changed": [], "removed": []}
ENTRIES = (
    Entry("guestbook/__init__.py", "a" * 64, 1200),
    Entry("guestbook/new.py", "b" * 64, 800),
    Entry("guestbook/odd\nname\udce9.py", "c" * 64, 10_000),
    Entry("run.sh", "d" * 64, 90, executable=True),
)

NGINX = Change(
    "file",
    "/etc/nginx/sites-available/seawall-guestbook.conf",
    "update",
    "--- /etc/nginx/sites-available/seawall-guestbook.conf (now)\n"
    "+++ /etc/nginx/sites-available/seawall-guestbook.conf (after)\n"
    "@@ -1,3 +1,3 @@\n server {\n-    client_max_body_size 10m;\n+    client_max_body_size 100m;\n }",
)
CHANGES = (
    Change("package", "libpq5", "install"),
    Change("user", "guestbook", "create", "home /srv/guestbook/data"),
    NGINX,
    Change("file", "/etc/nginx/sites-enabled/old.conf", "delete"),
    Change("service", "nginx", "reload"),
)
GUNICORN = {
    "name": "settings/gunicorn.conf.py",
    "before": "workers = 2\nthreads = 4\n",
    "after": "workers = 4\nthreads = 4\n",
}


#: What a host says of the memory of its apps and of its databases, where there is nothing to say.
MEMORY: dict[str, Any] = {
    "measured": [],
    "others": {},
    "connections": 0,
    "mariadb_connections": 0,
    "pool_unused": False,
    "databases": [],
}


def host_named(name: str, fleet: Any = None, live: str = "v12") -> Host:
    ask = (lambda op, tell=None, **fields: fleet.request(name, op, tell, **fields)) if fleet else None
    session: Any = SimpleNamespace(request=ask, close=lambda: None, cancel=lambda: None, facts={})
    app = {
        "live": live,
        "releases": ["v11", "v12"] if live else [],
        "running": [live],
        "next": "v13",
        "previous": "v11",
        "interrupted": "",
        "busy": "",
        "memory": dict(MEMORY),
    }
    return Host(name, ServerTarget(name.partition("@")[2]), session, LAYOUT, app)


def nothing_new(live: str = "v12") -> ReleasePlan:
    return ReleasePlan(live, False, NO_CHANGE, NO_CHANGE, False, [], [])


def new_release() -> ReleasePlan:
    return ReleasePlan(
        "v12",
        True,
        {
            "added": ["guestbook/new.py", "guestbook/odd\nname\udce9.py"],
            "changed": ["guestbook/__init__.py"],
            "removed": [f"old/{number:02}.txt" for number in range(23)],
        },
        {"added": ["NEW_FLAG"], "changed": ["DATABASE_URL"], "removed": ["OLD_FLAG"]},
        True,
        [GUNICORN],
        ["gate", "migrate"],
    )


def first_release() -> ReleasePlan:
    files = {**NO_CHANGE, "added": [entry.path for entry in ENTRIES]}
    return ReleasePlan("", True, files, {**NO_CHANGE, "added": ["SECRET_KEY"]}, True, [{**GUNICORN, "before": ""}], [])


def host_plan(
    name: str = "root@web1.example.com",
    changes: tuple[Change, ...] = CHANGES,
    release: ReleasePlan | None = None,
    live: str = "v12",
) -> HostPlan:
    missing = {"a" * 64: 0, "b" * 64: 300, "c" * 64: 0} if release and release.new else {}
    return HostPlan(host_named(name, live=live), _composition(), changes, release or nothing_new(live), missing, "f")


def a_plan(*hosts: HostPlan, notes: tuple[str, ...] = (), **settings: Any) -> Plan:
    app = App(entry="guestbook:app")
    told = {"name": "guestbook", "domains": ["guestbook.example.com"], "app": app, "directory": Path("/p"), **settings}
    return Plan(
        Project.model_validate(told),
        Tree(Path("/p"), ENTRIES),
        list(hosts or [host_plan(release=new_release())]),
        notes,
    )


def _composition() -> Composition:
    requirements = Requirements("requirements.txt", extra=("gunicorn",))
    gate, front = Gate("/health", "guestbook.example.com"), FrontDoor("127.0.0.1", 443, True, "localhost", "/health")
    return Composition(LAYOUT, (), Release((), requirements, {}, (), {}, (), (), gate, front))
