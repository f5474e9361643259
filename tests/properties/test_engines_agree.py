"""The fast engine against the slow reference, rule by rule, on invented patients.

`make test-deep` draws thousands; here a fixed handful keeps every run honest and short.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from screener.rule.model import Rule
from tests.properties.extra_rules import GUARDED, OTHER_PARAMETERS
from tests.properties.kept_cases import KEPT
from tests.properties.patients import buckets
from tests.reference.compare import differences, row_class_differences, timeline_differences
from tests.reference.histories import Bucket
from tests.reference.rules import BY_ID, RULES

production = pytest.importorskip("screener.checks.bucket", exc_type=ModuleNotFoundError)


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


@given(bucket=buckets("kidney"))
def test_both_agree_on_every_guard(bucket: Bucket) -> None:
    agree(bucket, GUARDED)


@given(bucket=buckets("plain", "partners"))
def test_both_agree_on_parameters_that_no_shipped_rule_uses(bucket: Bucket) -> None:
    agree(bucket, OTHER_PARAMETERS)


@pytest.mark.parametrize("bucket", [kept for _, kept in KEPT], ids=[why for why, _ in KEPT])
def test_both_agree_on_every_kept_patient(bucket: Bucket) -> None:
    agree(bucket, (*RULES, *GUARDED, *OTHER_PARAMETERS))
    results = production.screen_bucket(bucket.tables(), (), bucket.as_of)
    assert timeline_differences(bucket, results) == []
    assert row_class_differences(bucket, results) == []
