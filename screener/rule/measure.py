"""`measure`: a value, a comparison and its conditions, rewritten as the checks that mean the same.

The rewriting is of YAML nodes that keep their places, so that the ordinary readers say what is
wrong, and where.
"""

from __future__ import annotations

from screener.rule.reading import Reading, items_of, keys_of, one_of
from screener.rule.suggest import closest
from screener.rule.yaml_reader import Entry, Mapping, Node, Scalar, Sequence

_LIMITS = ("more_than", "at_least", "less_than")
# Value -> the limits it can have, by the words of `measure`, as the check or condition calls them.
_CHECKS: dict[str, tuple[str, dict[str, str]]] = {
    "daily dose": ("daily_dose", {key: key for key in _LIMITS}),
    "number of drugs": ("several_of", {"at_least": "at_least"}),
    "doses per day": ("doses_per_day", {"more_than": "more_than", "less_than": "fewer_than"}),
}
_SIDES = {"more_than": "more_than", "at_least": "at_least", "less_than": "below"}
_CONDITIONS: dict[str, tuple[str, dict[str, str]]] = {
    "kidney function": ("kidney_function", _SIDES),
    "creatinine clearance": ("kidney_function", _SIDES),
    "age": ("age", {"at_least": "at_least", "less_than": "below"}),
    "weight": ("weight", _SIDES),
    "lab": ("lab", _SIDES),
}
VALUES = (*_CHECKS, *_CONDITIONS)
# Checks that can count the days themselves.
_COUNT_DAYS = ("daily_dose", "several_of")


def as_checks(reading: Reading, head: Entry) -> Mapping | None:
    """The same as a check, or as `all_of` of a check and conditions; None with problems."""
    required = ("value", "of")
    optional = (*_LIMITS, "test", "while", "for_at_least")
    found = keys_of(reading, head.value, "measure", required=required, optional=optional)
    if found is None or not set(required) <= set(found):
        return None
    value = one_of(reading, found["value"].value, "value", VALUES)
    limit = _limit(reading, head, found, value)
    if value is None or limit is None:
        return None
    if ("test" in found) != (value == "lab"):
        at = found["test"].key if "test" in found else head.value
        reading.problem(at, "test belongs to `value: lab`, which needs it")
        return None
    lines = _lines(head, found, value, limit)
    conditions = [
        Mapping((entry,), entry.key.mark)
        for item in (items_of(found["while"].value) if "while" in found else ())
        for entry in (item.entries if isinstance(item, Mapping) else ())
    ]
    if "while" in found and not conditions:
        reading.problem(found["while"].value, "while must be `condition: value` lines")
        return None
    return _together(head, found, [*lines, *conditions])


def _limit(
    reading: Reading, head: Entry, found: dict[str, Entry], value: str | None
) -> Entry | None:
    """The comparison under the name that the check or condition has for it."""
    given = [key for key in _LIMITS if key in found]
    if len(given) > 1:
        what = f"{' and '.join(given)} in one measure"
        reading.problem(found[given[1]].key, what, "write two measures under any_of or all_of")
        return None
    names = (_CHECKS | _CONDITIONS)[value][1] if value else {}
    if not given:
        words = (e.key.text for e in head.value.entries) if isinstance(head.value, Mapping) else ()
        if not any(closest(word, _LIMITS) for word in words if word not in found):
            expected = f"expected {' or '.join(_LIMITS)}"
            reading.problem(head.value, "the measure says no limit", expected)
        return None
    if value is None:
        return None
    if given[0] not in names:
        fix = f"expected {' or '.join(names)}"
        if value in ("age", "number of drugs"):
            fix += ": it is a whole number, so the next one says the same"
        reading.problem(found[given[0]].key, f"{value} cannot be {given[0]}", fix)
        return None
    key = found[given[0]].key
    return Entry(Scalar(names[given[0]], key.mark, True), found[given[0]].value)


def _lines(head: Entry, found: dict[str, Entry], value: str, limit: Entry) -> list[Mapping]:
    """The check, or `taken` and the condition."""
    if value in _CHECKS:
        check = _CHECKS[value][0]
        of = found["of"]
        drugs = _entry("from", of.value, of) if check == "several_of" else of
        return [_line(head, check, (drugs, limit))]
    name = _CONDITIONS[value][0]
    inner: tuple[Entry, ...] = (limit,)
    if value == "creatinine clearance":
        word = Scalar("creatinine_clearance", found["value"].value.mark, True)
        inner = (_entry("estimate", word, found["value"]), limit)
    if "test" in found:
        inner = (found["test"], limit)
    return [_line(head, "taken", (found["of"],)), _line(head, name, inner)]


def _together(head: Entry, found: dict[str, Entry], lines: list[Mapping]) -> Mapping:
    length = (found["for_at_least"],) if "for_at_least" in found else ()
    if len(lines) == 1:
        (only,) = lines[0].entries
        if length and only.key.text in _COUNT_DAYS and isinstance(only.value, Mapping):
            entries = (*only.value.entries, *length)
            return _line(head, only.key.text, entries)
        return Mapping((only, *length), head.value.mark)
    together = _entry("all_of", Sequence(tuple(lines), head.value.mark), head)
    return Mapping((together, *length), head.value.mark)


def _line(head: Entry, name: str, entries: tuple[Entry, ...]) -> Mapping:
    inner = Mapping(entries, head.value.mark)
    return Mapping((_entry(name, inner, head),), head.value.mark)


def _entry(name: str, value: Node, at: Entry) -> Entry:
    return Entry(Scalar(name, at.key.mark, True), value)
