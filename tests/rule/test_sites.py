"""A site file: what it may change, what it must say, and from when to when it counts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from screener.errors import RuleFileError, UsageError
from screener.rule.model import Rule
from screener.rule.places import places_called
from screener.rule.sites import SiteRules, expired, rules_on
from screener.rule.values import DailyAmount
from screener.rulebook.effective import effective_values, load_site, site_lines
from screener.rulebook.library import read_library
from tests.rule.authoring import SOUND, changed, folder_with

DAY = dt.date(2026, 11, 22)
HEAD = "schema: 1\nsite_rules: uk\ntitle: United Kingdom\n"
WHO = "because: the UK maximum, by: pharmacist, until: 2027-11-22"
RAISED = f"- {{rule: too-much, parameter: more_than, was: 80 mg/day, now: 90 mg/day, {WHO}}}"
GRADED = f"- {{rule: too-much, parameter: severity, was: high, now: moderate, {WHO}}}"
WAIVED = "- {rule: too-much, patient: '0017', reason: agreed, by: pharmacist, until: 2027-05-01}"
BANDS = """\
schema: 1
rule: kidneys
title: A dose for the kidneys
version: 3
status: draft
severity: high
flag_when:
  dose_for_kidney_function:
    of: baclofen by mouth
    bands:
      - {below: 30, severity: high}
      - {from: 30, below: 60, dose: {more_than: 40 mg/day}, severity: moderate}
sites_may_adjust: [bands, result_good_for, status]
"""


def site_text(*entries: str, waivers: tuple[str, ...] = ()) -> str:
    text = HEAD
    for key, lines in (("adjust", entries), ("waivers", waivers)):
        text += f"{key}:\n" + "".join(f"  {line}\n" for line in lines) if lines else ""
    return text


def read(tmp_path: Path, text: str, *rules: str) -> SiteRules:
    named = {rule.split("rule: ")[1].split("\n")[0]: rule for rule in rules or (SOUND,)}
    folder = folder_with(tmp_path, {f"limits/{name}.yaml": r for name, r in named.items()})
    path = tmp_path / "uk.yaml"
    path.write_text(text, encoding="utf-8")
    return load_site(path, read_library(folder))


def problems(tmp_path: Path, text: str, *rules: str) -> list[str]:
    with pytest.raises(RuleFileError) as caught:
        read(tmp_path, text, *rules)
    return [one.replace(f"{tmp_path}/", "") for one in caught.value.problems]


def form_on(tmp_path: Path, site: SiteRules, day: dt.date, name: str = "too-much") -> Rule:
    library = read_library(tmp_path / "rules").rules
    return next(rule for rule in rules_on(library, site, day) if rule.id == name)


def limit(rule: Rule) -> object:
    return rule.uses[0].params.more_than


def test_an_adjustment_changes_the_value_and_with_it_the_meaning(tmp_path: Path) -> None:
    site = read(tmp_path, site_text(RAISED))
    core, form = read_library(tmp_path / "rules").rules[0], form_on(tmp_path, site, DAY)
    assert limit(form) == DailyAmount(90_000, "90 mg/day")
    assert limit(core) == DailyAmount(80_000, "80 mg/day")
    assert form.fingerprint != core.fingerprint
    assert form.version == core.version
    assert form.stories == core.stories != ()


def test_a_whole_block_of_bands_can_be_changed(tmp_path: Path) -> None:
    now = "[{below: 20, severity: high}]"
    was = "[{severity: high, below: 30}, {from: 30, below: 60, dose: {more_than: 40 mg/day},"
    entry = f"- {{rule: kidneys, parameter: bands, was: {was} severity: moderate}}], now: {now}"
    site = read(tmp_path, site_text(f"{entry}, {WHO}}}"), BANDS)
    form = form_on(tmp_path, site, DAY, "kidneys")
    assert [(band.below, band.severity) for band in form.uses[0].params.bands] == [(20.0, "high")]


def test_a_parameter_that_the_rule_does_not_write_is_not_set(tmp_path: Path) -> None:
    entry = f"- {{rule: kidneys, parameter: result_good_for, was: not set, now: 90 days, {WHO}}}"
    site = read(tmp_path, site_text(entry), BANDS)
    assert form_on(tmp_path, site, DAY, "kidneys").uses[0].params.result_good_for == 90
    other = entry.replace("not set", "365 days")
    assert "kidneys (version 3) now has result_good_for: not set" in problems(
        tmp_path, site_text(other), BANDS
    )[0]  # fmt: skip


def test_the_status_can_be_changed_and_the_rule_must_then_be_fit_for_it(tmp_path: Path) -> None:
    entry = f"- {{rule: kidneys, parameter: status, was: draft, now: pilot, {WHO}}}"
    site = read(tmp_path, site_text(entry), BANDS)
    assert form_on(tmp_path, site, DAY, "kidneys").status == "pilot"
    found = problems(tmp_path, site_text(entry.replace("pilot", "active")), BANDS)
    assert 'an active rule needs "evidence"' in found[0]
    assert found[0].startswith("uk.yaml:5:")


@pytest.mark.parametrize(
    ("day", "ug"), [(dt.date(2027, 11, 22), 90_000), (dt.date(2027, 11, 23), 80_000)]
)
def test_an_adjustment_counts_up_to_and_with_its_last_day(
    tmp_path: Path, day: dt.date, ug: int
) -> None:
    form = form_on(tmp_path, read(tmp_path, site_text(RAISED)), day)
    assert getattr(limit(form), "ug", None) == ug


def test_two_adjustments_of_one_rule_end_one_after_the_other(tmp_path: Path) -> None:
    site = read(tmp_path, site_text(RAISED, GRADED.replace("2027-11-22", "2027-01-31")))
    days = (dt.date(2027, 1, 31), dt.date(2027, 2, 1), dt.date(2027, 11, 23))
    forms = [form_on(tmp_path, site, day) for day in days]
    assert [(form.severity, getattr(limit(form), "ug", 0)) for form in forms] == [
        ("moderate", 90_000),
        ("high", 90_000),
        ("high", 80_000),
    ]


def test_a_value_that_differs_from_was_asks_for_a_new_approval(tmp_path: Path) -> None:
    found = problems(tmp_path, site_text(RAISED.replace("was: 80", "was: 85")))
    assert len(found) == 1
    says = "too-much (version 1) now has more_than: 80 mg/day and 100 mg/day; somebody must approve"
    assert found[0].startswith(f"uk.yaml:5:49: {says}")


def test_was_ignores_white_space_and_quotes(tmp_path: Path) -> None:
    site = read(tmp_path, site_text(RAISED.replace("was: 80 mg/day", 'was: "80  mg/day"')))
    assert site.adjustments[0].place == ("flag_when", "daily_dose", "more_than")


def test_was_tells_two_values_of_one_name_apart(tmp_path: Path) -> None:
    entry = RAISED.replace("80 mg/day", "100 mg/day").replace("90 mg/day", "120 mg/day")
    site = read(tmp_path, site_text(entry))
    assert site.adjustments[0].place == ("escalate", "1", "when", "daily_dose", "more_than")


TWICE = changed(
    ("  daily_dose:\n    of: baclofen by mouth\n    more_than: 80 mg/day\n",
     "  any_of:\n"
     "    - daily_dose: {of: baclofen by mouth, more_than: 80 mg/day}\n"
     "    - daily_dose: {of: tizanidine by mouth, more_than: 80 mg/day}\n"),
    ("escalate:\n  - to: critical\n    when: {daily_dose: {more_than: 100 mg/day}}\n", ""),
)  # fmt: skip


def test_values_that_are_equal_must_be_told_apart(tmp_path: Path) -> None:
    found = problems(tmp_path, site_text(RAISED), TWICE)
    assert "too-much has 2 values that fit: say which" in found[0]
    assert "write flag_when.any_of.1.daily_dose.more_than or flag_when.any_of.2." in found[0]
    nearer = RAISED.replace("parameter: more_than", "parameter: any_of.2.more_than")
    form = form_on(tmp_path, read(tmp_path, site_text(nearer), TWICE), DAY)
    assert [use.params.more_than.ug for use in form.uses] == [80_000, 90_000]


def test_severity_alone_is_that_of_the_rule(tmp_path: Path) -> None:
    (reading, root) = read_library(folder_with(tmp_path, {"a/kidneys.yaml": BANDS})).read_from[
        "kidneys"
    ]
    assert reading.relative == "a/kidneys.yaml"
    assert [place for place, _ in places_called(root, "severity")] == [("severity",)]
    assert len(places_called(root, "bands.severity")) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RAISED.replace("too-much", "too-muhc"), 'did you mean "too-much"?'),
        (RAISED.replace("more_than", "less_than"), 'does not let a site adjust "less_than"'),
        (RAISED.replace("90 mg/day", "90 mg"), "does not say per what"),
        (RAISED.replace("90 mg/day", "baclofen"), "is not an amount"),
        (RAISED.replace("because: the UK maximum, ", ""), 'needs "because"'),
        (RAISED.replace("by: pharmacist, ", ""), 'needs "by"'),
        (RAISED.replace(", until: 2027-11-22", ""), 'needs "until"'),
        (RAISED.replace("was: 80 mg/day, ", ""), 'needs "was"'),
        (RAISED.replace("2027-11-22", "next year"), '"next year" is not a date'),
        (RAISED.replace("because", "reason"), 'an adjustment has no "reason"'),
        (GRADED.replace("moderate", "medium"), 'did you mean "moderate"?'),
        (f"{RAISED}\n  {RAISED}", "more_than of too-much is adjusted twice"),
    ],
)
def test_what_an_adjustment_gets_wrong_is_said_once(tmp_path: Path, text: str, said: str) -> None:
    found = problems(tmp_path, site_text(text))
    assert len(found) == 1
    assert said in found[0]
    assert found[0].startswith("uk.yaml:")


AGES = changed(
    ("escalate:", "only_if:\n  - age: {at_least: 60 years, below: 70 years}\nescalate:"),
    ("[more_than, severity]", "[at_least, below]"),
)
OLDER = f"- {{rule: too-much, parameter: at_least, was: 60 years, now: 75 years, {WHO}}}"
OLDEST = f"- {{rule: too-much, parameter: below, was: 70 years, now: 80 years, {WHO}}}"


def test_a_line_of_the_rule_that_no_longer_fits_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, site_text(OLDER), AGES)
    assert len(found) == 1
    assert found[0].startswith("uk.yaml:5:")
    assert "with this value, line 12 of limits/too-much.yaml cannot stand: no age" in found[0]


def test_what_does_not_fit_once_another_has_ended_is_found_before_that_day(tmp_path: Path) -> None:
    assert read(tmp_path, site_text(OLDER, OLDEST), AGES).variants["too-much"]
    ends = OLDEST.replace("2027-11-22", "2027-01-31")
    found = problems(tmp_path, site_text(OLDER, ends), AGES)
    assert len(found) == 1
    assert "(from the day after 2027-01-31): no age" in found[0]


def test_what_an_adjustment_makes_odd_is_a_warning(tmp_path: Path) -> None:
    site = read(tmp_path, site_text(RAISED.replace("90", "100")))
    (warning,) = site.warnings
    assert "with this value, line 13 of limits/too-much.yaml: the rule has these" in warning
    form = form_on(tmp_path, site, DAY)
    assert [one.to for one in form.escalate] == ["critical"]


def test_the_same_value_again_is_a_warning(tmp_path: Path) -> None:
    site = read(tmp_path, site_text(RAISED.replace("90", "80")))
    assert "the value that the rule has already" in site.warnings[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WAIVED.replace("patient: '0017', ", ""), "expected one or more of patient, prescriber"),
        (WAIVED.replace("patient", "who"), 'did you mean "patient"?'),
        (WAIVED.replace("too-much", "everything"), 'there is no rule "everything"'),
        (WAIVED.replace("too-much", "[]"), "the waiver names no rule"),
        (WAIVED.replace("reason: agreed, ", ""), 'needs "reason"'),
        (WAIVED.replace(", until: 2027-05-01", ""), 'needs "until"'),
        (WAIVED.replace("2027-05-01", "forever"), '"forever" is not a date'),
        (WAIVED.replace("'0017'", "[P-1, P-2]"), "patient must be one value"),
        (WAIVED.replace("patient: '0017'", "finding: 17"), "this is no finding id"),
    ],
)
def test_what_a_waiver_gets_wrong_is_said_once(tmp_path: Path, text: str, said: str) -> None:
    found = problems(tmp_path, site_text(waivers=(text,)))
    assert len(found) == 1
    assert said in found[0]


def test_a_waiver_keeps_an_id_as_it_is_written(tmp_path: Path) -> None:
    (waiver,) = read(tmp_path, site_text(waivers=(WAIVED.replace("'", ""),))).waivers
    assert waiver.named == {"patient": "0017"}
    assert (waiver.rules, waiver.until) == (("too-much",), dt.date(2027, 5, 1))


@pytest.mark.parametrize(
    "text",
    [
        "- {rule: too-much, patients: SECRET, reason: x, by: y, until: never}",
        "- {rule: too-much, who: [SECRET, SECRET2], reason: x, by: y, until: never}",
        "- rule: too-much\n    patient:\n      - SECRET\n    by: y",
        "- rule: too-much\n    patient: SECRET\n     by: y",
    ],
)
def test_no_problem_of_a_waiver_shows_a_patient(tmp_path: Path, text: str) -> None:
    assert "SECRET" not in "\n".join(problems(tmp_path, site_text(waivers=(text,))))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "the site file changes nothing"),
        (HEAD.replace("schema: 1", "schema: 2") + "adjust: []\n", 'schema "2" is not known'),
        (HEAD + "overrides: []\n", 'did you mean "adjust"?'),
        (HEAD + "adjust:\n  rule: too-much\n", "adjust must be a list"),
        ("", "the file is empty"),
    ],
)
def test_what_the_file_itself_gets_wrong(tmp_path: Path, text: str, said: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert said in found[0]


def test_a_file_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    folder = read_library(folder_with(tmp_path, {"limits/too-much.yaml": SOUND}))
    with pytest.raises(UsageError, match="The site file cannot be read"):
        load_site(tmp_path / "none.yaml", folder)


def test_what_has_ended_is_named_with_its_place(tmp_path: Path) -> None:
    site = read(tmp_path, site_text(RAISED, waivers=(WAIVED,)))
    assert expired(site, dt.date(2027, 5, 1)) == []
    (waiver,) = expired(site, dt.date(2027, 5, 2))
    assert waiver.startswith(f"{tmp_path}/uk.yaml:7:")
    assert len(expired(site, dt.date(2027, 11, 23))) == 2


def test_each_value_says_where_it_comes_from(tmp_path: Path) -> None:
    site = read(tmp_path, site_text(RAISED, waivers=(WAIVED,)))
    folder = read_library(tmp_path / "rules")
    rows = {place: (value, where) for place, value, where in
            effective_values(folder, "too-much", site, DAY)}  # fmt: skip
    assert rows["severity"] == ("high", "limits/too-much.yaml:6")
    value, where = rows["flag_when.daily_dose.more_than"]
    assert value == "90 mg/day"
    for part in ("uk.yaml:5", "because the UK maximum", "by pharmacist", "until 2027-11-22",
                 "limits/too-much.yaml:10 says 80 mg/day"):  # fmt: skip
        assert part in where
    assert "findings of one patient are waived (agreed" in site_lines("too-much", site, DAY)[0]
    later = dict(r[:2] for r in effective_values(folder, "too-much", site, dt.date(2028, 1, 1)))
    assert later["flag_when.daily_dose.more_than"] == "80 mg/day"
    assert "expired on 2027-11-22" in site_lines("too-much", site, dt.date(2028, 1, 1))[0]


def test_bands_changed_as_a_whole_are_one_value(tmp_path: Path) -> None:
    was = "[{below: 30, severity: high}, {from: 30, below: 60, dose: {more_than: 40 mg/day},"
    entry = f"- {{rule: kidneys, parameter: bands, was: {was} severity: moderate}}], now: "
    site = read(tmp_path, site_text(f"{entry}[{{below: 20, severity: high}}], {WHO}}}"), BANDS)
    folder = read_library(tmp_path / "rules")
    rows = effective_values(folder, "kidneys", site, DAY)
    about = [(place, value) for place, value, _ in rows if "bands" in place]
    assert about == [("flag_when.dose_for_kidney_function.bands", "[{below: 20, severity: high}]")]
