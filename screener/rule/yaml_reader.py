"""Strict YAML: text stays text, every key and value keeps its place, surprises are refused.

Built on libyaml's C event stream, because the usual loaders accept duplicate keys silently,
read `010` as 8 and `no` as False. Refused: duplicate keys, anchors, aliases, merge keys,
tags, several documents, tabs, non-breaking spaces, files over 256 KiB, nesting over 20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from screener.rule.problems import Mark, SourceFile
from screener.rule.yaml_hints import hint_for

LARGEST_FILE = 256 * 1024
DEEPEST_NESTING = 20
MOST_DIGITS = 18  # a concept id has as many; Python refuses to read numbers of some thousands
# Look like spaces, but are other characters: YAML takes them for text.
FALSE_SPACES = {"\u00a0": "non-breaking space", "\u202f": "narrow non-breaking space"}
FALSE_SPACES |= {"\u2007": "figure space", "\u3000": "wide space", "\u200b": "zero-width space"}
_QUOTES = "remove it, or put the value in quotes"
_CUT = re.compile(r"^(?P<gap>\s+)#(?P<next>.?)")


@dataclass(slots=True)  # not frozen: some 100,000 are made for a large library
class Scalar:
    """One text; `plain` when it stood without quotes."""

    text: str
    mark: Mark
    plain: bool


@dataclass(slots=True)
class Entry:
    """One `key: value` of a mapping."""

    key: Scalar
    value: Node


@dataclass(slots=True)
class Mapping:
    """`key: value` pairs in the order of the file; no key twice."""

    entries: tuple[Entry, ...]
    mark: Mark

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        return next((e.value for e in self.entries if e.key.text == key), None)


@dataclass(slots=True)
class Sequence:
    """A list of values."""

    items: tuple[Node, ...]
    mark: Mark


Node = Scalar | Mapping | Sequence


class _Refused(Exception):
    """Stops the reading of one file; its problem has been noted."""


def read_yaml(source: SourceFile, data: bytes) -> Mapping | None:
    """The file's mapping, or None with the reasons in `source.problems`."""
    text = _decoded(source, data)
    if text is None:
        return None
    source.lines = text.splitlines()
    if _has_false_characters(source):
        return None
    try:
        root = _document(source, yaml.parse(text, Loader=yaml.CLoader))
    except yaml.YAMLError as error:
        _note_library_error(source, error)
        return None
    except _Refused:
        return None
    if isinstance(root, Mapping):
        return None if source.problems else root
    if not source.problems:
        source.problem(root.mark, "the file must be a list of `key: value` lines")
    return None


def _decoded(source: SourceFile, data: bytes) -> str | None:
    if len(data) > LARGEST_FILE:
        what = f"the file has {len(data) // 1024} KiB, more than 256 KiB"
        source.problem(Mark(1, 1), what, "split it: one rule a file")
        return None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        what = "this character is not UTF-8 text"
        source.problem(Mark(line, column), what, "save the file as UTF-8")
        return None


def _has_false_characters(source: SourceFile) -> bool:
    for number, line in enumerate(source.lines, start=1):
        if line.lstrip().startswith("#"):
            continue
        if "\t" in line:
            mark = Mark(number, line.index("\t") + 1)
            source.problem(mark, "a tab stands here", "write spaces instead")
        for character, name in FALSE_SPACES.items():
            if character in line:
                mark = Mark(number, line.index(character) + 1)
                what = f"a {name} stands here, which looks like a space but is none"
                source.problem(mark, what, "type an ordinary space instead")
    return bool(source.problems)


def _mark(event: Any) -> Mark:
    start = event.start_mark
    return Mark(start.line + 1, start.column + 1)


def _document(source: SourceFile, events: Iterator[Any]) -> Node:
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                what = "a second document begins here"
                source.problem(_mark(event), what, "one rule a file; remove the line `---`")
                raise _Refused
            root = _node(source, events, next(events), 1)
    if root is None or (isinstance(root, Scalar) and not root.text):
        source.problem(Mark(1, 1), "the file is empty", "write a rule, or remove the file")
        raise _Refused
    return root


def _node(source: SourceFile, events: Iterator[Any], event: Any, depth: int) -> Node:
    mark = _mark(event)
    if depth > DEEPEST_NESTING:
        source.problem(mark, f"nested deeper than {DEEPEST_NESTING} levels")
        raise _Refused
    if event.anchor is not None or getattr(event, "tag", None) is not None:
        _refuse_magic(source, event, mark)
    if isinstance(event, yaml.ScalarEvent):
        plain = event.style in (None, "")
        if plain:
            _warn_of_cut_text(source, event)
        if re.search(rf"\d{{{MOST_DIGITS + 1}}}", event.value):
            source.problem(mark, f"a number of more than {MOST_DIGITS} digits")
            raise _Refused
        return Scalar(event.value, mark, plain)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(source, events, mark, depth, flow=bool(event.flow_style))
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            items.append(_node(source, events, inner, depth + 1))
        return Sequence(tuple(items), mark)
    return Scalar("", mark, False)  # an alias; the problem has been noted


def _mapping(
    source: SourceFile, events: Iterator[Any], mark: Mark, depth: int, *, flow: bool
) -> Mapping:
    entries: dict[str, Entry] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(source, events, event, depth + 1)
        value = _node(source, events, next(events), depth + 1)
        if isinstance(key, Scalar) and flow and _is_nothing(value):
            what = f'"{key.text}" has no value'
            fix = "a comma inside { } ends the value before it, so text with a comma needs quotes"
            before = list(entries.values())[-1].value if entries else None
            if isinstance(before, Scalar) and re.fullmatch(r"\d{1,3}", before.text):
                fix = f"write numbers without a thousands mark: {before.text}{key.text}"
            source.problem(key.mark, what, fix)
            continue
        if not isinstance(key, Scalar):
            source.problem(key.mark, "a key must be one word, not a list or a mapping")
            continue
        if key.plain and key.text == "<<":
            what = "merge keys (`<<`) are not allowed"
            source.problem(key.mark, what, "write the lines out")
            continue
        if key.text in entries:
            first = entries[key.text].key.mark.line
            what = f'"{key.text}" stands twice: on line {first} and here on line {key.mark.line}'
            source.problem(key.mark, what, "remove one of them")
            continue
        entries[key.text] = Entry(key, value)
    return Mapping(tuple(entries.values()), mark)


def _is_nothing(value: Node) -> bool:
    return isinstance(value, Scalar) and value.plain and not value.text


def _refuse_magic(source: SourceFile, event: Any, mark: Mark) -> None:
    if isinstance(event, yaml.AliasEvent):
        if any(text.startswith(f"`&{event.anchor}`") for _, text in source.problems):
            return  # the anchor has been reported
        what = f"`*{event.anchor}` is YAML's sign for a copy, which is not allowed"
        source.problem(mark, what, "write the value out, or put it in quotes")
    elif getattr(event, "anchor", None):
        what = f"`&{event.anchor}` is YAML's sign for an anchor, which is not allowed"
        source.problem(mark, what, "remove it, or put the value in quotes")
    elif getattr(event, "tag", None):
        known = event.tag.startswith("tag:yaml.org,")  # else the tag is the text's first word
        value = known and isinstance(event, yaml.ScalarEvent) and event.value
        what = f"`{event.tag}` is a YAML tag, which is not allowed"
        source.problem(mark, what, f"remove it (write {event.value})" if value else _QUOTES)


def _warn_of_cut_text(source: SourceFile, event: Any) -> None:
    """`title: Rule #2` silently becomes "Rule"; two spaces before `#` say that it was meant."""
    end = event.end_mark
    if end.line >= len(source.lines) or "#" not in source.lines[end.line]:
        return
    cut = _CUT.match(source.lines[end.line][end.column :])
    prose = " " in event.value and cut is not None and len(cut["gap"]) == 1
    if cut and event.value and (prose or cut["next"].strip()):
        column = end.column + len(cut["gap"]) + 1
        what = "the text is cut at ` #`, which begins a comment; put the text in quotes, or"
        source.warn(Mark(end.line + 1, column), f"{what} write two spaces before the comment")


def _note_library_error(source: SourceFile, error: yaml.YAMLError) -> None:
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    if mark is None:
        position = getattr(error, "position", 0)
        before = "\n".join(source.lines)[: position if isinstance(position, int) else 0]
        place = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
    else:
        context = getattr(error, "context_mark", None)
        opened = ("quoted scalar", "flow sequence", "flow mapping", "scanning a simple key")
        about = str(getattr(error, "context", "") or "")
        unclosed = context is not None and any(word in about for word in opened)
        chosen: Any = context if unclosed else mark
        place = Mark(chosen.line + 1, chosen.column + 1)
    source.problems = [one for one in source.problems if one[0].line != place.line]
    place, hint = hint_for(source.lines, place, said, str(getattr(error, "context", "") or ""))
    source.problem(place, "this cannot be read as YAML", hint)
