"""Setting a server up: looked at, planned, made, and confirmed over a connection of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.agent.resource import Resource, build, resource_to_wire
from seawall.agent.vocabulary import Change
from seawall.errors import ConnectionFailed, ConnectionLost, SeawallError, SetupTakenBack, UsageError
from seawall.operations.events import Happening, Progress, note
from seawall.operations.hosts import AskPassword, person
from seawall.operations.parallel import Tell, on_each
from seawall.stack.host import HostSetup, Options, compose
from seawall.stack.host_facts import HostFacts
from seawall.transport.session import Session
from seawall.transport.ssh import PasswordNeeded, Ssh

#: How long the host waits for a confirmation, seconds.
PATIENCE = 60
#: A connection that is new indeed, not one more channel of an open one (ssh_config(5), ControlPath).
FRESH = ("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ConnectTimeout=10")
#: Between two attempts to log in, and after the time is over until the old state must be back, seconds.
PAUSE, GRACE = 5.0, 5.0
#: More would make sshd refuse this machine for a while (sshd_config(5), PerSourcePenalties), and fail2ban too.
ATTEMPTS = 3
#: Where ssh keeps a person's public keys.
OWN_KEYS = "~/.ssh/id_*.pub"


@dataclass
class SetupPlan:
    """What a server would change; of ``guarded`` changes a new connection must show that they lock nobody out."""

    destination: str
    session: Session
    password: str
    facts: HostFacts
    setup: HostSetup
    calm: tuple[Change, ...]
    guarded: tuple[Change, ...]
    fingerprint: str

    @property
    def changes(self) -> tuple[Change, ...]:
        return (*self.calm, *self.guarded)

    @property
    def empty(self) -> bool:
        return not self.changes

    @property
    def drift(self) -> bool:
        """Whether anything is not as it should be, whoever can put it right."""
        return not self.empty or bool(self.setup.findings)

    @property
    def login(self) -> str:
        """How people reach the host once it is set up."""
        return as_user(self.destination, self.setup.profile.user)


@dataclass(frozen=True)
class SetUp:
    """What came of it: whether there was something to confirm, and that took how long."""

    confirmed: bool
    seconds: float


def as_user(destination: str, user: str) -> str:
    """The same destination under another login name."""
    scheme = "ssh://" if destination.startswith("ssh://") else ""
    return f"{scheme}{user}@{destination.removeprefix('ssh://').rpartition('@')[2]}"


def own_keys(pattern: str = OWN_KEYS) -> tuple[str, ...]:
    """The person's public keys at this end; nobody named these files, so one that holds no key is passed over."""
    place = Path(pattern).expanduser()
    keys: list[str] = []
    for file in sorted(place.parent.glob(place.name)):
        with contextlib.suppress(UsageError):
            keys += read_keys(file)
    return tuple(keys)


def read_keys(file: Path) -> tuple[str, ...]:
    """The public keys in a file. Raises UsageError for a private one, and for what is no key."""
    from seawall.agent.resources.login import key_bodies

    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the key cannot be read: {error}", place=str(file)) from error
    if "PRIVATE KEY" in text:
        raise UsageError(
            "that is the private half of a key, which never leaves this machine",
            place=str(file),
            remedy=f"name the public half: {file}.pub",
        )
    keys = tuple(line.strip() for line in text.splitlines() if key_bodies(line))
    if not keys:
        raise UsageError("there is no public key in it", place=str(file), remedy="name a file such as id_ed25519.pub")
    return keys


def make_plan(destination: str, options: Options, ask: AskPassword) -> SetupPlan:
    """Compare a server with what it should be. Raises what connecting and `compose` raise, HostError."""
    password = ""
    session = Ssh(destination).open()
    try:
        session.greet()
    except PasswordNeeded:
        password = ask(destination)
        session = Ssh(destination).open(password)
        session.greet()
    try:
        return _planned(destination, session, password, options)
    except BaseException:
        session.close()
        raise


def _planned(destination: str, session: Session, password: str, options: Options) -> SetupPlan:
    look = session.request("setup-look", user=options.user or "")
    facts = HostFacts.from_wire(session.facts, look)
    setup = compose(facts, options)
    answer = session.request("setup-plan", calm=_wire(setup.calm), guarded=_wire(setup.guarded))
    calm, guarded = (tuple(build(Change, change) for change in answer[part]) for part in ("calm", "guarded"))
    return SetupPlan(destination, session, password, facts, setup, calm, guarded, answer["fingerprint"])


def _wire(resources: Sequence[Resource]) -> list[dict[str, Any]]:
    return [resource_to_wire(resource) for resource in dict.fromkeys(resources)]


def carry_out(plan: SetupPlan, patience: int = PATIENCE) -> Generator[Happening, None, SetUp]:
    """Make the changes and have them confirmed. Raises SetupTakenBack if no new connection can, and HostError."""
    begun = time.monotonic()
    answer = yield from _made(plan, patience)
    if answer["token"]:
        deadline = time.monotonic() + patience
        try:
            yield from _confirmed(plan, answer["token"], deadline)
        except KeyboardInterrupt:
            raise SetupTakenBack(
                "stopped before a new connection had confirmed the changes",
                place=plan.destination,
                state=f"it takes them back within {deadline - time.monotonic() + GRACE:.0f} s",
                remedy="wait that long, then log in as before",
            ) from None
    return SetUp(bool(answer["token"]), time.monotonic() - begun)


def _made(plan: SetupPlan, patience: int) -> Generator[Happening, None, dict[str, Any]]:
    def work(item: SetupPlan, tell: Tell) -> dict[str, Any]:
        return item.session.request(
            "setup-apply",
            lambda event: tell(Progress(item.destination, event)),
            calm=_wire(item.setup.calm),
            guarded=_wire(item.setup.guarded),
            fingerprint=item.fingerprint,
            seconds=patience,
            by=person(),
        )

    def stop() -> str:
        plan.session.cancel()
        return "stopping: what could lock you out is being taken back"

    outcomes = yield from on_each([plan], work, stop)
    if outcomes.failures:
        raise outcomes.failures[0][1]
    return outcomes.results[0]


def _confirmed(plan: SetupPlan, token: str, deadline: float) -> Generator[Happening, None, None]:
    """Log in anew, by the way that is left, and say so there."""
    yield note(plan.destination, f"trying a new connection as {plan.login} …")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _confirm(plan, token)
        except SeawallError as error:
            if attempt == ATTEMPTS or isinstance(error, SetupTakenBack) or time.monotonic() + PAUSE > deadline:
                yield from _taken_back(plan, error, deadline)
            time.sleep(PAUSE)
        else:
            yield note(plan.destination, f"{plan.login} gets in; the changes stay")
            return


def _confirm(plan: SetupPlan, token: str) -> None:
    session = Ssh(plan.login, FRESH).open()
    try:
        session.greet()
        if not session.request("setup-confirm", token=token)["confirmed"]:
            raise SetupTakenBack(f"the confirmation came too late for {plan.destination}")
    finally:
        session.close()


def _taken_back(plan: SetupPlan, error: SeawallError, deadline: float) -> Generator[Happening, None, None]:
    """Wait until the host has put the old state back, look, and raise."""
    left = max(0.0, deadline - time.monotonic())
    yield note(plan.destination, f"the new connection failed: {error.fact}")
    yield note(plan.destination, f"{plan.destination} takes its changes back within {left + GRACE:.0f} s; waiting …")
    time.sleep(left + GRACE)
    reason = error.output or error.fact
    last = time.monotonic() + 60
    while not _is_as_before(plan):
        if time.monotonic() > last:
            lost = SetupTakenBack(
                f"{plan.destination} lets nobody in any more by the way you came",
                state="it was told to take its changes back; whether it has is not known",
                remedy="log in on its console and look at `systemctl status seawall-confirm`",
                output=reason,
            )
            lost.exit_code = 4
            raise lost from error
        time.sleep(PAUSE)
    raise SetupTakenBack(
        f"no new connection got in: {error.fact}",
        place=plan.destination,
        state="logins, sshd and firewall are as they were, and you can log in as before; "
        "packages, updates and what cannot lock anybody out stay",
        remedy=_remedy(plan, error),
        output=error.output,
    ) from error


def _remedy(plan: SetupPlan, error: SeawallError) -> str:
    if "host key" in error.fact:  # this machine knew the host by one that is offered no more, or was made anew
        learn = f"ssh -o HostKeyAlgorithms=ssh-ed25519 {plan.destination}"
        return f"let this machine learn the host key that stays, by `{learn}`, then run it again"
    return f"find out what keeps {plan.login} out (a rule of the firewall, a Match block), then run it again"


def _is_as_before(plan: SetupPlan) -> bool:
    session = Ssh(plan.destination, FRESH).open(plan.password)
    try:
        session.greet()
        return not session.request("setup-look", user="")["pending"]
    except (ConnectionFailed, ConnectionLost):
        return False
    finally:
        session.close()
