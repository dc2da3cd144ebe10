"""Redis on a host: an app has one of its own, nobody else gets in, and what it held comes back from a dump."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from .machine import Host
from .on_host import agent, crash
from .product import Project, tiny_project, visit

APP = """\
import os

import redis
from flask import Flask

app = Flask(__name__)
store = redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


@app.get("/health")
def health():
    store.ping()
    return "well"


@app.get("/count/<name>")
def count(name):
    return str(store.incr(name))
"""
SOCKET = "/run/seawall-redis-shop/redis.sock"
ENGINE = """
from seawall.agent.data.engines.redis import RedisEngine
from seawall.agent.data.vocabulary import RedisServer
from seawall.agent.errors import LoadFailed
engine = RedisEngine(RedisServer("/run/seawall-redis-shop/redis.sock", "/srv/shop/redis", "seawall-redis-shop.service"))
"""


def redis_project(directory: Path, environment: Mapping[str, str], host: Host, name: str) -> Project:
    project = tiny_project(directory, environment, host.name, name=name, redis={"enabled": True})
    project.write("app.py", APP)
    project.write("requirements.txt", "flask\nredis\n")
    return project


@pytest.fixture(scope="module")
def shop(data_host: Host, ssh_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An app with a Redis, deployed."""
    project = redis_project(tmp_path_factory.mktemp("shop"), ssh_environment, data_host, "shop")
    project.deploy()
    return project


def redis_cli(host: Host, *words: str, user: str = "root") -> str:
    done = host.run(["runuser", "-u", user, "--", "redis-cli", "-s", SOCKET, *words], check=False)
    return (done.stdout + done.stderr).strip()


def count(host: Host, name: str) -> str:
    return visit(host, f"/count/{name}", domain="shop.example.com").text


def test_the_app_counts_in_its_own_redis_which_a_restart_does_not_empty(data_host: Host, shop: Project) -> None:
    assert [count(data_host, "visits") for _ in range(2)] == ["1", "2"]
    time.sleep(1.5)  # what was written in the last second may be lost, and nothing before that
    crash(data_host, "seawall-redis-shop.service")
    assert count(data_host, "visits") == "3"
    assert shop.seawall("plan", "--exit-code").code == 0
    assert data_host.run(["systemctl", "is-active", "redis-server"], check=False).stdout.strip() != "active"
    assert redis_cli(data_host, "CONFIG", "GET", "maxmemory-policy").splitlines()[1] == "noeviction"
    listening = data_host.run(["ss", "-Hltnp"]).stdout
    assert "redis" not in listening
    shown = data_host.run(["systemd-analyze", "security", "seawall-redis-shop.service"]).stdout.splitlines()[-1]
    assert "SAFE" in shown or "OK" in shown


def test_no_other_app_gets_in(data_host: Host, shop: Project, ssh_environment: dict[str, str], tmp_path: Path) -> None:
    other = redis_project(tmp_path, ssh_environment, data_host, "other")
    other.deploy()
    assert redis_cli(data_host, "PING", user="shop") == "PONG"
    assert "Permission denied" in redis_cli(data_host, "PING", user="other")
    assert "Permission denied" in redis_cli(data_host, "PING", user="nobody")
    assert visit(data_host, "/count/visits", domain="other.example.com").text == "1"
    data_host.run(["test", "-d", "/srv/other/redis/appendonlydir"])
    other.seawall("destroy", "--yes", "other", "--with-data")
    assert not data_host.exists("/run/seawall-redis-other")
    assert not data_host.exists("/srv/other")
    assert redis_cli(data_host, "PING") == "PONG"


def test_what_it_held_comes_back_from_a_dump(data_host: Host, shop: Project) -> None:
    before = int(count(data_host, "visits"))
    said = agent(
        data_host,
        ENGINE
        + """
with engine.dump() as dump:
    data, figures = dump.stream.read(), dump.figures()
    dump.finish()
Path("/root/shop.rdb").write_bytes(data)
print(figures["keys"].rows, len(figures["keys"].checksum))
""",
    )
    assert said.split() == ["1", "64"]
    assert int(count(data_host, "visits")) == before + 1
    kept = agent(
        data_host,
        ENGINE
        + "aside = engine.aside()\nengine.load(open('/root/shop.rdb', 'rb'), aside)\nprint(aside, engine.figures())",
    )
    assert re.fullmatch(r"/srv/shop/redis_before_\d{8}_\d{6} {'db0': 1}", kept)
    assert int(count(data_host, "visits")) == before + 1
    refused = agent(
        data_host,
        ENGINE
        + """
try:
    engine.load(io.BytesIO(open('/root/shop.rdb', 'rb').read()[:-9]), engine.aside())
except LoadFailed as error:
    print(type(error).__name__, error.fact)
""",
    )
    assert refused == "LoadFailed Redis did not take the dump: redis-check-rdb finds the file unsound"
    assert int(count(data_host, "visits")) == before + 2


def test_another_policy_holds_without_a_restart(data_host: Host, shop: Project) -> None:
    asked = ["systemctl", "show", "--property=MainPID", "--value", "seawall-redis-shop.service"]
    before = data_host.run(asked).stdout
    shop.configure(redis={"policy": "allkeys-lru", "memory": "48m"})
    shop.deploy()
    shown = redis_cli(data_host, "CONFIG", "GET", "maxmemory*").split()
    assert (shown[shown.index("maxmemory") + 1], shown[shown.index("maxmemory-policy") + 1]) == (
        str(48 << 20),
        "allkeys-lru",
    )
    assert data_host.run(asked).stdout == before
    assert shop.seawall("plan", "--exit-code").code == 0


def test_an_app_that_wants_none_any_more_keeps_what_it_held(data_host: Host, shop: Project) -> None:
    shop.configure(redis=None)
    shop.write("app.py", APP.replace('os.environ["REDIS_URL"]', '"unix:///nowhere"').replace("store.ping()", "pass"))
    planned = shop.seawall("plan").said
    assert "seawall-redis-shop" in planned
    shop.deploy()
    state = data_host.run(["systemctl", "is-active", "seawall-redis-shop.service"], check=False).stdout.strip()
    assert state in ("inactive", "unknown")
    assert data_host.exists("/srv/shop/redis/appendonlydir")
    assert shop.seawall("plan", "--exit-code").code == 0
