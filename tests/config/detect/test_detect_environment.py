"""Environment variables: names, needs, secrets; and never a value."""

import pytest

from seawall.config.detect.facts import Need
from seawall.config.initial import notes, render, secrets


def needs(findings):
    return {variable.name: variable.need for variable in findings.variables.values}


@pytest.mark.parametrize(
    ("source", "need"),
    [
        ("import os\nx = os.environ['NAME']\n", Need.REQUIRED),
        ("from os import environ as e\nx = e['NAME']\n", Need.REQUIRED),
        ("from os import getenv\nx = getenv('NAME')\n", Need.REQUIRED),
        ("import os\nx = os.environ.get('NAME', None)\n", Need.REQUIRED),
        ("import os\nx = os.environ.get('NAME', 'a')\n", Need.DEFAULTED),
        ("import os\nx = os.environ.get('NAME', default='a')\n", Need.DEFAULTED),
        ("import os\nx = os.environ.setdefault('NAME', 'a')\n", Need.DEFAULTED),
        ("import os\nx = os.environ.get('NAME') or 'a'\n", Need.DEFAULTED),
        ("import os\nx = os.environ.get('NAME') or None\n", Need.REQUIRED),
        ("import os\nx = int(os.getenv('NAME') or 3)\n", Need.DEFAULTED),
        ("import os\nif os.environ.get('NAME'):\n    x = os.environ['NAME']\n", Need.OPTIONAL),
        ("import os\nif 'NAME' in os.environ:\n    x = os.environ['NAME']\n", Need.OPTIONAL),
        ("import os\nx = os.environ.get('NAME') == '1'\n", Need.OPTIONAL),
        ("import os\nif not os.environ.get('NAME'):\n    raise SystemExit('no')\n", Need.REQUIRED),
        ("from environs import Env\nenv = Env()\nx = env.str('NAME')\n", Need.REQUIRED),
        ("from environs import Env\nenv = Env()\nx = env('NAME', 'a')\n", Need.DEFAULTED),
        ("import environ\nenv = environ.Env()\nx = env.db('NAME', default='a')\n", Need.DEFAULTED),
        ("from decouple import config\nx = config('NAME')\n", Need.REQUIRED),
        ("from starlette.config import Config\nc = Config('.env')\nx = c('NAME', default=1)\n", Need.DEFAULTED),
        ("from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    name: str\n", Need.REQUIRED),
        ("from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    name: str = 'a'\n", Need.DEFAULTED),
    ],
)
def test_a_variable_is_found_with_its_need(found, source, need):
    assert needs(found({"config.py": source})) == {"NAME": need}


def test_writing_a_variable_is_not_reading_it(found):
    assert needs(found({"a.py": "import os\nos.environ['NAME'] = 'x'\ndel os.environ['OTHER']\n"})) == {}


def test_a_prefix_of_settings_counts(found):
    source = (
        "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n"
        "    model_config = SettingsConfigDict(env_prefix='SHOP_')\n    name: str\n"
    )
    assert needs(found({"a.py": source})) == {"SHOP_NAME": Need.REQUIRED}


def test_a_strict_reading_counts_more_than_a_lenient_one(found):
    files = {"a.py": "import os\nx = os.getenv('N', 1)\n", "b.py": "import os\nx = os.environ['N']\n"}
    findings = found(files)
    assert needs(findings) == {"N": Need.REQUIRED}
    assert str(findings.variables.items[0].evidence) == "b.py:2"


def test_what_the_system_gives_and_what_tests_read_is_no_setting(found):
    source = "import os\nx = os.environ['HOME'], os.environ['PORT'], os.environ['DEV_DATABASE_URL']\n"
    assert needs(found({"a.py": source, "tests/conftest.py": "import os\nx = os.environ['OTHER']\n"})) == {}


def test_a_computed_name_is_remarked_on(found):
    fact = found({"a.py": "import os\nx = os.environ[NAME]\n"}).variables
    assert fact.remarks == ("a.py:2: reads an environment variable whose name is computed.",)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SECRET_KEY", "secret"), ("STRIPE_TOKEN", "secret"), ("MAIL_PASSWORD", "secret"), ("SENTRY_DSN", "secret"),
        ("API_KEY", "secret"), ("DB_PASS", "secret"), ("DATABASE_URL", "database"), ("SHOP_DATABASE_URL", "database"),
        ("SQLALCHEMY_DATABASE_URI", "database"), ("MONGO_URI", "database"), ("POSTGRES_URL", "database"),
        ("REDIS_URL", "redis"), ("CELERY_BROKER_URL", "redis"), ("CELERY_RESULT_BACKEND", "redis"),
        ("KEYCLOAK_NAME", "plain"), ("PUBLIC_KEY", "plain"), ("MAIL_SERVER", "plain"), ("MONKEY", "plain"),
        ("BASE_URL", "plain"), ("COMPASS", "plain"),
    ],
)  # fmt: skip
def test_names_tell_what_is_secret(found, name, kind):
    assert found({"a.py": f"import os\nx = os.environ[{name!r}]\n"}).variables.values[0].kind == kind


def test_secrets_are_those_without_a_default_and_every_secret_key(found):
    source = (
        "import os\na = os.environ['API_KEY']\nb = os.getenv('SECRET_KEY', 'dev')\nc = os.getenv('DATABASE_URL', 'x')\n"
        "d = os.environ['MAIL_SERVER']\nif os.getenv('SENTRY_DSN'): pass\n"
    )
    findings = found({"config.py": source})
    assert [item.value.name for item in secrets(findings)] == ["API_KEY", "SECRET_KEY"]
    text, said = render(findings), "\n".join(notes(findings))
    assert 'secrets = ["API_KEY", "SECRET_KEY"]' in text
    assert '# MAIL_SERVER = ""  # config.py:5, without a default' in text
    assert "config.py:4: DATABASE_URL has a default; for another value" in said
    assert "config.py:6: SENTRY_DSN may be absent" in said


def test_flasks_prefixed_environment_has_the_session_key(found):
    source = "from flask import Flask\napp = Flask('x')\napp.config.from_prefixed_env({})\n"
    assert [item.value.name for item in secrets(found({"app.py": source.format("")}))] == ["FLASK_SECRET_KEY"]
    assert [item.value.name for item in secrets(found({"app.py": source.format("'SHOP'")}))] == ["SHOP_SECRET_KEY"]


@pytest.mark.parametrize(
    "source",
    ["app.secret_key = 'abc'\n", "app.config['SECRET_KEY'] = 'abc'\n", "SECRET_KEY = 'abc'\n", "f(SECRET_KEY='abc')\n"],
)
def test_a_key_in_the_code_is_said_and_its_value_is_not(found, source):
    findings = found({"app.py": source})
    said = "\n".join(notes(findings))
    assert "app.py:1: SECRET_KEY is written in the code" in said
    assert "abc" not in said + render(findings)


def test_names_in_dotenv_files_are_found_and_values_never_shown(found):
    files = {
        ".env": "# c\nexport TOKEN=hunter2\nNAME = 'hunter2'\n",
        ".env.example": "OTHER=hunter2\n",
        "a.py": "import os\nx = os.getenv('PASSWORD', 'hunter2')\ny = os.getenv('SECRET_KEY') or 'hunter2'\n",
    }
    findings = found(files)
    assert findings.dotenv.values == ("TOKEN", "NAME", "OTHER")
    shown = render(findings) + "\n".join(notes(findings))
    assert ".env sets TOKEN, NAME, and never travels" in shown
    assert "hunter2" not in shown + repr(findings)
