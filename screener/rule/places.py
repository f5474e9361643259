"""Places inside a rule file: found by a key and its value, and given another value.

A place is the way to it: keys, and positions in lists counted from 1, as
`("escalate", "1", "when", "daily_dose", "more_than")`; in words joined by points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from screener.rule.params import parameters_of
from screener.rule.problems import Mark
from screener.rule.reading import KnownCheck
from screener.rule.yaml_reader import Entry, Node, Scalar, Sequence
from screener.rule.yaml_reader import Mapping as YamlMapping

Place = tuple[str, ...]
BLOCKS = ("flag_when", "escalate", "downgrade", "only_if", "unless")  # may hold a parameter
OF_THE_RULE = ("severity", "status")  # named alone they are the rule's own
NOT_SET = "not set"  # the value of a parameter that the rule does not write


def inside(node: Node, place: Place = ()) -> Iterator[tuple[Place, Node]]:
    """Everything below a node with its place, in the order of the file."""
    if isinstance(node, YamlMapping):
        steps = [(entry.key.text, entry.value) for entry in node.entries]
    elif isinstance(node, Sequence):
        steps = [(str(at), item) for at, item in enumerate(node.items, start=1)]
    else:
        steps = []
    for step, value in steps:
        yield (*place, step), value
        yield from inside(value, (*place, step))


def places_called(root: YamlMapping, name: str) -> list[tuple[Place, Node]]:
    """The places of a parameter: `more_than`, or nearer `escalate.more_than`."""
    words = words_of(name)
    if words in [(one,) for one in OF_THE_RULE]:
        own = root.get(words[0])
        return [] if own is None else [(words, own)]
    blocks = [entry for entry in root.entries if entry.key.text in BLOCKS]
    within = [found for one in blocks for found in inside(one.value, (one.key.text,))]
    return [(place, node) for place, node in within if _fits(words, place)]


def unset_places(root: YamlMapping, name: str, checks: Mapping[str, KnownCheck]) -> list[Place]:
    """Where a parameter could stand that a check of `flag_when` has and the rule does not write."""
    words, flagged = words_of(name), root.get("flag_when")
    found = []
    for place, node in inside(flagged, ("flag_when",)) if flagged else ():
        if place[-1] in checks and isinstance(node, YamlMapping) and node.get(words[-1]) is None:
            known = parameters_of(checks[place[-1]])
            if words[-1] in known and _fits(words, (*place, words[-1])):
                found.append((*place, words[-1]))
    return found


def words_of(name: str) -> Place:
    """`escalate.more_than` -> ("escalate", "more_than")."""
    return tuple(name.replace(" ", "").split("."))


def _fits(words: Place, place: Place) -> bool:
    """The last word is the key itself; the others stand on the way to it, in this order."""
    way = iter(place[:-1])
    return words[-1] == place[-1] and all(word in way for word in words[:-1])


def same_value(one: Node, other: Node) -> bool:
    """Equal but for white space, quotes and the order of keys."""
    return bool(_plain(one) == _plain(other))


def _plain(node: Node) -> Any:
    if isinstance(node, YamlMapping):
        return {entry.key.text: _plain(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return " ".join(node.text.split())


def in_words(node: Node) -> str:
    """A value in one line, as YAML."""
    if isinstance(node, YamlMapping):
        return "{" + ", ".join(f"{e.key.text}: {in_words(e.value)}" for e in node.entries) + "}"
    if isinstance(node, Sequence):
        return "[" + ", ".join(in_words(item) for item in node.items) + "]"
    return " ".join(node.text.split())


def with_value(node: Node, place: Place, value: Node) -> Node:
    """The node with another value at a place; a key that is not there yet is added."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(node, Sequence):
        items = [
            with_value(item, rest, value) if str(at) == step else item
            for at, item in enumerate(node.items, start=1)
        ]
        return Sequence(tuple(items), node.mark)
    if not isinstance(node, YamlMapping):
        raise ValueError(f"there is no {step} here")
    entries = [
        Entry(e.key, with_value(e.value, rest, value)) if e.key.text == step else e
        for e in node.entries
    ]
    if node.get(step) is None:
        entries.append(Entry(Scalar(step, value.mark, plain=True), value))
    return YamlMapping(tuple(entries), node.mark)


def with_marks(node: Node, mark: Callable[[Mark], Mark]) -> Node:
    """The node with every mark changed."""
    if isinstance(node, Scalar):
        return Scalar(node.text, mark(node.mark), node.plain)
    if isinstance(node, Sequence):
        return Sequence(tuple(with_marks(item, mark) for item in node.items), mark(node.mark))
    entries = (
        Entry(Scalar(e.key.text, mark(e.key.mark), e.key.plain), with_marks(e.value, mark))
        for e in node.entries
    )
    return YamlMapping(tuple(entries), mark(node.mark))
