"""The stories of a rule file: their texts, checked for being understood."""

from __future__ import annotations

from screener.rule.amounts import Wrong
from screener.rule.facts import KEYS, condition_names_in, expected_of, person_of, test_names_in
from screener.rule.model import Expected, Story
from screener.rule.reading import Reading, items_of, keys_of, text_of
from screener.rule.suggest import did_you_mean
from screener.rule.takes import orders_of
from screener.rule.yaml_reader import Entry, Mapping, Node, Scalar, Sequence


def read_stories(reading: Reading, node: Node, severity: str | None = None) -> tuple[Story, ...]:
    """Every example; a story that cannot be understood is a problem of the file.

    severity: the rule's, for advice.
    """
    made: list[Story] = []
    if not isinstance(node, Sequence):
        reading.problem(node, "examples must be a list of stories", "expected `- story:` lines")
        return ()
    for item in node.items:
        required = ("story", "takes", "expect")
        found = keys_of(reading, item, "an example", required=required, optional=KEYS)
        if found is None or len(set(required) & set(found)) < len(required):
            continue
        story = _story(reading, item, found, severity)
        if story is None:
            continue
        if any(story.story == other.story for other in made):
            reading.source.warn(found["story"].value.mark, "another story has the same name")
        made.append(story)
    return tuple(made)


def _story(
    reading: Reading, item: Node, found: dict[str, Entry], severity: str | None
) -> Story | None:
    name = text_of(reading, found["story"].value, "story")
    takes = _takes(reading, found["takes"].value)
    facts = {key: _fact(reading, found[key].value, key) for key in KEYS if key in found}
    _understood_facts(reading, found, facts)
    expect = _expect(reading, found["expect"].value, severity)
    if name is None or not takes or not expect:
        return None
    where = f"{reading.relative}:{item.mark.line}"
    return Story(name, takes, facts, expect, where)


def _takes(reading: Reading, node: Node) -> tuple[str, ...]:
    """`{drug: text}`, a list of texts, or a list of both, each read once to see that it can be."""
    texts: list[str] = []
    for part in items_of(node):
        if isinstance(part, Mapping):
            for entry in part.entries:
                for value in items_of(entry.value):
                    text = text_of(reading, value, "takes")
                    if text is not None:
                        texts += _understood(reading, value, f"{entry.key.text}: {text}")
        else:
            text = text_of(reading, part, "takes")
            texts += _understood(reading, part, text) if text is not None else []
    return tuple(texts)


def _understood(reading: Reading, node: Node, text: str) -> list[str]:
    try:
        orders_of(text, lambda name: reading.vocabulary.ingredient_named(name) is not None)
    except Wrong as wrong:
        expected = f"expected {wrong.expected}" if wrong.expected else ""
        reading.problem(node, f"takes: {wrong.what}", expected)
        return []
    return [text]


def _fact(reading: Reading, node: Node, key: str) -> str:
    texts = [text_of(reading, item, key) or "" for item in items_of(node)]
    return "; ".join(texts)


def _understood_facts(reading: Reading, found: dict[str, Entry], facts: dict[str, str]) -> None:
    for key, text in facts.items():
        try:
            person_of({key: text})
        except Wrong as wrong:
            expected = f"expected {wrong.expected}" if wrong.expected else ""
            reading.problem(found[key].value, f"{key}: {wrong.what}", expected)
            return
    for name in condition_names_in(facts):
        if reading.vocabulary.condition_names(name) is None:
            hint = did_you_mean(name, reading.vocabulary.condition_list_names())
            what = f'no condition list is called "{name}"'
            reading.problem(found["condition"].value, what, hint)
    for key, name in test_names_in(facts):
        if reading.vocabulary.lab_test(name) is None:
            hint = did_you_mean(name, reading.vocabulary.lab_test_names())
            reading.problem(found[key].value, f'no test is called "{name}"', hint)


def _expect(reading: Reading, node: Node, severity: str | None) -> tuple[Expected, ...]:
    made: list[Expected] = []
    for item in items_of(node):
        text = text_of(reading, item, "expect")
        if text is None:
            continue
        try:
            made.append(expected_of(text))
        except Wrong as wrong:
            expected = wrong.expected.replace("flag high", f"flag {severity or 'high'}")
            reading.problem(item, f"expect: {wrong.what}", f"expected {expected}")
    if len(made) > 1 and any(one.outcome != "flag" for one in made):
        reading.problem(node, "only flags can be expected side by side")
    if not made and isinstance(node, Scalar | Sequence) and not reading.source.problems:
        reading.problem(node, "nothing is expected")
    return tuple(made)
