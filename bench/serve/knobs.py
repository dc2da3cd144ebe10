"""What else could make an app quicker: the interpreter, its collector of garbage, the allocator, counts; and what of
seawall's own makes it slower.

All of them run uWSGI, in turns, and differ from the first in one thing only; the last is all that seawall deploys.
"""

from dataclasses import dataclass, replace

from tests.hosts.machine import Host

from bench.serve import ground
from bench.serve.contenders import BIN, HOME, RUN, Contender, Entrant, nginx_conf
from bench.serve.rounds import Figure, run
from bench.serve.views import HELLO, PAGE, WAIT
from seawall.config.security import Sandbox
from seawall.stack import sandbox

NGINX_CONF = f"{HOME}/knobs.conf"
NGINX_UNIT = "bench-knobs-nginx.service"
FIRST_PORT = 8201
#: ld.so(8) looks for a name without a slash where libraries are.
JEMALLOC = "libjemalloc.so.2"
VIEWS = (PAGE, HELLO, WAIT)

#: What the options of seawall's uwsgi.ini add to those below.
OPTIONS = (
    "--strict --need-app --single-interpreter --py-call-osafterfork --no-orphans --reload-mercy=30 "
    "--worker-reload-mercy=30 --harakiri=600 --socket-timeout=600 --buffer-size=65535 --post-buffering=65536 "
    "--ignore-sigpipe --ignore-write-errors --disable-write-exception"
)

#: Modules that import the app and then set up the collector (gc, in Python's library reference).
COLLECTORS = {
    "frozen": "import gc\nfrom app import app\ngc.collect()\ngc.freeze()\n",
    "never": "import gc\nfrom app import app\ngc.disable()\n",
}


@dataclass(frozen=True)
class Knob:
    """``environment``, ``scheduling`` and further ``lines`` are of the unit, the rest are uWSGI's options."""

    name: str
    label: str
    module: str = "app"
    workers: int = 4
    threads: int = 8
    lazy: bool = True
    lock: bool = False
    environment: str = ""
    scheduling: str = "other"
    lines: tuple[str, ...] = ()
    options: str = ""

    @property
    def command(self) -> str:
        options = ["--lazy-apps"] if self.lazy else []
        options += [f"--threads={self.threads}"] if self.threads > 1 else []
        options += ["--thunder-lock"] if self.lock else []
        return (
            f"{BIN}/uwsgi --pythonpath={HOME} --module={self.module}:app --master --processes={self.workers} "
            f"--enable-threads --listen=1024 --socket={RUN}/{self.name}.sock --chmod-socket=660 "
            f"--die-on-term --disable-logging {' '.join((*options, self.options))}"
        )


BASE = Knob("base", "uWSGI, 4 workers with 8 threads")
KNOBS = (
    BASE,
    replace(BASE, name="sandbox", label="in the sandbox of seawall's unit", lines=sandbox.lines(Sandbox(), RUN)),
    replace(BASE, name="options", label="with the rest of seawall's options", options=OPTIONS),
    replace(BASE, name="frozen", label="gc.freeze() after the import", module="frozen"),
    replace(BASE, name="never", label="no collection of garbage at all", module="never"),
    replace(BASE, name="jemalloc", label="jemalloc", environment=f"LD_PRELOAD={JEMALLOC}"),
    replace(BASE, name="arenas", label="MALLOC_ARENA_MAX=2", environment="MALLOC_ARENA_MAX=2"),
    replace(BASE, name="optimize", label="PYTHONOPTIMIZE=2", environment="PYTHONOPTIMIZE=2"),
    replace(BASE, name="reload", label="templates looked after at each request", environment="BENCH_RELOAD=1"),
    replace(BASE, name="preload", label="preloaded", lazy=False),
    replace(BASE, name="batch", label="scheduled as a batch (sched(7))", scheduling="batch"),
    replace(BASE, name="lock", label="a lock for taking requests (thunder-lock)", lock=True),
    replace(BASE, name="threads1", label="no threads", threads=1),
    replace(BASE, name="threads2", label="2 threads", threads=2),
    replace(BASE, name="threads4", label="4 threads", threads=4),
    replace(BASE, name="workers2", label="2 workers with 16 threads", workers=2, threads=16),
    replace(BASE, name="workers2lock", label="the same with the lock", workers=2, threads=16, lock=True),
    replace(BASE, name="workers3", label="3 workers with 11 threads", workers=3, threads=11),
    replace(BASE, name="workers8", label="8 workers with 4 threads", workers=8, threads=4),
    replace(BASE, name="workers16", label="16 workers without threads", workers=16, threads=1),
)


def labels(own: Entrant) -> dict[str, str]:
    """All rows by their names, in order."""
    return {knob.name: knob.label for knob in KNOBS} | {own.name: f"{own.label}: all of theirs, behind their site"}


def measure(host: Host, own: Entrant, rounds: int) -> list[Figure]:
    """Starts them, asks them all and seawall's ``own`` in turns, and stops them again."""
    contenders = tuple(_contender(knob, FIRST_PORT + number) for number, knob in enumerate(KNOBS))
    for name, text in COLLECTORS.items():
        host.write_file(f"{HOME}/{name}.py", text)
    host.write_file(NGINX_CONF, nginx_conf(contenders, pid="knobs"))
    units = {one.unit: unit(knob) for one, knob in zip(contenders, KNOBS, strict=True)}
    units[NGINX_UNIT] = ground.front_unit(f"/usr/sbin/nginx -c {NGINX_CONF} -g 'daemon off;'")
    ground.start(host, units)
    try:
        entrants = [replace(one.entrant, front_unit=NGINX_UNIT) for one in contenders]
        return run(host, [*entrants, own], VIEWS, rounds)
    finally:
        ground.stop(host, list(units))


def unit(knob: Knob) -> str:
    more = "".join(f"{line}\n" for line in knob.lines)
    return f"""\
[Service]
User=www-data
WorkingDirectory={HOME}/app
Environment={knob.environment}
CPUSchedulingPolicy={knob.scheduling}
ExecStart={knob.command}
KillMode=mixed
{more}"""


def _contender(knob: Knob, port: int) -> Contender:
    location = f"include /etc/nginx/uwsgi_params;\nuwsgi_pass unix:{RUN}/{knob.name}.sock;\n"
    return Contender(knob.name, knob.label, port, VIEWS, knob.command, location)
