"""The fast engine against the slow reference, rule by rule, on invented patients.

`make test-deep` draws thousands; here a fixed handful keeps every run honest and short.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.rule.model import Rule
from tests.properties.extra_rules import GUARDED, OTHER_PARAMETERS
from tests.properties.kept_cases import KEPT
from tests.properties.patients import buckets
from tests.reference.compare import differences, row_class_differences, timeline_differences
from tests.reference.histories import Bucket
from tests.reference.rules import BY_ID, RULES

production = pytest.importorskip("screener.checks.bucket", exc_type=ModuleNotFoundError)


EVERY_RULE = (*RULES, *GUARDED, *OTHER_PARAMETERS)


def agree(bucket: Bucket, rules: tuple[Rule, ...]) -> None:
    """Fails with every difference, and with the patients when hypothesis reports."""
    results = production.screen_bucket(bucket.tables(), rules, bucket.as_of)
    assert differences(bucket, rules, results) == []


def _property(rule_id: str, *themes: str) -> Any:
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
@given(bucket=buckets("kidney", "strengths"), alone=st.sampled_from(GUARDED))
def test_both_agree_on_every_guard(bucket: Bucket, alone: Rule) -> None:
    agree(bucket, GUARDED)
    agree(bucket, (alone,))


@given(bucket=buckets("plain", "partners", "strengths"), alone=st.sampled_from(OTHER_PARAMETERS))
def test_both_agree_on_parameters_that_no_shipped_rule_uses(bucket: Bucket, alone: Rule) -> None:
    agree(bucket, OTHER_PARAMETERS)
    agree(bucket, (alone,))


@pytest.mark.parametrize("rule", [None, *EVERY_RULE], ids=lambda rule: rule.id if rule else "days")
def test_both_agree_on_every_kept_patient(rule: Rule | None) -> None:
    wrong = {}
    for bucket, cases in _screened_together():
        if _kept_differences(bucket, rule):  # only then each case alone, to name it
            alone = {why: _kept_differences(kept, rule) for why, kept in cases}
            wrong |= {why: lines for why, lines in alone.items() if lines}
            assert wrong, "only the patients of several cases together differ"
    assert wrong == {}


def _screened_together() -> list[tuple[Bucket, list[tuple[str, Bucket]]]]:
    """Every kept patient in one bucket per last day and supplied tables; and the cases in it."""
    groups: dict[Any, list[tuple[str, Bucket]]] = {}
    for why, kept in KEPT:
        groups.setdefault((kept.as_of, kept.supplied), []).append((why, kept))
    return [
        (Bucket([one for _, kept in cases for one in kept.histories], *common), cases)
        for common, cases in groups.items()
    ]


def _kept_differences(bucket: Bucket, rule: Rule | None) -> list[str]:
    rules = (rule,) if rule else ()
    results = production.screen_bucket(bucket.tables(), rules, bucket.as_of)
    if rule:
        return differences(bucket, rules, results)
    return timeline_differences(bucket, results) + row_class_differences(bucket, results)
