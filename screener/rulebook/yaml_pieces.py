"""A YAML text cut into its tokens, each with the column that it should have on a line of its own.

For the layout of rule files: the tokens keep their text, and what lies between them is white
space and comments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import yaml

STEP = 2  # spaces a level
_OPEN = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_CLOSE = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_BLOCK = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
_SILENT = (yaml.StreamStartToken, yaml.StreamEndToken, yaml.KeyToken, *_BLOCK, yaml.BlockEndToken)


@dataclass(frozen=True, slots=True)
class Level:
    """A block list or mapping that is open: its column before and after."""

    old: int
    new: int
    dashes: bool
    implied: bool = False  # a list whose dashes stand below the key's own column


@dataclass(frozen=True, slots=True)
class Piece:
    """One token with a text: what it is, where it stood, and its column if it begins a line."""

    kind: str  # dash, colon, open, close, comma, text, block text, marker
    start: int
    end: int
    levels: tuple[Level, ...]  # open when it begins
    new: int
    old: int


def pieces_of(text: str) -> list[Piece]:
    """Every token that has a text. `text` must be readable YAML and end with a line break."""
    made: list[Piece] = []
    levels: list[Level] = []
    flow = 0
    for token in yaml.scan(text, Loader=yaml.CLoader):
        if flow == 0:
            _follow(levels, token)
        asked = isinstance(token, yaml.KeyToken) and token.end_mark.index > token.start_mark.index
        if isinstance(token, _SILENT) and not asked:
            continue
        flow -= isinstance(token, _CLOSE)
        start, end = token.start_mark.index, token.end_mark.index
        kind = _kind(token)
        if kind == "block text":
            end = _end_of_block_text(text, start, end)
        old = token.start_mark.column
        new = _column(levels, token, in_flow=flow > 0 or kind == "close", old=old)
        made.append(Piece(kind, start, end, tuple(levels), new, old))
        flow += isinstance(token, _OPEN)
    return _with_keys(made)


def _follow(levels: list[Level], token: Any) -> None:
    """Keep the stack of open block lists and mappings."""
    column = token.start_mark.column
    top = levels[-1] if levels else None
    if isinstance(token, _BLOCK):
        new = top.new + STEP if top else 0
        levels.append(Level(column, new, isinstance(token, yaml.BlockSequenceStartToken)))
    elif isinstance(token, yaml.BlockEntryToken) and top and not top.dashes:
        levels.append(Level(column, top.new + STEP, dashes=True, implied=True))
    elif isinstance(token, yaml.KeyToken | yaml.BlockEndToken) and top and top.implied:
        levels.pop()
    if isinstance(token, yaml.BlockEndToken):
        levels.pop()


def _kind(token: Any) -> str:
    if isinstance(token, yaml.ScalarToken):
        return "block text" if token.style in ("|", ">") else "text"
    if isinstance(token, _OPEN):
        return "open"
    if isinstance(token, _CLOSE):
        return "close"
    kinds = {"BlockEntryToken": "dash", "ValueToken": "colon", "FlowEntryToken": "comma"}
    return kinds.get(type(token).__name__, "marker")


def _column(levels: list[Level], token: Any, *, in_flow: bool, old: int) -> int:
    """Where the token stands when it begins a line."""
    if not levels:
        return old if in_flow else 0
    top = levels[-1]
    if in_flow:
        return max(0, old + top.new - top.old)
    return top.new if isinstance(token, yaml.BlockEntryToken) else top.new + STEP


def _with_keys(pieces: list[Piece]) -> list[Piece]:
    """A text before a colon is a key, which stands at its mapping's own column."""
    made = []
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        key = after is not None and after.kind == "colon" and piece.kind == "text"
        top = piece.levels[-1] if piece.levels else None
        at_key = key and top is not None and not top.dashes and piece.old == top.old
        made.append(replace(piece, new=top.new) if at_key and top else piece)
    return made


def _end_of_block_text(text: str, start: int, end: int) -> int:
    """A block text without the blank lines behind it, which belong to the file, unless kept (+)."""
    raw = text[start:end]
    if "+" in raw.split("\n", 1)[0].split(" #", 1)[0]:
        return end - raw.endswith("\n")
    lines = raw.split("\n")
    margin = margin_of(lines[1:])
    while not lines[-1].strip(" ") and len(lines[-1]) <= margin:
        lines.pop()
    return start + len("\n".join(lines))


def margin_of(lines: list[str]) -> int:
    """How far in a block text stands: its first line that is not blank says it."""
    written = next((line for line in lines if line.strip(" ")), "")
    return len(written) - len(written.lstrip(" "))
