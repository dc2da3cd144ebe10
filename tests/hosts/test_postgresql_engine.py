"""PostgreSQL's dumps on a real server: of one moment, told from what they were made of, loaded beside the live data."""

from typing import Any

import pytest

from .conftest import BootHost
from .data_host import DATA_PACKAGES
from .machine import Host
from .on_host import answer, bring_agent

#: Types whose text depends on settings, names that must be quoted, and what is no table but must come back.
SCHEMA = """
CREATE ROLE shop LOGIN;
CREATE DATABASE shop OWNER shop;
REVOKE ALL ON DATABASE shop FROM PUBLIC;
ALTER DATABASE shop SET timezone = 'Europe/Berlin';
ALTER DATABASE shop SET extra_float_digits = 0;
\\c shop
CREATE EXTENSION hstore;
SET ROLE shop;
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE notes (id serial PRIMARY KEY, word text, f double precision, r real, at timestamptz DEFAULT now(),
    lasts interval, cost money, part bytea, doc jsonb, mood mood, many int[], n numeric, pairs hstore);
INSERT INTO notes (word, f, r, lasts, cost, part, doc, mood, many, n, pairs)
    SELECT 'grüß ' || i, i / 3.0, i / 7.0, i * interval '1 hour 3 days', i::numeric::money, decode(md5(i::text), 'hex'),
    json_build_object('a', i), 'high', array[i, NULL], i / 9.0, hstore('k', i::text) FROM generate_series(1, 5000) i;
CREATE TABLE "Odd ""one" (a text);
INSERT INTO "Odd ""one" VALUES (NULL), ('x'), ('x');
CREATE TABLE split (k int, v text) PARTITION BY HASH (k);
CREATE TABLE split_0 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE split_1 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO split SELECT i, i FROM generate_series(1, 100) i;
CREATE INDEX by_word ON notes (word);
CREATE MATERIALIZED VIEW total AS SELECT count(*) FROM notes;
CREATE TABLE files (note int REFERENCES notes, body oid);
INSERT INTO files VALUES (1, lo_from_bytea(0, 'a large object'));
CREATE SEQUENCE down INCREMENT -2;
SELECT nextval('down');
"""

#: Comes before the code of every test.
ENGINE = """
from seawall.agent.data.engines import engine_for
from seawall.agent.data.engines.pace import CALM
from seawall.agent.data.figures import compare
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import AgentError
engine = engine_for(Database("postgresql", "shop", "shop", socket="/var/run/postgresql"))

def dump(path):
    with engine.dump(CALM) as dump, open(path, "wb") as file:
        while piece := dump.stream.read(65536):
            file.write(piece)
        figures = dump.figures()
        dump.finish()
    return figures

def load(path, name):
    engine.drop(name)
    engine.create(name)
    with open(path, "rb") as file:
        engine.load(file, name)

def refused(work, *args):
    try:
        work(*args)
    except AgentError as error:
        return [type(error).__name__, error.fact, error.output]
    return []
"""


def sql(host: Host, script: str, database: str = "shop") -> list[str]:
    argv = [
        "setpriv",
        "--reuid=postgres",
        "--regid=postgres",
        "--clear-groups",
        "psql",
        "-XqAt",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    return host.run([*argv, database], stdin=script).stdout.split("\n")[:-1]


@pytest.fixture(scope="module")
def server(boot_module_host: BootHost) -> Host:
    host = boot_module_host(packages=DATA_PACKAGES)
    host.run(["systemctl", "start", "postgresql@15-main"])
    sql(host, SCHEMA, "postgres")
    bring_agent(host)
    return host


def asked(host: Host, code: str) -> Any:
    return answer(host, ENGINE + code)


def test_a_copy_has_the_figures_of_the_dumps_own_moment_while_others_write(server: Host) -> None:
    told = asked(
        server,
        """
import subprocess
from seawall.agent.process import begin, end
more = "INSERT INTO notes (word) SELECT 'more' FROM generate_series(1, 20); SELECT nextval('down'); \\\\watch 0.01"
writer = begin(["psql", "-Xq", "-c", "SELECT 1", "shop"], user="postgres")
writer.wait()
writer = begin(["psql", "-Xq", "shop"], user="postgres", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
writer.stdin.write((more + chr(10)).encode())
import time
time.sleep(1)
figures = dump("/tmp/shop.dump")
end(writer)
load("/tmp/shop.dump", "shop_copy")
answer = {
    "differs": compare(figures, engine.figures("shop_copy")),
    "rows": figures["public.notes"].rows,
    "now": engine.figures("shop")["public.notes"].rows,
    "names": sorted(figures),
    "damage": engine.damage("shop_copy"),
}
engine.drop("shop_copy")
""",
    )
    assert told["differs"] == []
    assert told["damage"] == []
    assert 5000 < told["rows"] <= told["now"]
    tables = ['public.Odd "one', "public.files", "public.notes", "public.split_0", "public.split_1"]
    others = ["(constraints)", "(indexes)", "(large objects)", "(triggers)", "(views)", "public.down"]
    assert told["names"] == sorted([*tables, *others, "public.notes_id_seq"])


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ("DELETE FROM notes WHERE id = 7", "public.notes has {} rows and had {}"),
        ("UPDATE notes SET f = f + 1e-9 WHERE id = 7", "their checksums differ"),
        ("DROP INDEX by_word", "(indexes) has 1 row and had 2 rows"),
        ('DROP TABLE "Odd ""one"', 'public.Odd "one is missing: it had 3 rows'),
        ("SELECT setval('notes_id_seq', 3)", "public.notes_id_seq stands at 4 and stood at"),
        ("SELECT lo_unlink(body) FROM files", "(large objects) is missing"),
    ],
)
def test_whatever_a_copy_lacks_is_told(server: Host, spoiled: str, said: str) -> None:
    asked(server, "dump('/tmp/shop.dump'); load('/tmp/shop.dump', 'shop_copy'); answer = 0")
    sql(server, spoiled, "shop_copy")
    (told,) = asked(
        server, "answer = compare(engine.figures('shop'), engine.figures('shop_copy')); engine.drop('shop_copy')"
    )
    for part in said.split("{}"):
        assert part in told


def test_half_a_dump_is_refused_and_so_is_a_program_that_was_killed(server: Host) -> None:
    told = asked(
        server,
        """
import os, signal, subprocess
from seawall.agent.process import begin
dump("/tmp/shop.dump")
with open("/tmp/half.dump", "wb") as half:
    half.write(open("/tmp/shop.dump", "rb").read()[:60000])

def killed():
    with engine.dump() as dump:
        dump.stream.read(10)
        os.killpg(dump._dumping.process.pid, signal.SIGKILL)
        while dump.stream.read(65536):
            pass
        dump.finish()

def session_killed():
    locking = "BEGIN; LOCK TABLE notes; SELECT 'locked'; SELECT pg_sleep(600);"  # so that the figures have to wait
    locker = begin(["psql", "-XqAt", "shop"], user="postgres", stdin=subprocess.PIPE)
    locker.stdin.write((locking + chr(10)).encode())
    assert locker.stdout.readline() == b"locked" + bytes([10])
    with engine.dump() as dump:
        engine._ask("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'")
        dump.figures()

answer = [refused(load, "/tmp/half.dump", "shop_half"), refused(killed), refused(session_killed)]
engine.drop("shop_half")
""",
    )
    assert [one[0] for one in told] == ["LoadFailed", "DumpFailed", "DumpFailed"]
    assert "could not read from input file" in told[0][2]
    assert told[1][1] == "pg_dump was killed by SIGKILL"
    assert "terminating connection" in told[2][2]


def test_a_restored_database_takes_the_place_of_one_that_is_in_use_with_its_settings(server: Host) -> None:
    told = asked(
        server,
        """
import subprocess
from seawall.agent.process import begin, end
figures = dump("/tmp/shop.dump")
load("/tmp/shop.dump", "shop_restore_20261128_133000")
clients = []
for _ in range(20):  # each comes back as soon as it is put out
    loop = "while true; do psql -XqAt -c 'SELECT pg_sleep(60)' shop; done"
    clients.append(begin(["sh", "-c", loop], user="postgres", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
import time
time.sleep(1)
try:
    old = engine.replace("shop", "shop_restore_20261128_133000")
finally:
    for client in clients:
        end(client)
engine._ask("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'")
answer = [old, engine.names("shop"), compare(figures, engine.figures("shop"))]
""",
    )
    old, names, differs = told
    assert old.startswith("shop_before_20")
    assert names == ["shop", old]
    assert differs == []
    settings = "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = "
    assert sql(server, f"{settings}'shop'") == ["{TimeZone=Europe/Berlin,extra_float_digits=0}"]
    owner = "SELECT pg_get_userbyid(datdba), datacl FROM pg_database WHERE datname = 'shop'"
    assert sql(server, owner) == ["shop|{shop=CTc/shop}"]
    assert sql(server, "SELECT tableowner FROM pg_tables WHERE tablename = 'notes'") == ["shop"]
    sql(server, f'DROP DATABASE "{old}"', "postgres")


def test_one_table_comes_back_beside_the_live_one_and_the_live_database_is_guarded(server: Host) -> None:
    told = asked(
        server,
        """
dump("/tmp/shop.dump")
load("/tmp/shop.dump", "shop_copy")
answer = {
    "names": [engine.copy_table("notes", "shop_copy", "shop"), engine.copy_table("public.notes", "shop_copy", "shop")],
    "unknown": refused(engine.copy_table, "orders", "shop_copy", "shop"),
    "drop": refused(engine.drop, "shop"),
    "load": refused(engine.load, None, "shop"),
    "empty": [engine.is_empty("shop"), engine.is_empty("none_such")],
    "refusal": [engine.refusal("17.2"), engine.refusal("13.4")],
}
engine.create("shop_new")
answer["empty"].append(engine.is_empty("shop_new"))
engine.drop("shop_new")
engine.drop("shop_copy")
""",
    )
    assert told["names"] == ["public.notes_restored", "public.notes_restored_2"]
    assert told["unknown"][1] == "orders is no table of the backup"
    assert told["drop"][1] == told["load"][1] == "shop is the app's own database"
    assert told["empty"] == [False, True, True]
    assert "the backup is one of PostgreSQL 17.2" in told["refusal"][0]
    assert told["refusal"][1] == ""
    same = "SELECT count(*) FROM notes n JOIN notes_restored r USING (id) WHERE n.word = r.word"
    assert sql(server, same) == sql(server, "SELECT count(*) FROM notes")
