"""The words of a mapping file: keys, lists, choices and dates, each problem with its place."""

from __future__ import annotations

import datetime as dt
from difflib import get_close_matches

from screener.rule.problems import SourceFile
from screener.rule.yaml_reader import Mapping as YamlMapping
from screener.rule.yaml_reader import Node, Scalar, Sequence


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """A hint when a word is close to a known one, else nothing."""
    close = get_close_matches(word, known, 1)
    return f"; did you mean '{close[0]}'?" if close else ""


def known_keys(source: SourceFile, node: YamlMapping, known: tuple[str, ...], what: str) -> None:
    """Reports every key that is not known."""
    for entry in node.entries:
        if entry.key.text not in known:
            guess = did_you_mean(entry.key.text, known).removeprefix("; ")
            source.problem(
                entry.key.mark,
                f'"{entry.key.text}" is no {what}',
                guess or f"known are {', '.join(known)}",
            )


def parts(source: SourceFile, node: Node, keys: tuple[str, ...]) -> dict[str, Node] | None:
    """The parts of a function, all of which must be there, or None."""
    if not isinstance(node, YamlMapping):
        source.problem(node.mark, f"this function needs {', '.join(keys)}")
        return None
    known_keys(source, node, keys, "part of this function")
    parts = {entry.key.text: entry.value for entry in node.entries}
    missing = [key for key in keys if key not in parts]
    if missing:
        source.problem(node.mark, f"this function lacks {', '.join(missing)}")
        return None
    return parts


def word(source: SourceFile, node: Node | None) -> str:
    """One text; blank when there is no node."""
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        source.problem(node.mark, "one word or text is expected here")
        return ""
    return node.text


def words(source: SourceFile, node: Node | None) -> tuple[str, ...]:
    """One text or a list of texts."""
    if node is None:
        return ()
    if isinstance(node, Sequence):
        return tuple(word(source, item) for item in node.items)
    return (word(source, node),)


def choice(source: SourceFile, node: Node | None, choices: dict[str, str]) -> str | None:
    """What a word stands for; None when there is no node or the word is not known."""
    if node is None:
        return None
    said = word(source, node)
    if said not in choices:
        source.problem(
            node.mark,
            f"one of {', '.join(choices)} is expected here{did_you_mean(said, tuple(choices))}",
        )
        return None
    return choices[said]


def date(source: SourceFile, node: Node | None) -> dt.date | None:
    """An ISO date, or None when there is no node; a text that is no date is a problem."""
    if node is None:
        return None
    try:
        return dt.date.fromisoformat(word(source, node))
    except ValueError:
        source.problem(node.mark, "a date such as 2000-01-01 is expected here")
        return None
