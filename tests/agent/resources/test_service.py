"""Services: whether they run, what they think of their files, and whose fault a refusal is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed, CheckRefused, PortTaken
from seawall.agent.listening import listener, listens
from seawall.agent.resources import service
from seawall.agent.vocabulary import Service

from ..fake_programs import Programs

NGINX = Service("nginx", check=("nginx", "-t"), reload=("ctl", "reload"), start=("ctl", "start"), running=("ctl", "is"))


@pytest.mark.parametrize(
    ("runs", "changed", "action"),
    [(True, False, None), (True, True, "reload"), (False, False, "start"), (False, True, "start")],
)
def test_a_stopped_service_is_started_and_a_running_one_told_of_changes(
    runs: bool, changed: bool, action: str | None
) -> None:
    change = service.diff(NGINX, runs, changed)
    assert (change and change.action) == action


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_that_another_program_has_keeps_it_from_starting_and_the_program_is_named(address: str) -> None:
    if address == "::1" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as taken:
        taken.bind((address, 0))
        port = taken.getsockname()[1]
        wants = replace(NGINX, ports=(port,))
        assert service.diff(wants, False, False) is not None, "it is bound, and nobody listens yet"
        taken.listen()
        with pytest.raises(
            PortTaken, match=rf"port {port} is taken by \S+ \(process {os.getpid()}\), so nginx"
        ) as caught:
            service.diff(wants, False, False)
        assert "ss -ltnp" in caught.value.remedy
        assert service.diff(wants, True, False) is None, "one that runs has its ports"
    assert service.diff(wants, False, False) is not None


def test_whether_it_runs_is_what_its_command_says(programs: Programs) -> None:
    assert not service.observe(NGINX)
    programs.add("ctl", "exit 3")
    assert not service.observe(NGINX)
    programs.add("ctl", "exit 0")
    assert service.observe(NGINX)
    assert not service.observe(Service("nothing known"))


def refusal(programs: Programs, complaint: str, ours: list[str]) -> CheckRefused:
    programs.add("nginx", f"echo '{complaint}' >&2; echo 'nginx: configuration file test failed' >&2; exit 1")
    with pytest.raises(CheckRefused) as caught:
        service.check(NGINX, ours)
    return caught.value


def test_a_refusal_over_someone_elses_file_says_whose_and_where(programs: Programs) -> None:
    error = refusal(programs, 'nginx: [emerg] unknown directive "lsten" in /etc/nginx/sites-enabled/other:3', ["/a"])
    assert error.fact == (
        'nginx refused the new configuration: unknown directive "lsten" in /etc/nginx/sites-enabled/other:3'
    )
    assert error.place == "/etc/nginx/sites-enabled/other:3"
    assert error.remedy == (
        "/etc/nginx/sites-enabled/other is not seawall's file: correct its line 3 on the host, then run it again"
    )
    assert "test failed" in error.output


def test_a_refusal_over_our_own_file_points_to_the_settings_also_through_a_link(
    programs: Programs, tmp_path: Path
) -> None:
    ours = tmp_path / "available"
    ours.touch()
    (tmp_path / "enabled").symlink_to(ours)
    error = refusal(programs, f"nginx: [emerg] bad in {tmp_path}/enabled:12", [str(ours)])
    assert "seawall.toml" in error.remedy
    assert error.place == f"{tmp_path}/enabled:12"


def test_a_refusal_without_a_place_still_says_what_to_do(programs: Programs) -> None:
    error = refusal(programs, "nginx: [emerg] bind() to 0.0.0.0:80 failed", [])
    assert error.place == ""
    assert "nginx -t" in error.remedy


def test_nginxs_own_time_stamp_is_left_out_of_the_fact(programs: Programs) -> None:
    error = refusal(programs, "2026/11/21 05:39:32 [emerg] 23273#23273: bind() failed", [])
    assert error.fact == "nginx refused the new configuration: bind() failed"


def test_apaches_way_of_naming_a_place_is_understood(programs: Programs) -> None:
    error = refusal(programs, "AH00526: Syntax error on line 7 of /etc/apache2/sites-enabled/x.conf:", [])
    assert error.place == "/etc/apache2/sites-enabled/x.conf:7"


def test_a_start_that_fails_is_told_with_the_programs_words(programs: Programs) -> None:
    programs.add("ctl", "echo 'Job failed' >&2; exit 1")
    with pytest.raises(ApplyFailed, match="nginx could not start: ctl start failed with exit code 1") as caught:
        service.start(NGINX)
    assert caught.value.output == "Job failed"


def test_a_reload_is_done_when_the_workers_of_before_accept_no_more(programs: Programs, tmp_path: Path) -> None:
    pid_file, told = tmp_path / "pid", tmp_path / "told"
    # It goes on after it accepts no more, as one does that has a long answer under way.
    worker = "import os, socket, time\nlistener = socket.create_server(('127.0.0.1', 0))\n"
    worker += f"while not os.path.exists({str(told)!r}): time.sleep(0.01)\n"
    worker += "time.sleep(0.3)\nlistener.close()\ntime.sleep(30)"
    main = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {worker!r}])"
    with subprocess.Popen([sys.executable, "-c", main]) as process:
        pid_file.write_text(f"{process.pid}\n")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not children.read_text():
            time.sleep(0.01)
        pid = children.read_text().strip()
        while not listens(Path("/proc", pid)):
            time.sleep(0.01)
        programs.add("ctl", f"touch {told}")
        service.reload(replace(NGINX, pid_file=str(pid_file)))
        accepts, lives = listens(Path("/proc", pid)), Path("/proc", pid).exists()
        os.kill(int(pid), signal.SIGKILL)
    assert (accepts, lives) == (False, True)


def test_a_service_that_ends_over_its_new_files_is_no_success(programs: Programs) -> None:
    programs.add("ctl", "[ $1 = is ] && exit 3; exit 0")
    with pytest.raises(ApplyFailed, match="nginx has ended over its new configuration"):
        service.reload(NGINX)


def test_one_that_has_ended_is_started_again_once_its_old_files_are_back(programs: Programs) -> None:
    programs.add("ctl", "[ $1 = is ] && exit 3; exit 0")
    service.put_back(NGINX)
    assert programs.called()[-1] == "ctl start"


def test_what_takes_anothers_place_may_find_it_at_its_port(programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        holder = listener(port).partition(" (")[0]
        wanted = replace(NGINX, ports=(port,), takes_over=holder)
        change = service.diff(wanted, False, True)
        assert change is not None
        assert change.action == "start"
        with pytest.raises(PortTaken):
            service.diff(replace(wanted, takes_over="other"), False, True)


def test_a_reload_waits_for_nobody_where_the_main_process_is_not_known(programs: Programs, tmp_path: Path) -> None:
    programs.add("ctl", f"touch {tmp_path}/told")
    service.reload(replace(NGINX, pid_file=str(tmp_path / "absent")))
    assert (tmp_path / "told").exists()
