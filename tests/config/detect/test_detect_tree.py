"""Reading the files of a project."""

import os

import pytest

from seawall.config.detect import Sure, detect

OBJECT = "from flask import Flask\n\napp = Flask(__name__)\n"


def test_an_empty_folder_has_nothing_and_that_is_no_failure(found):
    findings = found({})
    assert findings.app.sure is Sure.NONE
    assert findings.requirements.sure is Sure.NONE


def test_a_file_with_a_syntax_error_is_remarked_on_and_the_rest_is_read(found):
    findings = found({"app.py": OBJECT, "broken.py": "x = 1\ndef f(:\n", "zero.py": "x = '\0'\n"})
    assert findings.app.best.entry == "app:app"
    assert findings.remarks[0].startswith("broken.py:2: not valid Python (")
    assert any(remark.startswith("zero.py") for remark in findings.remarks)


def test_a_source_file_in_another_encoding_is_read_if_it_says_which(write):
    root = write({})
    (root / "app.py").write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + OBJECT.encode())
    (root / "other.py").write_bytes(b"name = 'caf\xe9'\n")
    findings = detect(root)
    assert findings.app.best.entry == "app:app"
    assert [remark.partition(":")[0] for remark in findings.remarks] == ["other.py"]


def test_a_warning_about_the_projects_source_is_not_ours(found):
    assert found({"app.py": OBJECT + "pattern = '\\d'\n"}).app.best.entry == "app:app"


@pytest.mark.parametrize(
    "folder", ["node_modules/x", "venv", ".venv", ".git", "__pycache__", ".seawall/local", "build/lib", "x.egg-info"]
)
def test_folders_that_are_not_the_projects_own_are_not_read(found, folder):
    assert found({f"{folder}/app.py": OBJECT}).app.sure is Sure.NONE


def test_a_virtual_environment_is_known_by_its_mark_whatever_its_name(found):
    files = {"python3/pyvenv.cfg": "", "python3/lib/app.py": OBJECT}
    assert found(files).app.sure is Sure.NONE


def test_a_skipped_folder_is_not_even_listed(write, monkeypatch):
    root = write({"app.py": OBJECT, "node_modules/a/b.js": "", "venv2/pyvenv.cfg": "", "shop/x.py": ""})
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(os.path.relpath(path, root)) or scandir(path))
    detect(root)
    assert listed == [".", "shop"]


def test_links_in_circles_are_no_trouble(write):
    root = write({"app.py": OBJECT})
    (root / "self").symlink_to("self")
    (root / "again").symlink_to(".")
    (root / "deep").mkdir()
    (root / "deep" / "up").symlink_to("..")
    findings = detect(root)
    assert [app.entry for app in findings.app.values] == ["app:app"]


def test_links_out_of_the_project_are_not_followed_and_remarked_on(write, tmp_path):
    root = write({})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "app.py").write_text(OBJECT)
    (root / "app.py").symlink_to(outside / "app.py")
    (root / "lib").symlink_to(outside)
    findings = detect(root)
    assert findings.app.sure is Sure.NONE
    assert findings.remarks == (
        "app.py: a link that leads outside the project; it was not followed.",
        "lib: a link that leads outside the project; it was not followed.",
    )


def test_file_names_with_spaces_line_breaks_and_odd_bytes_are_printed_safely(write):
    root = write({"app.py": OBJECT, "a b.py": "(", "a\nb.py": "("})
    with open(os.fsencode(root) + b"/\xff.py", "wb") as file:  # noqa: PTH123 (a name that is not text)
        file.write(b"(")
    findings = detect(root)
    assert findings.app.best.entry == "app:app"
    places = [remark.partition(":")[0] for remark in findings.remarks]
    assert places == [r"a\nb.py", "a b.py", r"\udcff.py"]
    assert all(remark.isprintable() for remark in findings.remarks)


def test_an_absent_folder_is_remarked_on(tmp_path):
    assert "not readable" in detect(tmp_path / "absent").remarks[0]


def test_nothing_of_the_project_is_run(found, tmp_path):
    mark = tmp_path / "ran"
    found({"app.py": f"open({str(mark)!r}, 'w')\n" + OBJECT, "setup.py": f"open({str(mark)!r}, 'w')\n"})
    assert not mark.exists()
