"""wrk: the command, and what it says at the end. See https://github.com/wg/wrk."""

import re
import subprocess
from dataclasses import dataclass

THREADS = 2
CONNECTIONS = 32
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Load:
    """One run: requests a second, milliseconds of latency, and how many requests came to nothing."""

    rate: float
    p50: float
    p99: float
    requests: int
    failed: int


def command(url: str, seconds: int) -> list[str]:
    return ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url]


def run(url: str, seconds: int) -> Load:
    """Loads a site of a test host. Raises RuntimeError where wrk does."""
    done = subprocess.run(command(url, seconds), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"wrk {url}: exit {done.returncode}\n{done.stderr}{done.stdout}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """What wrk printed. Raises ValueError for anything else."""
    rate = re.search(r"^Requests/sec:\s+([\d.]+)$", output, re.M)
    requests = re.search(r"^\s+(\d+) requests in ", output, re.M)
    if rate is None or requests is None:
        raise ValueError(f"wrk has said something else than expected:\n{output}")
    return Load(float(rate[1]), _latency(output, 50), _latency(output, 99), int(requests[1]), _failed(output))


def _latency(output: str, percent: int) -> float:
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)$", output, re.M)
    return float(found[1]) * MILLISECONDS[found[2]] if found else 0.0


def _failed(output: str) -> int:
    """Answers other than 2xx and 3xx, and connections that failed to connect, read or write, or took too long."""
    refused = re.search(r"^\s+Non-2xx or 3xx responses: (\d+)$", output, re.M)
    errors = re.search(r"^\s+Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$", output, re.M)
    return (int(refused[1]) if refused else 0) + (sum(map(int, errors.groups())) if errors else 0)
