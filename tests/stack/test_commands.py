"""Commands run without a shell, so what only a shell understands is refused and never passed on as text."""

from __future__ import annotations

import pytest

from seawall.errors import ConfigError
from seawall.stack.commands import words


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("rq worker default", ("rq", "worker", "default")),
        ("python -c 'print($HOME; `x`)'", ("python", "-c", "print($HOME; `x`)")),
        ('celery -A "my app" --q "a;b|c"', ("celery", "-A", "my app", "--q", "a;b|c")),
        (r"echo \$5 a\;b", ("echo", "$5", "a;b")),
        (r'echo "\"x\""', ("echo", '"x"')),
        ("sh -c 'exec rq worker $QUEUE > /dev/null'", ("sh", "-c", "exec rq worker $QUEUE > /dev/null")),
        ("TZ=UTC flask clean", ("TZ=UTC", "flask", "clean")),
    ],
)
def test_a_command_is_split_into_its_words(command: str, found: tuple[str, ...]) -> None:
    assert words(command, "[processes] x") == found


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("a | b", "|"),
        ("a && b", "&"),
        ("a; b", ";"),
        ("a > log", ">"),
        ("a $QUEUE", "$"),
        ('a "$QUEUE"', "$"),
        ('a "`date`"', "`"),
        (r'a "\$5"', "$"),
        ("a *.txt", "*"),
        ("(a)", "("),
        ("a 'b'$C", "$"),
    ],
)
def test_what_only_a_shell_understands_is_refused_with_its_place(command: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        words(command, "[processes] x")
    assert repr(what) in caught.value.fact
    assert caught.value.place == "[processes] x"
    assert "sh -c" in caught.value.remedy


def test_a_quote_that_is_not_closed_is_refused() -> None:
    with pytest.raises(ConfigError, match="no closing quotation"):
        words("a 'b", "[processes] x")


def test_an_empty_command_is_refused() -> None:
    with pytest.raises(ConfigError, match="empty"):
        words("  ", "[processes] x")
