"""What every field reader shares: the file, what is known, and the reading of keys and texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from screener.rule.amounts import Wrong
from screener.rule.problems import Mark, SourceFile
from screener.rule.suggest import closest, did_you_mean
from screener.rule.values import Conversion, LabTest
from screener.rule.yaml_reader import Entry, Node, Scalar
from screener.rule.yaml_reader import Mapping as YamlMapping
from screener.rule.yaml_reader import Sequence as YamlSequence

T = TypeVar("T")
# What to write for a key that everybody writes the same.
_FIRST_VALUES = {"schema": "write `schema: 1`", "version": "a new file is `version: 1`"}


class Vocabulary(Protocol):
    """The names that rules may use; the terminology gives them."""

    def ingredient_named(self, text: str) -> str | None:
        """The ingredient of a name or synonym, or None."""

    def class_members(self, tag: str) -> frozenset[str] | None:
        """The ingredients of a class, or None when no class has that name."""

    def condition_names(self, name: str) -> frozenset[str] | None:
        """The codes and names of a condition list, in lower case, or None."""

    def lab_test(self, name: str) -> LabTest | None:
        """A laboratory test: the names and units that exports use for it, or None."""

    def condition_list_names(self) -> tuple[str, ...]:
        """Every condition list, for a suggestion."""

    def lab_test_names(self) -> tuple[str, ...]:
        """Every test, for a suggestion."""


class KnownCheck(Protocol):
    """What the loader needs of a check: its name and its parameter dataclass."""

    @property
    def name(self) -> str:
        """The word under `flag_when`."""

    @property
    def params(self) -> type[Any]:
        """A frozen dataclass whose fields carry `param(...)` metadata."""


@dataclass(frozen=True, slots=True)
class DrugList:
    """A list file, resolved: its ingredients."""

    name: str
    title: str
    version: int
    ingredients: frozenset[str]
    file: str


@dataclass(frozen=True, slots=True)
class ConversionList:
    """A conversion list file (`counted_as`), resolved."""

    name: str
    title: str
    version: int
    conversion: Conversion
    file: str


@dataclass(slots=True)
class Reading:
    """One file being read, and the names it may use."""

    source: SourceFile
    checks: Mapping[str, KnownCheck]
    vocabulary: Vocabulary
    lists: dict[str, DrugList] = field(default_factory=dict)
    lists_used: set[str] = field(default_factory=set)
    relative: str = ""  # the file's name inside the rules folder
    conversions: dict[str, ConversionList] = field(default_factory=dict)

    def problem(self, node: Node | Mark, what: str, *more: str) -> None:
        """Note one fault at a node or a mark."""
        mark = node if isinstance(node, Mark) else node.mark
        self.source.problem(mark, what, *more)


def text_of(reading: Reading, node: Node, what: str) -> str | None:
    """The text of a scalar; None (with a problem) for anything else or nothing."""
    if not isinstance(node, Scalar):
        kind = "a list" if isinstance(node, YamlSequence) else "a mapping"
        only = node.items[0] if isinstance(node, YamlSequence) and len(node.items) == 1 else None
        fix = f"write {only.text} without brackets" if isinstance(only, Scalar) else ""
        reading.problem(node, f"{what} must be one value, not {kind}", fix)
        return None
    if not node.text.strip():
        reading.problem(node, f"{what} has no value")
        return None
    return node.text.strip()


def read_with(reading: Reading, node: Node, what: str, read: Callable[[str], T]) -> T | None:
    """A scalar through one of the readers of `amounts`; a Wrong becomes a problem."""
    text = text_of(reading, node, what)
    if text is None:
        return None
    try:
        return read(text)
    except Wrong as wrong:
        expected = f"expected {wrong.expected}" if wrong.expected else ""
        reading.problem(node, f"{what}: {wrong.what}", expected)
        return None


def one_of(reading: Reading, node: Node, what: str, options: Sequence[str]) -> str | None:
    """A fixed word."""
    text = text_of(reading, node, what)
    if text is None or text in options:
        return text
    expected = f"expected one of {', '.join(options)}"
    reading.problem(node, f'{what} cannot be "{text}"', expected, did_you_mean(text, options))
    return None


def keys_of(
    reading: Reading,
    node: Node,
    what: str,
    *,
    required: Iterable[str] = (),
    optional: Iterable[str] = (),
    at: Node | None = None,
    example: str = "",
) -> dict[str, Entry] | None:
    """The entries of a mapping by key; unknown and missing keys become problems.

    An unknown key that was probably meant for a missing one is reported once, not twice. What is
    missing is reported `at` the key above the mapping, or at the mapping itself.
    """
    if not isinstance(node, YamlMapping):
        expected = f"for example {example}" if example else _expected(required, optional)
        reading.problem(node, f"{what} must be `key: value` lines", expected)
        return None
    required, optional = tuple(required), tuple(optional)
    known = (*required, *optional)
    entries = {e.key.text: e for e in node.entries if e.key.text in known}
    missing = [key for key in required if key not in entries]
    for entry in node.entries:
        word = entry.key.text
        if word in known:
            continue
        open_keys = [key for key in known if key not in entries]
        hint = did_you_mean(word, open_keys)
        meant = closest(word, open_keys)
        if meant in missing:
            missing.remove(meant)
        what_not = f'{what} has no "{word}"'
        reading.problem(entry.key, what_not, _expected(required, optional), hint)
    for key in missing:
        reading.problem(at or node, f'{what} needs "{key}"', _FIRST_VALUES.get(key, ""))
    return entries


def items_of(node: Node) -> tuple[Node, ...]:
    """A list's items; a single value counts as a list of one."""
    return node.items if isinstance(node, YamlSequence) else (node,)


def single_entry(reading: Reading, node: Node, what: str, example: str) -> Entry | None:
    """The only `key: value` of a mapping."""
    if isinstance(node, YamlMapping) and len(node.entries) == 1:
        return node.entries[0]
    found = len(node.entries) if isinstance(node, YamlMapping) else 0
    how_many = f"has {found} keys" if found else "is not a mapping"
    at = node.entries[1].key if isinstance(node, YamlMapping) and found > 1 else node
    reading.problem(at, f"{what} {how_many}, but must have exactly one", f"expected {example}")
    return None


def _expected(required: Iterable[str], optional: Iterable[str]) -> str:
    names = (*required, *optional)
    return f"expected {', '.join(names)}" if names else ""
