"""An app's host remembers which database has lost its place, and goes back to no release that writes there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.data import superseded
from seawall.agent.errors import DatabaseUnfit
from seawall.agent.places import Places
from seawall.stack.layout import layout_of

ONE, TWO = "10.0.0.9", "10.0.0.10"
OLD = {"DATABASE_URL": f"postgresql+psycopg://shop:x@{ONE}:5432/shop", "OTHER": f"http://{ONE}/"}
NEW = {
    "DATABASE_URL": f"postgresql://shop:x@{TWO}:5432/shop",
    "DATABASE_REPLICA_URL": f"postgresql://shop:x@{ONE}:5432/shop",
}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(replace(layout_of("shop"), base=str(tmp_path)))


def moved(places: Places, address: str, to: str) -> None:
    told = {"of": f"root@{address}", "successor": f"root@{to}", "variable": "DATABASE_URL", "certificate": f"PEM {to}"}
    superseded.supersede(places, {"address": address, "successor_address": to, **told})


def test_a_release_that_would_write_there_is_refused_and_one_that_reads_is_not(places: Places) -> None:
    superseded.refuse(places, OLD)
    moved(places, ONE, TWO)
    with pytest.raises(DatabaseUnfit, match=r"leads to root@10.0.0.9, whose place root@10.0.0.10 took") as raised:
        superseded.refuse(places, OLD)
    assert raised.value.state == "nothing was changed"
    superseded.refuse(places, NEW)


def test_the_new_one_alone_is_trusted(places: Places) -> None:
    moved(places, ONE, TWO)
    assert (places.base / "database.crt").read_text() == f"PEM {TWO}"


def test_one_that_has_its_place_again_is_forgotten(places: Places) -> None:
    moved(places, ONE, TWO)
    moved(places, ONE, TWO)
    assert [one.address for one in superseded.known(places)] == [ONE]
    moved(places, TWO, ONE)
    assert [one.address for one in superseded.known(places)] == [TWO]
    superseded.refuse(places, OLD)
