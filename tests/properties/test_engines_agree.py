"""The fast engine against the slow reference, rule by rule, on invented patients.

`make test-deep` draws thousands; here a fixed handful keeps every run honest and short.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.checks import CHECKS
from screener.rule.model import Rule
from tests.properties.classes import FAMILIES
from tests.properties.extra_rules import GUARDED, OTHER_PARAMETERS
from tests.properties.kept_cases import KEPT
from tests.properties.kept_classes import KEPT_CLASSES
from tests.properties.patients import buckets
from tests.properties.rules_of_checks import BY_CHECK, CHECK_RULES
from tests.properties.rules_of_clauses import GUARDED_COURSES, SHAPES
from tests.reference.compare import differences, row_class_differences, timeline_differences
from tests.reference.histories import Bucket
from tests.reference.rules import BY_ID, RULES

production = pytest.importorskip("screener.checks.bucket", exc_type=ModuleNotFoundError)


SHARE = max(1, settings().max_examples // 3)  # where there are many tests of one kind


def agree(bucket: Bucket, rules: tuple[Rule, ...]) -> None:
    """Fails with every difference, and with the patients when hypothesis reports."""
    results = production.screen_bucket(bucket.tables(), rules, bucket.as_of)
    assert differences(bucket, rules, results) == []


def _all_or_one(rules: tuple[Rule, ...]) -> st.SearchStrategy[tuple[Rule, ...]]:
    return st.sampled_from((rules, rules, *((rule,) for rule in rules)))


def _property(rule_id: str, *themes: str) -> Any:
    @settings(max_examples=SHARE)
    @given(bucket=buckets(*themes))
    def test(bucket: Bucket) -> None:
        agree(bucket, (BY_ID[rule_id],))

    return test


test_both_agree_on_max_dose = _property("baclofen-max-dose", "plain", "strengths", "refills")
test_both_agree_on_starting_dose = _property("baclofen-starting-dose", "plain", "ends")
test_both_agree_on_raises = _property("baclofen-raised-too-fast", "plain", "tapers", "strengths")
test_both_agree_on_falls = _property("baclofen-lowered-too-fast", "plain", "tapers", "strengths")
test_both_agree_on_stops = _property("baclofen-stopped-abruptly", "ends", "tapers", "refills")
test_both_agree_on_partners = _property("baclofen-with-cns-depressant", "partners")
test_both_agree_on_muscle_relaxants = _property("baclofen-with-muscle-relaxant", "partners")
test_both_agree_on_partners_per_episode = _property("baclofen-with-antihypertensive", "partners")
test_both_agree_on_diuretics = _property("baclofen-with-diuretic", "partners", "kidney")
test_both_agree_on_alcohol_markers = _property("baclofen-with-alcohol-marker", "partners")
test_both_agree_on_kidney_function = _property("baclofen-renal-dose", "kidney")
test_both_agree_on_doses_per_day = _property("baclofen-too-few-doses", "plain", "strengths")
test_both_agree_on_supplied_twice = _property("baclofen-supplied-twice", "plain", "refills")
test_both_agree_on_the_pump = _property("baclofen-intrathecal-dose", "plain")
THEMES = ("plain", "kidney", "partners", "ends", "refills", "strengths", "tapers")


@given(bucket=buckets(*THEMES))
def test_both_agree_on_every_day_and_every_row(bucket: Bucket) -> None:
    results = production.screen_bucket(bucket.tables(), (), bucket.as_of)
    assert timeline_differences(bucket, results) == []
    assert row_class_differences(bucket, results) == []


@given(bucket=buckets(*THEMES))
def test_both_agree_on_all_rules_together(bucket: Bucket) -> None:
    agree(bucket, RULES)


# A flag that one rule raises hides that another does not: so every time one rule stands alone.
@given(
    bucket=buckets("kidney", "strengths"), kind=st.integers(0, 2), alone=st.sampled_from(GUARDED)
)
def test_both_agree_on_every_guard(bucket: Bucket, kind: int, alone: Rule) -> None:
    agree(bucket, GUARDED[kind::3])
    agree(bucket, (alone,))


@given(bucket=buckets("plain", "partners", "strengths"), these=_all_or_one(OTHER_PARAMETERS))
def test_both_agree_on_parameters_that_no_shipped_rule_uses(
    bucket: Bucket, these: tuple[Rule, ...]
) -> None:
    agree(bucket, these)


@pytest.mark.parametrize("check", CHECK_RULES)
def test_both_agree_on_every_parameter_of(check: str) -> None:
    rules = CHECK_RULES[check]

    @settings(max_examples=SHARE)
    @given(bucket=buckets(*BY_CHECK[check][1]), these=_all_or_one(rules))
    def test(bucket: Bucket, these: tuple[Rule, ...]) -> None:
        agree(bucket, these)

    test()


def test_the_rules_of_all_checks_are_compared() -> None:
    assert set(CHECK_RULES) == set(CHECKS)


@settings(max_examples=SHARE)
@given(bucket=buckets(*FAMILIES), these=_all_or_one(SHAPES))
def test_both_agree_on_checks_put_together(bucket: Bucket, these: tuple[Rule, ...]) -> None:
    agree(bucket, these)


@settings(max_examples=SHARE)
@given(bucket=buckets(*FAMILIES), kind=st.integers(0, 3), alone=st.sampled_from(GUARDED_COURSES))
def test_both_agree_on_every_condition_about_courses_and_tests(
    bucket: Bucket, kind: int, alone: Rule
) -> None:
    agree(bucket, GUARDED_COURSES[kind::4])
    agree(bucket, (alone,))


@given(bucket=buckets(*FAMILIES))
def test_both_agree_on_every_day_of_several_drugs(bucket: Bucket) -> None:
    results = production.screen_bucket(bucket.tables(), (), bucket.as_of)
    assert timeline_differences(bucket, results) == []


OLD_RULES: dict[str, tuple[Rule, ...]] = {
    "days": (),
    **{rule.id: (rule,) for rule in RULES},
    **{f"guards {kind}": GUARDED[kind::3] for kind in range(3)},
    "other parameters": OTHER_PARAMETERS,
}
RULES_OF_CLASSES: dict[str, tuple[Rule, ...]] = {
    "days of several drugs": (),
    **CHECK_RULES,
    "checks put together": SHAPES,
    "conditions": GUARDED_COURSES,
}
Cases = tuple[tuple[str, Bucket], ...]
KEPT_FOR: dict[str, tuple[tuple[Rule, ...], Cases]] = {
    **{name: (rules, KEPT) for name, rules in OLD_RULES.items()},
    **{name: (rules, KEPT_CLASSES) for name, rules in RULES_OF_CLASSES.items()},
    "guards about tests": (GUARDED, KEPT_CLASSES),
}


@pytest.mark.parametrize(("rules", "kept"), KEPT_FOR.values(), ids=KEPT_FOR)
def test_both_agree_on_every_kept_patient(rules: tuple[Rule, ...], kept: Cases) -> None:
    wrong: dict[str, list[str]] = {}
    for bucket, cases in _screened_together(kept):
        if _kept_differences(bucket, rules):  # only then each case alone, to name it
            alone = {why: _kept_differences(case, rules) for why, case in cases}
            wrong |= {why: lines for why, lines in alone.items() if lines}
            assert wrong, "only the patients of several cases together differ"
    assert wrong == {}


def _screened_together(kept: Cases) -> list[tuple[Bucket, list[tuple[str, Bucket]]]]:
    """Every kept patient in one bucket per last day and supplied tables; and the cases in it."""
    groups: dict[Any, list[tuple[str, Bucket]]] = {}
    for why, bucket in kept:
        groups.setdefault((bucket.as_of, bucket.supplied), []).append((why, bucket))
    return [
        (Bucket([one for _, case in cases for one in case.histories], *common), cases)
        for common, cases in groups.items()
    ]


def _kept_differences(bucket: Bucket, rules: tuple[Rule, ...]) -> list[str]:
    results = production.screen_bucket(bucket.tables(), rules, bucket.as_of)
    if rules:
        return differences(bucket, rules, results)
    return timeline_differences(bucket, results) + row_class_differences(bucket, results)
