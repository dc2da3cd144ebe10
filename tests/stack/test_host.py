"""What a server should hold, by what it is and what was chosen: whole, and rule by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from seawall.agent.host_vocabulary import Firewall, Login, Swap
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import File, Line, Package, Unit
from seawall.errors import HostUnsuitable, UsageError
from seawall.stack import host_sshd
from seawall.stack.host import GIB, HostSetup, Options, compose
from seawall.stack.host_facts import HostFacts, Profile, Said
from stack.host_cases import FRESH, INCLUDE, KEPT, KEY, MAIN, ODD, OTHER, SET_UP, as_text, composed

T = TypeVar("T")


def only(kind: type[T], resources: Sequence[Resource]) -> T:
    (found,) = [resource for resource in resources if isinstance(resource, kind)]
    return found


def firewall(facts: HostFacts, **options: object) -> Firewall:
    return only(Firewall, compose(facts, Options(**options)).guarded)  # type: ignore[arg-type]


def content(made: HostSetup, path: str) -> str:
    return next(r.content for r in (*made.calm, *made.guarded) if isinstance(r, File) and r.path == path)


def names(made: HostSetup, kind: type[Package] | type[Unit]) -> list[str]:
    return [resource.name for resource in (*made.calm, *made.guarded) if isinstance(resource, kind)]


@pytest.mark.parametrize("case", ["fresh", "odd"])
def test_what_a_server_should_hold_is_as_it_was(case: str) -> None:
    assert as_text(composed()[case]) == (KEPT / f"{case}.txt").read_text()


def test_all_that_could_lock_somebody_out_waits_for_a_confirmation() -> None:
    calm = compose(ODD, Options()).calm
    paths = [resource.path for resource in calm if isinstance(resource, (File, Line))]
    assert not [path for path in paths if path.startswith(("/etc/ssh", "/etc/sudoers", "/etc/ufw", "/etc/pam"))]
    assert not [resource for resource in calm if isinstance(resource, (Login, Firewall))]


# --- who gets in


def test_the_keys_that_let_the_caller_in_let_the_new_login_in() -> None:
    made = compose(FRESH, Options())
    assert only(Login, made.guarded) == Login("deploy", ".ssh/authorized_keys", ("sudo",), (KEY,))
    assert "deploy is let in by the keys that let root in" in made.notes


def test_keys_that_are_named_come_instead() -> None:
    assert only(Login, compose(FRESH, Options(keys=(OTHER,))).guarded).keys == (OTHER,)


def test_a_caller_whom_a_password_let_in_brings_keys_from_this_end() -> None:
    assert only(Login, compose(replace(FRESH, caller_keys=()), Options(own_keys=(OTHER,))).guarded).keys == (OTHER,)


def test_later_runs_bring_no_key_back() -> None:
    facts = replace(SET_UP, caller_keys=(KEY, OTHER))
    assert only(Login, compose(facts, Options(own_keys=(OTHER,))).guarded).keys == ()


def test_without_a_key_nothing_is_closed() -> None:
    with pytest.raises(HostUnsuitable, match="there is no key to let deploy in with"):
        compose(replace(FRESH, caller_keys=()), Options())


@pytest.mark.parametrize(
    ("settings", "suits"),
    [
        ({"allowusers": ("root admin",)}, False),
        ({"allowusers": ("root", "deploy")}, True),
        ({"allowusers": ("ops*", "dep*@203.0.113.*")}, True),
        ({"denyusers": ("deploy",)}, False),
        ({"denyusers": ("d?ploy",)}, False),
        ({"denyusers": ("deploy@203.0.113.9",)}, True),
        ({"allowgroups": ("wheel",)}, False),
        ({"allowgroups": ("sudo",)}, True),
    ],
)
def test_lists_of_sshd_that_leave_the_login_out_are_not_ignored(
    settings: dict[str, tuple[str, ...]], suits: bool
) -> None:
    facts = replace(FRESH, sshd=replace(FRESH.sshd, settings=settings))
    if suits:
        compose(facts, Options())
        return
    with pytest.raises(HostUnsuitable, match="sshd would not let deploy in"):
        compose(facts, Options())


@pytest.mark.parametrize("name", ["root", "Ada", "a b", "-x", ""])
def test_a_name_that_is_no_login_is_refused(name: str) -> None:
    if name == "":
        assert compose(FRESH, Options(user=name)).profile.user == "deploy"
        return
    with pytest.raises(UsageError, match="cannot be the login"):
        compose(FRESH, Options(user=name))


# --- what is suitable


@pytest.mark.parametrize(
    ("os_id", "version", "suits"),
    [
        ("debian", "11", False),
        ("debian", "12", True),
        ("debian", "13", True),
        ("debian", "", True),
        ("ubuntu", "20.04", False),
        ("ubuntu", "22.04", True),
        ("fedora", "43", False),
        ("", "", False),
    ],
)
def test_only_systems_that_are_known_are_set_up(os_id: str, version: str, suits: bool) -> None:
    facts = replace(FRESH, os_id=os_id, os_version=version)
    if suits:
        compose(facts, Options())
        return
    with pytest.raises(HostUnsuitable, match="this host runs"):
        compose(facts, Options())


def test_a_host_that_is_about_to_take_changes_back_is_not_judged_by_what_it_holds_now() -> None:
    with pytest.raises(HostUnsuitable, match="wait for a confirmation") as caught:
        compose(replace(SET_UP, pending=41.7), Options())
    assert "within 42 s" in caught.value.state


def test_a_host_without_systemd_is_left_alone() -> None:
    with pytest.raises(HostUnsuitable, match="does not run systemd"):
        compose(replace(FRESH, systemd=False), Options())


def test_a_firewall_of_somebody_elses_is_left_alone_and_with_no_firewall_all_else_goes_on() -> None:
    facts = replace(FRESH, foreign_firewall="firewalld, which is running")
    with pytest.raises(HostUnsuitable, match="not ufw: firewalld"):
        compose(facts, Options())
    made = compose(facts, Options(firewall=False))
    assert not [resource for resource in made.guarded if isinstance(resource, Firewall)]
    assert "ufw" not in names(made, Package)
    assert made.profile.firewall is False


# --- the firewall


def test_every_port_of_sshd_and_the_one_the_caller_came_through_stay_open() -> None:
    facts = replace(FRESH, caller_port=2222, sshd=replace(FRESH.sshd, ports=(22, 2022)))
    assert firewall(facts).rules == (
        "allow 22/tcp",
        "allow 2022/tcp",
        "allow 2222/tcp",
        "allow 80/tcp",
        "allow 443/tcp",
    )
    assert "port = 22,2022,2222\n" in content(compose(facts, Options()), "/etc/fail2ban/jail.d/seawall.local")


def test_rules_that_were_there_before_stay_and_those_added_later_do_not() -> None:
    before = firewall(replace(FRESH, rules=("allow 51820/udp", "deny 80/tcp")))
    assert before.rules == ("allow 22/tcp", "allow 80/tcp", "allow 443/tcp", "allow 51820/udp")
    assert "allow 51820/udp" not in firewall(replace(SET_UP, rules=("allow 51820/udp",))).rules


def test_a_port_that_is_limited_or_open_for_all_protocols_is_open_enough() -> None:
    rules = firewall(replace(FRESH, rules=("limit 22/tcp", "allow 443"))).rules
    assert rules == ("limit 22/tcp", "allow 80/tcp", "allow 443")


@pytest.mark.parametrize(
    ("port", "rule"),
    [("8080", "allow 8080/tcp"), ("53/udp", "allow 53/udp"), ("6000:6010/tcp", "allow 6000:6010/tcp")],
)
def test_more_ports_are_opened_on_request(port: str, rule: str) -> None:
    assert rule in firewall(FRESH, allow=(port,)).rules


def test_ports_that_are_named_come_beside_what_was_there_and_later_instead_of_those_named_before() -> None:
    first = replace(FRESH, rules=("allow 51820/udp",))
    assert firewall(first, allow=("8080",)).rules[-2:] == ("allow 51820/udp", "allow 8080/tcp")
    later = replace(SET_UP, profile=Profile("deploy", "", ("allow 8080/tcp",)))
    assert firewall(later, allow=("9090",)).rules[-2:] == ("allow 443/tcp", "allow 9090/tcp")


@pytest.mark.parametrize("port", ["0", "65536", "80/sctp", "http", "10:5", "", "22; rm -rf /"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(UsageError, match="is no port"):
        firewall(FRESH, allow=(port,))


def test_without_ipv6_the_firewall_leaves_it_out_and_that_is_said() -> None:
    made = compose(replace(FRESH, ipv6=False), Options())
    assert only(Firewall, made.guarded).ipv6 is False
    assert "this host has no IPv6, so the firewall is for IPv4 alone" in made.notes


# --- sshd


def test_the_newest_openssh_gets_the_policy_of_debian_13() -> None:
    text = content(compose(ODD, Options(user="ops")), host_sshd.OURS)
    assert "KexAlgorithms mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com\n" in text


def test_only_algorithms_that_the_hosts_openssh_knows_are_named() -> None:
    text = content(compose(FRESH, Options()), host_sshd.OURS)
    assert "KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,diffie-hellman-group16-sha512\n" in text


def test_where_sshd_reads_no_other_files_a_line_makes_it() -> None:
    assert only(Line, compose(ODD, Options(user="ops")).guarded).first
    assert not [item for item in compose(FRESH, Options()).guarded if isinstance(item, Line)]


D = "/etc/ssh/sshd_config.d"
YES = "passwordauthentication"


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ((INCLUDE, Said(f"{D}/00-a.conf:1", YES, "yes")), True),
        ((INCLUDE, Said(f"{D}/00-a.conf:1", YES, "no")), False),
        ((INCLUDE, Said(f"{D}/50-cloud-init.conf:1", YES, "yes")), False),
        ((INCLUDE, Said(f"{D}/00-seawall.conf:5", YES, "yes")), False),
        ((Said(f"{MAIN}:3", YES, "yes"), INCLUDE), True),
        ((INCLUDE, Said(f"{MAIN}:30", YES, "yes")), False),
        ((INCLUDE, Said(f"{D}/00-a.conf:1", "match", "User x"), Said(f"{D}/00-a.conf:2", YES, "yes")), False),
        ((Said(f"{MAIN}:3", "permitrootlogin", "prohibit-password"), INCLUDE), True),
    ],
)
def test_what_is_read_before_our_file_and_says_otherwise_is_named(sources: tuple[Said, ...], found: bool) -> None:
    findings = compose(replace(FRESH, sshd=replace(FRESH.sshd, sources=sources)), Options()).findings
    assert bool(findings) == found
    if found:
        assert "is read first; remove it" in findings[0]


def test_blocks_of_match_are_pointed_out() -> None:
    sources = (INCLUDE, Said(f"{MAIN}:130", "match", "User backup"))
    notes = compose(replace(FRESH, sshd=replace(FRESH.sshd, sources=sources)), Options()).notes
    assert any(f"{MAIN}:130 (Match User backup)" in note for note in notes)


# --- the rest


@pytest.mark.parametrize(("memory", "size"), [(GIB // 2, GIB), (GIB, GIB), (GIB + 1, 2 * GIB), (64 * GIB, 2 * GIB)])
def test_swap_is_made_by_the_size_of_the_memory(memory: int, size: int) -> None:
    assert only(Swap, compose(replace(FRESH, memory_bytes=memory), Options()).calm).size == size


@pytest.mark.parametrize(
    ("facts", "options", "note"),
    [
        (replace(FRESH, swap_refused="this is a container (lxc)"), Options(), "this is a container (lxc)"),
        (replace(FRESH, disk_free=2 * GIB), Options(), "its disk is too full"),
        (FRESH, Options(swap=False), ""),
    ],
)
def test_where_swap_cannot_or_should_not_be_it_is_not_made(facts: HostFacts, options: Options, note: str) -> None:
    made = compose(facts, options)
    assert not [resource for resource in made.calm if isinstance(resource, Swap)]
    assert (f"no swap is made: {note}" in made.notes) == bool(note)


def test_a_clock_that_is_kept_already_stays_with_who_keeps_it() -> None:
    made = compose(ODD, Options(user="ops"))
    assert "systemd-timesyncd" not in names(made, Package)
    assert "chrony.service" in names(made, Unit)
    assert "systemd-timesyncd" in names(compose(FRESH, Options()), Package)


def test_the_address_of_who_set_the_server_up_is_never_banned_wherever_the_next_one_comes_from() -> None:
    line = "ignoreip = 127.0.0.1/8 ::1 203.0.113.9\n"
    jail = "/etc/fail2ban/jail.d/seawall.local"
    assert line in content(compose(FRESH, Options()), jail)
    assert line in content(compose(replace(SET_UP, caller_address="198.51.100.1"), Options()), jail)


def test_what_was_chosen_is_kept_and_options_change_it() -> None:
    kept = replace(SET_UP, profile=Profile("deploy", "", ("allow 9/tcp",), False, False))
    assert compose(kept, Options()).profile == kept.profile
    changed = compose(kept, Options(allow=("10",), firewall=True, swap=True)).profile
    assert changed == Profile("deploy", "", ("allow 10/tcp",), True, True)
