"""any_of, all_of, measure, escalate and downgrade: what they compile to, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from screener.rule import model
from screener.rule.model import (
    Age,
    Clause,
    Finds,
    SameCheckWith,
    SomeOf,
    Taking,
)
from screener.rulebook.library import read_library
from tests.rule.authoring import LIST, SOUND, changed, folder_with, load, problems

HEAD = SOUND[: SOUND.index("flag_when:")]
TAIL = SOUND[SOUND.index("message:") :].replace("sites_may_adjust: [more_than, severity]\n", "")
DOSE = "daily_dose: {of: baclofen by mouth, more_than: 80 mg/day}"
OTHER = "daily_dose: {of: tizanidine by mouth, less_than: 8 mg/day}"
WITH = "taken_together: {this: baclofen, with: list sleepers}"


def rule(flag_when: str, more: str = "") -> str:
    """A rule file that flags these lines (written without the two spaces before them)."""
    lines = "".join(f"  {line}\n" for line in flag_when.splitlines())
    return f"{HEAD}flag_when:\n{lines}{more}{TAIL}"


def clause(tmp_path: Path, flag_when: str, more: str = "") -> Clause:
    return load(tmp_path, rule(flag_when, more)).flag_when


def only_problem(tmp_path: Path, text: str) -> str:
    found = problems(tmp_path, {"limits/too-much.yaml": text, "lists/sleepers.yaml": LIST})
    assert len(found) == 1, found
    return found[0]


def test_one_check_is_a_clause_of_its_own(tmp_path: Path) -> None:
    made = clause(tmp_path, DOSE)
    assert made == model.one_check("daily_dose", made.uses[0].params)
    assert made.leading == made.uses


def test_what_stands_beside_an_alternative_is_its_own(tmp_path: Path) -> None:
    made = clause(
        tmp_path,
        f"""\
for_at_least: 5 days
any_of:
  - severity: critical
    for_at_least: 2 days
    only_if: {{sex: F}}
    unless: [{{age: {{below: 18 years}}}}, {{taking: diazepam}}]
    {DOSE}
  - {OTHER}""",
    )
    first, second = made.parts
    assert isinstance(first, Clause)
    assert isinstance(second, Clause)
    assert (made.kind, made.for_at_least) == ("any_of", 5)
    assert (first.kind, first.severity, first.for_at_least) == ("check", "critical", 2)
    assert first.only_if == (model.Sex("F"),)
    assert first.unless[0] == Age(below=18)
    assert isinstance(first.unless[1], Taking)
    assert second == model.one_check("daily_dose", second.uses[0].params)


def test_lines_of_all_of_are_clauses_and_conditions(tmp_path: Path) -> None:
    made = clause(
        tmp_path,
        f"""\
for_at_least: 2 days
all_of:
  - {WITH}
  - age: {{at_least: 65 years}}
  - any_of:
      - taking: diazepam
      - sex: F
  - any_of:
      - {DOSE}
      - {OTHER}
  - unless: {{sex: M}}
    taken: {{of: tizanidine}}""",
    )
    kinds = [type(part).__name__ for part in made.parts]
    assert (made.kind, made.for_at_least) == ("all_of", 2)
    assert kinds == ["Clause", "Age", "SomeOf", "Clause", "Clause"]
    either = made.parts[2]
    assert isinstance(either, SomeOf)
    assert (either.at_least, either.fewer_than, len(either.parts)) == (1, None, 2)
    assert [use.check for use in made.uses] == [
        "taken_together",
        "daily_dose",
        "daily_dose",
        "taken",
    ]
    assert [use.check for use in made.leading] == ["taken_together"]
    last = made.parts[4]
    assert isinstance(last, Clause)
    assert last.unless == (model.Sex("M"),)


@pytest.mark.parametrize(
    ("flag_when", "place", "words"),
    [
        ("any_of: []", "8:11", "must be a list"),
        (f"any_of:\n  {DOSE}", "9:5", "`- daily_dose:`"),
        (f"any_of:\n  - {DOSE}", "8:3", "has one line"),
        (f"all_of:\n  - {DOSE}", "8:3", "has one line"),
        (f"all_of:\n  - sex: F\n  - {DOSE}", "9:7", "first line of all_of is a condition"),
        (f"all_of:\n  - any_of: [sex: F, sex: M]\n  - {DOSE}", "9:7", "is a condition"),
        (f"any_of:\n  - sex: F\n  - {DOSE}", "9:7", "finds nothing by itself"),
        ("sex: F", "8:3", "finds nothing by itself"),
        (f"{DOSE}\n{OTHER.replace('daily_dose', 'starts')}", "9:3", "exactly one"),
        (f"severity: low\n{DOSE}", "8:3", "beside an alternative of any_of"),
        (f"only_if: {{sex: F}}\n{DOSE}", "8:3", "stands beside flag_when"),
        (f"for_at_least: 2 days\n{DOSE}", "8:3", "is a parameter of daily_dose"),
        (f"all_of:\n  - {DOSE}\n  - severity: low\n    {OTHER}", "10:7", "alternative of any_of"),
        (f"any_of:\n  - {DOSE}\n  - sevrity: low\n    {OTHER}", "10:7", '"severity"?'),
        (f"any_of:\n  - {DOSE}\n  - for_at_least: 0 days\n    {OTHER}", "10:21", "never hold"),
        (f"all_of:\n  - {DOSE}\n  - agee: {{at_least: 65 years}}", "10:7", 'did you mean "age"?'),
        (f"all_of:\n  - {DOSE}\n  - takn: {{of: diazepam}}", "10:7", 'did you mean "taken"?'),
        ("and:\n  - x", "8:3", 'did you mean "all_of"?'),
        ("or:\n  - x", "8:3", 'did you mean "any_of"?'),
        ("daily_dose: [1]", "8:15", "daily_dose must be `key: value` lines"),
        ("text", "8:3", "must name a check"),
    ],
)
def test_a_wrong_way_of_putting_together_has_one_message(
    tmp_path: Path, flag_when: str, place: str, words: str
) -> None:
    found = only_problem(tmp_path, rule(flag_when))
    assert found.startswith(f"limits/too-much.yaml:{place}: ")
    assert words in found


def nested(depth: int, kind: str, inner: str) -> str:
    lines = [inner]
    for _ in range(depth):
        lines = [f"{kind}:", f"  - {OTHER}", *(f"  {'- ' if not n else '  '}{line}"
                 for n, line in enumerate(lines))]  # fmt: skip
    return "\n".join(lines)


def test_five_levels_can_be_read_and_six_cannot(tmp_path: Path) -> None:
    assert clause(tmp_path / "a", nested(5, "any_of", DOSE)).kind == "any_of"
    assert "more than 5" in only_problem(tmp_path / "b", rule(nested(6, "any_of", DOSE)))


def test_conditions_count_as_levels_too(tmp_path: Path) -> None:
    inner = "any_of: [sex: F, any_of: [sex: M, age: {below: 9 years}]]"
    assert clause(tmp_path / "a", nested(3, "all_of", inner)).kind == "all_of"
    assert "more than 5" in only_problem(tmp_path / "b", rule(nested(4, "all_of", inner)))


def test_a_severity_beside_bands_would_be_without_effect(tmp_path: Path) -> None:
    bands = "dose_for_kidney_function: {of: baclofen, bands: [{below: 30, severity: high}]}"
    found = only_problem(tmp_path, rule(f"any_of:\n  - severity: low\n    {bands}\n  - {DOSE}"))
    assert "each band has its severity" in found


def test_the_same_alternative_twice_is_noticed(tmp_path: Path) -> None:
    text = rule(f"any_of:\n  - {DOSE}\n  - {DOSE}")
    folder = folder_with(tmp_path, {"limits/too-much.yaml": text})
    assert any(":10:7: this alternative says the same" in w for w in read_library(folder).warnings)


# measure ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "same"),
    [
        ("value: daily dose, more_than: 20 mg/day", "daily_dose: {of: OF, more_than: 20 mg/day}"),
        (
            "value: daily dose, at_least: 20 mg/day, for_at_least: 2 days",
            "daily_dose: {of: OF, at_least: 20 mg/day, for_at_least: 2 days}",
        ),
        ("value: number of drugs, at_least: 2", "several_of: {from: OF, at_least: 2}"),
        ("value: doses per day, less_than: 3", "doses_per_day: {of: OF, fewer_than: 3}"),
        ("value: doses per day, more_than: 3", "doses_per_day: {of: OF, more_than: 3}"),
        (
            "value: age, at_least: 65 years",
            "all_of: [taken: {of: OF}, age: {at_least: 65 years}]",
        ),
        (
            "value: weight, less_than: 50 kg",
            "all_of: [taken: {of: OF}, weight: {below: 50 kg}]",
        ),
        (
            "value: kidney function, less_than: 30, for_at_least: 3 days",
            "for_at_least: 3 days\nall_of: [taken: {of: OF}, kidney_function: {below: 30}]",
        ),
        (
            "value: creatinine clearance, at_least: 95 mL/min",
            "all_of: [taken: {of: OF}, kidney_function: {estimate: creatinine_clearance,"
            " at_least: 95}]",
        ),
        (
            "value: lab, test: potassium, more_than: 5.5 mmol/L",
            "all_of: [taken: {of: OF}, lab: {test: potassium, more_than: 5.5 mmol/L}]",
        ),
        (
            "value: daily dose, more_than: 20 mg/day, while: {taking: diazepam, sex: F},"
            " for_at_least: 2 days",
            "for_at_least: 2 days\nall_of: [daily_dose: {of: OF, more_than: 20 mg/day},"
            " taking: diazepam, sex: F]",
        ),
    ],
)
def test_a_measure_compiles_to_the_same_as_the_checks(
    tmp_path: Path, measure: str, same: str
) -> None:
    short = clause(tmp_path / "a", f"measure: {{of: list sleepers, {measure}}}")
    assert short == clause(tmp_path / "b", same.replace("OF", "list sleepers"))


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("value: daily dose", "says no limit"),
        ("value: daily dose, more_than: 1 mg/day, at_least: 2 mg/day", "in one measure"),
        ("value: daly dose, more_than: 1 mg/day", 'did you mean "daily dose"?'),
        ("value: daily dose, more_than: 20", "has no unit"),
        ("value: age, more_than: 65 years", "age cannot be more_than"),
        ("value: number of drugs, less_than: 3", "cannot be less_than"),
        ("value: doses per day, at_least: 3", "cannot be at_least"),
        ("value: lab, more_than: 5.5 mmol/L", "test belongs to"),
        ("value: age, test: potassium, at_least: 65 years", "test belongs to"),
        ("value: weight, at_least: 50 mg", '"mg" is not kg'),
        ("value: daily dose, more_than: 1 mg/day, while: sometimes", "`condition: value`"),
        ("value: daily dose, max: 1 mg/day", 'did you mean "more_than"?'),
    ],
)
def test_a_measure_that_says_nothing_clear_has_one_message(
    tmp_path: Path, measure: str, words: str
) -> None:
    found = only_problem(tmp_path, rule(f"measure: {{of: list sleepers, {measure}}}"))
    assert words in found


# escalate and downgrade ---------------------------------------------------------------------------


def test_a_change_of_the_check_changes_every_use_of_it(tmp_path: Path) -> None:
    second = DOSE.replace("baclofen", "tizanidine").replace("80", "24")
    more = "escalate: [{to: critical, when: {daily_dose: {for_at_least: 3 days}}}]\n"
    made = load(tmp_path, rule(f"any_of:\n  - {DOSE}\n  - {second}\n  - {WITH}", more))
    when = made.escalate[0].when
    assert isinstance(when, SameCheckWith)
    before = [getattr(use.params, "for_at_least", None) for use in made.uses]
    after = [getattr(use.params, "for_at_least", None) for use in when.clause.uses]
    assert (before, after) == ([1, 1, 1], [3, 3, 1])
    assert when.clause.uses[1].params.more_than.ug == 24_000


def test_a_limit_takes_the_place_of_one_of_its_side(tmp_path: Path) -> None:
    more = "escalate: [{to: critical, when: {daily_dose: {at_least: 90 mg/day}}}]\n"
    when = load(tmp_path, rule(DOSE, more)).escalate[0].when
    assert isinstance(when, SameCheckWith)
    params = when.clause.uses[0].params
    assert (params.more_than, params.at_least.ug) == (None, 90_000)


def test_a_limit_of_the_other_side_is_no_change(tmp_path: Path) -> None:
    more = "escalate: [{to: critical, when: {daily_dose: {more_than: 90 mg/day}}}]\n"
    found = only_problem(tmp_path, rule(f"any_of:\n  - {DOSE}\n  - {OTHER}", more))
    assert "the rule says less_than, so more_than is no change of it" in found


def test_another_check_in_when_is_a_condition_with_all_its_parameters(tmp_path: Path) -> None:
    more = "escalate: [{to: critical, when: {taken: {of: diazepam, for_at_least: 3 days}}}]\n"
    when = load(tmp_path, rule(DOSE, more)).escalate[0].when
    assert isinstance(when, Finds)
    assert (when.use.check, when.use.params.for_at_least) == ("taken", 3)


@pytest.mark.parametrize(
    ("to", "kept"), [("low", "low"), ("one step lower", None), ("moderate", "moderate")]
)
def test_a_downgrade_is_compiled(tmp_path: Path, to: str, kept: str | None) -> None:
    more = f"downgrade: [{{to: {to}, when: {{daily_dose: {{for_at_least: 9 days}}}}}}]\n"
    (made,) = load(tmp_path, rule(DOSE, more)).downgrade
    assert made.to == kept
    assert isinstance(made.when, SameCheckWith)


CASES = f"any_of:\n  - severity: low\n    {DOSE}\n  - {WITH}"


@pytest.mark.parametrize(
    ("flag_when", "more", "words"),
    [
        (DOSE, "downgrade: [{to: high, when: {sex: F}}]\n", "lowers nothing"),
        (DOSE, "downgrade: [{to: critical, when: {sex: F}}]\n", "stands in escalate"),
        (DOSE, "escalate: [{to: low, when: {sex: F}}]\n", "stands in downgrade"),
        (DOSE, "escalate: {to: critical, when: {sex: F}}\n", "must be a list"),
        (DOSE, "downgrade: [{to: lower, when: {sex: F}}]\n", 'did you mean "low"?'),
        (CASES, "escalate: [{to: low, when: {sex: F}}]\n", "raises nothing"),
        (DOSE, "downgrade: [{to: low, when: {sex: F, taking: diazepam}}]\n", "exactly one"),
    ],
)
def test_a_severity_that_moves_nothing_is_a_problem(
    tmp_path: Path, flag_when: str, more: str, words: str
) -> None:
    assert words in only_problem(tmp_path, rule(flag_when, more))


def test_a_severity_between_those_of_the_alternatives_can_be_raised_to(tmp_path: Path) -> None:
    more = "escalate: [{to: high, when: {sex: F}}]\ndowngrade: [{to: low, when: {sex: M}}]\n"
    made = load(tmp_path, rule(CASES, more))
    assert (made.escalate[0].to, made.downgrade[0].to) == ("high", "low")


def test_what_an_escalation_reaches_can_be_lowered(tmp_path: Path) -> None:
    more = "escalate: [{to: critical, when: {sex: F}}]\ndowngrade: [{to: high, when: {sex: F}}]\n"
    assert load(tmp_path, rule(DOSE, more)).downgrade[0].to == "high"


def test_a_site_may_adjust_what_stands_in_the_rule(tmp_path: Path) -> None:
    guard = "only_if: {kidney_function: {below: 60}}\nsites_may_adjust: [grace, below, status]\n"
    made = load(tmp_path, rule(WITH, guard))
    assert made.sites_may_adjust == ("grace", "below", "status")
    found = only_problem(tmp_path / "b", rule(WITH, guard.replace("below,", "above,")))
    assert 'names "above", which this rule does not have' in found


def test_nobody_below_18_is_left_in_a_rule_for_adults(tmp_path: Path) -> None:
    only = "for: adults\nonly_if: {age: {below: 18 years}}\n"
    assert "leaves nobody below 18 years" in only_problem(tmp_path / "a", rule(DOSE, only))
    assert load(tmp_path / "b", rule(DOSE, only.replace("18", "19"))).adults_only


def test_the_sound_rule_of_the_tests_is_sound(tmp_path: Path) -> None:
    assert load(tmp_path, changed()).flag_when.kind == "check"
