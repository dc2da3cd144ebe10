"""SW30x: what a visitor sends must not become a query, a program or a page's markup."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.guards import function_of
from seawall.checks.static.source import Source
from seawall.config.detect.source import Module, keyword, literal

CHEATS = "https://cheatsheetseries.owasp.org/cheatsheets/"
QUERIES = frozenset({"execute", "executemany", "executescript", "raw", "from_statement", "scalar", "scalars"})
SQL = re.compile(
    r"\b(select|insert|update|delete|from|where|create|drop|alter|order by|limit|values|replace|call|exec|with|and)\b",
    re.IGNORECASE,
)
TEXTS = frozenset({"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text"})
SHELL = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})
PROGRAMS = frozenset(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))
CODE = frozenset({"eval", "exec"})
PICKLES = frozenset(
    f"{module}.{name}" for module in ("pickle", "cPickle", "dill", "cloudpickle", "marshal", "jsonpickle")
    for name in ("loads", "load", "decode", "Unpickler")
)  # fmt: skip
YAML = frozenset({"yaml.load", "yaml.load_all"})
SAFE_LOADERS = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})
MARKUP = frozenset({"markupsafe.Markup", "flask.Markup", "jinja2.Markup"})
TEMPLATES = frozenset({"flask.render_template_string", "jinja2.Template", "flask.templating.render_template_string"})


def visitor_in_sql(source: Source) -> Iterator[Evidence]:
    for module, call, query in _queries(source):
        if _put_together(query) and _is_sql(query) and source.taint(module, call).holds(query):
            yield source.at(module, call)


def sql_put_together(source: Source) -> Iterator[Evidence]:
    for module, call, query in _queries(source):
        if _put_together(query) and _is_sql(query) and not source.taint(module, call).holds(query):
            yield source.at(module, call)


def visitor_in_template(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls(*TEMPLATES):
        if call.args and source.taint(module, call).holds(call.args[0]):
            yield source.at(module, call)


def visitor_in_markup(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls(*MARKUP):
        if call.args and source.taint(module, call).holds(call.args[0]):
            yield source.at(module, call)


def visitor_in_shell(source: Source) -> Iterator[Evidence]:
    for module, call, command in _shells(source):
        if source.taint(module, call).holds(command):
            yield source.at(module, call)


def shell_put_together(source: Source) -> Iterator[Evidence]:
    for module, call, command in _shells(source):
        if _put_together(command) and not source.taint(module, call).holds(command):
            yield source.at(module, call)


def visitor_in_code(source: Source) -> Iterator[Evidence]:
    for module, call in _code(source):
        if source.taint(module, call).holds(call.args[0]):
            yield source.at(module, call)


def code_from_values(source: Source) -> Iterator[Evidence]:
    for module, call in _code(source):
        if not isinstance(call.args[0], ast.Constant) and not source.taint(module, call).holds(call.args[0]):
            yield source.at(module, call)


def visitor_in_pickle(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls(*PICKLES):
        if call.args and source.taint(module, call).holds(call.args[0]):
            yield source.at(module, call)


def yaml_makes_objects(source: Source) -> Iterator[Evidence]:
    for module, call in source.calls(*YAML):
        loader = keyword(call, "Loader", 1)
        name = loader.attr if isinstance(loader, ast.Attribute) else getattr(loader, "id", "")
        if name not in SAFE_LOADERS:
            yield source.at(module, call)


def visitor_in_fields(source: Source) -> Iterator[Evidence]:
    """``User(**request.json)`` and ``setattr(user, key, value)`` for what was sent."""
    for module, call, name in source.named_calls:
        spread = [argument.value for argument in call.keywords if argument.arg is None]
        owner, _, last = name.rpartition(".")
        if spread and last[:1].isupper() and owner and "form" not in last.lower() and "schema" not in last.lower():
            taint = source.taint(module, call)
            if any(taint.holds(value) for value in spread):
                yield source.at(module, call)
        if isinstance(call.func, ast.Name) and call.func.id == "setattr" and len(call.args) == 3:
            taint = source.taint(module, call)
            if taint.holds(call.args[1]):
                yield source.at(module, call)


def _queries(source: Source) -> Iterator[tuple[Module, ast.Call, ast.expr]]:
    """Calls that run SQL, with the statement; ``text(...)`` around one counts by itself."""
    for module, call, name in source.named_calls:
        runs = isinstance(call.func, ast.Attribute) and call.func.attr in QUERIES
        if call.args and (runs or name in TEXTS):
            yield module, call, _named_value(source, module, call, call.args[0])


def _named_value(source: Source, module: Module, call: ast.Call, node: ast.expr) -> ast.expr:
    """What a name was last given above the call in its function, where that is a text that is put together."""
    function = function_of(module, call)
    if not isinstance(node, ast.Name) or function is None:
        return node
    given = source.given_to(function, node.id)
    above = bisect_right(given, call.lineno, key=lambda assignment: assignment.lineno)
    return given[above - 1].value if above else node


def _shells(source: Source) -> Iterator[tuple[Module, ast.Call, ast.expr]]:
    """Calls that hand a command to a shell."""
    for module, call, name in source.named_calls:
        shell = keyword(call, "shell")
        through_shell = name in PROGRAMS and isinstance(shell, ast.Constant) and shell.value is True
        command = keyword(call, "args", 0) if name in PROGRAMS else keyword(call, "cmd", 0)
        if command is not None and (name in SHELL or through_shell):
            yield module, call, _named_value(source, module, call, command)


def _code(source: Source) -> Iterator[tuple[Module, ast.Call]]:
    for module in source.sources.main:
        for call in module.calls:
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            if name in CODE and call.args and name not in module.imports and name not in module.functions:
                yield module, call


def _is_sql(node: ast.expr) -> bool:
    return any(SQL.search(literal(part) or "") for part in ast.walk(node) if isinstance(part, ast.Constant))


def _put_together(node: ast.expr) -> bool:
    """Whether a text is made of changing parts: an f-string, ``%``, ``+`` or ``.format()``."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) and not _fixed(part.value) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return _is_text(node) and not (_fixed(node.left) and _fixed(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _is_text(node.func.value) and not all(
            _fixed(each) for each in [*node.args, *(k.value for k in node.keywords)]
        )
    return False


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _fixed(node: ast.expr) -> bool:
    """Whether a part cannot change: a literal, a CONSTANT, or placeholders (``",".join("?" * n)``)."""
    if isinstance(node, ast.BinOp):
        return _fixed(node.left) and _fixed(node.right)
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        return name.isupper() or "placeholder" in name.lower()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        return any(isinstance(part, ast.Constant) and part.value in ("?", "%s") for part in ast.walk(node))
    return isinstance(node, ast.Constant)


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW301",
            Severity.ERROR,
            "What a visitor sends becomes part of a query",
            "A visitor who writes SQL reads or changes anything in the database.",
            'Write placeholders in the statement, and give the values beside it: execute("… WHERE name = ?", (name,)).',
            f"{CHEATS}SQL_Injection_Prevention_Cheat_Sheet.html",
        ),
        visitor_in_sql,
    ),
    Check(
        Rule(
            "SW302",
            Severity.WARNING,
            "A query is put together from text",
            "If one of the parts ever comes from a visitor, they write the query.",
            "Write placeholders and give the values beside the statement; take columns' names from a list of your own.",
            f"{CHEATS}SQL_Injection_Prevention_Cheat_Sheet.html",
        ),
        sql_put_together,
    ),
    Check(
        Rule(
            "SW303",
            Severity.ERROR,
            "What a visitor sends is run as a template",
            "A template is a program: {{ … }} in it reads the configuration and runs commands.",
            'Hand the value to a fixed template as a variable: render_template("page.html", name=name).',
            "https://owasp.org/www-project-web-security-testing-guide/latest/"
            "4-Web_Application_Security_Testing/07-Input_Validation_Testing/18-Testing_for_Server-side_Template_Injection",
        ),
        visitor_in_template,
    ),
    Check(
        Rule(
            "SW304",
            Severity.ERROR,
            "What a visitor sends is marked as safe HTML",
            "A link can then run a script in the browser of whoever follows it, as that person.",
            'Leave Markup out, or put the value in by Markup("<b>{}</b>").format(value), which escapes it.',
            f"{CHEATS}Cross_Site_Scripting_Prevention_Cheat_Sheet.html",
        ),
        visitor_in_markup,
    ),
    Check(
        Rule(
            "SW305",
            Severity.ERROR,
            "What a visitor sends becomes part of a shell command",
            "A visitor who sends `; command` runs it.",
            'Start the program from a list without a shell: subprocess.run(["convert", name]).',
            f"{CHEATS}OS_Command_Injection_Defense_Cheat_Sheet.html",
        ),
        visitor_in_shell,
    ),
    Check(
        Rule(
            "SW306",
            Severity.WARNING,
            "A shell command is put together from text",
            "If one of the parts ever comes from a visitor, they run commands; a space in a name breaks it anyway.",
            "Start the program from a list without a shell.",
            f"{CHEATS}OS_Command_Injection_Defense_Cheat_Sheet.html",
        ),
        shell_put_together,
    ),
    Check(
        Rule(
            "SW307",
            Severity.ERROR,
            "What a visitor sends is run as Python",
            "A visitor runs any code as the app.",
            "Use ast.literal_eval() or json for values, and a table of your own for operations.",
            "https://cwe.mitre.org/data/definitions/95.html",
        ),
        visitor_in_code,
    ),
    Check(
        Rule(
            "SW308",
            Severity.WARNING,
            "A value is run as Python",
            "If it ever comes from a visitor, they run any code as the app.",
            "Use ast.literal_eval() or json for values, and a table of functions for operations.",
            "https://cwe.mitre.org/data/definitions/95.html",
        ),
        code_from_values,
    ),
    Check(
        Rule(
            "SW309",
            Severity.ERROR,
            "What a visitor sends is unpickled",
            "A pickle is a program: loading it runs any code as the app.",
            "Take JSON; where objects must travel, sign them with itsdangerous.",
            "https://docs.python.org/3/library/pickle.html",
        ),
        visitor_in_pickle,
    ),
    Check(
        Rule(
            "SW310",
            Severity.WARNING,
            "YAML is read with a loader that can make any object",
            "A file from a stranger can run code when it is read.",
            "Use yaml.safe_load().",
            "https://pyyaml.org/wiki/PyYAMLDocumentation",
        ),
        yaml_makes_objects,
    ),
    Check(
        Rule(
            "SW311",
            Severity.WARNING,
            "A visitor names the fields that are set",
            "Somebody adds is_admin=true to what the form sends, and is one.",
            "Name the fields that may be set, or use a form or schema.",
            f"{CHEATS}Mass_Assignment_Cheat_Sheet.html",
        ),
        visitor_in_fields,
    ),
)
