"""Values in the words of each file format. What a format cannot carry is refused, never garbled."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from seawall.errors import ConfigError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN_NGINX = re.compile(r"[A-Za-z0-9_./:@*-]+")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:@=,+-]+")


def nginx(value: str) -> str:
    """One argument of an nginx directive. nginx has no way to write a plain ``$`` (ngx_http_script_compile)."""
    _no_control(value, "nginx")
    if "$" in value:
        raise _refused(value, "nginx", "a dollar sign")
    if _PLAIN_NGINX.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def nginx_text(value: str, dollar: str) -> str:
    """The value of a `map`, in which ``$`` starts a variable; ``dollar`` is one that holds a dollar sign."""
    _no_control(value, "nginx")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", f"${{{dollar}}}")
    return f'"{escaped}"'


def nginx_regex(value: str) -> str:
    """A URL prefix as it stands in a regular expression of nginx; it holds nothing special but dots."""
    return value.replace(".", "\\.")


def apache(value: str) -> str:
    """One argument of a directive of Apache: between quotes, and ``${…}``, which it would replace, broken up.

    A dollar sign is written by a variable that the site defines (core, Define). ``%`` is for :func:`apache_text`.
    """
    _no_control(value, "Apache")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "${seawall_dollar}{")
    return f'"{escaped}"'


def apache_text(value: str) -> str:
    """The value of a header, in which ``%`` starts a format (mod_headers, Header)."""
    return apache(value.replace("%", "%%"))


def apache_rule(value: str) -> str:
    """A pattern or path of mod_rewrite's rules, which knows no escapes between quotes (mod_rewrite.c, parseargline)."""
    _no_control(value, "Apache")
    return '"' + value.replace('"', r"\x22").replace("${", r"\x24{") + '"'


def in_bytes(size: str) -> int:
    """A size such as ``10m`` as a number of bytes; 0 is no limit, which is the largest number there is."""
    unit = "kmg".find(size[-1].lower()) + 1
    return int(size[:-1] if unit else size) << 10 * unit or 2**63 - 1


def ini(value: str) -> str:
    """A value in supervisor's configuration: ``%`` starts an expansion, and a blank before ``;`` or ``#`` a comment."""
    _no_control(value, "supervisor")
    if re.search(r"\s[;#]", value):
        raise _refused(value, "supervisor", "a blank before ; or #")
    if value != value.strip():
        raise _refused(value, "supervisor", "a blank at its beginning or end")
    return value.replace("%", "%%")


def ini_environment(value: str) -> str:
    """A value in supervisor's ``environment=``: between quotes of a kind that it does not hold itself.

    There is no escape, and quotes of either kind are stripped from both ends (supervisor.datatypes).
    """
    quote = "'" if '"' in value else '"'
    if quote in value or value != value.strip("\"'"):
        raise _refused(value, "supervisor", "quotation marks")
    return f"{quote}{ini(value)}{quote}"


def ini_command(words: Sequence[str]) -> str:
    """A command line for supervisor, which splits it as a shell would (shlex), after its own comments and ``%``."""
    return ini(" ".join(_shell_word(word) for word in words))


def uwsgi(value: str) -> str:
    """A value in uWSGI's configuration: ``%`` starts a magic variable, ``$(`` and ``@(`` an expansion (uwsgi-docs,
    Configuration.rst)."""
    _no_control(value, "uWSGI")
    for start in ("$(", "@("):
        if start in value:
            raise _refused(value, "uWSGI", start)
    return value.replace("%", "%%")


def plain(value: str) -> str:
    """An expression of Python that stands in a program as it is."""
    _no_control(value, "Python")
    return value


def unit(value: str) -> str:
    """A value in a systemd unit that is not split into words: ``%`` starts a specifier (systemd.unit(5))."""
    _no_control(value, "systemd")
    return value.replace("%", "%%")


def unit_command(words: Sequence[str]) -> str:
    """A command line for ``ExecStart=`` (systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting")."""
    return " ".join(_unit_word(word) for word in words)


def unit_word(word: str) -> str:
    """One word of a list in a unit, of paths or variables, say (systemd.syntax(7), "Quoting")."""
    return _quoted_for_unit(unit(word), word)


def sh(value: str) -> str:
    """One word of a shell script."""
    _no_control(value, "the shell")
    return shlex.quote(value)


def sh_words(words: Sequence[str]) -> str:
    """A command line of a shell script."""
    return " ".join(sh(word) for word in words)


def _unit_word(word: str) -> str:
    return _quoted_for_unit(unit(word).replace("$", "$$"), word)


def _quoted_for_unit(escaped: str, word: str) -> str:
    if _PLAIN_WORD.fullmatch(word):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shell_word(word: str) -> str:
    """Quoted so that no blank comes before ``;`` or ``#``, which would start a comment inside quotes too."""
    quoted = shlex.quote(word)
    return re.sub(r"(\s)(?=[;#])", r"\1''", quoted) if quoted.startswith("'") else quoted


def _no_control(value: str, syntax: str) -> None:
    if _CONTROL.search(value):
        raise _refused(value, syntax, "a line break or another control character")


def _refused(value: str, syntax: str, what: str) -> ConfigError:
    return ConfigError(f"{value!r} holds {what}, which a configuration of {syntax} cannot carry", remedy="change it")
