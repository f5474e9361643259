"""A new rule file: every key that a rule needs, placeholders that can be run, first stories.

The file is a draft that `rules check` takes and whose stories come out, so that an author changes
something that works instead of filling an empty page.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import tempfile
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from screener.checks import CHECKS
from screener.errors import RuleFileError, UsageError
from screener.rule.drugs import route_in
from screener.rule.load import LISTS_FOLDER, OTHER_FOLDERS
from screener.rule.model import SEVERITIES, Rule
from screener.rule.params import parameters_of
from screener.rule.suggest import closest
from screener.rule.values import DrugSet
from screener.rulebook.layout import formatted
from screener.rulebook.library import load_library
from screener.rulebook.skeleton_stories import Draft, Plot, stories_of
from screener.rulebook.stories import Engine, tell

_WIDE = 90  # columns of a comment
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Texts that YAML reads as they stand.
_PLAIN = re.compile(r"[A-Za-z0-9(](?:[^:#\[\]{},\"'`]|:(?=\S))*")
_OTHERS = ("paracetamol", "metformin", "amoxicillin")
_KINDS = {
    "daily_amount": "80 mg/day",
    "days": "14 days",
    "share": "50 %",
    "number": "2",
    "count": "2",
    "test": "potassium",
}
_BETTER = {
    ("doses_per_week", "at_least"): "3",
    ("stops_suddenly", "taken_for_at_least"): "30 days",
    ("supply_gap", "at_least"): "5 days",
    ("test_overdue", "within"): "180 days",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the author said; `partner` is for checks about two sets of drugs, else empty."""

    check: str
    drug: str
    id: str
    topic: str
    title: str
    severity: str
    partner: str = ""
    values: tuple[tuple[str, str], ...] = ()  # parameter and its value, beyond the drugs


def needs_partner(check: str) -> bool:
    """Whether the check asks for a second set of drugs."""
    known = parameters_of(CHECKS[check])
    return sum(one.kind == "drugs" and one.required for one in known.values()) > 1


def word(text: str, what: str) -> str:
    """The answer, if it is one of the words that can be chosen. Raises UsageError."""
    options = tuple(CHECKS) if what == "check" else tuple(reversed(SEVERITIES))
    text = text.strip()
    if text in options:
        return text
    near = closest(text, options)
    hint = f"Did you mean {near}?" if near else f"Known: {', '.join(options)}."
    raise UsageError(f'there is no {what} "{text}".', fix=hint)


def name(text: str, what: str) -> str:
    """The answer, if it can be a rule id or a topic. Raises UsageError."""
    text = text.strip()
    taken = what == "topic" and text in (LISTS_FOLDER, *OTHER_FOLDERS)
    if _NAME.fullmatch(text) and not taken:
        return text
    if taken:
        raise UsageError(f'"{text}" is the folder of other files, no topic.')
    fix = "Use small letters, digits and single hyphens."
    raise UsageError(f'"{text}" cannot be the {what}.', fix=fix)


def path_of(answers: Answers, folder: Path) -> Path:
    """Where the rule will stand. Raises UsageError when its id is taken."""
    for path in sorted(folder.rglob(f"{answers.id}.yaml")):
        if path.relative_to(folder).parts[0] not in (LISTS_FOLDER, *OTHER_FOLDERS):
            raise UsageError(f'the rule id "{answers.id}" is taken.', where=str(path))
    return folder / answers.topic / f"{answers.id}.yaml"


def skeleton(
    answers: Answers, folder: Path, today: dt.date, engine: Engine
) -> tuple[str, tuple[str, ...]]:
    """The text of the new rule, and the names of stories that did not come out and were left out.

    The text is read with the lists of the folder. Raises RuleFileError when an answer cannot be
    used (an unknown drug), UsageError for a parameter that the check does not have.
    """
    values = _values(answers)
    bare = _compiled(_text(answers, values, (), today), answers, folder)
    drafts = list(stories_of(answers.check, _plot(answers, values, bare)))
    rule = _compiled(_text(answers, values, drafts, today), answers, folder)
    passed = {one.story.story for one in tell((rule,), engine) if one.passed}
    kept = [one for one in drafts if one.story in passed]
    text = formatted(answers.id, _text(answers, values, kept, today).encode())
    return text, tuple(one.story for one in drafts if one.story not in passed)


def _values(answers: Answers) -> dict[str, str]:
    """Every parameter that the check needs, as written in the file."""
    known = parameters_of(CHECKS[answers.check])
    given = dict(answers.values)
    for key in given:
        if key not in known:
            near = closest(key, known)
            hint = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
            raise UsageError(f'{answers.check} has no parameter "{key}".', fix=hint)
    drugs = iter((answers.drug, answers.partner))
    made: dict[str, str] = {}
    groups = {known[key].one_of for key in given if known[key].one_of}
    for key, one in known.items():
        if key in given:
            made[key] = given[key]
        elif one.kind == "drugs" and one.required:
            made[key] = next(drugs, "")
        elif one.kind == "bands" and one.required:
            made[key] = f"[{{below: 30, severity: {answers.severity}}}]"
        elif one.required or (one.one_of and not one.one_of.endswith("?")
                              and one.one_of not in groups):  # fmt: skip
            groups.add(one.one_of)
            made[key] = _BETTER.get((answers.check, key), _KINDS.get(one.kind, ""))
    return made


def _compiled(text: str, answers: Answers, folder: Path) -> Rule:
    """The rule of this text with the lists of the folder, read apart from all other rules."""
    with tempfile.TemporaryDirectory() as apart:
        copy = Path(apart)
        if (folder / LISTS_FOLDER).is_dir():
            shutil.copytree(folder / LISTS_FOLDER, copy / LISTS_FOLDER)
        place = copy / answers.topic / f"{answers.id}.yaml"
        place.parent.mkdir(parents=True)
        place.write_text(text, encoding="utf-8")
        try:
            return load_library(copy)[0]
        except RuleFileError as error:
            said = [problem.replace(str(copy), str(folder)) for problem in error.problems]
            raise RuleFileError(said) from error


def _plot(answers: Answers, values: dict[str, str], rule: Rule) -> Plot:
    """The drugs of the stories, chosen from what the rule's sets hold."""
    params = rule.uses[0].params
    fields = [one.field for one in parameters_of(CHECKS[answers.check]).values()
              if one.kind == "drugs" and one.required]  # fmt: skip
    sets: list[DrugSet] = [getattr(params, one) for one in fields]
    every = frozenset().union(*(one.ingredients for one in sets))
    members = _members(sets[0], answers.drug)
    others = sets[1].ingredients - sets[0].ingredients if len(sets) > 1 else frozenset()
    partners = DrugSet("", others or sets[-1].ingredients)
    return Plot(
        values=values,
        members=members,
        partner=_members(partners, answers.partner)[0] if len(sets) > 1 else "",
        other=next((one for one in _OTHERS if one not in every), _OTHERS[0]),
        severity=answers.severity,
    )


def _members(drugs: DrugSet, said: str) -> tuple[str, ...]:
    """The drugs of a set in a stable order, with the first route that the author named."""
    routes = route_in(said.split(",", maxsplit=1)[0].strip())[1].split(" or ")[0]
    words = "" if routes in ("by any route", "by mouth") else f" {routes}"  # a story's usual way
    return tuple(f"{one}{words}".strip() for one in sorted(drugs.ingredients))


def _text(
    answers: Answers, values: dict[str, str], stories: Iterable[Draft], today: dt.date
) -> str:
    """The file."""
    known = parameters_of(CHECKS[answers.check])
    given = dict(answers.values)
    lines = [
        "schema: 1",
        f"rule: {answers.id}",
        f"title: {_yaml(answers.title)}",
        "version: 1",
        "status: draft  # then pilot, and active once somebody else has checked it",
        f"severity: {answers.severity}",
        "flag_when:",
        f"  {answers.check}:",
    ]
    for key, value in values.items():
        drugs = known[key].kind == "drugs"
        written = _drugs(value) if drugs else value
        note = "" if drugs or key in given else "  # a placeholder: write what your source says"
        lines.append(f"    {key}: {written}{note}")
    chosen = {known[key].one_of for key in values} - {None}
    more = [key for key, one in known.items() if key not in values and one.one_of not in chosen]
    said = textwrap.wrap(f"may be added: {', '.join(more)}", _WIDE) if more else []
    lines += [f"    # {line}" for line in said]
    lines += [
        "why: to be written",
        "action: to be written",
        "evidence:",
        f"  - {{source: to be written, where: to be written, read_on: {today.isoformat()}}}",
        "owners: {wrote: to be named, checked: [somebody else], "
        f"next_review: {_in_a_year(today).isoformat()}}}",
        "sites_may_adjust: [severity]",
    ]
    drafts = list(stories)
    lines += ["examples:"] if drafts else []
    return "\n".join((*lines, *(line for one in drafts for line in _story_lines(one)), ""))


def _story_lines(draft: Draft) -> list[str]:
    lines = [f"  - story: {_yaml(draft.story)}"]
    lines += [f"    {key}: {_yaml(text)}" for key, text in draft.facts.items()]
    if len(draft.takes) == 1:
        ((drug, words),) = draft.takes
        lines.append(f"    takes: {{{drug}: {_yaml(words)}}}")
    else:
        lines.append("    takes:")
        lines += [f"      - {{{drug}: {_yaml(words)}}}" for drug, words in draft.takes]
    return [*lines, f"    expect: {draft.expect}"]


def _drugs(text: str) -> str:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return f"[{', '.join(map(_yaml, parts))}]" if len(parts) > 1 else _yaml(text.strip())


def _yaml(text: str) -> str:
    """A text as YAML, in quotes where it needs them."""
    text = " ".join(text.split())
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _in_a_year(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)
