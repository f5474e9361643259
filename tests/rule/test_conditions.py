"""Every condition: what it compiles to, the edges of its numbers, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from screener.rule import model, values
from screener.rule.values import Limits
from screener.rulebook.library import ShippedVocabulary
from tests.rule.authoring import LIST, changed, load, problems

WHEN = "{daily_dose: {more_than: 100 mg/day}}"
MOUTH = frozenset({"by mouth", "sublingual"})


def compiled(tmp_path: Path, text: str) -> model.Condition:
    """One condition, the same wherever it stands."""
    guards = f"only_if: {text}\nunless: [{text}]\nmessage:"
    rule = load(tmp_path, changed((WHEN, text), ("message:", guards)))
    assert rule.only_if == rule.unless == (rule.escalate[0].when,)
    return rule.only_if[0]


def one(
    name: str, tracks: frozenset[str] = values.SYSTEMIC_TRACKS, words: str = ""
) -> values.DrugSet:
    return values.DrugSet(f"{name} {words}".strip(), frozenset({name}), tracks)


def the_test(name: str) -> values.LabTest:
    found = ShippedVocabulary().lab_test(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{weight: {at_most: 60 kg}}", model.Weight(Limits(at_most=60.0))),
        (
            "{weight: {more_than: 40.5 kg, below: 60kg}}",
            model.Weight(Limits(more_than=40.5, below=60.0)),
        ),
        (
            "{kidney_function: {more_than: 30, at_most: 59.9 mL/min/1.73m2}}",
            model.KidneyFunction(Limits(more_than=30.0, at_most=59.9)),
        ),
        (
            "{kidney_function: {estimate: creatinine_clearance, at_most: 50 mL/min}}",
            model.KidneyFunction(Limits(at_most=50.0), estimate="creatinine_clearance"),
        ),
        ("{taking: baclofen by mouth}", model.Taking(one("baclofen", MOUTH, "by mouth"))),
        (
            "{started_within: {of: lithium, days: 28 days}}",
            model.StartedWithin(one("lithium"), 28, 90, 28),
        ),
        (
            "{started_within: {of: lithium, days: 0 days, new_after: 180 days,"
            " or_restart_after: 2 weeks}}",
            model.StartedWithin(one("lithium"), 0, 180, 14),
        ),
        (
            "{stopped_within: {of: fluoxetine, days: 35 days}}",
            model.StoppedWithin(one("fluoxetine"), 35),
        ),
        (
            "{dose_lowered: {of: azathioprine, to_at_most: 33 %}}",
            model.DoseLowered(one("azathioprine"), values.Share(33.0)),
        ),
        (
            "{cross_taper: {of: diazepam, and: lorazepam, within: 28 days}}",
            model.CrossTaper(one("diazepam"), one("lorazepam"), 28),
        ),
        (
            "{any_of: [sex: F, age: {at_least: 65 years}]}",
            model.SomeOf((model.Sex("F"), model.Age(at_least=65)), at_least=1),
        ),
        (
            "{all_of: [sex: F, any_of: [sex: M, age: {below: 9 years}]]}",
            model.AllOf(
                (
                    model.Sex("F"),
                    model.SomeOf((model.Sex("M"), model.Age(below=9)), at_least=1),
                )
            ),
        ),
        (
            "{some_of: {at_least: 2, of: [sex: F, age: {below: 9 years}]}}",
            model.SomeOf((model.Sex("F"), model.Age(below=9)), at_least=2),
        ),
        (
            "{some_of: {fewer_than: 2, of: [sex: F, age: {below: 9 years}]}}",
            model.SomeOf((model.Sex("F"), model.Age(below=9)), fewer_than=2),
        ),
    ],
)
def test_a_condition_is_compiled(tmp_path: Path, text: str, expected: model.Condition) -> None:
    assert compiled(tmp_path, text) == expected


def test_a_cross_taper_may_be_within_one_set(tmp_path: Path) -> None:
    made = compiled(tmp_path, "{cross_taper: {of: list sleepers, within: 4 weeks}}")
    assert isinstance(made, model.CrossTaper)
    assert (made.and_, made.within) == (None, 28)


def test_a_recorded_condition_is_known_to_be_an_exclusion(tmp_path: Path) -> None:
    has = compiled(tmp_path / "a", "{condition: dialysis}")
    recorded = compiled(tmp_path / "b", "{recorded: dialysis}")
    assert isinstance(has, model.HasCondition)
    assert recorded == model.Recorded(has.text, has.names)


def test_a_lab_limit_is_in_the_first_unit_of_the_test(tmp_path: Path) -> None:
    text = (
        "{lab: {test: digoxin, at_least: 1.562 nmol/L, below: 3 ng/mL, result_good_for: 14 days}}"
    )
    made = compiled(tmp_path, text)
    assert made == model.LabResult(
        the_test("digoxin"), Limits(at_least=1.219922, below=3.0), "ug/l", 14
    )


@pytest.mark.parametrize(
    ("written", "mg_dl"), [("1.5 mg/dL", 1.5), ("88.4 umol/L", 1.0), ("88.4 µmol/l", 1.0)]
)
def test_units_of_a_test_are_converted(tmp_path: Path, written: str, mg_dl: float) -> None:
    made = compiled(tmp_path, f"{{lab: {{test: creatinine, more_than: {written}}}}}")
    assert isinstance(made, model.LabResult)
    assert made.limits.more_than == pytest.approx(mg_dl, rel=1e-12)
    assert made.result_good_for == 365


def test_a_ratio_has_no_unit(tmp_path: Path) -> None:
    made = compiled(tmp_path, "{lab: {test: inr, more_than: 4}}")
    assert isinstance(made, model.LabResult)
    assert made.limits == Limits(more_than=4.0)


def test_a_test_may_be_asked_for_on_either_side(tmp_path: Path) -> None:
    made = compiled(tmp_path, "{tested: {test: lithium, within: 180 days}}")
    assert made == model.HadTest(the_test("lithium"), 180)


def test_a_whole_check_may_be_a_condition(tmp_path: Path) -> None:
    text = "{any_of: [sex: F, daily_dose: {of: diazepam, at_least: 5 mg/day}]}"
    made = compiled(tmp_path, text)
    assert isinstance(made, model.SomeOf)
    finds = made.parts[1]
    assert isinstance(finds, model.Finds)
    assert (finds.use.check, finds.use.params.at_least.ug) == ("daily_dose", 5_000)


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("{weight: {at_most: 60}}", "60}", 'has no unit; expected kilograms, for example "60 kg"'),
        ("{weight: {at_most: 9 stone}}", "9 stone", '"stone" is not kg'),
        ("{weight: 60 kg}", "60 kg", "for example {at_most: 60 kg}"),
        ("{weight: {}}", "{}}", "says no limit"),
        (
            "{weight: {at_least: 60 kg, more_than: 50 kg}}",
            "more_than",
            "both more_than and at_least",
        ),
        ("{weight: {at_most: 60 kg, below: 70 kg}}", "below", "both below and at_most"),
        (
            "{weight: {at_least: 60 kg, below: 60 kg}}",
            "{at_least: 60 kg",
            "no weight is at least 60 kg",
        ),
        (
            "{weight: {more_than: 60 kg, at_most: 60 kg}}",
            "{more_than: 60 kg",
            "no weight is more than",
        ),
        (
            "{weight: {more_than: 60 kg, below: 60 kg}}",
            "{more_than: 60 kg",
            "no weight is more than",
        ),
        (
            "{weight: {at_least: 61 kg, at_most: 60 kg}}",
            "{at_least: 61 kg",
            "no weight is at least 61 kg",
        ),
        ("{kidney_function: {below: 30 mL/min}}", "30 mL/min", "mL/min/1.73m2"),
        ("{kidney_function: {below: 30 %}}", "30 %", "is not a"),
        (
            "{kidney_function: {estimate: cockcroft, below: 30}}",
            "cockcroft",
            '"creatinine_clearance"?',
        ),
        (
            "{kidney_function: {estimate: creatinine_clearance, below: 30 mL/min/1.73m2}}",
            "30 mL/min/1.73m2",
            "has not the unit of creatinine_clearance",
        ),
        ("{lab: {test: potassum, below: 3.5 mmol/L}}", "potassum", 'did you mean "potassium"?'),
        ("{lab: {test: potassium, below: 3.5}}", "3.5", '"3.5 mmol/L"'),
        (
            "{lab: {test: potassium, below: 3.5 mg/dL}}",
            "3.5 mg/dL",
            '"mg/dL" is not a unit of potassium',
        ),
        ("{lab: {test: full blood count, below: 3.5 g/L}}", "3.5 g/L", "no limit in common"),
        ("{lab: {test: potassium}}", "{test: potassium", "lab says no limit"),
        ("{lab: {below: 3.5 mmol/L}}", "{below: 3.5 mmol/L", 'lab needs "test"'),
        ("{tested: {test: lithium}}", "{test: lithium", 'tested needs "within"'),
        ("{started_within: {of: lithium, within: 28 days}}", "within", 'did you mean "days"?'),
        ("{stopped_within: {of: lithium, days: 0 days}}", "0 days", "can never hold"),
        ("{dose_lowered: {of: lithium, to_at_most: 20 mg/day}}", "20 mg/day", "is not a share"),
        ("{cross_taper: {of: diazepam, within: 28 days}}", "{of: diazepam", "two different drugs"),
        (
            "{cross_taper: {of: diazepam, and: diazepam, within: 1 day}}",
            "{of: diazepam",
            "two different drugs",
        ),
        ("{any_of: [sex: F]}", "any_of", "has one line"),
        ("{some_of: {of: [sex: F, sex: M]}}", "some_of", "does not say how many"),
        ("{some_of: {at_least: 3, of: [sex: F, sex: M]}}", "3", "never holds"),
        ("{some_of: {at_least: 0, of: [sex: F, sex: M]}}", "0", "always holds"),
        ("{some_of: {fewer_than: 3, of: [sex: F, sex: M]}}", "3", "always holds"),
        ("{some_of: {fewer_than: 0, of: [sex: F, sex: M]}}", "0", "never holds"),
        ("{age: {at_least: 650 years}}", "650 years", "nobody is that old"),
        ("{age: {below: 0 years}}", "{below: 0 years", "no age is below 0"),
        ("{recorded: sadness}", "sadness", "no condition list"),
        ("{recorded: dyalysis}", "dyalysis", 'did you mean "dialysis"?'),
        ("{no: {sex: F}}", "no:", "stands in unless"),
    ],
)
def test_a_wrong_condition_has_one_message_at_its_place(
    tmp_path: Path, text: str, at: str, words: str
) -> None:
    files = {
        "limits/too-much.yaml": changed(("message:", f"only_if: {text}\nmessage:")),
        "lists/sleepers.yaml": LIST,
    }
    (found,) = problems(tmp_path, files)
    assert found.startswith("limits/too-much.yaml:14:"), found
    assert words in found
    line = f"only_if: {text}"
    assert line[int(found.split(":")[2]) - 1 :].startswith(at), found


def test_a_single_number_may_lie_between_two_closed_edges(tmp_path: Path) -> None:
    made = compiled(tmp_path, "{weight: {at_least: 60 kg, at_most: 60 kg}}")
    assert made == model.Weight(Limits(at_least=60.0, at_most=60.0))


def test_two_of_two_and_fewer_than_two_of_two_are_no_nonsense(tmp_path: Path) -> None:
    both = "[sex: F, sex: M]"
    for number, text in enumerate((f"at_least: 2, of: {both}", f"fewer_than: 1, of: {both}")):
        made = compiled(tmp_path / str(number), f"{{some_of: {{{text}}}}}")
        assert isinstance(made, model.SomeOf)
