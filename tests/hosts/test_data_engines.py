"""MariaDB and SQLite on a host: set up by a deployment, apart for each app, and dumped while rows are written."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .data_host import add_rows, ledger_project, rows
from .machine import Host
from .on_host import agent, crash
from .product import Project, eventually, visitor

ROUND_TRIP = """
from seawall.agent.data.engines import engine_for
from seawall.agent.data.engines.pace import CALM
from seawall.agent.data.figures import compare
from seawall.agent.data.vocabulary import Database
engine = engine_for(Database(**DATABASE))
with engine.dump(CALM) as dump:
    data = dump.stream.read()
    figures = dump.figures()
    dump.finish()
scratch = DATABASE["name"] + "_scratch"
engine.create(scratch)
engine.load(io.BytesIO(data), scratch)
print(compare(figures, engine.figures(scratch)), engine.damage(scratch), figures["rows_kept"].rows)
"""
MARIADB = {"kind": "mariadb", "name": "ledger", "user": "ledger", "socket": "/run/mysqld/mysqld.sock"}
#: One address writes as quickly as it can.
UNBOUNDED = {"rate": "", "connections": 0}
SQLITE = {"kind": "sqlite", "name": "notes", "user": "notes", "path": "/srv/notes/data/notes.db"}


@pytest.fixture(scope="module")
def ledger(data_host: Host, ssh_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An app with MariaDB, deployed, that has kept two rows."""
    directory = tmp_path_factory.mktemp("ledger")
    project = ledger_project(directory, ssh_environment, data_host.name, kind="mariadb", limits=UNBOUNDED)
    planned = project.seawall("plan").said
    assert "DATABASE_PASSWORD is made up" in planned
    assert "database ledger" in planned
    project.deploy()
    assert add_rows(data_host, "one", "zwölf 🐘") == [1, 2]
    return project


@pytest.fixture(scope="module")
def notes(data_host: Host, ssh_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An app with SQLite, deployed."""
    directory = tmp_path_factory.mktemp("notes")
    project = ledger_project(directory, ssh_environment, data_host.name, kind="sqlite", name="notes", limits=UNBOUNDED)
    project.deploy()
    return project


@contextmanager
def writing(host: Host, domain: str) -> Iterator[list[int]]:
    """A visitor who adds rows one after the other; the numbers of those that the app has said are kept."""
    over, kept = threading.Event(), [0]

    def write() -> None:
        with visitor(host, domain) as client:
            while not over.is_set():
                kept.append(int(client.post("/rows", content="written meanwhile").raise_for_status().text))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield kept
    finally:
        over.set()
        thread.join()


def round_trip(host: Host, domain: str, database: Mapping[str, str]) -> tuple[str, int, int, int]:
    """What differs between a dump, made while rows are written, and what was loaded from it; how many rows it has, and
    how many the app had said are kept before it and after."""
    with writing(host, domain) as kept:
        eventually(lambda: len(kept) > 20, "twenty rows")
        before = kept[-1]
        said = agent(host, f"DATABASE = {dict(database)!r}\n{ROUND_TRIP}")
        after = kept[-1]
    found = re.fullmatch(r"(\[.*\] \[.*\]) (\d+)", said)
    assert found, said
    return found[1], int(found[2]), before, after


def password(host: Host, app: str) -> str:
    """The one that the app has been given."""
    url = re.search(r'^DATABASE_URL="(.*)"$', host.read_file(f"/srv/{app}/live/env"), re.M)
    return str(urlsplit(url[1]).password) if url else ""


def test_the_app_keeps_its_rows_in_mariadb_and_a_second_deploy_finds_nothing_to_do(
    data_host: Host, ledger: Project
) -> None:
    assert rows(data_host) == ["one", "zwölf 🐘"]
    assert ledger.seawall("plan", "--exit-code").code == 0
    data_host.run(["systemctl", "restart", "mariadb"])
    assert rows(data_host) == ["one", "zwölf 🐘"]
    assert ledger.seawall("plan", "--exit-code").code == 0


def test_mariadb_listens_on_its_socket_alone_and_comes_back_after_a_crash(data_host: Host, ledger: Project) -> None:
    assert "maria" not in data_host.run(["ss", "-Hltnp"]).stdout
    crash(data_host, "mariadb")
    assert rows(data_host) == ["one", "zwölf 🐘"]
    assert data_host.run(["systemctl", "is-enabled", "mariadb"]).stdout.strip() == "enabled"


def test_the_password_is_nowhere_but_in_the_release_and_the_store(data_host: Host, ledger: Project) -> None:
    secret = password(data_host, "ledger")
    assert len(secret) > 40
    assert secret not in ledger.seawall("plan").said
    assert secret not in data_host.journal()
    found = data_host.run(["grep", "-rlF", secret, "/srv", "/etc", "/run", "/var/log", "/tmp"], check=False).stdout
    assert found.split() == ["/srv/ledger/releases/v1/env"]


def test_two_apps_do_not_get_at_each_others_mariadb(
    data_host: Host, ledger: Project, ssh_environment: dict[str, str], tmp_path: Path
) -> None:
    other = ledger_project(tmp_path, ssh_environment, data_host.name, kind="mariadb", name="other")
    other.deploy()
    assert add_rows(data_host, "mine", domain="other.example.com") == [1]
    login = f"[client]\npassword={password(data_host, 'other')}\n"
    data_host.write_file("/root/other.cnf", login)
    asked = ["mariadb", "--defaults-extra-file=/root/other.cnf", "--user=other", "--batch", "--skip-column-names"]
    shown = data_host.run([*asked, "--execute=SHOW DATABASES"]).stdout.split()
    assert shown == ["information_schema", "other"]
    refused = data_host.run([*asked, "--execute=SELECT * FROM ledger.rows_kept"], check=False)
    assert "denied" in refused.stderr
    as_other = data_host.run(["runuser", "-u", "other", "--", "mariadb", "--user=ledger", "ledger"], check=False)
    assert "Access denied" in as_other.stderr
    other.seawall("destroy", "--yes", "other")
    assert data_host.exists("/var/lib/mysql/other")
    other.deploy()
    assert rows(data_host, domain="other.example.com") == ["mine"]
    other.seawall("destroy", "--yes", "other", "--with-data")
    assert not data_host.exists("/var/lib/mysql/other")
    assert rows(data_host) == ["one", "zwölf 🐘"]


def test_a_dump_of_mariadb_while_rows_are_written_is_of_one_moment(data_host: Host, ledger: Project) -> None:
    differences, number, before, after = round_trip(data_host, "ledger.example.com", MARIADB)
    assert differences == "[] []"
    # AUTO_INCREMENT counts those that were rolled back too; none was.
    assert before <= number <= after + 1


HANGING = """
from seawall.agent.data.engines import engine_for
from seawall.agent.data.engines.mariadb_client import Client
from seawall.agent.data.figures import compare
from seawall.agent.data.vocabulary import Database
engine = engine_for(Database(**DATABASE))
with Client(DATABASE["socket"], "ledger") as client:
    client.ask(
        "CREATE TABLE book (id INT PRIMARY KEY, best INT)",
        "CREATE TABLE page (id INT PRIMARY KEY, book INT, body LONGBLOB, size DECIMAL(9,3),"
        " FOREIGN KEY (book) REFERENCES book (id))",
        "ALTER TABLE book ADD FOREIGN KEY (best) REFERENCES page (id)",
        "CREATE TABLE `odd ``name` (a TEXT, b TEXT)",
        "INSERT INTO `odd ``name` VALUES ('1', NULL), (NULL, '1'), ('1', '1'), ('1', '1')",
        "INSERT INTO book VALUES (1, NULL)",
        "INSERT INTO page VALUES (7, 1, X'00FF0A0D1A5C27', 1.125)",
        "CREATE VIEW loud AS SELECT UPPER(word) AS word FROM rows_kept",
        "CREATE VIEW louder AS SELECT * FROM loud",
        "CREATE TRIGGER counts AFTER INSERT ON page FOR EACH ROW UPDATE book SET best = NEW.id",
        "CREATE PROCEDURE nothing() SELECT 1",
        "CREATE EVENT yearly ON SCHEDULE EVERY 1 YEAR DO DELETE FROM rows_kept WHERE id < 0",
    )
with engine.dump() as dump:
    data, wanted = dump.stream.read(), dump.figures()
    dump.finish()
engine.create("ledger_restored")
engine.load(io.BytesIO(data), "ledger_restored")
with Client(DATABASE["socket"], "ledger") as client:
    client.ask("DELETE FROM rows_kept")
changed = engine.figures("ledger")
old = engine.replace("ledger", "ledger_restored")
names = [name.replace(old, "OLD") for name in engine.names("ledger")]
own = engine.sizes()
known = sorted(own) == ["ledger", old, "ledger_scratch"] and min(own.values()) > 0
print(compare(wanted, engine.figures("ledger")), compare(changed, engine.figures(old)), names, known)
with Client(DATABASE["socket"], "ledger") as client:
    client.ask("INSERT INTO page VALUES (8, 1, NULL, NULL)")
    print(client.ask("SELECT best FROM book"), client.ask("SELECT COUNT(*) FROM louder") != [["0"]])
    print(engine.copy_table("page", old, "ledger"), client.ask("SELECT id, HEX(body) FROM page_restored"))
"""


def test_a_restored_mariadb_takes_the_place_of_the_live_one_with_all_that_hangs_on_its_tables(
    data_host: Host, ledger: Project
) -> None:
    before = rows(data_host)
    said = agent(data_host, f"DATABASE = {MARIADB!r}\n{HANGING}").splitlines()
    assert said == [
        "[] [] ['ledger', 'OLD', 'ledger_scratch'] True",
        "[['8']] True",
        "page_restored [['7', '00FF0A0D1A5C27']]",
    ]
    assert rows(data_host) == before


EVENTS = """
from seawall.agent.data.engines import engine_for
from seawall.agent.data.engines.mariadb_client import Client
from seawall.agent.data.figures import compare
from seawall.agent.data.vocabulary import Database
engine = engine_for(Database(**DATABASE))

def ticks(database):
    with Client(DATABASE["socket"], database) as client:
        return int(client.ask("SELECT COUNT(*) FROM ticks")[0][0])

def await_ticks(number):
    deadline = time.monotonic() + 60
    while ticks("ledger") < number and time.monotonic() < deadline:
        time.sleep(0.2)

with Client(DATABASE["socket"], "ledger") as client:
    client.ask(
        "SET GLOBAL event_scheduler = ON",
        "CREATE TABLE ticks (id INT AUTO_INCREMENT PRIMARY KEY)",
        "CREATE DEFINER = ledger@localhost EVENT ticking ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (NULL)",
    )
await_ticks(1)
with engine.dump() as dump:
    data, wanted = dump.stream.read(), dump.figures()
    dump.finish()
engine.create("ledger_drill")
engine.load(io.BytesIO(data), "ledger_drill")
await_ticks(ticks("ledger") + 4)
print(compare(wanted, engine.figures("ledger_drill")))
old = engine.replace("ledger", "ledger_drill")
kept, live = ticks(old), ticks("ledger")
await_ticks(live + 3)
print(ticks(old) == kept, ticks("ledger") >= live + 3)
engine.drop(old)
with Client(DATABASE["socket"], "ledger") as client:
    client.ask("SET GLOBAL event_scheduler = OFF", "DROP EVENT ticking", "DROP TABLE ticks")
"""


def test_events_of_a_copy_never_run_and_those_of_the_live_database_go_on(data_host: Host, ledger: Project) -> None:
    assert agent(data_host, f"DATABASE = {MARIADB!r}\n{EVENTS}").splitlines() == ["[]", "True True"]


REFUSALS = """
from seawall.agent.data.engines import engine_for
from seawall.agent.data.engines.mariadb_client import Client
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import AgentError
engine = engine_for(Database(**DATABASE))
with engine.dump() as dump:
    data = dump.stream.read()
def refused(work):
    try:
        work()
    except AgentError as error:
        print(type(error).__name__, error.fact)
engine.create("half")
refused(lambda: engine.load(io.BytesIO(data[: data.rindex(b"-- Dump completed")]), "half"))
refused(lambda: engine.load(io.BytesIO(data), "ledger"))
def killed():
    with Client(DATABASE["socket"], "ledger") as client:  # more than a pipe holds, so that it is not through by then
        client.ask("CREATE TABLE wide AS SELECT REPEAT('x', 1000000) AS body")
    with engine.dump() as dump:
        dump._program.process.kill()
        dump.stream.read()
        dump.finish()
refused(killed)
with Client(DATABASE["socket"], "ledger") as client:
    client.ask("DROP TABLE wide")
print(engine.refusal("99.1.0"))
engine.drop("half")
print(engine.exists("half"))
"""


def test_half_a_dump_of_mariadb_is_neither_made_nor_loaded(data_host: Host, ledger: Project) -> None:
    said = agent(data_host, f"DATABASE = {MARIADB!r}\n{REFUSALS}").splitlines()
    assert said[0] == "LoadFailed the dump ends before its end: its last line is missing"
    assert said[1] == "BadRequest ledger is the app's own database"
    assert said[2] == "DumpFailed the dump is not whole: mariadb-dump was killed by SIGKILL"
    assert said[3].startswith("the dump is of MariaDB 99.1.0, and the server here is ")
    assert said[4] == "False"


def test_the_password_changes_without_a_moment_in_which_the_live_release_has_a_wrong_one(
    data_host: Host, ledger: Project
) -> None:
    with writing(data_host, "ledger.example.com") as kept:
        ledger.seawall("secret", "rotate", "DATABASE_PASSWORD", "--random")
        ledger.deploy()
        done = len(kept)
        eventually(lambda: len(kept) > done + 5, "rows after the deployment")
    assert ledger.seawall("plan", "--exit-code").code == 0
    ledger.seawall("rollback")
    assert rows(data_host)


def test_the_app_keeps_its_rows_in_a_file_that_stays(data_host: Host, notes: Project) -> None:
    at = "notes.example.com"
    assert add_rows(data_host, "one", "two", domain=at) == [1, 2]
    assert notes.seawall("plan", "--exit-code").code == 0
    notes.release("two")
    notes.deploy()
    assert rows(data_host, domain=at) == ["one", "two"]
    shown = data_host.run(["stat", "--format=%U %a", "/srv/notes/data/notes.db"]).stdout.strip()
    assert shown == "notes 600"
    assert agent(data_host, "print(Path('/srv/notes/data/notes.db').read_bytes()[18:20])") == r"b'\x02\x02'"
    assert "sqlite:////srv/notes/data/notes.db?timeout=20" in data_host.read_file("/srv/notes/live/env")


def test_a_dump_of_sqlite_while_rows_are_written_is_of_one_moment(data_host: Host, notes: Project) -> None:
    differences, number, before, after = round_trip(data_host, "notes.example.com", SQLITE)
    assert differences == "[] []"
    assert before <= number <= after + 1
    owners = data_host.run(["find", "/srv/notes/data", "!", "-user", "notes"]).stdout
    assert owners == ""


def test_a_link_in_the_place_of_the_file_leads_root_nowhere(data_host: Host, notes: Project) -> None:
    data_host.run(["cp", "/srv/notes/data/notes.db", "/root/secret.db"])
    data_host.run(["chmod", "600", "/root/secret.db"])
    data_host.run(["runuser", "-u", "notes", "--", "ln", "-s", "/root/secret.db", "/srv/notes/data/linked.db"])
    linked = {**SQLITE, "name": "linked", "path": "/srv/notes/data/linked.db"}
    lines = """
from seawall.agent.data.engines import engine_for
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import DumpFailed
try:
    with engine_for(Database(**DATABASE)).dump() as dump:
        print(len(dump.stream.read()))
except DumpFailed as error:
    print(error.fact)
"""
    assert agent(data_host, f"DATABASE = {linked!r}\n{lines}").endswith("unable to open database file")


@pytest.mark.parametrize("name", ["ledger", "notes"])
def test_a_backup_is_proven_by_a_drill_and_comes_back(
    data_host: Host, request: pytest.FixtureRequest, name: str
) -> None:
    project: Project = request.getfixturevalue(name)
    project.configure(backup={"repository": f"/var/backups/{name}"})
    project.deploy()
    domain = f"{name}.example.com"
    before = rows(data_host, domain=domain)
    project.seawall("backup", "now")
    project.seawall("drill")
    add_rows(data_host, "since the backup", domain=domain)
    project.seawall("restore", "--replace", "--yes")
    assert rows(data_host, domain=domain) == before
    assert add_rows(data_host, "after the restore", domain=domain)
