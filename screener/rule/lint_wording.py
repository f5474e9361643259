"""What a rule says of itself: stories, message, evidence, owners, and words still to be written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from screener.rule.linted import IN_USE, LintedRule, Note, items, scalars_below
from screener.rule.model import CheckUse, Clause
from screener.rule.params import parameters_of
from screener.rule.yaml_reader import Mapping, Scalar

_UNWRITTEN = re.compile(
    r"^\W*(to ?do|tbd|tbc|fixme|xxx+|\?+|\.\.\.|…|to be (written|named|done|decided)|fill in)\b"
    r"|^\W*$",
    re.IGNORECASE,
)
_TEXTS = ("title", "message", "why", "action", "evidence", "owners")
_FIGURES = ("daily_amount", "number", "count", "bands")
_PILOT = re.compile(r"\bpilot|not (yet|seen)|general knowledge", re.IGNORECASE)
_EVIDENCE_YEARS = 10


def stories_missing(linted: LintedRule) -> Iterator[Note]:
    """A rule that is in use has stories on both sides of its numbers."""
    rule = linted.rule
    if rule.status not in IN_USE:
        return
    if not rule.stories:
        yield linted.at("status"), f"this {rule.status} rule has no example"
        return
    outcomes = {one.outcome for story in rule.stories for one in story.expect}
    if "flag" not in outcomes:
        yield linted.at("examples"), "no story expects a flag: would the rule ever speak?"
    elif "clear" not in outcomes:
        what = "no story expects clear: where does the rule keep silent?"
        yield linted.at("examples"), f"{what} Write one that just keeps to each limit"


def stories_without_day(linted: LintedRule) -> Iterator[Note]:
    """A flag without its day, which any day would meet."""
    for item in items(linted.root.get("examples")):
        expect = item.get("expect") if isinstance(item, Mapping) else None
        for one in scalars_below(expect) if expect is not None else ():
            if one.text.startswith("flag") and "from day" not in one.text:
                what = f'"{one.text}" does not say since when, so that any day would do'
                yield one.mark, f"{what}; write it, for example from day 0"


def message_without_figures(linted: LintedRule) -> Iterator[Note]:
    """A message that holds back the number that broke the rule."""
    message = linted.rule.message
    if message is None or "{value}" in message or "{limit}" in message:
        return
    if _has_figures(linted, linted.rule.flag_when):
        what = "the message does not say the number that breaks the rule"
        yield linted.at("message"), f"{what}; {{value}} and {{limit}} stand for it"


def _has_figures(linted: LintedRule, clause: Clause) -> bool:
    """Whether every finding has a number: of alternatives each must have one."""
    found = []
    for part in clause.parts:
        if isinstance(part, Clause):
            found.append(_has_figures(linted, part))
        elif isinstance(part, CheckUse):
            known = parameters_of(linted.reading.checks[part.check])
            given = [p for p in known.values() if p.kind in _FIGURES]
            found.append(any(getattr(part.params, p.field) is not None for p in given))
    return all(found) if clause.kind == "any_of" else any(found)


def unwritten_texts(linted: LintedRule) -> Iterator[Note]:
    """Words that only stand in for a text, in a rule that is in use."""
    if linted.rule.status not in IN_USE:
        return
    for key in _TEXTS:
        node = linted.root.get(key)
        for one in scalars_below(node) if node is not None else ():
            if _UNWRITTEN.search(one.text):
                yield one.mark, f'"{one.text}" in {key} is still to be written'


def old_signatures(linted: LintedRule) -> Iterator[Note]:
    """A review that is due, and evidence that was read long ago or on a day to come."""
    rule, today = linted.rule, linted.as_of
    owners = linted.root.get("owners")
    review = rule.owners.get("next_review")
    if isinstance(review, dt.date) and review < today and isinstance(owners, Mapping):
        due = owners.get("next_review") or owners
        yield due.mark, f"the review was due on {review.isoformat()}"
    for item in items(linted.root.get("evidence")):
        node = item.get("read_on") if isinstance(item, Mapping) else None
        if not isinstance(node, Scalar):
            continue
        read_on = dt.date.fromisoformat(node.text.strip())
        if read_on > today:
            yield node.mark, f"{read_on.isoformat()} is still to come: nobody has read it yet"
        elif read_on < _years_before(today):
            yield node.mark, f"read more than {_EVIDENCE_YEARS} years ago: is it still so?"


def _years_before(day: dt.date) -> dt.date:
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year - _EVIDENCE_YEARS, day=last)


def unexplained_pilot(linted: LintedRule) -> Iterator[Note]:
    """A pilot rule says somewhere, if only in a comment, why it is one."""
    if linted.rule.status != "pilot":
        return
    texts = [linted.rule.why, linted.rule.action]
    texts += [text for entry in linted.rule.evidence for text in entry.values()]
    texts += [line.partition("#")[2] for line in linted.reading.source.lines]
    if not any(_PILOT.search(text) for text in texts):
        what = "nothing says why this rule is a pilot"
        yield linted.at("status"), f"{what}; a note in evidence, or a comment, tells the next one"
