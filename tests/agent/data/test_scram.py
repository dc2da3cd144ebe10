"""What a server keeps of a password."""

from __future__ import annotations

import base64

import pytest

from seawall.agent.data import scram

#: RFC 7677, 3, as PostgreSQL keeps it: user's password "pencil", the salt and number of iterations given there.
SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="
KEPT = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)


def test_it_is_what_the_standard_says_of_its_own_example() -> None:
    assert scram.verifier("pencil", base64.b64decode(SALT)) == KEPT


def test_only_its_own_password_fits() -> None:
    kept = scram.verifier("correct horse")
    assert scram.fits("correct horse", kept)
    assert not scram.fits("correct horse!", kept)


def test_the_same_password_is_kept_in_another_way_each_time() -> None:
    assert scram.verifier("same") != scram.verifier("same")


@pytest.mark.parametrize("kept", ["", "md5d41d8cd98f00b204e9800998ecf8427e", "SCRAM-SHA-256$x"])
def test_what_is_kept_otherwise_fits_no_password(kept: str) -> None:
    assert not scram.fits("", kept)
