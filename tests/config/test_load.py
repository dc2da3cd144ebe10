"""Finding, merging and checking the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.config.document import peek_hosts
from seawall.config.load import load, load_to_deploy
from seawall.errors import ConfigError, ConfigErrors, SeawallError, UsageError

SMALLEST = 'name = "guestbook"\n[app]\nentry = "guestbook:create_app()"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, SMALLEST)


def write(folder: Path, text: str, name: str = "seawall.toml") -> Path:
    (folder / name).write_text(text)
    return folder


def told(error: pytest.ExceptionInfo[ConfigErrors]) -> list[tuple[str, str]]:
    return [(each.place, each.fact) for each in error.value.errors]


def test_a_name_and_an_entry_are_enough(project: Path) -> None:
    loaded = load(project)
    assert (loaded.name, loaded.app.entry, loaded.environment) == ("guestbook", "guestbook:create_app()", "production")
    assert (loaded.directory, loaded.root, loaded.warnings) == (project, project, ())
    assert (loaded.server.workers, loaded.tls.mode, loaded.hosts) == ("auto", "self-signed", ())


def test_the_file_is_found_from_a_folder_below(project: Path) -> None:
    below = project / "guestbook" / "static"
    below.mkdir(parents=True)
    assert load(below).directory == project


def test_the_table_in_pyproject_serves_too(tmp_path: Path) -> None:
    write(tmp_path, "[tool.seawall]\n" + SMALLEST.replace("[app]", "[tool.seawall.app]"), "pyproject.toml")
    assert load(tmp_path).name == "guestbook"
    write(tmp_path, '[project]\nname = "x"\n\n[tool.seawall]\nname = "UP"\n', "pyproject.toml")
    with pytest.raises(ConfigErrors) as error:
        load(tmp_path)
    assert told(error)[1][0] == "pyproject.toml:5"


def test_seawall_toml_comes_before_pyproject(project: Path) -> None:
    write(project, '[tool.seawall]\nname = "other"\n', "pyproject.toml")
    assert load(project).name == "guestbook"


def test_a_pyproject_of_something_else_is_passed_by(project: Path) -> None:
    below = project / "tools"
    below.mkdir()
    write(below, "this is [ not TOML", "pyproject.toml")
    assert load(below).directory == project


def test_without_a_file_the_remedy_is_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no seawall\.toml") as error:
        load(tmp_path)
    assert "seawall init" in error.value.remedy


def test_a_byte_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_bytes(b'name = "a"\n# caf\xe9\n')
    with pytest.raises(ConfigError, match="UTF-8") as error:
        load(tmp_path)
    assert error.value.place == "seawall.toml:2"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode() + b"x = 1\r\n")
    with pytest.raises(ConfigErrors) as error:
        load(tmp_path)
    assert told(error) == [("seawall.toml:4", "there is no key `app.x`")]


def test_an_environment_overlays_tables_and_replaces_the_rest(tmp_path: Path) -> None:
    overlay = """
        hosts = ["production"]
        [app]
        entry = "guestbook:app"
        persist = ["instance"]
        [env]
        A = "base"
        B = 5
        [processes]
        mail = "rq worker"
        [environments.staging]
        hosts = ["staging"]
        app.persist = ["uploads"]
        env.A = true
        processes.mail.count = 3
    """
    write(tmp_path, 'name = "guestbook"\n' + overlay)
    base, staging = load(tmp_path), load(tmp_path, "staging")
    assert (base.hosts, base.app.persist, base.env) == (("production",), ("instance",), {"A": "base", "B": "5"})
    assert (staging.hosts, staging.app.persist) == (("staging",), ("uploads",))
    assert staging.env == {"A": "true", "B": "5"}
    assert (base.processes["mail"].count, staging.processes["mail"].count) == (1, 3)
    assert staging.processes["mail"].command == "rq worker"


def test_an_app_is_called_by_its_environment_unless_that_names_it(tmp_path: Path) -> None:
    write(tmp_path, SMALLEST + '[environments.staging]\n[environments.beta]\nname = "preview"\n')
    names = {name: load(tmp_path, name).app_id for name in ("production", "local", "staging", "beta")}
    assert names == {
        "production": "guestbook",
        "local": "guestbook",
        "staging": "guestbook-staging",
        "beta": "preview",
    }


def test_an_unknown_environment_lists_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, SMALLEST + "[environments.staging]\n")
    with pytest.raises(UsageError, match="'stagin'") as error:
        load(tmp_path, "stagin")
    assert "local, production, staging" in error.value.remedy


def test_a_mistake_is_told_where_the_value_comes_from(tmp_path: Path) -> None:
    write(tmp_path, SMALLEST + "[server]\nworkers = 2\n[environments.staging.server]\nworkers = 0\n")
    for environment in ("staging", "production"):  # the whole file is checked each time
        with pytest.raises(ConfigErrors) as error:
            load(tmp_path, environment)
        assert [place for place, _ in told(error)] == ["seawall.toml:7"]


def test_a_mistake_of_the_base_is_told_once_however_many_environments_there_are(tmp_path: Path) -> None:
    text = "[server]\nworkers = 0\n[environments.a.server]\nthreads = 1\n[environments.b.server]\nthreads = 1\n"
    write(tmp_path, SMALLEST + text)
    with pytest.raises(ConfigErrors) as error:
        load(tmp_path)
    assert [place for place, _ in told(error)] == ["seawall.toml:5"]


def test_an_environment_may_give_what_the_base_lacks(tmp_path: Path) -> None:
    write(tmp_path, 'name = "guestbook"\n[environments.staging.app]\nentry = "guestbook:app"\n')
    assert load(tmp_path, "staging").app.entry == "guestbook:app"
    with pytest.raises(ConfigErrors):
        load(tmp_path)


def test_a_plain_variable_that_looks_like_a_secret_is_warned_of(tmp_path: Path) -> None:
    write(tmp_path, SMALLEST + '[env]\nMAIL_PASSWORD = "hunter2"\nEMPTY_TOKEN = ""\nDEBUG = false\n')
    (warning,) = load(tmp_path).warnings
    assert warning.startswith("seawall.toml:5: `env.MAIL_PASSWORD` looks like a secret")
    assert "seawall secret set MAIL_PASSWORD" in warning
    assert "hunter2" not in warning


def test_what_a_deployment_needs_must_be_there(tmp_path: Path) -> None:
    write(tmp_path, SMALLEST + 'requirements = "uv.lock"\n[static]\n"/static/" = "static"\n')
    with pytest.raises(ConfigErrors) as error:
        load_to_deploy(tmp_path)
    assert told(error) == [
        ("seawall.toml:1", "there is no host to deploy to"),
        ("seawall.toml:4", "there is no file uv.lock in the project"),
        ("seawall.toml:6", "there is no folder static in the project"),
    ]


def test_the_local_target_needs_no_host(project: Path) -> None:
    (project / "requirements.txt").write_text("flask\n")
    assert load_to_deploy(project, "local").environment == "local"


def test_a_link_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "requirements.txt").write_text("flask\n")
    (inside / "requirements.txt").symlink_to(outside / "requirements.txt")
    (inside / "static").symlink_to(outside)
    write(inside, SMALLEST + '[static]\n"/static/" = "static"\n')
    with pytest.raises(ConfigErrors) as error:
        load_to_deploy(inside, "local")
    assert [fact.partition(" leads")[0] for _, fact in told(error)] == ["`app.requirements`", '`static."/static/"`']


def test_hosts_are_peeked_at_without_judging_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'hosts = ["one", "two"]\nwrong = 1\n[environments.staging]\nhosts = ["three"]\n')
    assert peek_hosts(tmp_path, "production") == ("one", "two")
    assert peek_hosts(tmp_path, "staging") == ("three",)
    assert peek_hosts(tmp_path, "nowhere") == ()
    write(tmp_path, 'hosts = ["-oProxyCommand=reboot"]\n')
    assert peek_hosts(tmp_path, "production") == ()


@pytest.mark.parametrize(
    "text", ["", "app = 5", "name = []", "environments = 5", "env = 5\nsecrets = 5", "static = []"]
)
def test_no_shape_of_the_file_makes_the_loader_stumble(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    with pytest.raises(SeawallError):
        load(tmp_path)
