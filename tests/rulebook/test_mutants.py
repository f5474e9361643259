"""The mutants of a rule: one thing changed at a time, named, and none that means the same."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from screener.checks.daily_dose import DailyDose
from screener.checks.dose_for_kidney_function import Band, DoseForKidneyFunction
from screener.checks.spec import param
from screener.checks.stops_suddenly import LoweredTo, StopsSuddenly
from screener.checks.taken_together import TakenTogether
from screener.rule.model import (
    Age,
    Clause,
    Downgrade,
    Escalation,
    KidneyFunction,
    Recorded,
    Rule,
    SameCheckWith,
    SomeOf,
    Taking,
    one_check,
)
from screener.rule.values import Conversion, DailyAmount, DrugSet, Factor, Limits, Share
from screener.rulebook.mutants import mutants_of
from screener.terminology import class_members

BY_MOUTH = frozenset({"by mouth", "sublingual"})
BACLOFEN = DrugSet("baclofen by mouth", frozenset({"baclofen"}), BY_MOUTH)
OPIOIDS = DrugSet("opioids", class_members("opioid") or frozenset())


def mg(amount: str) -> DailyAmount:
    return DailyAmount(round(float(amount) * 1000), f"{amount} mg/day")


def above(amount: str, **more: object) -> Clause:
    return one_check("daily_dose", DailyDose(BACLOFEN, more_than=mg(amount), **more))  # type: ignore[arg-type]


def rule(flag_when: Clause, **more: object) -> Rule:
    return Rule("a-rule", "title", 1, "active", "high", flag_when, **more)  # type: ignore[arg-type]


def names(one: Rule, *said: str) -> list[str]:
    return [mutant.name for mutant in mutants_of(one, frozenset(said))]


def mutant(one: Rule, name: str) -> Rule:
    (found,) = (m.rule for m in mutants_of(one) if m.name == name)
    return found


def test_every_value_of_a_rule_is_changed_in_the_order_of_the_rule() -> None:
    dose = SameCheckWith("daily_dose", above("100"))
    one = rule(above("80"), escalate=(Escalation("critical", dose),), unless=(Age(below=18),))
    assert names(one) == [
        "of: by mouth -> any systemic route",
        "more_than 80 mg/day -> 79 mg/day",
        "more_than 80 mg/day -> 81 mg/day",
        "more_than 80 mg/day -> at_least 80 mg/day",
        "severity high -> moderate",
        "severity high -> critical",
        "for everyone -> adults",
        "without: escalate to critical when daily_dose",
        "escalate to critical: to critical -> high",
        "escalate to critical: more_than 100 mg/day -> 99 mg/day",
        "escalate to critical: more_than 100 mg/day -> 101 mg/day",
        "escalate to critical: more_than 100 mg/day -> at_least 100 mg/day",
        "without: unless age below 18",
        "negated: unless age below 18",
        "unless age: below 18 years -> 17 years",
        "unless age: below 18 years -> 19 years",
    ]


def test_one_thing_changes_and_nothing_else() -> None:
    one = rule(above("80"))
    changed = mutant(one, "more_than 80 mg/day -> 81 mg/day")
    assert changed == dataclasses.replace(one, flag_when=above("81"))


@pytest.mark.parametrize(
    ("amount", "near"),
    [("80", {79_000, 81_000}), ("2.5", {2_400, 2_600}), ("0.25", {240, 260}), ("1", {2_000})],
)
def test_a_limit_moves_by_its_smallest_written_place(amount: str, near: set[int]) -> None:
    moved = {m.rule.uses[0].params.more_than for m in mutants_of(rule(above(amount)))}
    assert {a.ug for a in moved if a} - {mg(amount).ug} == near


def test_an_amount_in_micrograms_stays_one() -> None:
    small = DailyAmount(250, "250 mcg/day")
    one = rule(one_check("daily_dose", DailyDose(BACLOFEN, less_than=small)))
    changed = mutant(one, "less_than 250 mcg/day -> 251 mcg/day")
    assert changed.uses[0].params.less_than == DailyAmount(251, "251 mcg/day")


def test_a_comparison_becomes_its_twin_where_the_check_has_one() -> None:
    changed = mutant(rule(above("80")), "more_than 80 mg/day -> at_least 80 mg/day")
    params = changed.uses[0].params
    assert (params.more_than, params.at_least) == (None, mg("80"))


def test_a_comparison_without_a_twin_moves_by_the_least_that_counts() -> None:
    under = rule(one_check("daily_dose", DailyDose(BACLOFEN, less_than=mg("10"))))
    changed = mutant(under, "less_than 10 mg/day -> at_most 10 mg/day")
    assert changed.uses[0].params.less_than.ug == 10_001
    taper = LoweredTo(7, mg("20"), Share(50.0))
    stops = rule(one_check("stops_suddenly", StopsSuddenly(BACLOFEN, 60, unless_lowered=taper)))
    lowered = mutant(stops, "unless_lowered: to_at_most 20 mg/day -> to_below 20 mg/day")
    assert lowered.uses[0].params.unless_lowered.to_at_most.ug == 19_999
    share = mutant(stops, "unless_lowered: to_at_most_share 50 % -> to_below 50 %")
    assert 49.99 < share.uses[0].params.unless_lowered.to_at_most_share.percent < 50


def test_what_an_escalation_repeats_is_changed_with_the_rule() -> None:
    dose = SameCheckWith("daily_dose", above("100"))
    one = rule(above("80"), escalate=(Escalation("critical", dose),))
    wider = mutant(one, "of: by mouth -> any systemic route")
    (escalation,) = wider.escalate
    assert isinstance(escalation.when, SameCheckWith)
    repeated = escalation.when.clause.uses[0].params
    assert "injected" in repeated.of.tracks
    assert repeated.more_than == mg("100")
    lower = mutant(one, "more_than 80 mg/day -> 79 mg/day")
    assert lower.escalate == one.escalate


def test_a_default_is_left_alone_unless_the_file_says_its_key() -> None:
    stops = rule(one_check("stops_suddenly", StopsSuddenly(BACLOFEN, 60)))
    assert not [name for name in names(stops) if name.startswith("held_for")]
    assert [name for name in names(stops, "held_for") if name.startswith("held_for")] == [
        "held_for 7 days -> 6 days",
        "held_for 7 days -> 8 days",
    ]
    assert not [name for name in names(rule(above("80")), "for_at_least") if "for_at_least" in name]


def test_alternatives_and_lines_are_left_out_one_by_one() -> None:
    pair = one_check("taken_together", TakenTogether(BACLOFEN, OPIOIDS))
    both = Clause("all_of", (pair, Age(at_least=65)), severity="low", for_at_least=2)
    one = rule(Clause("any_of", (above("80"), both)))
    found = {m.name: m.rule.flag_when for m in mutants_of(one)}
    assert found["without: alternative 1, daily_dose"].parts == (both,)
    assert found["without: alternative 2, all_of"].parts == (above("80"),)
    alone = found["alternative 2: without: line 2, age at_least 65"].parts[1]
    assert isinstance(alone, Clause)
    assert alone.parts == (pair,)
    assert "alternative 2: for_at_least 2 days -> 3 days" in found
    assert "alternative 2: severity low -> info" in found
    assert not [name for name in found if "without: line 1" in name]  # no check would be left


def test_guards_are_left_out_and_negated() -> None:
    care = Recorded("palliative care", frozenset({"z51.5"}))
    one = rule(above("80"), unless=(care,), only_if=(Age(at_least=65),))
    assert mutant(one, "without: unless recorded palliative care").unless == ()
    negated = mutant(one, "negated: only_if age at_least 65")
    assert negated.only_if == (SomeOf((Age(at_least=65),), fewer_than=1),)


def test_both_bounds_of_a_condition_and_its_window_are_changed() -> None:
    kidney = KidneyFunction(Limits(at_least=30.0, below=60.5), result_good_for=90)
    one = rule(above("80"), downgrade=(Downgrade(None, kidney),))
    found = [name for name in names(one) if name.startswith("downgrade when kidney_function: ")]
    assert [name.removeprefix("downgrade when kidney_function: ") for name in found] == [
        "at_least 30 -> 29",
        "at_least 30 -> 31",
        "at_least 30 -> more_than 30",
        "without: at_least 30",
        "below 60.5 -> 60.4",
        "below 60.5 -> 60.6",
        "below 60.5 -> at_most 60.5",
        "without: below 60.5",
        "result_good_for 90 days -> 89 days",
        "result_good_for 90 days -> 91 days",
    ]


def test_a_short_list_loses_each_ingredient_and_a_long_one_some_and_classes() -> None:
    two = DrugSet("two", frozenset({"verapamil", "diltiazem"}))
    few = names(rule(above("80"), only_if=(Taking(two),)))
    assert [name for name in few if name.startswith("only_if taking: ")] == [
        "only_if taking: without diltiazem",
        "only_if taking: without verapamil",
    ]
    cns = DrugSet("cns", class_members("cns_depressant") or frozenset())
    pair = rule(one_check("taken_together", TakenTogether(BACLOFEN, cns)))
    lists = {m.name: m.rule.uses[0].params.with_.ingredients for m in mutants_of(pair)
             if m.name.startswith("with: ")}  # fmt: skip
    first, last = sorted(cns.ingredients)[0], sorted(cns.ingredients)[-1]
    assert lists[f"with: without {first}"] == cns.ingredients - {first}
    assert f"with: without {last}" in lists
    assert lists[f"with: without all but {first}"] == {
        first,
        "baclofen",
    }  # which counts for nothing
    whole = [name for name in lists if "of class" in name]
    assert 2 <= len(whole) <= 6
    assert all(lists[name] for name in whole)


def test_members_that_are_left_out_anyway_are_no_mutants() -> None:
    partners = DrugSet("some", frozenset({"codeine", "morphine", "tramadol", "baclofen"}))
    out = DrugSet("codeine", frozenset({"codeine", "aspirin"}))
    one = rule(one_check("taken_together", TakenTogether(BACLOFEN, partners, except_=out)))
    assert [name for name in names(one) if "with" in name] == [
        "with: without morphine",
        "with: without tramadol",
        "without: except codeine",
    ]


def test_several_route_words_are_left_out_one_by_one() -> None:
    several = DrugSet("fentanyl", frozenset({"fentanyl"}), BY_MOUTH | {"transdermal"})
    one = rule(one_check("daily_dose", DailyDose(several, more_than=mg("1"))))
    assert names(one)[:3] == [
        "of: by mouth or as a patch -> any systemic route",
        "of: not by mouth",
        "of: not as a patch",
    ]


def test_factors_of_a_conversion_move_by_their_last_place() -> None:
    counted = Conversion(
        "oral morphine",
        (Factor("codeine", "by mouth", 3, 20), Factor("oxycodone", "by mouth", 3, 2)),
    )
    one = rule(above("80", counted_as=counted))
    found = {m.name: m.rule for m in mutants_of(one) if m.name.startswith("counted_as ")}
    assert list(found) == [
        "counted_as codeine by mouth 0.15 -> 0.16",
        "counted_as oxycodone by mouth 1.5 -> 1.6",
    ]
    (codeine, _) = found[next(iter(found))].uses[0].params.counted_as.factors
    assert codeine.number / codeine.per == 0.16


def kidney_rule(*bands: Band) -> Rule:
    return rule(one_check("dose_for_kidney_function", DoseForKidneyFunction(BACLOFEN, bands)))


def test_bands_have_their_bounds_doses_and_severities_changed() -> None:
    band = Band("moderate", from_=30.0, below=60.0, age_at_least=65, dose_more_than=mg("40"))
    found = names(kidney_rule(band))
    for name in (
        "from 30 -> above 30",
        "below 60 -> 61",
        "age_at_least 65 years -> 66 years",
        "dose_more_than 40 mg/day -> dose_at_least 40 mg/day",
        "severity moderate -> high",
    ):
        assert f"band 1: {name}" in found


def test_a_bound_moved_into_a_more_severe_band_is_no_mutant() -> None:
    both = names(kidney_rule(Band("high", below=30.0), Band("low", from_=30.0, below=60.0)))
    assert "band 2: from 30 -> 29" not in both
    assert "band 2: from 30 -> 31" in both
    assert "band 1: below 30 -> 31" in both
    other_way = names(kidney_rule(Band("low", below=30.0), Band("high", from_=30.0, below=60.0)))
    assert "band 2: from 30 -> 29" in other_way
    assert "band 1: below 30 -> 31" not in other_way


def test_the_severity_of_a_rule_counts_only_where_nothing_has_its_own() -> None:
    assert not [n for n in names(kidney_rule(Band("low", below=30.0))) if n.startswith("severity")]
    own = dataclasses.replace(above("80"), severity="low")
    two = rule(Clause("any_of", (own, above("100"))))
    assert "severity high -> critical" in names(two)
    assert "severity high -> critical" not in names(rule(Clause("any_of", (own, own))))


@dataclass(frozen=True, slots=True)
class NewCheck:
    """The parameters of a check that nobody has written."""

    of: DrugSet = param("drugs", "a drug")
    within: int = param("days", "a window")
    per: str = param("choice", "a choice", choices=("drug", "set"))
    strictly: bool = param("yes", "a switch", default=False)


def test_a_new_check_has_mutants_without_a_line_here() -> None:
    one = rule(one_check("new_check", NewCheck(BACLOFEN, 14, "drug", strictly=True)))
    assert names(one)[1:5] == [
        "within 14 days -> 13 days",
        "within 14 days -> 15 days",
        "per drug -> set",
        "strictly yes -> no",
    ]


def test_names_are_unique_and_no_mutant_is_the_rule() -> None:
    twice = Clause("any_of", (above("80"), above("80", for_at_least=3)))
    one = rule(twice, only_if=(Taking(OPIOIDS), Taking(BACLOFEN)))
    found = mutants_of(one)
    assert len({m.name for m in found}) == len(found)
    assert all(m.rule != one for m in found)
    assert found == mutants_of(one)
