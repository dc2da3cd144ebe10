"""Telling people: by e-mail (RFC 5321) and by a webhook, each with what its server answered.

Every wait is bounded, every certificate verified. What a server answers may repeat what it was sent, so secrets are
taken out of it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import smtplib
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Any

from seawall.agent.data.alert_settings import AlertSettings, Mail, Webhook
from seawall.agent.data.alert_texts import Message, line
from seawall.agent.errors import AlertFailed

#: Lines may have 998 characters (RFC 5322, 2.1.1): a subject that is broken earlier loses a space with some readers.
POLICY = SMTP.clone(max_line_length=998)
#: Seconds that each answer of a server may take.
PATIENCE = 20.0
#: Of a webhook's answer no more is read, bytes.
LONGEST = 2000
EMAIL, WEBHOOK = "email", "webhook"


@dataclass(frozen=True)
class Channel:
    """A way of telling: its name, where it leads to (no secret), and the sending itself, which returns what the server
    answered or raises AlertFailed."""

    name: str
    to: str
    send: Callable[[Message], str]


def channels(settings: AlertSettings, secrets: Mapping[str, str]) -> tuple[Channel, ...]:
    """Those that are set up. ``secrets`` are the variables that hold the password and the URL."""
    found = []
    mail, hook = settings.mail, settings.webhook
    if mail is not None:
        password = secrets.get(mail.password, "")
        found.append(Channel(EMAIL, ", ".join(mail.recipients), lambda message: by_mail(mail, password, message)))
    if hook is not None:
        url = hook.url or secrets.get(hook.secret, "")
        found.append(Channel(WEBHOOK, _server(url) or hook.secret, lambda message: by_webhook(hook, url, message)))
    return tuple(found)


# --- e-mail


def by_mail(mail: Mail, password: str, message: Message) -> str:
    """Send an e-mail; the answer is the mail server's last word on it. Raises AlertFailed."""
    place = f"{mail.host}:{mail.port}"
    with _explained(place, password), _connected(mail) as server:
        if mail.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, password)
        return _handed_over(server, mail, message)


def letter(mail: Mail, message: Message) -> bytes:
    """The e-mail. It says that no person wrote it, so that nobody's holiday answers (RFC 3834, 5)."""
    made = EmailMessage()
    made["From"] = mail.sender
    made["To"] = ", ".join(mail.recipients)
    made["Subject"] = message.subject
    made["Date"] = formatdate()
    made["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2])
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(f"{message.app} on {message.host}\n\n{message.text}")
    return made.as_bytes(policy=POLICY)


def _connected(mail: Mail) -> smtplib.SMTP:
    if mail.tls == "implicit":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=PATIENCE, context=ssl.create_default_context())
    return smtplib.SMTP(mail.host, mail.port, timeout=PATIENCE)


def _handed_over(server: smtplib.SMTP, mail: Mail, message: Message) -> str:
    '""By the single steps: `sendmail` keeps the last answer to itself. One recipient who is refused fails nobody'
    'else.""'
    server.ehlo_or_helo_if_needed()
    _expect(250, *server.mail(mail.sender))
    answers = {name: server.rcpt(name) for name in mail.recipients}
    refused = {name: answer for name, answer in answers.items() if answer[0] not in (250, 251)}
    if len(refused) == len(answers):
        _expect(250, *next(iter(refused.values())))
    code, answer = server.data(letter(mail, message))
    _expect(250, code, answer)
    but = "; ".join(f"{name} was refused: {_words(*said)}" for name, said in refused.items())
    return "; ".join(filter(None, (_words(code, answer), but)))


def _expect(wanted: int, code: int, answer: bytes) -> None:
    if code != wanted:
        raise smtplib.SMTPResponseException(code, answer)


def _words(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return line(f"{code} {text}")


# --- webhook


def by_webhook(hook: Webhook, url: str, message: Message) -> str:
    """Post a message; the answer is the server's status. Raises AlertFailed."""
    if not url:
        raise AlertFailed(f"the secret {hook.secret} is not on this host", remedy="`seawall deploy` brings it there")
    body, headers = posted(hook.format, message)
    request = urllib.request.Request(url, body, {"User-Agent": "seawall", **headers}, method="POST")  # noqa: S310
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    secrets = () if hook.url else (url, urllib.parse.urlsplit(url).path)
    with _explained(_server(url), *secrets), opener.open(request, timeout=PATIENCE) as answer:
        said = answer.read(LONGEST).decode("utf-8", "replace")
        return _without(line(f"{answer.status} {answer.reason} {said}"), *secrets)


def posted(form: str, message: Message) -> tuple[bytes, dict[str, str]]:
    """Body and headers: our own document, what Slack takes (its manual, "Incoming Webhooks"), or what ntfy takes (its
    manual, "Publishing")."""
    if form == "ntfy":
        urgent = "4" if message.kind == "trouble" else "3"
        return message.text.encode(), {"Title": _header(message.subject), "Priority": urgent}
    document = {"text": f"*{message.subject}*\n{message.text}"} if form == "slack" else message.document
    return json.dumps(document).encode(), {"Content-Type": "application/json"}


def _header(text: str) -> str:
    """ntfy takes other letters than ASCII's as RFC 2047 encodes them."""
    from email.header import Header

    return text if text.isascii() else Header(text, "utf-8", maxlinelen=10_000).encode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A POST that is sent on would become a GET without its message."""

    def redirect_request(self, *_: object) -> None:
        return None


def _server(url: str) -> str:
    """The part of a URL that is no secret."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""


# --- what went wrong


@contextlib.contextmanager
def _explained(place: str, *secrets: str) -> Iterator[None]:
    """Every failure is of one kind, says what the server answered, and holds no secret."""
    try:
        yield
    except (OSError, smtplib.SMTPException, http.client.HTTPException, ValueError) as error:
        fact, remedy = _cause(error)
        raise AlertFailed(_without(line(fact), *secrets), place=place, remedy=remedy) from error


def _cause(error: Exception) -> tuple[str, str]:
    """The fact and the remedy."""
    reason: Any = error
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        reason = error.reason
    elif isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        reason = error.__context__  # smtplib says of every failing read that the connection was closed
    return next((fact(reason), remedy) for kind, fact, remedy in _CAUSES if isinstance(reason, kind))


_LOGIN = "correct alerts.smtp.user, or set the password's secret anew, and deploy"
_ANSWER = "the answer says why; correct [alerts] and deploy"
_CERTIFICATE = "name the server by the name in its certificate, or have the host trust its authority"
_REACH = "see that the host reaches it: name, port, firewall; then run `seawall alerts test`"
#: Kinds of failure, the most special first: the fact in words, the remedy.
_CAUSES: tuple[tuple[Any, Callable[[Any], str], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        lambda e: f"the mail server refused the login: {_words(e.smtp_code, e.smtp_error)}",
        _LOGIN,
    ),
    (
        smtplib.SMTPResponseException,
        lambda e: f"the mail server answered {_words(e.smtp_code, e.smtp_error)}",
        _ANSWER,
    ),
    (smtplib.SMTPException, lambda e: f"the mail server did not do as asked: {e}", _ANSWER),
    (urllib.error.HTTPError, lambda e: f"the webhook answered {e.code} {e.reason} {_body(e)}", _ANSWER),
    (ssl.SSLCertVerificationError, lambda e: f"its certificate is not trusted: {e.verify_message}", _CERTIFICATE),
    (socket.timeout, lambda _: f"no answer within {PATIENCE:g} s", _REACH),
    (socket.gaierror, lambda e: f"its name is not known: {e.strerror}", _REACH),
    (Exception, lambda e: f"it could not be reached: {getattr(e, 'strerror', None) or e}", _REACH),
)


def _body(error: urllib.error.HTTPError) -> str:
    with contextlib.suppress(OSError, http.client.HTTPException), error:
        return error.read(LONGEST).decode("utf-8", "replace")
    return ""


def _without(text: str, *secrets: str) -> str:
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "…")
    return text
