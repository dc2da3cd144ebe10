"""Messages by e-mail and webhook, to real servers, and what is said of those that do not take them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.data import alerts
from seawall.agent.data.alert_settings import AlertSettings, Mail, Webhook
from seawall.agent.data.alert_texts import TEST, Message, message
from seawall.agent.data.troubles import BEGAN, LASTS, OVER, Notice, Trouble
from seawall.agent.errors import AlertFailed

from ..certificates.making import Pair, pair
from ..http_servers import on_port
from ..sample import layout
from .sinks import PASSWORD, Letters, Posts, context, free_port, mail_server

DISK = Trouble("disk:/", "the file system / is 93 % full: 1.2 GB of 20 GB free", "make room")
BEGUN = 1795874400.0  # 2026-11-28 14:00 UTC
FULL = message("guestbook", "web1", [Notice(BEGAN, DISK, BEGUN)])


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """A certificate for localhost that this process trusts as if it were an authority's."""
    made = pair("localhost")
    (tmp_path / "trusted.pem").write_bytes(made.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    return made


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def mail(port: int, tls: str = "off", **more: object) -> Mail:
    made = Mail(("ops@example.com",), "seawall@example.com", "localhost", port, tls)
    return replace(made, **more)  # type: ignore[arg-type]


# e-mail


def test_an_email_says_what_where_since_when_and_what_to_do(stack: ExitStack) -> None:
    letters = Letters()
    port = stack.enter_context(mail_server(letters))
    assert alerts.by_mail(mail(port), "", FULL) == "250 OK queued as 4711"
    ((sender, recipients, letter),) = letters.heard
    assert (sender, recipients) == ("seawall@example.com", ["ops@example.com"])
    assert letter["Subject"] == "guestbook on web1: the file system / is 93 % full: 1.2 GB of 20 GB free"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().splitlines() == [  # type: ignore[attr-defined]
        "guestbook on web1",
        "",
        "the file system / is 93 % full: 1.2 GB of 20 GB free",
        "  Since 2026-11-28 14:00 UTC.",
        "  To do: make room",
    ]


def test_the_password_is_sent_only_after_starttls_to_a_server_that_is_trusted(
    stack: ExitStack, authority: Pair, tmp_path: Path
) -> None:
    letters = Letters()
    port = stack.enter_context(mail_server(letters, context(authority, tmp_path), login=True))
    assert alerts.by_mail(mail(port, "starttls", user="seawall"), PASSWORD, FULL).startswith("250")
    assert letters.logins == ["seawall"]


def test_implicit_tls(stack: ExitStack, authority: Pair, tmp_path: Path) -> None:
    letters = Letters()
    port = stack.enter_context(mail_server(letters, context(authority, tmp_path), implicit=True, login=True))
    assert alerts.by_mail(mail(port, "implicit", user="seawall"), PASSWORD, FULL).startswith("250")
    assert len(letters.heard) == 1


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(
    stack: ExitStack, authority: Pair, tmp_path: Path
) -> None:
    letters = Letters()
    stranger = pair("localhost")
    port = stack.enter_context(mail_server(letters, context(stranger, tmp_path), login=True))
    with pytest.raises(AlertFailed, match="its certificate is not trusted: self") as caught:
        alerts.by_mail(mail(port, "starttls", user="seawall"), PASSWORD, FULL)
    assert caught.value.place == f"localhost:{port}"
    assert letters.logins == []


def test_a_server_by_another_name_than_its_certificates_is_not_trusted(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = pair("smtp.example.com")
    (tmp_path / "trusted.pem").write_bytes(other.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    port = stack.enter_context(mail_server(Letters(), context(other, tmp_path)))
    with pytest.raises(AlertFailed, match="Hostname mismatch"):
        alerts.by_mail(mail(port, "starttls"), "", FULL)


def test_a_server_without_starttls_is_not_spoken_to_in_clear(stack: ExitStack) -> None:
    letters = Letters()
    port = stack.enter_context(mail_server(letters))
    with pytest.raises(AlertFailed, match="STARTTLS"):
        alerts.by_mail(mail(port, "starttls"), "", FULL)
    assert letters.heard == []


def test_a_wrong_password_is_said_in_the_servers_words(stack: ExitStack, authority: Pair, tmp_path: Path) -> None:
    port = stack.enter_context(mail_server(Letters(), context(authority, tmp_path), login=True))
    with pytest.raises(AlertFailed, match="refused the login: 535") as caught:
        alerts.by_mail(mail(port, "starttls", user="seawall"), "wrong password", FULL)
    assert "alerts.smtp.user" in caught.value.remedy


def test_a_message_that_is_not_taken_is_a_failure_with_the_servers_answer(stack: ExitStack) -> None:
    port = stack.enter_context(mail_server(Letters(answer="451 try again later")))
    with pytest.raises(AlertFailed, match="the mail server answered 451 try again later"):
        alerts.by_mail(mail(port), "", FULL)


def test_one_recipient_who_is_refused_keeps_nobody_else_from_being_told(stack: ExitStack) -> None:
    letters = Letters(refused=("gone@example.com",))
    port = stack.enter_context(mail_server(letters))
    both = mail(port, recipients=("gone@example.com", "ops@example.com"))
    assert alerts.by_mail(both, "", FULL) == (
        "250 OK queued as 4711; gone@example.com was refused: 550 no such mailbox"
    )
    assert letters.heard[0][1] == ["ops@example.com"]
    with pytest.raises(AlertFailed, match="550 no such mailbox"):
        alerts.by_mail(mail(port, recipients=("gone@example.com",)), "", FULL)


def test_a_server_that_is_not_there_or_says_nothing_is_a_failure(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    with pytest.raises(AlertFailed, match="could not be reached: Connection refused"):
        alerts.by_mail(mail(free_port()), "", FULL)
    monkeypatch.setattr(alerts, "PATIENCE", 0.1)
    silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    with pytest.raises(AlertFailed, match=r"no answer within 0\.1 s"):
        alerts.by_mail(mail(silent.getsockname()[1]), "", FULL)
    with pytest.raises(AlertFailed, match="its name is not known"):
        alerts.by_mail(replace(mail(25), host="nowhere.invalid"), "", FULL)


# webhook


@pytest.mark.parametrize(
    ("form", "kind", "body"),
    [
        ("slack", "application/json", {"text": f"*{FULL.subject}*\n{FULL.text}"}),
        ("json", "application/json", FULL.document),
    ],
)
def test_a_webhook_gets_the_message_in_its_format(stack: ExitStack, form: str, kind: str, body: object) -> None:
    posts = Posts()
    url = f"http://127.0.0.1:{stack.enter_context(on_port(posts))}/hook"
    assert alerts.by_webhook(Webhook(form, url), url, FULL) == "200 OK taken"
    ((path, headers, data),) = posts.heard
    assert (path, headers["Content-Type"], json.loads(data)) == ("/hook", kind, body)


def test_ntfy_gets_text_with_a_title_and_a_priority(stack: ExitStack) -> None:
    posts = Posts()
    url = f"http://127.0.0.1:{stack.enter_context(on_port(posts))}/topic"
    over = message("guestbook", "web1", [Notice(OVER, replace(DISK, fact="größer"), BEGUN, BEGUN + 60)])
    alerts.by_webhook(Webhook("ntfy", url), url, FULL)
    alerts.by_webhook(Webhook("ntfy", url), url, over)
    (_, urgent, body), (_, calm, _) = posts.heard
    assert (urgent["Title"], urgent["Priority"], body.decode()) == (FULL.subject, "4", FULL.text)
    assert calm["Priority"] == "3"
    assert calm["Title"].startswith("=?utf-8?")


def test_a_webhook_with_a_trusted_certificate_is_told_and_one_without_is_not(
    stack: ExitStack, authority: Pair, tmp_path: Path
) -> None:
    posts = Posts()
    good = stack.enter_context(on_port(posts, context(authority, tmp_path)))
    url = f"https://localhost:{good}/"
    assert alerts.by_webhook(Webhook("json", url), url, FULL) == "200 OK taken"
    bad = stack.enter_context(on_port(posts, context(pair("localhost"), tmp_path)))
    url = f"https://localhost:{bad}/"
    with pytest.raises(AlertFailed, match="its certificate is not trusted"):
        alerts.by_webhook(Webhook("json", url), url, FULL)
    assert len(posts.heard) == 1


def test_a_redirect_is_a_failure_as_it_would_lose_the_message(stack: ExitStack) -> None:
    posts = Posts(status=302, location="/elsewhere")
    url = f"http://127.0.0.1:{stack.enter_context(on_port(posts))}/hook"
    with pytest.raises(AlertFailed, match="the webhook answered 302 Found"):
        alerts.by_webhook(Webhook("json", url), url, FULL)
    assert [path for path, _, _ in posts.heard] == ["/hook"]


def test_a_secret_url_is_in_no_error_even_if_the_server_repeats_it(stack: ExitStack) -> None:
    posts = Posts(status=500)
    url = f"http://127.0.0.1:{stack.enter_context(on_port(posts))}/services/T0/sEcReT"
    hook = Webhook("slack", secret="SLACK_WEBHOOK")
    with pytest.raises(AlertFailed, match="the webhook answered 500 Internal Server Error not at …") as caught:
        alerts.by_webhook(hook, url, FULL)
    assert "sEcReT" not in str(caught.value.record())
    settings = AlertSettings("web1", layout(Path("/srv/tiny")), webhook=hook)
    assert "sEcReT" not in alerts.channels(settings, {"SLACK_WEBHOOK": url})[0].to


def test_a_secret_that_is_not_there_is_said_by_its_name() -> None:
    settings = AlertSettings("web1", layout(Path("/srv/tiny")), webhook=Webhook("slack", secret="SLACK_WEBHOOK"))
    (way,) = alerts.channels(settings, {})
    with pytest.raises(AlertFailed, match="the secret SLACK_WEBHOOK is not on this host"):
        way.send(FULL)


# words


def test_several_things_at_once_are_one_message_that_begins_with_what_is_new() -> None:
    loop = Trouble("crash-loop:web", "web ended and was started again 9 times within an hour", "see its log")
    both = message("guestbook", "web1", [Notice(OVER, DISK, BEGUN, BEGUN + 3600), Notice(BEGAN, loop, BEGUN)])
    assert both.subject == "guestbook on web1: 1 new, 1 over"
    assert both.text == (
        "web ended and was started again 9 times within an hour\n  Since 2026-11-28 14:00 UTC.\n  To do: see its log\n"
        "\nOver since 2026-11-28 15:00 UTC: the file system / is 93 % full: 1.2 GB of 20 GB free\n"
        "  It had begun at 2026-11-28 14:00 UTC.\n"
    )
    assert (both.kind, message("a", "b", [Notice(OVER, DISK, 0, 1)]).kind) == ("trouble", "over")
    assert message("a", "b", [Notice(LASTS, DISK, 0)]).text.startswith("Still: the file system")


def test_what_a_program_put_into_a_fact_cannot_make_a_header_of_its_own() -> None:
    evil = Trouble("x", "it said\r\nBcc: all@example.com\x1b[2J " + "a" * 1000, "nothing")
    subject = message("a", "b", [Notice(BEGAN, evil, 0)]).subject
    assert subject.startswith("a on b: it said Bcc: all@example.com [2J aaa")
    assert len(subject) == 500


def test_a_test_says_that_nothing_is_wrong() -> None:
    test = Message(TEST, "guestbook", "web1")
    assert test.subject == "guestbook on web1: a test"
    assert "nothing is wrong" in test.text
