"""``seawall.toml`` as data. The texts here are also the reference page, the JSON Schema and ``config explain``.

Each key says what it is for, its unit, why its default is what it is (``description``), an example, and what it
becomes on the host (``becomes``). All models are frozen and refuse unknown keys and values of another type.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from seawall.config.alerts import Alerts
from seawall.config.backup import Backup
from seawall.config.database import Database
from seawall.config.drill import Drill
from seawall.config.process_manager import ProcessManager
from seawall.config.proxy import Proxy
from seawall.config.redis import Redis
from seawall.config.security import Domains, Headers, Limits, Sandbox, Tls
from seawall.config.server import Server
from seawall.config.table import Table, setting
from seawall.config.values import (
    Calendar,
    Command,
    DistributionPackage,
    EntryPoint,
    EnvText,
    Host,
    Name,
    OptionalCommand,
    OptionalPath,
    PartOfProject,
    PathInside,
    Pattern,
    PythonRange,
    UrlPath,
    UrlPrefix,
    Variable,
)

PRODUCTION = "production"
LOCAL = "local"


# strict mode takes no list for a tuple; the items stay strict.
Names = Annotated[tuple[Variable, ...], Field(strict=False)]
Hosts = Annotated[tuple[Host, ...], Field(strict=False)]
Packages = Annotated[tuple[DistributionPackage, ...], Field(strict=False)]
Paths = Annotated[tuple[PartOfProject, ...], Field(strict=False)]
Patterns = Annotated[tuple[Pattern, ...], Field(strict=False)]


class App(Table):
    """The app itself: where its code is and how it is called."""

    entry: EntryPoint = setting(
        ...,
        "The WSGI or ASGI callable: the module, a colon, and the callable's name, or a call of the factory that makes "
        "it. The module is looked up from `app.root`. There is no default: a guess could serve the wrong app.",
        example="guestbook:create_app()",
        becomes="the application that the server in the app's unit is given",
    )
    interface: Literal["wsgi", "asgi"] = setting(
        "wsgi",
        "How the server calls the app. Flask, Django and Bottle are `wsgi`; FastAPI, Starlette and Quart are `asgi`. "
        "The default is Flask's.",
        example="asgi",
        becomes="how the application server is set up",
    )
    root: PathInside = setting(
        ".",
        "The folder that travels to the host, relative to the folder of the configuration file. All other paths of the "
        "configuration are relative to it. The default is the whole project.",
        example="backend",
        becomes="BASE/releases/vN/code/, the working directory of everything the app runs",
    )
    python: PythonRange = setting(
        "",
        'The Python version, or a range of versions, that the app needs. The default, "", is the host\'s own python3, '
        "because it receives the distribution's security updates.",
        example=">=3.11,<3.14",
        becomes="the interpreter of BASE/venvs/KEY",
    )
    requirements: OptionalPath = setting(
        "requirements.txt",
        "The file that lists what the app needs: a requirements file, `pyproject.toml`, `uv.lock`, `poetry.lock`, "
        "`pdm.lock`, `Pipfile.lock` or `Pipfile`. With a lock, exactly the locked versions are installed; otherwise "
        'versions are resolved once on the host and recorded. `""` means that the app needs nothing.',
        example="uv.lock",
        becomes="what is installed in BASE/venvs/KEY; the resolved list is BASE/resolved/KEY.txt",
    )
    install_project: bool = setting(
        False,
        "Install the project itself as a package too, for an app that reads its own metadata or entry points. Off by "
        "default: the code is importable from the working directory, and a build step can fail.",
        example=True,
        becomes="the project as an installed package in BASE/venvs/KEY",
    )
    persist: Paths = setting(
        (),
        "Paths of the project that live on between releases and that the app may write: uploads, a SQLite file, an "
        "instance folder. Nothing is writable by default, so that a break-in cannot change the code.",
        example=["instance", "uploads"],
        becomes="links from the release's code/ into BASE/data/",
    )
    exclude: Patterns = setting(
        (),
        "Further files that do not travel, as gitignore-style patterns. `.git`, virtual environments, `.env` files, "
        "caches and `.seawall` never travel.",
        example=["docs/", "*.psd"],
        becomes="files that are missing from BASE/releases/vN/code/",
    )


class Health(Table):
    """When a new release is healthy enough to take traffic."""

    path: UrlPath = setting(
        "/health",
        "The URL path that must answer with a 2xx status. A good one asks the database something small. The default is "
        "the usual name.",
        example="/",
        becomes="the path the gate asks through the release's socket, then through the front door",
    )
    successes: Annotated[int, Field(ge=1, le=20)] = setting(
        3,
        "How many answers in a row must be good. The default, 3, catches an app that answers once and dies.",
        example=5,
        becomes="the length of the gate",
    )
    interval: Annotated[float, Field(ge=0.01, le=60)] = setting(
        0.1,
        "Seconds between two questions. The default keeps a deployment quick.",
        example=1.0,
        becomes="the pace of the gate",
    )
    answer_timeout: Annotated[float, Field(ge=0.1, le=600)] = setting(
        5.0,
        "Seconds that one answer may take. The default allows for a first request that loads things.",
        example=10.0,
        becomes="the time limit of one question of the gate",
    )
    timeout: Annotated[float, Field(ge=1, le=3600)] = setting(
        60.0,
        "Seconds in which the new release must become healthy; otherwise it is stopped and the old one goes on. The "
        "default allows for a slow start.",
        example=120.0,
        becomes="the time limit of the gate",
    )


class ReleaseSettings(Table):
    """What happens around a release."""

    setup: OptionalCommand = setting(
        "",
        "A command that is run once, at the app's first release on a host, before `migrate`: it makes the schema or "
        "the first user. None by default.",
        example="flask init-db",
        becomes="a step of the first deployment, as the app's user, in the release's code/",
    )
    migrate: OptionalCommand = setting(
        "",
        "A command that is run once per deployment, on one host, before the new release starts, while the old one "
        "still serves: the old code must be able to live with the new schema. None by default.",
        example="flask db upgrade",
        becomes="the `migrated` step of the release protocol",
    )
    snapshot: bool = setting(
        True,
        "Whether the database is dumped on its host before a migration that may change something, where it is "
        "`[database]`'s. The default lets you go back; a large database may take too long, or too much of the disk.",
        example=False,
        becomes="BASE/state/data/snapshots/vN.dump, the newest three kept",
    )
    drain: Annotated[float, Field(ge=0, le=3600)] = setting(
        30.0,
        "Seconds that the old release has to finish its requests after the switch. The default is longer than nearly "
        "all requests; idle releases stop at once.",
        example=120.0,
        becomes="the time limit of the `drained` step",
    )
    keep: Annotated[int, Field(ge=1, le=50)] = setting(
        5,
        "How many releases stay on the host, the live one included, so that you can go back. Unchanged files are "
        "shared, so 5 cost little more than one.",
        example=10,
        becomes="the number of folders in BASE/releases/",
    )


class Process(Table):
    """A worker that runs beside the app, such as Celery or RQ; it moves with each release."""

    command: Command = setting(
        ...,
        "The command, run in the release's virtual environment and code/. It must stay in the foreground.",
        example="rq worker default",
        becomes="the unit of the process",
    )
    count: Annotated[int, Field(ge=1, le=64)] = setting(
        1, "How many of it run at once.", example=2, becomes="the number of units of the process"
    )
    stop_timeout: Annotated[int, Field(ge=1, le=86400)] = setting(
        30,
        "Seconds that it has to finish its work when it is asked to stop; then it is killed. The default is that of "
        "requests.",
        example=60,
        becomes="the stop timeout of the unit",
    )


class Task(Table):
    """A command that is run at set times; it moves with each release."""

    command: Command = setting(
        ...,
        "The command, run in the release's virtual environment and code/.",
        example="flask clean",
        becomes="the service that the timer starts",
    )
    at: Calendar = setting(
        ...,
        "When it is run: a systemd calendar expression (`man systemd.time`), such as `daily` or `Mon *-*-* 03:00`, in "
        "the host's time zone.",
        example="daily",
        becomes="`OnCalendar=` of the timer",
    )


class Local(Table):
    """`seawall up`: the app on this machine."""

    port: Annotated[int, Field(ge=0, le=65535)] = setting(
        8443,
        "The https port; 0 takes any free one. The default needs no root.",
        example=0,
        becomes="the port of the local front server",
    )
    http_port: Annotated[int, Field(ge=0, le=65535)] = setting(
        8080,
        "The http port, which redirects to https; 0 takes any free one. The default needs no root.",
        example=0,
        becomes="the plain port of the local front server",
    )


def _process_from_command(value: object) -> object:
    return {"command": value} if isinstance(value, str) else value


Processes = dict[Name, Annotated[Process, BeforeValidator(_process_from_command, json_schema_input_type=str | Process)]]


class Settings(Table):
    """All that one environment says in ``seawall.toml``."""

    name: Name = setting(
        ...,
        "The app's name: its folder, user and units on the host are called by it. It cannot change later without "
        "making a new app.",
        example="guestbook",
        becomes="APP in every path, the system user, the units seawall-APP@vN",
    )
    domains: Domains = setting(
        (),
        "The host names that the app answers to; the first is the main one. With none, it answers at the host's own "
        "address.",
        example=["guestbook.example.com"],
        becomes="`server_name` in the nginx site and the names in the certificate",
    )
    redirect_from: Domains = setting(
        (),
        "Further host names whose visitors are sent on to the first of `domains`, path and all.",
        example=["www.guestbook.example.com"],
        becomes="a redirecting `server` of the nginx site, and names in the certificate",
    )
    hosts: Hosts = setting(
        (),
        "The servers, each as anything that `ssh` accepts: an alias of your ssh configuration, `user@host` or "
        "`ssh://user@host:port`. The local environment needs none.",
        example=["root@203.0.113.5"],
        becomes="where the app is deployed",
    )
    secrets: Names = setting(
        (),
        "Names of environment variables whose values are kept encrypted by `seawall secret set`. All must exist before "
        "a deployment.",
        example=["SECRET_KEY", "DATABASE_URL"],
        becomes="lines of BASE/releases/vN/env, readable by root alone",
    )
    packages: Packages = setting(
        (),
        "Further packages of the distribution that the app needs on the host.",
        example=["libpq5"],
        becomes="packages installed by apt",
    )
    app: App = Field(description="The app itself.")
    server: Server = Field(Server(), description="The application server.")
    proxy: Proxy = Field(Proxy(), description="The web server in front.")
    process: ProcessManager = Field(ProcessManager(), description="What keeps the app running.")
    database: Database = Field(Database(), description="The app's database.")
    backup: Backup = Field(Backup(), description="Backups of the database and of the app's files.")
    drill: Drill = Field(Drill(), description="The proof that backups can be restored.")
    redis: Redis = Field(Redis(), description="A Redis of the app's own.")
    static: dict[UrlPrefix, PartOfProject] = setting(
        {},
        "URL prefixes and the folders, relative to `app.root`, whose files the proxy serves under them without asking "
        "the app.",
        example={"/static/": "guestbook/static"},
        becomes="a `location` of the nginx site each, and BASE/releases/vN/static/MOUNT/",
    )
    tls: Tls = Field(Tls(), description="How visitors' connections are encrypted.")
    headers: Headers = Field(Headers(), description="Headers that the proxy adds.")
    limits: Limits = Field(Limits(), description="What one address may ask of the site.")
    sandbox: Sandbox = Field(Sandbox(), description="What the app's processes may do on the host.")
    health: Health = Field(Health(), description="When a new release may take traffic.")
    release: ReleaseSettings = Field(ReleaseSettings(), description="What happens around a release.")
    env: dict[Variable, EnvText] = setting(
        {},
        "Environment variables of the app that are no secrets. Numbers and booleans become text as TOML writes them: "
        "`5`, `0.5`, `true`.",
        example={"FLASK_ENV": "production"},
        becomes="lines of BASE/releases/vN/env",
    )
    secrets_from: dict[Variable, Command] = setting(
        {},
        "Secrets that a command on this machine prints, asked anew at each plan and deployment: a password manager or "
        "a cloud's store. The command is no shell's; it is stopped after a minute.",
        example={"DATABASE_URL": "op read op://production/database/url"},
        becomes="lines of BASE/releases/vN/env, readable by root alone",
    )
    processes: Processes = setting(
        {},
        "Workers that run beside the app. A plain command is short for a table with that `command`.",
        example={"worker": "rq worker default"},
        becomes="one unit for each process and count",
    )
    schedule: dict[Name, Task] = setting(
        {},
        "Commands that are run at set times.",
        example={"clean": {"command": "flask clean", "at": "daily"}},
        becomes="a systemd timer and service each",
    )
    local: Local = Field(Local(), description="`seawall up`: the app on this machine.")
    alerts: Alerts = Field(Alerts(), description="Who is told when something on a host goes wrong.")


def _default_app_id(data: dict[str, Any]) -> str:
    name, environment = data.get("name", ""), data.get("environment", PRODUCTION)
    return name if environment in (PRODUCTION, LOCAL) else f"{name}-{environment}"


class Project(Settings):
    """One project in one environment, as loaded from ``directory``."""

    environment: str = Field(PRODUCTION, description="The environment it was loaded for.")
    directory: Path = Field(description="The folder of the configuration file.")
    app_id: str = Field(
        default_factory=_default_app_id,
        description="The app's name on a host: `name`, or `name-ENVIRONMENT` where the environment sets no name.",
    )
    warnings: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="What is allowed but looks wrong, each with its place."
    )

    @property
    def root(self) -> Path:
        """The folder that travels."""
        return self.directory / self.app.root
