"""Who may come to a database from other hosts, told from what the host is like. That it holds is tested on hosts."""

from __future__ import annotations

from seawall.agent.data.wanted import PostgresqlCertificate, PostgresqlDoor
from seawall.agent.resources import postgresql_certificate, postgresql_door
from seawall.agent.resources.firewall import rules_in
from seawall.agent.resources.postgresql_database import rules
from seawall.agent.resources.postgresql_door import DoorFound, lines

DOOR = PostgresqlDoor("15", "shop", "shop", "10.0.0.9", ("10.0.0.1", "fd00::1"))
HBA = "".join(f"{line}\n" for line in lines(DOOR))
OPEN = postgresql_door.rules(DOOR)
DEBIANS = "local all postgres peer\nhost all all 127.0.0.1/32 scram-sha-256\n"


def told(hba: str, ufw: tuple[str, ...] | None = OPEN, door: PostgresqlDoor = DOOR) -> list[str]:
    change = postgresql_door.diff(door, DoorFound(hba, ufw))
    return change.diff.splitlines() if change else []


def test_the_role_comes_over_tls_from_exactly_these_and_from_nowhere_else() -> None:
    assert lines(DOOR)[1:] == (
        'hostssl "shop" "shop" 10.0.0.1/32 scram-sha-256',
        'hostssl "shop" "shop" fd00::1/128 scram-sha-256',
        'host all "shop" all reject',
    )
    assert OPEN[0] == "allow from 10.0.0.1 to 10.0.0.9 port 5432 proto tcp comment 'seawall database shop'"


def test_a_door_as_it_should_be_is_no_change() -> None:
    assert told(HBA + DEBIANS) == []
    assert told(rules("other") + rules("shop") + HBA + DEBIANS) == [], "other lines of seawall's may be before it"


def test_lines_of_others_that_come_first_would_decide() -> None:
    assert told(DEBIANS + HBA) == [
        "/etc/postgresql/15/main/pg_hba.conf:",
        "its lines come first, before those that others wrote",
    ]


def test_a_host_that_leaves_and_one_that_joins_are_shown() -> None:
    joined = PostgresqlDoor("15", "shop", "shop", "10.0.0.9", ("10.0.0.1", "10.0.0.2"))
    assert told(HBA + DEBIANS, door=joined) == [
        "/etc/postgresql/15/main/pg_hba.conf:",
        '-hostssl "shop" "shop" fd00::1/128 scram-sha-256',
        '+hostssl "shop" "shop" 10.0.0.2/32 scram-sha-256',
        "ufw:",
        "-allow from fd00::1 to 10.0.0.9 port 5432 proto tcp comment 'seawall database shop'",
        "+allow from 10.0.0.2 to 10.0.0.9 port 5432 proto tcp comment 'seawall database shop'",
    ]


def test_a_host_without_ufw_has_its_lines_alone() -> None:
    assert told(HBA + DEBIANS, None) == []


def test_a_closed_door_lets_nobody_in() -> None:
    assert told(HBA + DEBIANS, door=PostgresqlDoor("15", "shop", "shop"))[1:5] == [f"-{line}" for line in lines(DOOR)]
    assert told(DEBIANS, (), PostgresqlDoor("15", "shop", "shop")) == []


def test_lines_of_a_role_whose_name_begins_the_same_are_left_alone() -> None:
    other = PostgresqlDoor("15", "shop-staging", "shop-staging", "10.0.0.9", ("10.0.0.1",))
    assert told("".join(f"{line}\n" for line in lines(other)) + HBA + DEBIANS) == []


def test_the_hosts_own_set_up_leaves_rules_for_databases_alone() -> None:
    assert rules_in(f"ufw allow 22/tcp\nufw {OPEN[0]}\n") == ("allow 22/tcp",)


def test_a_certificate_shows_no_key() -> None:
    wanted = PostgresqlCertificate("15", "CERTIFICATE", "KEY")
    assert "KEY" not in repr(wanted)
    change = postgresql_certificate.diff(wanted, "")
    assert change is not None
    assert change.diff == "made for this host, with its key in /etc/postgresql/15/main/seawall.key (secret)"
    assert postgresql_certificate.diff(wanted, "CERTIFICATE") is None
