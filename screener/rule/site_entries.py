"""The entries of a site file: an adjustment finds its one value in a rule, a waiver says whom."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from screener.rule.adjusting import Adjustment
from screener.rule.amounts import calendar_date
from screener.rule.load import RulesFolder
from screener.rule.model import Rule
from screener.rule.places import (
    NOT_SET,
    Place,
    in_words,
    places_called,
    same_value,
    unset_places,
    words_of,
)
from screener.rule.problems import Mark
from screener.rule.reading import Reading, items_of, keys_of, read_with, text_of
from screener.rule.suggest import did_you_mean
from screener.rule.yaml_reader import Entry, Node, Scalar, Sequence
from screener.rule.yaml_reader import Mapping as YamlMapping

WAIVED_BY = ("patient", "prescriber", "site", "finding")
UNWRITTEN = "TODO"  # what a draft leaves for a person to write
_FINDING_ID = re.compile(r"[0-9a-f]{16}")
# What may be shown of a waiver; any other value may be a patient's id under a misspelled key.
_SHOWN = re.compile(r"(?:rule|by|until|prescriber|site)$")
_VALUE = re.compile(r"(?P<key>[\w ]+?)\s*:\s+(?P<value>\[[^\]]*\]?|[^\s,{}\[][^,{}]*)")
_ITEM = re.compile(r"^\s*-\s+(?P<value>[^:{}]+)$")


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings that somebody accepts: of these rules, and of all that is named besides."""

    rules: tuple[str, ...]
    named: Mapping[str, str]  # of patient, prescriber, site, finding: those that were given
    reason: str
    by: str
    until: dt.date  # the last day on which it counts
    ends: Mark  # where the file says so
    line: int
    hash: str  # tells it from other waivers, and tells nobody the patient


def without_patients(lines: Iterable[str]) -> list[str]:
    """The lines with what may name a patient blotted out: problems show and log their line."""
    made, in_waivers = [], False
    for line in lines:
        if line[:1].strip() and line[0] not in "-#":
            in_waivers = line.startswith("waivers")
        made.append(_blotted(line) if in_waivers else line)
    return made


def _blotted(line: str) -> str:
    hits = [hit for hit in _VALUE.finditer(line) if not _SHOWN.search(hit["key"].strip())]
    item = _ITEM.match(line)
    for hit in [*hits, *([item] if item else [])]:
        start, end = hit.span("value")
        line = line[:start] + "·" * (end - start) + line[end:]
    return line


def read_adjustment(reading: Reading, node: Node, folder: RulesFolder) -> Adjustment | None:
    """One entry of `adjust`; None with problems in the site file."""
    needed = ("rule", "parameter", "was", "now", "because", "by", "until")
    found = keys_of(reading, node, "an adjustment", required=needed)
    if found is None:
        return None
    before = len(reading.source.problems)
    rule = _known_rule(reading, found["rule"].value, folder) if "rule" in found else None
    texts = _texts(reading, found, ("parameter", "because", "by"))
    until = _until(reading, found)
    if rule is None or "parameter" not in texts or not _may(reading, found, rule, texts):
        return None
    if "was" not in found or "now" not in found or until is None:
        return None
    place = _place(reading, found, rule, texts["parameter"], folder)
    if place is None or len(reading.source.problems) > before or len(texts) < 3:
        return None
    return Adjustment(
        rule=rule.id,
        parameter=texts["parameter"],
        place=place,
        was=in_words(found["was"].value),
        now=in_words(found["now"].value),
        because=texts["because"],
        by=texts["by"],
        until=until,
        ends=found["until"].value.mark,
        mark=found["rule"].value.mark,
        value=found["now"].value,
    )


def read_waiver(reading: Reading, node: Node, folder: RulesFolder, data: bytes) -> Waiver | None:
    """One entry of `waivers`; None with problems. `data` are the bytes of the whole file."""
    needed = ("rule", "reason", "by", "until")
    found = keys_of(reading, node, "a waiver", required=needed, optional=WAIVED_BY)
    if found is None:
        return None
    texts = _texts(reading, found, ("reason", "by"))
    until = _until(reading, found)
    ids = {key: _id_of(reading, found[key]) for key in WAIVED_BY if key in found}
    named = {key: text for key, text in ids.items() if text}
    misspelled = isinstance(node, YamlMapping) and len(node.entries) > len(found)
    if not ids and not misspelled:
        what = "the waiver says not whom or what it is about"
        reading.problem(node, what, f"expected one or more of {', '.join(WAIVED_BY)}")
    if not _FINDING_ID.fullmatch(named.get("finding", "0" * 16)):
        what = "this is no finding id"
        reading.problem(found["finding"].value, what, "expected its 16 characters, 0-9 and a-f")
    names = items_of(found["rule"].value) if "rule" in found else ()
    rules = [_known_rule(reading, one, folder) for one in names]
    if "rule" in found and not rules:
        reading.problem(found["rule"].value, "the waiver names no rule")
    if until is None or None in rules or len(texts) < 2 or len(named) < len(ids):
        return None
    line = node.mark.line
    # Of the whole file: who has only run.json cannot try patient ids until the hash fits.
    mark = hashlib.blake2b(data + line.to_bytes(4), digest_size=8).hexdigest()
    ends = found["until"].value.mark
    of_rules = tuple(rule.id for rule in rules if rule)
    return Waiver(of_rules, named, texts["reason"], texts["by"], until, ends, line, mark)


def _id_of(reading: Reading, entry: Entry) -> str | None:
    """An id, which no problem may quote."""
    if isinstance(entry.value, Scalar) and entry.value.text.strip():
        return entry.value.text.strip()
    what = f"{entry.key.text} must be one value"
    reading.problem(entry.value, what, "write one waiver for each")
    return None


def _texts(reading: Reading, found: dict[str, Entry], keys: tuple[str, ...]) -> dict[str, str]:
    read = {key: text_of(reading, found[key].value, key) for key in keys if key in found}
    for key, text in read.items():
        if text == UNWRITTEN:
            what = f"{key} is still {UNWRITTEN}"
            reading.problem(found[key].value, what, "somebody must write it before it can count")
    return {key: " ".join(text.split()) for key, text in read.items() if text}


def _until(reading: Reading, found: dict[str, Entry]) -> dt.date | None:
    if "until" not in found:
        return None
    return read_with(reading, found["until"].value, "until", calendar_date)


def _known_rule(reading: Reading, node: Node, folder: RulesFolder) -> Rule | None:
    name = text_of(reading, node, "rule")
    known = {rule.id: rule for rule in folder.rules}
    if name is not None and name not in known:
        hint = did_you_mean(name, known) or "`screener rules list` names them"
        reading.problem(node, f'there is no rule "{name}"', hint)
    return known.get(name or "")


def _may(reading: Reading, found: dict[str, Entry], rule: Rule, texts: dict[str, str]) -> bool:
    """Whether the rule lets a site change this parameter."""
    word = words_of(texts["parameter"])[-1]
    if word in rule.sites_may_adjust:
        return True
    allowed = ", ".join(rule.sites_may_adjust)
    expected = f"it allows {allowed}" if allowed else "it allows no adjustment"
    what = f'{rule.id} does not let a site adjust "{word}"'
    hint = did_you_mean(word, rule.sites_may_adjust)
    reading.problem(found["parameter"].value, what, expected, hint)
    return False


def _place(
    reading: Reading, found: dict[str, Entry], rule: Rule, name: str, folder: RulesFolder
) -> Place | None:
    """The one place of the rule that is called so and has the value of `was`."""
    was, now = found["was"].value, found["now"].value
    root = folder.read_from[rule.id][1]
    called = places_called(root, name)
    if isinstance(was, Scalar) and in_words(was) == NOT_SET:
        fitting = [] if called else unset_places(root, name, reading.checks)
    else:
        fitting = [place for place, value in called if same_value(value, was)]
    if not fitting:
        reading.problem(was, *_outdated(rule, name, [value for _, value in called]))
        return None
    if len(fitting) > 1:
        nearer = " or ".join(".".join(place) for place in fitting)
        what = f"{rule.id} has {len(fitting)} values that fit: say which"
        reading.problem(found["parameter"].value, what, f"write {nearer}")
        return None
    if same_value(was, now):
        reading.source.warn(now.mark, "this is the value that the rule has already")
    if isinstance(now, Sequence) and not now.items:
        reading.problem(now, "now has no value")
        return None
    return fitting[0]


def _outdated(rule: Rule, name: str, values: list[Node]) -> tuple[str, str]:
    """`was` is not what the rule says: what it says now, and what is to be done about it."""
    says = " and ".join(dict.fromkeys(in_words(value) for value in values)) or NOT_SET
    return (
        f"{rule.id} (version {rule.version}) now has {name}: {says}",
        "somebody must approve the change again: write the rule's value after was, and check "
        "now, because, by and until; or take the adjustment out",
    )
