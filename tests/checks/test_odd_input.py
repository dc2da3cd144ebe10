"""No file of a project, however odd, ends the look at it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.checks.catalogue import STATIC
from seawall.checks.ignore import ignores_in
from seawall.checks.static.checklist import look_through
from seawall.operations.checks import check_project

QUICK = [check for check in STATIC if not check.slow]
HEAD = "from flask import Flask, request\n\napp = Flask(__name__)\n"
VIEW = HEAD + "@app.get('/<path:name>')\ndef page(name):\n    x = request.args['x']\n"
ODD: dict[str, tuple[str, bytes]] = {
    "sums": ("app.py", b"x = " + b"'a' + " * 900 + b"'b'\n"),
    "calls of calls": ("app.py", b"x = a" + b".b()" * 300 + b"\n"),
    "names of names": ("app.py", b"x = a" + b".b" * 900 + b"\n"),
    "signs": ("app.py", b"x = " + b"-" * 30_000 + b"1\n"),
    "brackets": ("app.py", b"x = " + b"(" * 5_000 + b")" * 5_000),
    "conditions": ("app.py", b"if a:\n    pass\n" + b"elif b:\n    app.debug = True\n" * 900),
    "functions in functions": ("app.py", "".join(" " * i + "def f(a=request.args):\n" for i in range(90)).encode()),
    "another Python": ("app.py", b"print 'hello'\nexec 'x'\n"),
    "not UTF-8": ("app.py", "# -*- coding: latin-1 -*-\nx = 'ü'\n".encode("latin-1")),
    "not text": ("app.py", bytes(range(256)) * 40),
    "no names": ("app.py", b"(lambda: 0)()[1:2].x = y[:, ...] = print(*a, **b)\ndel x\n@(a or b)\ndef f(*, a): ...\n"),
    "many queries": ("app.py", (VIEW + "    q = f'select {x}'; db.execute(q); open(x)\n" * 2_000).encode()),
    "circles of names": ("app.py", (VIEW + "".join(f"    a{i} = a{(i + 1) % 9}\n" for i in range(900))).encode()),
    "circles of files": ("requirements.txt", b"-r requirements.txt\n-r ../requirements.txt\n-r /dev/zero\n-r .\n"),
    "forms without end": ("templates/a.html", b"<form method=post>" * 20_000),
    "marks without end": ("templates/a.html", b"{{ request.args " * 20_000 + b"<a value={{ " * 20_000 + b"{#" * 20_000),
    "addresses": ("app.py", b"x = '" + b"a." * 300_000 + b"://'\n"),
    "a comment of spaces": ("app.py", b"x = 1  # seawall: ignore[SW101]: a" + b" " * 500_000 + b"b\n"),
    "a .env that is none": (".env.production", b"\0\xff='\nSECRET_KEY\n=\n"),
    "a Procfile": ("Procfile", b":\nweb:\n" + b"web: " * 9_000),
    "a pyproject": ("pyproject.toml", b"[project]\ndependencies = 3\n[tool]\nflask = []\n"),
}


def look(folder: Path) -> None:
    look_through(folder, None, None, QUICK, known=())


@pytest.mark.parametrize("kind", ODD)
def test_a_file_that_nobody_would_write_is_survived(kind: str, tmp_path: Path) -> None:
    path, data = ODD[kind]
    (tmp_path / "app.py").write_text(HEAD)
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_bytes(data)
    look(tmp_path)


def test_what_could_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("print 'hello'\n")
    (tmp_path / "deep.py").write_text("x = " + "1 + " * 500 + "1\n")
    notes = check_project(tmp_path, "production", ["SW101"], ()).notes
    assert any(note.startswith("old.py:1: not valid Python") for note in notes)
    assert any(note.startswith("deep.py: nested too deeply") for note in notes)


def test_links_in_circles_pipes_and_closed_folders_are_survived(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HEAD)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "up").symlink_to("..")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "requirements.txt")
    os.mkfifo(tmp_path / ".env")
    look(tmp_path)


PIECES = st.lists(
    st.sampled_from(
        (
            *(
                "app.debug = True",
                "request.args['x']",
                "f'{x}'",
                "db.execute(",
                ")",
                "(",
                "[",
                "]",
                "{",
                "}",
                "\n",
                "\n    ",
            ),
            *(
                "def f():",
                "class Config:",
                "if a:",
                "else:",
                "@app.get('/<path:p>')",
                "return ",
                " = ",
                "lambda: ",
                "*",
                "**",
            ),
            *(
                "app",
                "config",
                ".",
                ",",
                ":",
                "'",
                '"',
                "SECRET_KEY",
                "password",
                "open",
                "eval",
                "# seawall: ignore[SW1]",
            ),
            *(
                "{{",
                "}}",
                "|safe",
                "<form method=post",
                ">",
                "==",
                "@",
                "://",
                "-----BEGIN ",
                "ü",
                "\0",
                "\u2028",
                "\\",
            ),
        )
    ),
    max_size=60,
).map("".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(python=PIECES, page=PIECES, requirements=PIECES, dotenv=PIECES)
def test_any_text_is_survived(python: str, page: str, requirements: str, dotenv: str, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir(exist_ok=True)
    named = {"app.py": HEAD + python, "b.py": python, "templates/a.html": page, "requirements.txt": requirements}
    for name, text in {**named, ".env": dotenv, "settings.py": python, "Pipfile": requirements}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        list(ignores_in(name, text))
    look(tmp_path)
