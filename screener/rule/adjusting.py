"""Rules with a site's adjustments in them, compiled again for as long as each combination lasts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from dataclasses import dataclass
from itertools import combinations

from screener.rule.envelope import read_rule
from screener.rule.load import RulesFolder
from screener.rule.model import Rule
from screener.rule.places import Place, with_marks, with_value
from screener.rule.problems import Mark, SourceFile
from screener.rule.reading import Reading
from screener.rule.yaml_reader import Mapping as YamlMapping
from screener.rule.yaml_reader import Node

_OWN_LINE = re.compile(r"\bline -(\d+)")


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One value of a rule that a site has changed, and who stands for it."""

    rule: str
    parameter: str  # as the site file calls it
    place: Place  # in the rule file
    was: str
    now: str
    because: str
    by: str
    until: dt.date  # the last day on which it counts
    ends: Mark  # where the site file says so
    mark: Mark  # where it names the rule
    value: Node  # of `now`


@dataclass(frozen=True, slots=True)
class Variant:
    """A rule as it is up to a day, with the adjustments that count until then."""

    until: dt.date
    rule: Rule
    adjustments: tuple[Adjustment, ...]


def variants_of(
    reading: Reading, adjustments: tuple[Adjustment, ...], folder: RulesFolder
) -> dict[str, tuple[Variant, ...]]:
    """Rule id -> its adjusted forms, the first to end first.

    A form that is no sound rule is a problem of the site file, at the value that makes it so.
    """
    made = {}
    for rule in folder.rules:
        of_rule = tuple(one for one in adjustments if one.rule == rule.id)
        if not of_rule or _collide(reading, of_rule):
            continue
        forms: list[Variant] = []
        for end in sorted({one.until for one in of_rule}):
            lasting = tuple(one for one in of_rule if one.until >= end)
            after = f" (from the day after {forms[-1].until.isoformat()})" if forms else ""
            compiled = _compiled(reading, rule, lasting, folder, after)
            if compiled is None:
                break
            forms.append(Variant(end, compiled, lasting))
        made[rule.id] = tuple(forms)
    return made


def _collide(reading: Reading, adjustments: tuple[Adjustment, ...]) -> bool:
    """Two adjustments of one value, or of a value and of a part of it, are a problem."""
    before = len(reading.source.problems)
    for first, second in combinations(adjustments, 2):
        shared = min(len(first.place), len(second.place))
        if first.place[:shared] == second.place[:shared]:
            what = f"{second.parameter} of {second.rule} is adjusted twice"
            fix = f"remove this adjustment or the one on line {first.mark.line}"
            reading.problem(second.mark, what, fix)
    return len(reading.source.problems) > before


def adjusted_root(root: YamlMapping, adjustments: tuple[Adjustment, ...]) -> YamlMapping:
    """The rule's file with the values of the site; their marks are those of the site file."""
    for one in adjustments:
        changed = with_value(root, one.place, one.value)
        if isinstance(changed, YamlMapping):
            root = changed
    return root


def _compiled(
    reading: Reading,
    rule: Rule,
    adjustments: tuple[Adjustment, ...],
    folder: RulesFolder,
    after: str,
) -> Rule | None:
    """The rule, adjusted and read again; its problems are noted in the site file.

    Lines of the rule's own file are negative while it is read, so that a problem shows whose
    line it stands on.
    """
    of_rule, root = folder.read_from[rule.id]
    entries = tuple(e for e in root.entries if e.key.text != "examples")  # kept as they are
    own = with_marks(YamlMapping(entries, root.mark), lambda mark: Mark(-mark.line, mark.column))
    if not isinstance(own, YamlMapping):
        return None
    source = SourceFile(reading.source.name)
    again = dataclasses.replace(of_rule, source=source, lists_used=set())
    made = read_rule(again, adjusted_root(own, adjustments), rule.id, rule.topic)
    last = adjustments[-1].value.mark
    for mark, text in source.problems:
        said = _OWN_LINE.sub(rf"line \1 of {rule.file}", text)
        if mark.line < 0:
            said = f"with this value, line {-mark.line} of {rule.file} cannot stand{after}: {said}"
            reading.problem(last, said, "adjust that line as well, or choose another value")
        else:
            reading.problem(mark, f"{rule.id}{after}: {said}")
    for mark, text in source.warnings:
        place = Mark(abs(mark.line), mark.column)
        note = (last, f"with this value, line {place.line} of {rule.file}: {text}")
        if (place, text) not in of_rule.source.warnings and note not in reading.source.warnings:
            reading.source.warn(*note)
    return dataclasses.replace(made, stories=rule.stories) if made else None
