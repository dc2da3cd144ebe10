"""Who is compared: a server of the app with its unit, and the site in front of it. All of it is text here.

The settings are those of the tutorials, in the version of them that is quicker where there are two: uWSGI writes no
line for each request, and nginx speaks its own protocol to it.
"""

import textwrap
from dataclasses import dataclass
from typing import Literal

from bench.serve.views import APP_VIEWS, CACHED, STATIC, View

HOME = "/opt/bench"
RUN = "/run/bench"
BIN = f"{HOME}/venv/bin"
#: https://flask.palletsprojects.com/en/stable/deploying/nginx/
PLAIN_PROXY = """\
proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $host;
proxy_set_header X-Forwarded-Prefix /;
"""


NGINX = "bench-nginx.service"
APACHE_UNIT = "bench-apache.service"


@dataclass(frozen=True)
class Entrant:
    """A site that is asked: the views it has, and its units. ``unit`` is "" where no app runs behind the front."""

    name: str
    label: str
    port: int
    views: tuple[View, ...]
    unit: str
    front_unit: str


@dataclass(frozen=True)
class Contender:
    """``command`` is run by a unit of its own, ``location`` is what the front server does with a request."""

    name: str
    label: str
    port: int
    views: tuple[View, ...]
    command: str = ""
    location: str = ""
    front: Literal["nginx", "apache"] = "nginx"
    #: The name of another, whose app server answers for this one too.
    shares: str = ""

    @property
    def unit(self) -> str:
        return f"bench-{self.shares or self.name}.service" if self.command or self.shares else ""

    @property
    def entrant(self) -> Entrant:
        front = {"nginx": NGINX, "apache": APACHE_UNIT}[self.front]
        return Entrant(self.name, self.label, self.port, self.views, self.unit, front)


def _gunicorn(bind: str) -> str:
    return f"{BIN}/gunicorn -w 4 -b {bind} app:app"


def _http(where: str) -> str:
    return f"{PLAIN_PROXY}proxy_pass {where};\n"


TUTORIAL = Contender(
    "tutorial",
    "nginx + gunicorn -w 4 on TCP: the usual tutorial",
    8101,
    (*APP_VIEWS, CACHED),
    _gunicorn("127.0.0.1:8000"),
    _http("http://127.0.0.1:8000"),
)
SOCKET = Contender(
    "socket",
    "the same on a unix socket",
    8102,
    APP_VIEWS,
    _gunicorn(f"unix:{RUN}/socket.sock"),
    _http(f"http://unix:{RUN}/socket.sock:"),
)
UWSGI = Contender(
    "uwsgi",
    "nginx + uWSGI, 5 processes",
    8103,
    APP_VIEWS,
    f"{BIN}/uwsgi --module=app:app --master --processes=5 --socket={RUN}/uwsgi.sock --chmod-socket=660 --vacuum "
    "--die-on-term --disable-logging",
    f"include /etc/nginx/uwsgi_params;\nuwsgi_pass unix:{RUN}/uwsgi.sock;\n",
)
GRANIAN = Contender(
    "granian",
    "nginx + granian, 4 workers",
    8104,
    APP_VIEWS,
    f"{BIN}/granian --interface=wsgi --workers=4 --uds={RUN}/granian.sock app:app",
    _http(f"http://unix:{RUN}/granian.sock:"),
)
WAITRESS = Contender(
    "waitress",
    "nginx + waitress",
    8105,
    APP_VIEWS,
    f"{BIN}/waitress-serve --unix-socket={RUN}/waitress.sock app:app",
    _http(f"http://unix:{RUN}/waitress.sock:"),
)
APACHE = Contender(
    "apache",
    "Apache + gunicorn -w 4 on a unix socket",
    8106,
    APP_VIEWS,
    location=f'ProxyPass "/" "unix:{RUN}/socket.sock|http://127.0.0.1/"\n',
    front="apache",
    shares="socket",
)
BARE = Contender("bare", "bare nginx", 8107, (STATIC,), location=f"root {HOME}/app;\n")
#: As long as the page that is kept (bench/serve/app, /cacheable), for more bytes take more time whoever sends them.
PAGE_BYTES = 2538
CEILING = Contender(
    "ceiling",
    "nginx, return 200 of that length",
    8108,
    (CACHED,),
    location=f"return 200 '{CACHED.answer.ljust(PAGE_BYTES, '.')}';\n",
)

CONTENDERS = (TUTORIAL, SOCKET, UWSGI, GRANIAN, WAITRESS, APACHE, BARE, CEILING)


def unit(contender: Contender) -> str:
    """The systemd unit of a contender's app server."""
    return f"""\
[Service]
User=www-data
WorkingDirectory={HOME}/app
ExecStart={contender.command}
KillMode=mixed
"""


def nginx_conf(contenders: tuple[Contender, ...], pid: str = "nginx") -> str:
    """An nginx of the contenders' own, as Debian sets it up; what seawall sets for a whole host is not in it."""
    servers = "".join(
        f"    server {{\n        listen {contender.port};\n        location / {{\n{indented(contender.location, 12)}"
        "        }\n    }\n"
        for contender in contenders
        if contender.front == "nginx"
    )
    return f"""\
user www-data;
worker_processes auto;
pid {RUN}/{pid}.pid;
error_log /var/log/nginx/bench.error.log;
events {{
    worker_connections 768;
}}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/bench.access.log;
    gzip on;
{servers}}}
"""


def apache_conf(contenders: tuple[Contender, ...]) -> str:
    """An Apache of the contenders' own, with Debian's modules and the two that a proxy needs."""
    sites = "".join(
        f"Listen {contender.port}\n<VirtualHost *:{contender.port}>\n    ProxyPreserveHost On\n"
        f"{indented(contender.location, 4)}</VirtualHost>\n"
        for contender in contenders
        if contender.front == "apache"
    )
    modules = "/usr/lib/apache2/modules"
    return f"""\
ServerRoot /etc/apache2
ServerName bench
PidFile {RUN}/apache.pid
User www-data
Group www-data
ErrorLog /var/log/apache2/bench.error.log
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
CustomLog /var/log/apache2/bench.access.log combined
{sites}"""


def indented(text: str, columns: int) -> str:
    return textwrap.indent(text, " " * columns)
