"""The invented rules of the report's tests, as run.json lists them."""

from __future__ import annotations

from typing import Any


def rule(
    rule_id: str, title: str, severity: str, check: str, sentence: str, **more: Any
) -> dict[str, Any]:
    """One entry of run.json's rules."""
    return {
        "id": rule_id, "title": title, "version": 1,
        "fingerprint": f"{len(title) * 7919:016x}",
        "status": "active", "severity": severity, "topic": "baclofen", "check": check,
        "sentence": sentence,
        "why": "Sedation, confusion and respiratory depression rise with dose.",
        "action": "Check the order with the prescriber; lower stepwise, never stop at once.",
        "message": None,
        "evidence": [{"source": "US tablets label", "where": "section 2",
                      "read_on": "2026-08-22"}],
        "owners": {"wrote": "pharmacist", "checked": ["second-pharmacist"],
                   "next_review": "2027-08-22"},
        "ran": True, "reason": None, **more,
    }  # fmt: skip


RULES = [
    rule("baclofen-max-dose", "Oral baclofen above 80 mg a day", "high", "daily_dose",
         "Flag a patient whose total daily dose of baclofen by mouth is more than 80 mg/day on "
         "any day. Exactly 80 mg/day is allowed."),
    rule("baclofen-renal-dose", "Baclofen dose not adjusted for kidney function", "high",
         "dose_for_kidney_function",
         "Flag any dose of baclofen on days when eGFR is below 15 or the patient is on dialysis "
         "(critical), or at least 15 and below 30 (high)."),
    rule("baclofen-raised-too-fast", "Baclofen raised too fast", "moderate", "dose_rises",
         "Flag a rise of baclofen by mouth of more than 15 mg/day within 3 days."),
    rule("baclofen-stopped-abruptly", "Baclofen stopped without lowering", "high",
         "stops_suddenly",
         "Flag the end of baclofen by mouth after at least 30 days at 15 mg/day or more, unless "
         "it was lowered for at least 7 days."),
    rule("baclofen-with-cns-depressant", "Baclofen with a CNS depressant", "high",
         "taken_together",
         "Flag days on which baclofen and a CNS depressant are both taken; one finding per "
         "partner."),
    rule("baclofen-supplied-twice", "Baclofen supplied twice", "moderate", "supplied_twice",
         "Flag days on which two supplies of the same baclofen overlap beyond an early refill."),
    rule("baclofen-with-antihypertensive", "Baclofen with a blood pressure medicine", "low",
         "taken_together",
         "Flag days on which baclofen and a blood pressure medicine are both taken."),
    rule("baclofen-with-alcohol-marker", "Baclofen with a marker of alcohol use", "info",
         "taken_together", "Flag days on which baclofen and a marker of alcohol use stand."),
    rule("baclofen-intrathecal-dose", "Intrathecal baclofen out of range", "moderate",
         "daily_dose", "Flag intrathecal baclofen above 1,000 micrograms a day."),
    rule("methotrexate-not-weekly", "Methotrexate by mouth not once a week", "critical", "taken",
         "Flag methotrexate by mouth taken more often than once a week."),
    rule("opioid-total", "Opioids above 90 mg of morphine a day", "high", "daily_dose",
         "Flag opioids by mouth and patch above 90 mg of oral morphine a day.", status="pilot"),
    rule("lithium-level-overdue", "Lithium level overdue", "moderate", "test_overdue",
         "Flag lithium without a level within 120 days.", ran=False,
         reason="labs-not-supplied"),
]  # fmt: skip
