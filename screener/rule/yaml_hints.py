"""Plain words for what the YAML library says: where to look and what to do about it."""

from __future__ import annotations

import re

from screener.rule.problems import Mark

_KEY = re.compile(r"^(\s*(?:- )?\s*)([^\s:#'\"][^:#]*):\s+(.*)$")
_SIGNS = "@`%,&*!|>"
_SIGNED = re.compile(r">=?\s*[\d.]+(\s*\S+)?$")  # > 80 mg/day
_COLON = "a key needs a colon and a space after it"
_INDENT = (
    "check the spaces at the beginning of this line and the one above: "
    "keys of one level stand exactly below each other"
)
# Words of the library (its complaint, then its context) -> advice.
_SAID: tuple[tuple[str, str], ...] = (
    ("unknown escape", "a backslash in double quotes is special; use single quotes"),
    ("a quoted scalar", "a quotation mark is opened here and never closed"),
    ("control characters", "an invisible control character stands here; delete it"),
    ("a flow sequence", "the bracket `[` is not closed by `]`, or a comma is missing"),
    (
        "a flow mapping",
        "the bracket `{` is not closed by `}`, or text in it with a comma, colon or # needs quotes",
    ),
    ("could not find expected ':'", _COLON),
    ("'-' indicator", "this line stands in a list, but does not begin with `- `"),
)
_QUOTED_FIRST = 2  # the first entries of _SAID hold whatever the line looks like


def hint_for(lines: list[str], mark: Mark, said: str, context: str) -> tuple[Mark, str]:
    """A better place, if there is one, and one sentence of advice for a library error."""
    line = lines[mark.line - 1] if 1 <= mark.line <= len(lines) else ""
    above = lines[mark.line - 2] if len(lines) >= mark.line > 1 else ""
    heard = f"{said} {context}"
    for words, advice in _SAID[:_QUOTED_FIRST]:
        if words in heard:
            return mark, advice
    looked = _from_the_line(line, mark.line, colon="mapping values" in said)
    if looked is not None:
        return looked
    for words, advice in _SAID:
        if words in heard:
            bare = line.lstrip()
            joined = bare.startswith("-") and not bare.startswith("- ")
            return mark, _key_without_colon(line) if advice == _COLON or joined else advice
    without_colon = above.strip() and ": " not in f"{above} "
    if "mapping values" in said and without_colon and above.lstrip()[0] not in "-#":
        column = len(above) - len(above.lstrip()) + 1
        return Mark(mark.line - 1, column), _key_without_colon(above)
    return mark, _INDENT


def _key_without_colon(line: str) -> str:
    """The line as it was probably meant: `severity: high` for `severity:high`, `severity=high`."""
    bare = line.strip()
    if bare.startswith("-") and not bare.startswith("- "):
        return f"a space is missing after the hyphen: `- {bare[1:]}`"
    key, sign, value = bare.partition("=") if "=" in bare else bare.partition(":")
    right = f"{key.strip()}: {value.strip()}".strip()
    needs = "a colon belongs between key and value" if sign == "=" else _COLON
    return f"{needs}: `{right}`" if re.fullmatch(r"(- )?\w+", key.strip()) else needs


def _from_the_line(line: str, number: int, *, colon: bool) -> tuple[Mark, str] | None:
    """What the `key: value` line itself shows."""
    found = _KEY.match(line)
    if not found or not found[3].strip():
        return None
    value, mark = found[3], Mark(number, found.start(3) + 1)
    if value[0] in _SIGNS:
        advice = f"a value that begins with `{value[0]}` must stand in quotes"
        if _SIGNED.match(value):
            right = value.lstrip(">= ")
            advice += "; a limit needs no sign: the key already says more_than or at_least"
            advice += f"; write {right}"
    elif value.startswith("- "):
        advice = "a list with `- ` begins on the line after its key"
    elif value[0] in "\"'":
        advice = "text follows the closing quotation mark"
        if value[0] == "'":
            advice += "; text with an apostrophe stands in double quotes"
    elif value[0] in "{[" and re.match(r"(\{[^{}]*\}|\[[^\[\]]*\])\s*[^\s#,\]}]", value):
        advice = f"text that begins with `{value[0]}` must stand in quotes"
    elif value[0] in "]}" or line.rstrip().endswith(("]]", "}}")):
        advice = "a closing bracket has no opening one"
    elif colon and ": " in f"{value} ":
        advice = "the text holds a colon and a space (`: `), so it must stand in quotes"
    else:
        return None
    return mark, advice
