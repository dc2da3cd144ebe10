"""Examples of rules, read from `examples/` (its README says how they are written)."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "examples"
ABBREVIATIONS = {
    "#flask\n": "from flask import Flask, redirect, render_template, request, session\n\napp = Flask(__name__)\n",
    "#toml\n": 'name = "shop"\n[app]\nentry = "app:app"\n',
}


@dataclass
class Example:
    bad: dict[str, str] = field(default_factory=dict)
    good: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    git: bool = False

    @property
    def expected(self) -> set[str]:
        """The places that the rule must find."""
        marked = {
            f"{path}:{number}"
            for path, text in self.bad.items()
            for number, line in enumerate(text.splitlines(), start=1)
            if re.search(r"\bHERE\b", line)
        }
        return marked | self.whole


def read_example(rule: str) -> Example:
    example = Example()
    for head, short_body in re.findall(
        r"^--- (.*)\n((?:(?!--- ).*\n)*)", (FOLDER / f"{rule}.txt").read_text(), re.MULTILINE
    ):
        kind, _, name = head.partition(": ")
        body = _written_out(short_body)
        if kind == "git":
            example.git = True
        elif kind == "whole":
            example.whole.add(name)
        else:
            {"bad": example.bad, "good": example.good, "before": example.before}[kind][name] = body
    return example


def _written_out(text: str) -> str:
    for short, long in ABBREVIATIONS.items():
        text = text.replace(short, long)
    return text


def write(folder: Path, example: Example, files: dict[str, str]) -> None:
    """Lay out the bad or the good files, with what git is to know of them."""
    if example.git:
        _git(folder, "init", "-q")
        _commit(folder, example.before)
        for name in example.before:
            (folder / name).unlink()
        _commit(folder, files)
    else:
        _lay_out(folder, files)


def _lay_out(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _commit(folder: Path, files: dict[str, str]) -> None:
    _lay_out(folder, files)
    _git(folder, "add", "-A")
    _git(folder, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "x")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)
