"""Reads what a mapping says of rows: which of them count, and what is looked up for them."""

from __future__ import annotations

import polars as pl

from screener.rule.problems import SourceFile
from screener.rule.yaml_reader import Mapping as YamlMapping
from screener.rule.yaml_reader import Node, Sequence
from screener.sources.mapping import LookUp, RowTest
from screener.sources.mapping_words import choice, known_keys, parts, word, words

TESTS = ("in", "differs_from", "filled")


def row_tests(source: SourceFile, node: Node | None) -> tuple[RowTest, ...]:
    """One test or a list of them; a row counts when it passes all."""
    if node is None:
        return ()
    items = node.items if isinstance(node, Sequence) else (node,)
    found = (_row_test(source, item) for item in items)
    return tuple(test for test in found if test is not None)


def _row_test(source: SourceFile, node: Node) -> RowTest | None:
    if not isinstance(node, YamlMapping):
        source.problem(node.mark, "`only_rows` must give a `column` and a list `in`")
        return None
    known_keys(source, node, ("column", *TESTS, "without_column"), "key of only_rows")
    chosen = [key for key in TESTS if node.get(key) is not None]
    column = words(source, node.get("column"))
    if len(chosen) != 1 or not column:
        source.problem(node.mark, f"a test of rows needs `column` and one of {', '.join(TESTS)}")
        return None
    if chosen == ["filled"]:
        choice(source, node.get("filled"), {"yes": "y"})
        return RowTest(column)
    if chosen == ["in"]:
        left_out = choice(source, node.get("without_column"), {"leave_out": "y"}) == "y"
        return RowTest(column, wanted=frozenset(words(source, node.get("in"))), or_none=left_out)
    return RowTest(column, differs_from=words(source, node.get("differs_from")))


def instead(source: SourceFile, node: Node | None) -> tuple[tuple[str, ...], str, str] | None:
    """What stands in a column where another column's text fits a pattern."""
    given = parts(source, node, ("where", "fits", "then")) if node is not None else None
    if given is None:
        return None
    pattern = word(source, given["fits"])
    if not usable(pattern):
        source.problem(given["fits"].mark, "the pattern must begin with ^ and end with $")
        return None
    return words(source, given["where"]), pattern, word(source, given["then"])


def usable(pattern: str) -> bool:
    """Whether a text is a Rust regular expression for whole cells."""
    if not (pattern.startswith(("^", "(?i)^")) and pattern.endswith("$")):
        return False
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError:
        return False
    return True


def look_up(source: SourceFile, node: Node | None) -> LookUp | None:
    """The other file of a look-up, and by which columns its rows are found."""
    given = parts(source, node, ("name", "files", "by")) if node is not None else None
    if given is None:
        return None
    by = given["by"]
    if not isinstance(by, YamlMapping):
        source.problem(by.mark, "`by` must give this file's column and the other's")
        return None
    pairs = tuple((entry.key.text, words(source, entry.value)) for entry in by.entries)
    return LookUp(word(source, given["name"]), words(source, given["files"]), pairs)
