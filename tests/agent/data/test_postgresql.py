"""What PostgreSQL is asked; dumps and loads are tested with a real one, on a host."""

from __future__ import annotations

from seawall.agent.data.engines.pace import CALM
from seawall.agent.data.engines.postgresql_sql import tables_figures

RESTING = (
    " WHERE CASE WHEN random() < octet_length(line) / 131072::float8 THEN pg_sleep(0.004) IS NOT NULL ELSE true END"
)


def test_the_server_rests_by_the_length_of_its_rows_where_nobody_waits_for_it() -> None:
    assert f"OFFSET 0) AS lines'\n              '{RESTING}',\n" in tables_figures(CALM)


def test_somebody_who_waits_gets_the_same_figures_without_a_rest() -> None:
    assert tables_figures(None) == tables_figures(CALM).replace(RESTING, "")
