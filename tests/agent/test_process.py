"""Programs are run without a shell, in a clean environment, and never outlive their time."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from seawall.agent import process
from seawall.agent.errors import Cancelled, CommandFailed


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    """Whether the process is there and not merely unburied."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_both_streams_and_the_exit_code_come_back() -> None:
    completed = process.run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), timeout=20)
    assert (completed.returncode, completed.stdout, completed.stderr) == (3, "out\n", "err\n")
    assert sorted(completed.output.splitlines()) == ["err", "out"]


def test_lines_are_passed_on_as_they_come_and_an_unended_last_line_too(tmp_path: Path) -> None:
    seen: list[str] = []
    flag = tmp_path / "flag"

    def on_line(line: str) -> None:
        seen.append(line)
        flag.touch()

    code = (
        "import os, sys, time; print('first', flush=True)\n"
        f"while not os.path.exists({str(flag)!r}): time.sleep(0.01)\n"
        "sys.stdout.write('second')"
    )
    process.run(python(code), timeout=20, on_line=on_line)
    assert seen == ["first", "second"]


def test_bytes_that_are_not_utf8_are_replaced_not_fatal() -> None:
    completed = process.run(python(r"import os; os.write(1, b'a\xffb\n')"), timeout=20)
    assert completed.stdout == "a\ufffdb\n"


def test_the_environment_is_clean_unless_the_caller_adds_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "do not pass on")
    completed = process.run(["/usr/bin/env"], timeout=20, env={"EXTRA": "1"})
    names = {line.partition("=")[0] for line in completed.stdout.splitlines()}
    assert names == {"PATH", "LANG", "HOME", "EXTRA"}


def test_a_program_is_found_on_the_path_it_is_given(tmp_path: Path) -> None:
    program = tmp_path / "fake"
    program.write_text("#!/bin/sh\necho found\n")
    program.chmod(0o755)
    assert process.run(["fake"], timeout=20, env={"PATH": str(tmp_path)}).stdout == "found\n"


def test_input_larger_than_a_pipe_goes_in_while_output_comes_out() -> None:
    data = b"x" * 1_000_000
    completed = process.run(python("import sys; sys.stdout.write(sys.stdin.read())"), timeout=20, input=data)
    assert completed.stdout == data.decode()


def test_a_program_that_does_not_read_its_input_is_no_error() -> None:
    assert process.run(["/bin/true"], timeout=20, input=b"x" * 1_000_000).returncode == 0


def test_a_program_out_of_time_is_killed_with_its_children() -> None:
    pids: list[int] = []
    code = (
        "import subprocess, time, signal; signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "child = subprocess.Popen(['sleep', '600']); print(child.pid, flush=True); time.sleep(600)"
    )
    with pytest.raises(CommandFailed, match="did not end within 1 seconds"):
        process.run(python(code), timeout=1, on_line=lambda line: pids.append(int(line)))
    deadline = time.monotonic() + 20
    while alive(pids[0]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pids[0])


def test_a_program_that_ignores_the_polite_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE", 0.1)
    pids: list[int] = []
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True); time.sleep(600)"
    )
    with pytest.raises(Cancelled):
        process.run(
            python(code), timeout=600, on_line=lambda line: pids.append(int(line)), cancelled=lambda: bool(pids)
        )
    assert not alive(pids[0])


def test_an_error_in_the_callers_own_code_leaves_no_process_behind() -> None:
    pids: list[int] = []

    def on_line(line: str) -> None:
        pids.append(int(line))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        process.run(
            python("import os, time; print(os.getpid(), flush=True); time.sleep(600)"), timeout=600, on_line=on_line
        )
    assert not alive(pids[0])


def test_a_daemon_that_keeps_the_pipes_open_does_not_hold_up_the_end() -> None:
    started = time.monotonic()
    completed = process.run(["/bin/sh", "-c", "sleep 30 & echo started"], timeout=25)
    assert completed.stdout == "started\n"
    assert completed.returncode == 0
    assert time.monotonic() - started < 25


def test_a_program_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(CommandFailed, match="no-such-program could not be started: No such file") as caught:
        process.run(["no-such-program"], timeout=20)
    assert caught.value.place == "no-such-program"


def test_check_tells_command_exit_code_and_the_last_lines() -> None:
    code = "print(*range(100), sep='\\n'); raise SystemExit(7)"
    with pytest.raises(CommandFailed, match="failed with exit code 7") as caught:
        process.check(python(code), timeout=20)
    assert caught.value.output.splitlines() == [str(number) for number in range(70, 100)]


def test_check_names_the_signal_that_killed_a_program() -> None:
    with pytest.raises(CommandFailed, match="was killed by SIGKILL"):
        process.check(python("import os; os.kill(os.getpid(), 9)"), timeout=20)


def test_nothing_is_read_by_a_shell() -> None:
    assert process.run(["/bin/echo", "$HOME; echo two"], timeout=20).stdout == "$HOME; echo two\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run programs as another user")
def test_another_users_program_has_none_of_roots_groups_and_that_users_home() -> None:
    groups = os.getgroups()
    os.setgroups([4])
    try:
        completed = process.run(["/bin/sh", "-c", "id -un; id -G; echo $HOME"], timeout=20, user="nobody", cwd="/")
    finally:
        os.setgroups(groups)
    assert completed.stdout.splitlines() == ["nobody", "65534", "/nonexistent"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run programs as another user")
def test_another_users_program_cannot_gain_rights_and_errors_name_the_program_itself() -> None:
    asked = ["/bin/sh", "-c", "grep NoNewPrivs /proc/self/status"]
    assert process.run(asked, timeout=20, user="nobody", cwd="/").stdout.split() == ["NoNewPrivs:", "1"]
    with pytest.raises(CommandFailed, match=r"^/bin/false failed with exit code 1$"):
        process.check(["/bin/false"], timeout=20, user="nobody", cwd="/")
    with pytest.raises(CommandFailed, match=r"^sleep 60 did not end"):
        process.run(["sleep", "60"], timeout=0.2, user="nobody", cwd="/")
