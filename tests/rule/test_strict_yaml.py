"""The strict reader: text stays text, places are right, surprises are refused with advice."""

from __future__ import annotations

import pytest

from screener.rule.problems import Mark, SourceFile, all_problems, all_warnings
from screener.rule.yaml_reader import Mapping, Node, Scalar, Sequence, read_yaml


def read(text: str | bytes) -> tuple[Mapping | None, SourceFile]:
    source = SourceFile("f.yaml")
    return read_yaml(source, text.encode() if isinstance(text, str) else text), source


def plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {entry.key.text: plain(entry.value) for entry in node.entries}


def only_problem(text: str | bytes) -> str:
    root, source = read(text)
    assert root is None
    found = all_problems(source)
    assert len(found) == 1, found
    return found[0].splitlines()[0]


@pytest.mark.parametrize(
    "text",
    ["no", "off", "yes", "010", "12:30", "1e3", "0x1F", "null", "~", "2026-11-22", "1_000", "<"],
)
def test_a_value_stays_the_text_it_was(text: str) -> None:
    root, _ = read(f"key: {text}\n")
    assert root is not None
    assert plain(root) == {"key": text}


def test_every_key_and_value_keeps_its_line_and_column() -> None:
    root, _ = read("a: é\nlist:\n  - {k: v}\n")
    assert root is not None
    first, second = root.entries
    assert (first.key.mark, first.value.mark) == (Mark(1, 1), Mark(1, 4))
    assert isinstance(second.value, Sequence)
    inner = second.value.items[0]
    assert isinstance(inner, Mapping)
    assert (inner.entries[0].key.mark, inner.entries[0].value.mark) == (Mark(3, 6), Mark(3, 9))


def test_a_column_counts_characters_not_bytes() -> None:
    assert only_problem("a: {µµµ: 1, x: 2, x: 3}\n").startswith("f.yaml:1:19:")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1", "on line 1 and here on line 3"),
        ("a: &x 1\n", "1:4", "anchor"),
        ("a: *x\n", "1:4", "copy"),
        ("<<: {a: 1}\n", "1:1", "merge keys"),
        ("a: !!int 1\n", "1:4", "tag"),
        ("a: 1\n---\nb: 2\n", "2:1", "second document"),
        ("", "1:1", "empty"),
        ("# only a remark\n", "1:1", "empty"),
        ("- a\n- b\n", "1:1", "`key: value`"),
        ("just words\n", "1:1", "`key: value`"),
        ("[a]: b\n", "1:1", "key must be one word"),
        ("a:\tb\n", "1:3", "tab"),
        ("a:\u00a0b\n", "1:3", "non-breaking space"),
        ("a: 5\u202fmg\n", "1:5", "narrow non-breaking space"),
        ("a: b\x07\n", "1:5", "control character"),
        ("why: Stop: do not\n", "1:6", "must stand in quotes"),
        ("a: 1\nmore_than: >10 mg/day\n", "2:12", "already says more_than"),
        ("a: @x\n", "1:4", "must stand in quotes"),
        ("a: %50\n", "1:4", "must stand in quotes"),
        ("a: `x`\n", "1:4", "must stand in quotes"),
        ("a: |x\n", "1:4", "must stand in quotes"),
        ('a: "x\nb: 1\n', "1:4", "never closed"),
        ('a: "x" y\n', "1:4", "follows the closing quotation mark"),
        ('a: "\\q"\n', "1:4", "backslash"),
        ("a: [1, 2\nb: 3\n", "1:4", "`[` is not closed"),
        ("a: {b: 1\n", "1:4", "`{` is not closed"),
        ("a: [b]]\n", "1:4", "no opening one"),
        ("a: - b\n", "1:4", "begins on the line after"),
        ("a\nb: 2\n", "1:1", "needs a colon"),
        ("a:b\nc: d\n", "1:1", "needs a colon"),
        (" a: 1\nb: 2\n", "2:1", "check the spaces"),
        ("a: 1\n  b: 2\n", "2:4", "check the spaces"),
        ("- a\nb: c\n", "2:1", "`- `"),
        (b"a: b\nc: \xe4\n", "2:4", "UTF-8"),
    ],
)
def test_a_surprise_is_refused_once_at_its_place(text: str | bytes, place: str, words: str) -> None:
    said = only_problem(text)
    assert said.startswith(f"f.yaml:{place}: ")
    assert words in said


def test_the_source_line_and_a_caret_stand_below_a_problem() -> None:
    _, source = read("a: 1\nb: *x\n")
    assert all_problems(source)[0].splitlines()[1:] == ["    b: *x", "       ^"]


def test_every_false_character_of_a_file_is_named_at_once() -> None:
    _, source = read("a:\u00a01\nb:\t2\n")
    assert len(all_problems(source)) == 2


def test_a_false_space_in_a_remark_does_not_matter() -> None:
    root, _ = read("# a\u00a0remark\ta\na: 1\n")
    assert root is not None


def test_nesting_has_a_limit() -> None:
    def deep(levels: int) -> str:
        return "".join(f"{' ' * at}a:\n" for at in range(levels - 1)) + " " * levels + "a: 1\n"

    assert read(deep(18))[0] is not None
    assert "deeper than 20" in only_problem(deep(25))


def test_a_file_has_a_limit_of_256_kib() -> None:
    fits = b"a: 1\n#" + b"x" * (256 * 1024 - 7) + b"\n"
    assert len(fits) == 256 * 1024
    assert read(fits)[0] is not None
    assert "more than 256 KiB" in only_problem(fits + b"\n")


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    root, _ = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert root is not None
    assert plain(root) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("line", "warned"),
    [
        ("title: Rule #2 of five", True),
        ("title: Oral baclofen # above 80", True),
        ("title: Oral baclofen  # a remark", False),
        ("status: active # a remark", False),
        ("status: active        # draft, pilot", False),
        ('title: "Rule #2 of five"', False),
    ],
)
def test_text_that_a_hash_cuts_is_warned_of(line: str, *, warned: bool) -> None:
    root, source = read(f"{line}\n")
    assert root is not None
    assert bool(all_warnings(source)) is warned


def test_long_text_may_run_over_lines() -> None:
    root, _ = read("why: >-\n  one: two\n  three\n")
    assert root is not None
    assert plain(root) == {"why": "one: two three"}
