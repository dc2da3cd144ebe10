"""What wrk prints at the end is read; anything else is an error."""

import pytest
from bench.serve.wrk import Load, parse

PLAIN = """\
Running 1s test @ http://10.231.0.11:8101/hello
  2 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.96ms    8.50ms  99.63ms   91.04%
    Req/Sec     3.62k     1.02k    5.88k    70.00%
  Latency Distribution
     50%    3.46ms
     75%    6.71ms
     90%   12.68ms
     99%   42.09ms
  7208 requests in 1.00s, 1.24MB read
Requests/sec:   7198.50
Transfer/sec:      1.24MB
"""

FAILING = """\
  Latency Distribution
     50%  750.00us
     75%    1.12ms
     90%    1.31s
     99%    1.50m
  310 requests in 2.01s, 53.12KB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:    154.22
Transfer/sec:     26.43KB
"""


def test_rate_and_latencies_are_read() -> None:
    assert parse(PLAIN) == Load(rate=7198.5, p50=3.46, p99=42.09, requests=7208, failed=0)


def test_latencies_are_milliseconds_in_whatever_unit_wrk_writes_them_and_all_failures_count() -> None:
    assert parse(FAILING) == Load(rate=154.22, p50=0.75, p99=90_000.0, requests=310, failed=15)


def test_another_programs_words_are_no_measurement() -> None:
    with pytest.raises(ValueError, match="something else than expected"):
        parse("unable to connect to 10.231.0.11:8101 Connection refused\n")
