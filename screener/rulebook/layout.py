"""The layout of rule files: white space and the order of the top-level keys, nothing else.

Works on the text by YAML's token marks, never by dumping: comments, quotes and the line breaks
of texts stay. What was read before must be read after, else the file is refused and left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from screener.errors import RuleFileError, RunBroke
from screener.rule.problems import SourceFile, all_problems
from screener.rule.site_entries import without_patients
from screener.rule.yaml_reader import Mapping, Node, Scalar, read_yaml
from screener.rulebook.yaml_pieces import STEP, Piece, margin_of, pieces_of

# The order of docs/rules.md, by the key that says what kind of file it is.
ORDERS: dict[str, tuple[str, ...]] = {
    "rule": (
        "schema", "rule", "title", "version", "status", "severity", "for", "flag_when",
        "escalate", "downgrade", "only_if", "unless", "message", "why", "action", "evidence",
        "owners", "sites_may_adjust", "examples",
    ),
    "list": (
        "schema", "list", "title", "version", "why", "converts_to", "members", "except",
        "factors", "source", "evidence", "owners",
    ),
    "site_rules": ("schema", "site_rules", "title", "why", "owners", "adjust", "waivers"),
}  # fmt: skip
_FILES_OWN = re.compile(r"#\s*yaml-language-server:")


def formatted(name: str, data: bytes) -> str:
    """The text in the house layout; `name` is the file in messages.

    Raises RuleFileError when the file is no sound YAML, RunBroke when the layout would change
    what the file says (a fault of this module; the file stays as it is).
    """
    before = _read(name, data)
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    text = text if text.endswith("\n") else f"{text}\n"
    laid_out = _spaced(_reordered(_spaced(text), _order_for(before)))
    again = _read(name, laid_out.encode())
    same = _meaning(again) == _meaning(_read(name, text.encode()))
    if not same or Counter(comments(laid_out)) != Counter(comments(text)):
        raise RunBroke(
            "The layout would change what this file says, so it was left as it is.",
            where=name,
            fix="Please report it with the file.",
        )
    return laid_out


def comments(text: str) -> list[str]:
    """Every comment of a YAML text, in its order, without the white space around it."""
    found: list[str] = []
    end = 0
    for piece in (*pieces_of(text), None):
        gap = text[end : piece.start if piece else len(text)]
        found += [line.strip() for line in gap.split("\n") if line.strip().startswith("#")]
        if piece and piece.kind == "block text":
            header = text[piece.start : piece.end].split("\n", 1)[0]
            found += [f"#{part}" for part in header.split(" #")[1:2]]
        end = piece.end if piece else end
    return found


def _read(name: str, data: bytes) -> Mapping:
    source = SourceFile(name)
    root = read_yaml(source, data)
    if root is None:
        source.lines = without_patients(source.lines)
        raise RuleFileError(all_problems(source))
    return root


def _meaning(node: Node, top: bool = True) -> Any:
    """Texts, quoting and order, without places; the order of the top-level keys does not count."""
    if isinstance(node, Scalar):
        return node.text, node.plain
    if isinstance(node, Mapping):
        entries = [(e.key.text, e.key.plain, _meaning(e.value, False)) for e in node.entries]
        return ("map", sorted(entries, key=lambda one: one[0]) if top else entries)
    return ("list", [_meaning(item, False) for item in node.items])


def _order_for(root: Mapping) -> tuple[str, ...]:
    return next((order for key, order in ORDERS.items() if root.get(key) is not None), ())


def _spaced(text: str) -> str:
    """The text with its white space in order."""
    parts: list[str] = []
    before: Piece | None = None
    end = 0
    for piece in pieces_of(text):
        parts += [_gap(text[end : piece.start], before, piece), _inner(text, piece)]
        before, end = piece, piece.end
    return "".join(parts) + _gap(text[end:], before, None)


def _inner(text: str, piece: Piece) -> str:
    """The token itself; the further lines of a long text stand two spaces in."""
    first, *more = text[piece.start : piece.end].split("\n")
    top = piece.levels[-1] if piece.levels else None
    if not more or top is None:
        return "\n".join((first, *more))
    if piece.kind != "block text":
        margin = " " * (top.new + STEP)
        inner = (line.strip(" ") for line in more[:-1])
        moved = [f"{margin}{line}" if line else "" for line in (*inner, more[-1].lstrip(" "))]
        return "\n".join((first.rstrip(" "), *moved))
    margin_was = margin_of(more)
    explicit = re.match(r"[|>][-+]?[1-9]|[|>][1-9]", first)
    shift = top.new - top.old if explicit else top.new + STEP - margin_was
    return "\n".join((first.rstrip(" "), *(_shifted(line, shift, margin_was) for line in more)))


def _shifted(line: str, shift: int, margin_was: int) -> str:
    if not line.strip(" ") and len(line) <= margin_was:
        return ""
    return " " * shift + line if shift >= 0 else line[-shift:]


def _gap(gap: str, before: Piece | None, after: Piece | None) -> str:
    """The white space and the comments between two tokens."""
    if "\n" not in gap and before and after:
        return _between(gap, before.kind, after.kind)
    lines = [line.rstrip() for line in gap.split("\n")]
    beside = lines.pop(0) if before else ""
    if lines:
        lines.pop()  # the indentation of what follows
    made: list[str] = []
    for line in lines:
        blank_above = bool(made) and not made[-1]
        if line:
            made.append(" " * _comment_column(line, before, after) + line.lstrip())
        elif not blank_above and (before or made):
            made.append("")
    while after is None and made and not made[-1]:
        made.pop()
    start = [beside] if before else []
    margin = " " * after.new if after else ""
    return "\n".join((*start, *made, margin))


def _between(gap: str, before: str, after: str) -> str:
    if before in ("dash", "colon", "comma"):
        return "" if before == "comma" and after == "close" else " "
    return gap if "marker" in (before, after) else ""


def _comment_column(line: str, before: Piece | None, after: Piece | None) -> int:
    """A comment moves with what it stands above, else with the level that it stands on."""
    old = len(line) - len(line.lstrip())
    levels = before.levels if before else ()
    new = old
    if after and old == after.old:
        new = after.new
    elif levels:
        on = next((level for level in reversed(levels) if level.old <= old), levels[0])
        new = on.new + max(0, old - on.old)
    if before and before.kind == "block text" and levels:
        return min(new, levels[-1].new)  # further in, it would become part of the text
    return new


def _reordered(text: str, order: tuple[str, ...]) -> str:
    """The top-level keys in their order, each with the comments above it."""
    keys = list(_top_keys(text))
    if not order or not keys or any(piece.kind == "marker" for piece in pieces_of(text)):
        return text
    lines = text.split("\n")[:-1]
    starts = [first for _, first, _ in keys]
    above = [_leading(lines, 0, starts[0])]
    above += [_leading(lines, keys[at][2] + 1, starts[at + 1]) for at in range(len(keys) - 1)]
    last = keys[-1][2] + 1
    foot = _leading(lines, last, len(lines))
    ends = [*above[1:], foot]
    chunks = [lines[up:end] for up, end in zip(above, ends, strict=True)]
    own = _own_lines(chunks[0], starts[0] - above[0])
    head, chunks[0] = [*lines[: above[0]], *chunks[0][:own]], chunks[0][own:]
    ranks: list[int] = []
    for key, _, _ in keys:
        ranks.append(order.index(key) if key in order else (ranks[-1] if ranks else 0))
    sorted_chunks = [chunks[at] for at in sorted(range(len(keys)), key=lambda at: ranks[at])]
    body = [line for chunk in sorted_chunks for line in chunk]
    return "\n".join((*head, *body, *lines[foot:], ""))


def _top_keys(text: str) -> Iterator[tuple[str, int, int]]:
    """Key, its line, and the last line of its value, of every entry of a block mapping."""
    pieces = pieces_of(text)
    tops = [
        at
        for at, piece in enumerate(pieces)
        if piece.kind == "colon" and len(piece.levels) == 1 and not piece.levels[0].dashes
    ]
    for at, following in zip(tops, [*tops[1:], len(pieces) + 1], strict=True):
        key, last = pieces[at - 1], pieces[following - 2]
        name = text[key.start : key.end].strip("\"'")
        yield name, text.count("\n", 0, key.start), text.count("\n", 0, last.end)


def _leading(lines: list[str], after: int, key: int) -> int:
    """The first line above a key that is its own: indented comments belong to what is before."""
    while after < key and lines[after].startswith(" "):
        after += 1
    return after


def _own_lines(first: list[str], key: int) -> int:
    """How many lines at the top are the file's own: a note for editors, or a paragraph apart."""
    above = first[:key]
    if "" in above:
        return len(above) - above[::-1].index("")
    return sum(1 for line in above if _FILES_OWN.match(line))
