"""`backup.pitr`: what it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.config.load import load
from seawall.errors import ConfigErrors

BASE = 'name = "guestbook"\n[app]\nentry = "guestbook:app"\n'
POSTGRESQL = '[database]\nkind = "postgresql"\n'
S3 = '[backup]\npitr = true\nrepository = "s3:https://s3.example.com/b/g"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[backup]\npitr = true\nrepository = "/backups"\n', "`database.kind` is none"),
        (
            f"{POSTGRESQL}[backup]\npitr = true\n",
            "needs a `backup.repository` in a folder of the host or in an S3 store",
        ),
        (f'{POSTGRESQL}[backup]\npitr = true\nrepository = "sftp:a@b:/c"\n', "Debian's pgBackRest reaches no other"),
        (f"{POSTGRESQL}{S3}", "needs the store's secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_what_it_lacks_is_said_at_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "seawall.toml").write_text(BASE + text)
    with pytest.raises(ConfigErrors) as caught:
        load(tmp_path)
    (error,) = caught.value.errors
    assert said in error.fact
    assert "pitr" in (BASE + text).splitlines()[int(error.place.rpartition(":")[2]) - 1]


def test_with_all_of_it_nothing_is_said(tmp_path: Path) -> None:
    secrets = 'secrets = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]\n'
    (tmp_path / "seawall.toml").write_text(BASE + POSTGRESQL + S3 + secrets)
    assert load(tmp_path).backup.pitr
