"""How the report writes dates, numbers and the codes of reasons and flags."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from markupsafe import Markup, escape

NOT_RECORDED = "not recorded"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SEVERITY_ORDER = ("critical", "high", "moderate", "low", "info")
# Not listed unless asked for: they are context, and would bury the rest.
HIDDEN_SEVERITIES = ("low", "info")
PROMPT = (
    "Prompts for clinical review, not confirmed errors. No finding does not mean a list is safe."
)

# "Continuing" would read as if the patient's state went on; it is the finding that was known.
STATES = {
    "new": "new",
    "worsened": "worsened",
    "continuing": "also in the last run",
    "reopened": "found again",
    "not_compared": "not compared",
    "waived": "waived",
    "no_longer_found": "no longer found",
}
# What the value and the limit of a finding are, by check: not every bound is a limit.
VALUE_WORDS = {
    "daily_dose": ("Daily dose, at its worst", "Limit"),
    "starting_dose": ("Starting dose", "Limit"),
    "dose_for_kidney_function": ("Kidney function, at its worst", "Its band: below"),
    "doses_per_day": ("Doses a day", "Limit"),
    "doses_per_week": ("Doses a week", "Flagged from"),
    "dose_rises": ("Rise", "Limit of a rise"),
    "dose_falls": ("Fall", "Limit of a fall"),
    "stops_suddenly": ("Last steady dose", "Counts from"),
    "supply_gap": ("Length of the gap", "Counts from"),
    "test_overdue": ("Longest time without the test", "Limit"),
    "several_of": ("Drugs at the same time", "Flagged from"),
}
OTHER_VALUE = ("What was found, at its worst", "Threshold of the rule")
REASONS = {
    "age-unknown": "the birth date is missing",
    "sex-unknown": "the sex is missing",
    "weight-unknown": "no body weight of the last year",
    "conditions-not-supplied": "no list of conditions was supplied",
    "no-recent-test": "no recent result of the test",
    "no-conversion-factor": "a drug has no factor in the conversion list",
    "test-not-seen-at-site": "the test is not in the data of this site",
    "admission-open": "in hospital when the data end",
    "child": "under 18: limits for adults do not apply",
    "data-end-too-early": "the data end too early to say",
    "died": "died before a refill was due",
    "dose-unknown": "the dose of an order could not be worked out",
    "history-not-observed": "too little history before the first order",
    "labs-not-supplied": "no laboratory results were supplied",
    "missing-demographics": "birth date or sex is missing",
    "no-recent-kidney-test": "no recent kidney test",
    "unknown-supply": "how long the order lasts is not known",
    "not_counted_status": "cancelled, on hold or otherwise not in force",
    "not_dispensed": "never dispensed",
    "impossible_date": "impossible or future date",
    "zero_length": "stopped before the first dose",
    "fields": "another number of fields than the header has",
    "missing": "a required value is missing",
    "unreadable-date": "the date could not be read",
    "damaged-text": "the text is damaged",
    "quotes": "quotation marks do not match",
    "field-too-long": "a field is too long",
    "control-character": "a control character stands in the row",
}
FLAGS = {
    "ambiguous-overlap": "two readings of an overlap lead to different answers",
    "child": "patient under 18",
    "duplicate-row": "the row repeats an earlier row",
    "impossible-date": "dates that cannot be right, or in the future",
    "implausible-dose": "dose above any plausible maximum",
    "lab-unit": "laboratory result without a usable unit",
    "missing-concentration": "liquid without a concentration",
    "missing-demographics": "birth date or sex missing",
    "missing-period": "frequency without a period",
    "no-recent-kidney-test": "no recent kidney test on a day with the drug",
    "prn-without-maximum": "as needed, without a maximum",
    "unit": "unit missing, unknown or not fitting the strength",
    "unknown-combination": "combination product that could not be split",
    "unknown-route": "route not clear",
    "unknown-status": "status word not known, counted as active",
    "unknown-supply": "length of supply not known",
    "unmapped-drug": "drug name not recognised",
    "unreadable-sig": "directions could not be read",
    "weight": "body weight needed by a rule is missing or old",
}
# What no line break may part: a number and its unit or what it counts, and a date.
KEPT = (
    r"\d{1,2} (?:" + "|".join(MONTHS) + r") \d{4}"
    r"|\d[\d,.]* (?:%|[a-zµ][^\s,;()]{0,23}(?: m[²2])?)"
)
_CODE = re.compile("[a-z]+([-_][a-z]+)*")
_ISO_DATE = re.compile(r"(?<![\w./-])\d{4}-\d{2}-\d{2}(?![\w/-]|\.\w)")
# C0 controls but tab and newline, DEL and C1: browsers drop or replace them, so say so in ours.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


def visible(text: str) -> str:
    """The text with control characters shown as U+FFFD."""
    return _CONTROLS.sub("\ufffd", text)


def kept(text: Any) -> Markup:
    """The text for a page, each match of KEPT in a span that is not broken; it reads the same."""
    safe = visible(str(text))
    parts, at = [Markup()], 0
    for match in re.finditer(KEPT, safe):
        parts += [escape(safe[at : match.start()]), Markup('<span class="kept">')]
        parts += [escape(match[0]), Markup("</span>")]
        at = match.end()
    return Markup().join([*parts, escape(safe[at:])])


def date_text(day: Any) -> str:
    """`14 Sep 2026` of a date or an ISO text; any other text stands as it is."""
    if isinstance(day, str):
        try:
            day = dt.date.fromisoformat(day)
        except ValueError:
            return visible(day)
    if not isinstance(day, dt.date):
        return NOT_RECORDED
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def said(text: Any) -> Markup:
    """A sentence of run.json for the page: its ISO dates as dates of the report, none broken.

    A date that is part of a name (of a folder, of a file) stands as it is.
    """
    dated = _ISO_DATE.sub(lambda found: date_text(found[0]), str(text))
    return kept(dated)


def is_before(day: Any, other: Any) -> bool:
    """Whether the first of two ISO dates lies before the second; not so where one is none."""
    try:
        return dt.date.fromisoformat(str(day)) < dt.date.fromisoformat(str(other))
    except ValueError:
        return False


def number_text(value: Any, places: int = 3) -> str:
    """Comma at 1,000, at most `places` decimals, leading zero, no trailing zero."""
    if value is None or isinstance(value, bool):
        return NOT_RECORDED
    if not isinstance(value, int | float):
        return visible(str(value))
    if isinstance(value, float) and not math.isfinite(value):
        return NOT_RECORDED
    text = f"{value:,.{places}f}" if isinstance(value, float) else f"{value:,}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def counted(count: int | None, one: str, many: str | None = None) -> str:
    """`1 patient`, `2,000 patients`."""
    return f"{number_text(count)} {one if count == 1 else many or one + 's'}"


def per_thousand(part: int, whole: int) -> str:
    """A rate per 1,000 with one decimal; a small part never reads as none."""
    if whole == 0:
        return "not applicable"
    rate = 1000 * part / whole
    if part and rate < 0.1:
        return "<0.1"
    return number_text(rate, 1)


def percent(part: int, whole: int) -> str:
    """`87.5 %`; neither a small part nor a nearly whole one is rounded away."""
    if whole == 0:
        return "not applicable"
    share = 100 * part / whole
    if part and share < 0.1:
        return "<0.1 %"
    if part < whole and share > 99.9:
        return ">99.9 %"
    return f"{number_text(share, 1)} %"


def size_text(count: Any) -> str:
    """A file size in bytes, kB or MB (1,000s)."""
    if not isinstance(count, int) or isinstance(count, bool):
        return NOT_RECORDED
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1e6:,.1f} MB"


def reason_text(code: Any) -> str:
    """What a reason code means, in the words of the report; a reason in words stands as it is."""
    if not code:
        return "no reason recorded"
    known, text = REASONS.get(str(code)), visible(str(code))
    return known or (re.sub("[-_]", " ", text) if _CODE.fullmatch(text) else text)


def flag_text(code: str) -> str:
    """What a data flag means, in the words of the report."""
    return FLAGS.get(code) or visible(code).replace("-", " ")
