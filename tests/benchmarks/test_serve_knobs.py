"""What the knobs turn is what seawall deploys: else they would tell what it costs of something else."""

import re
from pathlib import Path

from bench.serve import knobs
from bench.serve.contenders import RUN

from seawall.config.security import Sandbox
from seawall.stack import sandbox

INI = Path(__file__).parents[1] / "stack/golden/server-plain/release/settings/uwsgi.ini"
#: Of the app's own place, or for its end: no request has to do with them.
LEFT_OUT = {"procname-prefix-spaced", "binary-path", "hook-master-start", "hook-pre-app"}


def knob(name: str) -> knobs.Knob:
    return next(one for one in knobs.KNOBS if one.name == name)


def options(command: str) -> set[str]:
    return set(re.findall(r"--([\w-]+)", command))


def test_the_knob_of_the_sandbox_adds_the_sandbox_of_an_app_and_nothing_else() -> None:
    plain = knobs.unit(knobs.BASE).replace(f"{RUN}/base.sock", f"{RUN}/sandbox.sock")

    added = "".join(f"{line}\n" for line in sandbox.lines(Sandbox(), RUN))
    assert knobs.unit(knob("sandbox")) == plain + added


def test_the_knob_of_the_options_has_all_that_an_app_is_run_with() -> None:
    deployed = dict(re.findall(r"^([\w-]+) = (.*)$", INI.read_text(), re.M))

    assert set(deployed) - LEFT_OUT - options(knob("options").command) == set()
    for name in ("harakiri", "buffer-size", "post-buffering"):
        assert f"--{name}={deployed[name]} " in f"{knobs.OPTIONS} "
