"""The health path."""

import pytest

from seawall.config.detect import Sure

HEAD = "from flask import Flask, Blueprint, redirect\napp = Flask(__name__)\n"


def route(path, more="", body="return 'ok'", decorator="", name="view"):
    return f"@app.route({path!r}{more})\n{decorator}def {name}():\n    {body}\n"


@pytest.mark.parametrize(
    "path", ["/health", "/healthz", "/_health", "/healthcheck", "/ping", "/status", "/health/", "/api/health"]
)
def test_a_customary_path_is_the_health_path(found, path):
    fact = found({"app.py": HEAD + route("/") + route(path)}).health
    assert (fact.best, str(fact.items[0].evidence), fact.remarks) == (path, "app.py:7", ())


def test_the_more_customary_of_two_is_chosen_and_the_other_named(found):
    fact = found({"app.py": HEAD + route("/status") + route("/healthz")}).health
    assert (fact.values, fact.rule) == (("/healthz", "/status"), "the more customary name")


@pytest.mark.parametrize(
    "source",
    [
        route("/health", ", methods=['POST']"),
        "@app.post('/health')\ndef view():\n    return ''\n",
        route("/health/<part>"),
        route("/healthy-food"),
    ],
)
def test_what_does_not_answer_get_at_that_very_path_is_no_health_path(found, source):
    assert found({"app.py": HEAD + source + route("/")}).health.best == "/"


def test_a_health_path_behind_a_login_is_remarked_on_and_not_taken(found):
    fact = found({"app.py": HEAD + route("/health", decorator="@login_required\n") + route("/")}).health
    assert fact.best == "/"
    assert "asks for a login" in fact.remarks[0]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("bp = Blueprint('x', __name__, url_prefix='/x')\n@bp.get('/health')\ndef h(): return ''\n", "/x/health"),
        (
            "bp = Blueprint('x', __name__)\n@bp.get('/health')\ndef h(): return ''\n"
            "app.register_blueprint(bp, url_prefix='/y')\n",
            "/y/health",
        ),
        ("app.add_url_rule('/health', view_func=print)\n", "/health"),
    ],
)
def test_prefixes_of_blueprints_count(found, source, path):
    assert found({"app.py": HEAD + source}).health.best == path


def test_a_prefix_that_is_computed_makes_no_path(found):
    source = HEAD + "bp = Blueprint('x', __name__, url_prefix=P)\n@bp.get('/health')\ndef h(): return ''\n"
    assert found({"app.py": source}).health.sure is Sure.NONE


def test_fastapi_and_starlette_and_django_have_health_paths_too(found):
    fastapi = (
        "from fastapi import FastAPI, APIRouter\napp = FastAPI()\nr = APIRouter(prefix='/v1')\n"
        "@r.get('/health')\nasync def h(): return {}\napp.include_router(r, prefix='/api')\n"
    )
    assert found({"main.py": fastapi}).health.best == "/api/v1/health"


def test_djangos_included_paths_are_below_their_prefix(found):
    files = {
        "site1/urls.py": "from django.urls import include, path\nu = [path('shop/', include('shop.urls'))]\n",
        "shop/urls.py": "from django.urls import path\nu = [path('health/', v), path('<int:n>/', v)]\n",
    }
    assert found(files).health.best == "/shop/health/"


def test_without_a_health_path_the_front_page_is_suggested_and_said(found):
    fact = found({"app.py": HEAD + route("/other") + route("/", name="front")}).health
    assert fact.best == "/"
    assert fact.remarks[0].startswith("No health route was found; / (app.py:7) is asked instead.")


@pytest.mark.parametrize("front", [{"decorator": "@login_required\n"}, {"body": "return redirect('/login')"}])
def test_a_front_page_that_does_not_answer_itself_gives_way_to_another_page(found, front):
    fact = found({"app.py": HEAD + route("/", **front) + route("/login", name="login")}).health
    assert fact.best == "/login"
    assert "/ was not found, or it redirects or asks for a login." in fact.remarks[0]


def test_without_any_open_page_nothing_is_made_up(found):
    fact = found({"app.py": HEAD + route("/", decorator="@login_required\n")}).health
    assert (fact.sure, len(fact.remarks)) == (Sure.NONE, 1)
