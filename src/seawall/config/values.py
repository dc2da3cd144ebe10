"""The kinds of value that ``seawall.toml`` may hold: each with its rule, and the rule in words.

``x-words`` finishes the sentence "KEY must be …" in error messages and in the reference page.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field


def _text(pattern: str, words: str) -> Any:
    return Field(pattern=pattern, json_schema_extra={"x-words": words})


def _words(words: str) -> Any:
    return Field(json_schema_extra={"x-words": words})


def _stays_inside(value: str) -> str:
    path = PurePosixPath(value)
    if not value or path.is_absolute() or ".." in path.parts or "\0" in value or "\n" in value or "\\" in value:
        raise ValueError("leaves the project")
    return value


def _stays_inside_and_is_not_all(value: str) -> str:
    if PurePosixPath(_stays_inside(value)) == PurePosixPath("."):
        raise ValueError("is the whole project")
    return value


def _empty_or_inside(value: str) -> str:
    return value and _stays_inside_and_is_not_all(value)


def _empty_or_address(value: str) -> str:
    if value:
        ipaddress.ip_address(value)
    return value


def _host_names_only(value: str) -> str:
    if len(value) > 253 or value.rpartition(".")[2].isdigit():
        raise ValueError("is no host name")
    return value


def _without_password(value: str) -> str:
    if re.search(r"://[^/@]*:[^/@]*@", value):
        raise ValueError("has a password in it")
    return value


def _is_network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


def _can_be_split(value: str) -> str:
    if "://" in value and not urlsplit(value).hostname:
        raise ValueError("names no host")
    return value


def _as_text(value: object) -> object:
    """TOML's integers, floats and booleans as they are written in TOML: ``5``, ``0.5``, ``true``."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


_LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"

Name = Annotated[
    str, _text(r"^[a-z][a-z0-9-]{0,30}$", "1 to 31 lower-case letters, digits and hyphens, a letter first")
]
Domain = Annotated[
    str,
    AfterValidator(_host_names_only),
    _text(
        rf"^(\*\.)?{_LABEL}(\.{_LABEL})*$",
        'a host name in lower case such as "www.example.com", without scheme, port or path',
    ),
]
Host = Annotated[
    str,
    _text(r"^[^-\s\x00-\x1f][^\s\x00-\x1f]*$", 'what `ssh` accepts as a destination, such as "root@203.0.113.5"'),
]
OptionalHost = Annotated[
    str,
    _text(
        r"^([^-\s\x00-\x1f][^\s\x00-\x1f]*)?$",
        'what `ssh` accepts as a destination, such as "root@203.0.113.5", or ""',
    ),
]
OptionalAddress = Annotated[
    str, AfterValidator(_empty_or_address), _words('an IP address of one host, such as "10.0.0.5", or ""')
]
Variable = Annotated[
    str,
    _text(r"^[A-Za-z_][A-Za-z0-9_]*$", "a name of an environment variable: letters, digits and _, no digit first"),
]
EnvText = Annotated[
    str,
    BeforeValidator(_as_text, json_schema_input_type=str | int | float | bool),
    _text(r"^[^\x00]*$", "a string, a number or a boolean"),
]
DistributionPackage = Annotated[
    str, _text(r"^[a-z0-9][a-z0-9+.-]+$", 'a name of a distribution package, such as "libpq5"')
]
EntryPoint = Annotated[
    str,
    _text(
        r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\([^\n]*\))?$",
        '"module:callable" or "module:factory()"',
    ),
]
HostAndPort = Annotated[
    str,
    _text(r"^(|[A-Za-z0-9._-]+:[0-9]{1,5})$", '"HOST:PORT" such as "127.0.0.1:8125", or ""'),
]
DatabaseName = Annotated[
    str,
    _text(
        r"^([a-z][a-z0-9_-]{0,30})?$",
        '1 to 31 lower-case letters, digits, hyphens and underscores, a letter first, or ""',
    ),
]
UrlScheme = Annotated[
    str, _text(r"^([a-z][a-z0-9+.-]*)?$", 'the scheme of a URL without "://", such as "postgresql+psycopg", or ""')
]
PythonRange = Annotated[
    str,
    _text(
        r"^(|(==|>=|<=|~=|!=|<|>)?\s*3(\.\d+){0,2}(\.\*)?(\s*,\s*(==|>=|<=|~=|!=|<|>)\s*\d+(\.\d+){0,2}(\.\*)?)*)$",
        'a Python version such as "3.12", a range such as ">=3.11,<3.14", or ""',
    ),
]
PathInside = Annotated[str, AfterValidator(_stays_inside), _words("a relative path that stays inside the project")]
PartOfProject = Annotated[
    str,
    AfterValidator(_stays_inside_and_is_not_all),
    _words("a relative path that stays inside the project and is not all of it"),
]
OptionalPath = Annotated[
    str, AfterValidator(_empty_or_inside), _words('a relative path that stays inside the project, or ""')
]
HostPath = Annotated[str, _text(r"^(/[^\x00-\x1f]*)?$", 'an absolute path on the host, or ""')]
RepositoryUrl = Annotated[
    str,
    AfterValidator(_without_password),
    _text(
        r"^(|/[^\x00-\x1f]*[^/\x00-\x1f]|sftp://[^/\s]+/\S+|sftp:[^/:\s]+:\S+|(s3|rest|b2|azure|gs|swift|rclone):\S+)$",
        'a repository as restic calls it, such as "s3:https://s3.example.com/bucket/path", "sftp:user@host:/path" or '
        '"/folder", without a password in it, or ""',
    ),
]
Certificates = Annotated[
    str,
    _text(
        r"^(|\s*-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\s-]+?-----END CERTIFICATE-----\s*)$",
        'certificates as PEM, from "-----BEGIN CERTIFICATE-----" on, or ""',
    ),
]
KnownHosts = Annotated[
    str,
    _text(
        r"^(|\s*([^\s#]\S*[ \t]+[a-z0-9@.-]+[ \t]+[A-Za-z0-9+/=]+[^\n]*\n?\s*)+)$",
        'lines of known_hosts such as "vault.example.com ssh-ed25519 AAAA…", or ""',
    ),
]
OptionalVariable = Annotated[str, _text(r"^([A-Za-z_][A-Za-z0-9_]*)?$", 'a name of an environment variable, or ""')]
Pattern = Annotated[str, _text(r"^[^\x00\n]+$", "a gitignore-style pattern")]
Command = Annotated[str, _text(r"^[^\x00\n]*\S[^\x00\n]*$", "a command in one line")]
OptionalCommand = Annotated[str, _text(r"^([^\x00\n]*\S[^\x00\n]*)?$", 'a command in one line, or ""')]
CookieName = Annotated[str, _text(r"^[A-Za-z0-9_.-]+$", "a name of a cookie: letters, digits, _, . and -")]
QueryName = Annotated[str, _text(r"^[A-Za-z0-9_]*$", 'a name of a query parameter, such as "v", or ""')]
UrlPath = Annotated[str, _text(r"^/[!-~]*$", 'a URL path such as "/health"')]
UrlPrefix = Annotated[
    str,
    _text(
        r"^/(\.?[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)+$",
        'a URL prefix that begins and ends with a slash, such as "/static/"',
    ),
]
Size = Annotated[str, _text(r"^[0-9]{1,12}[kKmMgG]?$", 'a size such as "512k", "10m" or "1g"')]
Calendar = Annotated[
    str, _text(r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$", 'a systemd calendar expression such as "daily" or "*-*-* 03:00:00"')
]
OptionalCalendar = Annotated[
    str, _text(r"^([^\x00-\x1f]*\S[^\x00-\x1f]*)?$", 'a systemd calendar expression such as "*-*-* 05:00:00", or ""')
]
Email = Annotated[str, _text(r"^([^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+)?$", 'an e-mail address, or ""')]
Recipient = Annotated[str, _text(r"^[^@\s\x00-\x1f,;<>]+@[^@\s\x00-\x1f,;<>]+$", "an e-mail address")]
WebhookOrSecret = Annotated[
    str,
    AfterValidator(_can_be_split),
    _text(
        r"^(https?://[!-~]+|[A-Za-z_][A-Za-z0-9_]*)?$",
        'a URL such as "https://ntfy.sh/my-topic", the name of a secret that holds one, or ""',
    ),
]
HttpsUrl = Annotated[str, _text(r"^https://[!-~]+$", "an https URL")]
HeaderName = Annotated[str, _text(r"^[A-Za-z][A-Za-z0-9-]*$", 'a header\'s name such as "X-Robots-Tag"')]
HeaderText = Annotated[str, _text(r"^[ -~]*$", 'a header\'s value in ASCII, or "" for none')]
Rate = Annotated[
    str, _text(r"^([1-9][0-9]{0,5}/[sm])?$", 'a number per second or minute such as "20/s" or "10/m", or ""')
]
Network = Annotated[
    str,
    AfterValidator(_is_network),
    _words('an address or a network such as "203.0.113.0/24", without bits beyond its mask'),
]
Reason = Annotated[str, _text(r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$", "a reason in one line")]
WritablePath = Annotated[
    str, _text(r"^/[^/\x00-\x1f][^\x00-\x1f]*$", "an absolute path on the host, and not all of it")
]
