"""What loading makes of a rule file, and what it says of every mistake in one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from screener.errors import RuleFileError, UsageError
from screener.rule import model, values
from screener.rulebook.library import load_library
from tests.rule.authoring import LIST, SOUND, changed, folder_with, load, problems

MORE = "    more_than: 80 mg/day\n"
WHEN = "{daily_dose: {more_than: 100 mg/day}}"
CHECK = "  daily_dose:\n    of: baclofen by mouth\n    more_than: 80 mg/day\n"


def with_check(text: str) -> str:
    """A rule with another check, and nothing that speaks of the old one."""
    rule = changed((CHECK, text), ("sites_may_adjust: [more_than, severity]\n", ""))
    start = rule.index("escalate:")
    return rule[:start] + rule[rule.index("message:") :]


def test_a_sound_rule_is_compiled(tmp_path: Path) -> None:
    rule = load(tmp_path, SOUND)
    assert (rule.id, rule.version, rule.status, rule.severity) == ("too-much", 1, "active", "high")
    (use,) = rule.uses
    assert use.check == "daily_dose"
    assert use.params.of == values.DrugSet(
        "baclofen by mouth", frozenset({"baclofen"}), frozenset({"by mouth", "sublingual"})
    )
    assert use.params.more_than.ug == 80_000
    assert use.params.for_at_least == 1
    (raised,) = rule.escalate
    assert raised.to == "critical"
    assert isinstance(raised.when, model.SameCheckWith)
    (changed_use,) = raised.when.clause.uses
    assert changed_use.params.more_than.ug == 100_000
    assert changed_use.params.of == use.params.of
    assert rule.owners["next_review"] == dt.date(2027, 11, 22)
    assert (rule.topic, rule.file) == ("limits", "limits/too-much.yaml")
    assert not rule.adults_only


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ((MORE, "    max: 80 mg/day\n"), "10:5", 'did you mean "more_than"?'),
        ((MORE, "    over: 80 mg/day\n"), "10:5", 'did you mean "more_than"?'),
        ((MORE, "    more_then: 80 mg/day\n"), "10:5", 'did you mean "more_than"?'),
        ((MORE, ""), "8:3", "no limit; expected more_than or at_least or less_than"),
        ((MORE, "    more_than: 80 mg\n"), "10:16", '"80 mg/day"'),
        ((MORE, "    more_than: 80 mL/day\n"), "10:16", '"mL" is not a mass'),
        ((MORE, '    more_than: "> 80 mg/day"\n'), "10:16", "comparison twice"),
        ((MORE, "    more_than: >80 mg/day\n"), "10:16", "quotes"),
        ((MORE, "    more_than:\n"), "10:15", "no value"),
        ((MORE, "    more_than: [80 mg/day]\n"), "10:16", "not a list"),
        ((MORE, f"{MORE}    less_than: 5 mg/day\n"), "11:5", "any_of"),
        ((MORE, f"{MORE}{MORE}"), "11:5", "stands twice"),
        ((MORE, f"{MORE}    for_at_least: 2 months\n"), "11:19", "no fixed length"),
        ((MORE, f"{MORE}    for_at_least: 0 days\n"), "11:19", "can never hold"),
        ((MORE, "   more_than: 80 mg/day\n"), "10:4", "check the spaces"),
        (("  daily_dose:\n", "  max_daily_dose:\n"), "8:3", 'did you mean "daily_dose"?'),
        (("  daily_dose:\n", "  daily_doze:\n"), "8:3", 'did you mean "daily_dose"?'),
        ((CHECK, "  of: baclofen by mouth\n"), "8:3", "the name of the check comes first"),
        ((CHECK, f"  check: daily_dose\n{CHECK}"), "8:3", "as the key"),
        ((CHECK, f"{CHECK}  taken: {{of: baclofen}}\n"), "11:3", "exactly one"),
        (("of: baclofen by mouth", "drug: baclofen by mouth"), "9:5", 'did you mean "of"?'),
        (("of: baclofen by mouth", "of: baclofin by mouth"), "9:9", 'called "baclofin"'),
        (("of: baclofen by mouth", "of: baclofen orally"), "9:9", 'write "baclofen by mouth"'),
        (("of: baclofen by mouth", "of: list sleeper"), "9:9", 'did you mean "sleepers"?'),
        (("of: baclofen by mouth", "of: class sleepers"), "9:9", "is a list and not a class"),
        (
            ("of: baclofen by mouth", "of: [baclofen by mouth, tizanidine]"),
            "9:9",
            "mixes routes",
        ),
        (("of: baclofen by mouth", "of: []"), "9:9", "empty list"),
        (("status: active ", "status: on "), "5:9", 'did you mean "active"?'),
        (("severity: high\n", "severity: medium\n"), "6:11", 'did you mean "moderate"?'),
        (("schema: 1", "schema: 2"), "1:9", "expected 1"),
        (("rule: too-much", "rule: too-little"), "2:7", "but its file"),
        (("version: 1\n", "version: 1.0\n"), "4:10", "not a whole number"),
        (("version: 1\n", "version: 0\n"), "4:10", "begin at 1"),
        (("version: 1\n", ""), "1:1", 'needs "version"'),
        (("to: critical", "to: high"), "12:9", "raises nothing"),
        ((WHEN, "{taken: {for_at_least: 3 days}}"), "13:12", 'taken needs "of"'),
        ((WHEN, "{agee: {at_least: 65 years}}"), "13:12", 'did you mean "age"?'),
        ((WHEN, "{age: {over: 65 years}}"), "13:18", 'did you mean "at_least"?'),
        ((WHEN, "{age: {}}"), "13:17", "says no limit"),
        ((WHEN, "{age: {at_least: 65}}"), "13:28", "65 years"),
        ((WHEN, "{age: {at_least: 65 years, below: 65 years}}"), "13:17", "no age is"),
        (
            (WHEN, "{kidney_function: {below: 30, at_least: 30}}"),
            "13:29",
            "at least 30 and below 30",
        ),
        ((WHEN, "{sex: female}"), "13:17", 'did you mean "F"?'),
        ((WHEN, "{condition: sadness}"), "13:23", "no condition list"),
        ((WHEN, "{no_kidney_test_within: 6 months}"), "13:35", "no fixed length"),
        ((WHEN, "{age: {at_least: 65 years}, sex: F}"), "13:39", "exactly one"),
        (("{value} {unit}", "{dose} {unit}"), "14:10", 'placeholder "{dose}"'),
        (("{value} {unit}", "{value {unit}"), "14:10", "brace"),
        (("{value} {unit}", "over 1.0 mg"), "14:10", "ten times"),
        (("title: Oral", "title: Stop: Oral"), "3:8", "quotes"),
        (("owners:", "ownerz:"), "17:1", 'did you mean "owners"?'),
        (("2027-11-22}", "22.11.2027}"), "17:72", "year-month-day"),
        (("checked: [second-pharmacist]", "checked: []"), "17:38", "nobody has checked"),
        (("[more_than, severity]", "[max, severity]"), "18:20", "does not have"),
        (("read_on: 2026-11-22", "red_on: 2026-11-22"), "16:41", 'did you mean "read_on"?'),
        (("flag_when:", "flag_if:"), "7:1", 'did you mean "flag_when"?'),
    ],
)
def test_a_mistake_has_one_message_at_its_place(
    tmp_path: Path, change: tuple[str, str], place: str, words: str
) -> None:
    found = problems(
        tmp_path, {"limits/too-much.yaml": changed(change), "lists/sleepers.yaml": LIST}
    )
    assert len(found) == 1, found
    assert found[0].startswith(f"limits/too-much.yaml:{place}: ")
    assert words in found[0].splitlines()[0]
    assert found[0].splitlines()[2].strip() == "^"


@pytest.mark.parametrize("key", ["evidence", "owners"])
def test_an_active_rule_needs_evidence_and_owners_and_a_draft_does_not(
    tmp_path: Path, key: str
) -> None:
    lines = SOUND.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith(key))
    del lines[at : at + (2 if key == "evidence" else 1)]
    text = "".join(lines)
    (found,) = problems(tmp_path / "a", {"limits/too-much.yaml": text})
    assert f'an active rule needs "{key}"' in found
    assert (
        problems(tmp_path / "b", {"limits/too-much.yaml": text.replace("active ", "draft ")}) == []
    )


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        {
            "limits/too-much.yaml": changed((MORE, "    max: 80\n"), ("schema: 1", "schema: 3")),
            "limits/other.yaml": "rule: other\nrule: other\n",
            "lists/sleepers.yaml": LIST.replace("opioid", "opium-like"),
        },
    )
    assert [p.split(": ")[0] for p in found] == [
        "lists/sleepers.yaml:4:11",
        "limits/other.yaml:2:1",
        "limits/too-much.yaml:1:9",
        "limits/too-much.yaml:10:5",
    ]


def test_a_drug_name_is_never_suggested_from_its_spelling(tmp_path: Path) -> None:
    for wrong in ("baclofan", "hydroxizine", "chlorpromazin", "prednisolon"):
        text = changed(("of: baclofen by mouth", f"of: {wrong}"))
        found = problems(tmp_path / wrong, {"limits/too-much.yaml": text})
        assert "did you mean" not in found[0]


def test_a_list_that_cannot_be_read_is_not_reported_again_by_its_rules(tmp_path: Path) -> None:
    text = changed(("of: baclofen by mouth", "of: list sleepers"))
    found = problems(
        tmp_path,
        {"limits/too-much.yaml": text, "lists/sleepers.yaml": LIST.replace("version: 1\n", "")},
    )
    assert [p.split(":")[0] for p in found] == ["lists/sleepers.yaml"]


def test_a_list_is_its_members_less_the_exceptions(tmp_path: Path) -> None:
    rule = load(tmp_path, changed(("of: baclofen by mouth", "of: list sleepers by mouth")))
    drugs = rule.uses[0].params.of
    assert {"morphine", "diazepam"} <= drugs.ingredients
    assert "codeine" not in drugs.ingredients
    assert drugs.text == "sleepers by mouth"


@pytest.mark.parametrize(
    ("words", "tracks"),
    [
        ("baclofen", values.SYSTEMIC_TRACKS),
        ("baclofen by mouth", {"by mouth", "sublingual"}),
        ("baclofen intrathecally", {"intrathecal"}),
        ("baclofen under the tongue", {"sublingual"}),
        ("baclofen as a patch", {"transdermal"}),
        ("baclofen injected", {"injected"}),
        ("baclofen rectally", {"rectal"}),
        ("baclofen by mouth or rectally", {"by mouth", "sublingual", "rectal"}),
        ("baclofen by any route", {*values.SYSTEMIC_TRACKS, "local", "unknown"}),
    ],
)
def test_route_words_choose_the_tracks(tmp_path: Path, words: str, tracks: set[str]) -> None:
    rule = load(tmp_path, changed(("of: baclofen by mouth", f"of: {words}")))
    assert rule.uses[0].params.of.tracks == tracks
    assert rule.uses[0].params.of.ingredients == {"baclofen"}


BANDS = """\
  dose_for_kidney_function:
    of: baclofen by mouth
    bands:
      - {below: 15, or_on_dialysis: yes, severity: critical}
      - {from: 15, below: 30, severity: high}
      - {from: 30, below: 60, age: {at_least: 65 years}, dose: {at_least: 20 mg/day}, severity: low}
"""


def test_bands_are_compiled(tmp_path: Path) -> None:
    rule = load(tmp_path, with_check(BANDS))
    first, second, third = rule.uses[0].params.bands
    assert (first.from_, first.below, first.or_on_dialysis) == (None, 15.0, True)
    assert (second.from_, second.below, second.severity) == (15.0, 30.0, "high")
    assert (third.age_at_least, third.dose_at_least.ug) == (65, 20_000)


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("from: 15, below: 30", "from: 20, below: 30", "12:9", "from 15 to below 20"),
        ("from: 15, below: 30", "from: 10, below: 30", "12:9", "overlaps the one on line 11"),
        ("from: 15, below: 30", "from: 30, below: 15", "12:9", "no kidney function can lie"),
        ("from: 15, below: 30", "from: 15, below: 31", "13:9", "overlaps the one on line 12"),
        ("from: 15, below: 30", "above: 15, below: 30", "12:9", "of exactly 15"),
        ("from: 15, below: 30", "from: 15, at_most: 30", "13:9", "both take exactly 30"),
        ("from: 15, below: 30", "above: 15, from: 16", "12:21", "both from and above"),
        ("from: 15, below: 30", "above: 30, at_most: 30", "12:9", "no kidney function can lie"),
        ("or_on_dialysis: yes", "or_on_dialysis: true", "11:37", "neither yes nor no"),
        ("severity: critical", "severity: worst", "11:52", "cannot be"),
        (", severity: high", "", "12:9", 'needs "severity"'),
        ("at_least: 20 mg/day", "at_most: 20 mg/day", "13:65", 'no "at_most"'),
    ],
)
def test_gaps_and_overlaps_between_bands_are_found(
    tmp_path: Path, old: str, new: str, place: str, words: str
) -> None:
    text = with_check(BANDS.replace(old, new))
    (found,) = problems(tmp_path, {"limits/too-much.yaml": text})
    assert found.startswith(f"limits/too-much.yaml:{place}: ")
    assert words in found


def test_bands_told_apart_by_age_or_dose_do_not_overlap(tmp_path: Path) -> None:
    bands = BANDS + (
        "      - {from: 30, below: 60, age: {at_least: 65 years}, dose: {less_than: 20 mg/day},"
        " severity: info}\n"
        "      - {from: 30, below: 60, age: {below: 65 years}, severity: info}\n"
    )
    assert len(load(tmp_path, with_check(bands)).uses[0].params.bands) == 5


def test_a_dose_of_exactly_the_limit_lies_in_one_band_only(tmp_path: Path) -> None:
    over = BANDS + (
        "      - {from: 30, below: 60, dose: {less_than: 20.001 mg/day}, severity: info}\n"
    )
    (found,) = problems(tmp_path, {"limits/too-much.yaml": with_check(over)})
    assert "overlaps" in found


STOP = """\
  stops_suddenly:
    of: baclofen by mouth
    taken_for_at_least: 30 days
    stable_dose_at_least: 15 mg/day
    unless_lowered: {for_at_least: 1 week, to_at_most: [20 mg/day, 50 %]}
"""


def test_a_taper_is_compiled(tmp_path: Path) -> None:
    params = load(tmp_path, with_check(STOP)).uses[0].params
    lowered = params.unless_lowered
    assert lowered.for_at_least == 7
    assert lowered.to_at_most.ug == 20_000
    assert lowered.to_at_most_share.percent == 50.0
    assert params.grace == 14


@pytest.mark.parametrize("broken", ["[20 mg/day, 5 mg/day]", "[50 %, 20 %]", "[]"])
def test_a_taper_ends_at_one_amount_and_one_share_at_most(tmp_path: Path, broken: str) -> None:
    text = with_check(STOP.replace("[20 mg/day, 50 %]", broken))
    (found,) = problems(tmp_path, {"limits/too-much.yaml": text})
    assert "not one amount or share" in found


@pytest.mark.parametrize(
    ("words", "days", "ug", "percent"),
    [
        ("{to_at_most: 20 mg/day}", 1, 20_000, None),
        ("{to_at_most: [25 %]}", 1, None, 25.0),
        ("{for_at_least: 7 days}", 7, None, None),
        ("{for_at_least: 2 days, to_at_most: 50 %}", 2, None, 50.0),
    ],
)
def test_any_part_of_a_taper_may_be_missing(
    tmp_path: Path, words: str, days: int, ug: int | None, percent: float | None
) -> None:
    text = STOP.replace("{for_at_least: 1 week, to_at_most: [20 mg/day, 50 %]}", words)
    lowered = load(tmp_path, with_check(text)).uses[0].params.unless_lowered
    assert lowered.for_at_least == days
    assert (lowered.to_at_most.ug if lowered.to_at_most else None) == ug
    share = lowered.to_at_most_share
    assert (share.percent if share else None) == percent


def test_a_taper_that_says_nothing_is_a_problem(tmp_path: Path) -> None:
    text = STOP.replace("{for_at_least: 1 week, to_at_most: [20 mg/day, 50 %]}", "{}")
    (found,) = problems(tmp_path, {"limits/too-much.yaml": with_check(text)})
    assert "unless_lowered says nothing" in found


def test_partners_that_are_all_left_out_are_a_problem(tmp_path: Path) -> None:
    text = with_check(
        "  taken_together:\n    this: baclofen\n    with: diazepam\n    except: list sleepers\n"
    )
    (found,) = problems(tmp_path, {"limits/too-much.yaml": text, "lists/sleepers.yaml": LIST})
    assert "no partner is left" in found


def test_any_of_holds_alternatives(tmp_path: Path) -> None:
    text = with_check(
        "  any_of:\n"
        "    - daily_dose: {of: baclofen intrathecally, more_than: 1000 mcg/day}\n"
        "    - taken: {of: baclofen intrathecally, in_unit_other_than: mcg}\n"
    )
    rule = load(tmp_path, text)
    assert [use.check for use in rule.uses] == ["daily_dose", "taken"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{age: {at_least: 65 years}}", model.Age(at_least=65)),
        ("{age: {below: 18 years}}", model.Age(below=18)),
        ("{sex: F}", model.Sex("F")),
        ("{kidney_function: {below: 60}}", model.KidneyFunction(values.Limits(below=60.0))),
        (
            "{kidney_function: {at_least: 30, result_good_for: 90 days}}",
            model.KidneyFunction(values.Limits(at_least=30.0), result_good_for=90),
        ),
        ("{no_kidney_test_within: 180 days}", model.NoKidneyTestWithin(180)),
        (
            "{taking: diazepam by mouth}",
            model.Taking(
                values.DrugSet(
                    "diazepam by mouth",
                    frozenset({"diazepam"}),
                    frozenset({"by mouth", "sublingual"}),
                )
            ),
        ),
    ],
)
def test_a_condition_is_compiled_wherever_it_stands(
    tmp_path: Path, text: str, expected: model.Condition
) -> None:
    guards = f"only_if: {text}\nunless: [{text}]\nmessage:"
    rule = load(tmp_path, changed((WHEN, text), ("message:", guards)))
    assert rule.escalate[0].when == expected
    assert rule.only_if == (expected,)
    assert rule.unless == (expected,)


def test_a_condition_list_is_resolved(tmp_path: Path) -> None:
    rule = load(tmp_path, changed((WHEN, "{condition: dialysis}")))
    when = rule.escalate[0].when
    assert isinstance(when, model.HasCondition)
    assert "dialysis" in when.names


def fingerprint(tmp_path: Path, name: str, *changes: tuple[str, str]) -> str:
    return load(tmp_path / name, changed(*changes)).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        ("title: Oral", "title: By mouth,"),
        ("message: ", "why: because\nmessage: "),
        ("version: 1\n", "version: 2\n"),
        ("more_than: 80 mg/day", "more_than: 80000 mcg/day"),
        ("more_than: 80 mg/day", "more_than: 80 mg/day\n    for_at_least: 1 day"),
        ("of: baclofen by mouth", "of: [baclofen by mouth, baclofen by mouth]"),
    ],
)
def test_the_fingerprint_ignores_wording(tmp_path: Path, change: tuple[str, str]) -> None:
    assert fingerprint(tmp_path, "a") == fingerprint(tmp_path, "b", change)


@pytest.mark.parametrize(
    "change",
    [
        ("more_than: 80 mg/day", "more_than: 80.001 mg/day"),
        ("more_than: 80 mg/day", "at_least: 80 mg/day"),
        ("of: baclofen by mouth", "of: modified-release baclofen by mouth"),
        ("message: ", "downgrade: [{to: low, when: {sex: F}}]\nmessage: "),
        ("of: baclofen by mouth", "of: baclofen"),
        ("of: baclofen by mouth", "of: tizanidine by mouth"),
        ("severity: high\n", "severity: moderate\n"),
        ("severity: high\n", "severity: high\nfor: adults\n"),
        ("more_than: 100 mg/day", "more_than: 101 mg/day"),
        ("message: ", "only_if: {sex: F}\nmessage: "),
        ("message: ", "unless: {sex: F}\nmessage: "),
    ],
)
def test_the_fingerprint_changes_with_the_meaning(tmp_path: Path, change: tuple[str, str]) -> None:
    assert fingerprint(tmp_path, "a") != fingerprint(tmp_path, "b", change)


def test_the_fingerprint_changes_with_a_list(tmp_path: Path) -> None:
    text = changed(("of: baclofen by mouth", "of: list sleepers"))
    made = []
    for name, members in (("a", LIST), ("b", LIST.replace("[codeine]", "[codeine, tramadol]"))):
        files = {"limits/too-much.yaml": text, "lists/sleepers.yaml": members}
        made.append(load_library(folder_with(tmp_path / name, files))[0].fingerprint)
    assert made[0] != made[1]


def test_two_rules_cannot_have_one_id(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, {"a/too-much.yaml": SOUND, "b/too-much.yaml": SOUND})
    assert "is taken by" in found


@pytest.mark.parametrize(
    ("name", "words"),
    [("limits/too-much.yml", 'ends in ".yaml"'), ("too-much.yaml", "folder of its topic")],
)
def test_no_rule_file_is_passed_over(tmp_path: Path, name: str, words: str) -> None:
    (found,) = problems(tmp_path, {name: SOUND})
    assert words in found


def test_site_files_and_other_files_are_left_alone(tmp_path: Path) -> None:
    files = {"limits/too-much.yaml": SOUND, "sites/uk.yaml": "x", "README.md": "x"}
    assert problems(tmp_path, files) == []


def test_a_folder_without_rules_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load_library(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no rule file"):
        load_library(tmp_path / "empty")


def test_rule_files_end_a_run_with_exit_code_2(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {"limits/too-much.yaml": "a: 1\n"})
    with pytest.raises(RuleFileError) as error:
        load_library(folder)
    assert error.value.exit_code == 2


def test_the_same_files_give_the_same_rules_wherever_they_stand(tmp_path: Path) -> None:
    def loaded(name: str) -> Any:
        return load_library(folder_with(tmp_path / name, {"limits/too-much.yaml": SOUND}))

    assert loaded("a") == loaded("b")
