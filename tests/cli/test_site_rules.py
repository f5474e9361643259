"""A run with a site's own file: what it adjusts, what it waives, and what the run says of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cli.invented_clinic import MAX_DOSE, Ended, Place, order

Screener = Callable[..., Ended]
HEAD = "schema: 1\nsite_rules: uk\ntitle: United Kingdom\n"
RAISED = """\
adjust:
  - rule: baclofen-max-dose
    parameter: more_than
    was: 80 mg/day
    now: 100 mg/day
    because: the UK maximum is 100 mg
    by: pharmacist
    until: 2027-11-22
"""
WAIVED = """\
waivers:
  - rule: baclofen-max-dose
    patient: P-1
    reason: spasticity clinic, agreed dose
    by: second pharmacist
    until: 2027-05-01
"""


@pytest.fixture
def place(clinic: Place) -> Place:
    """The clinic, with a rule that sites may adjust."""
    text = MAX_DOSE + "sites_may_adjust: [more_than, severity, status]\n"
    (clinic.rules / "baclofen" / "baclofen-max-dose.yaml").write_text(text)
    return clinic


def with_site(place: Place, text: str, *more: str) -> list[str]:
    """The command line of a run with this site file."""
    file = place.rules.parent / "uk.yaml"
    file.write_text(HEAD + text)
    return place.run("--site-rules", str(file), *more)


def findings(place: Place, name: str = "findings") -> pl.DataFrame:
    (folder,) = place.published()
    return pl.read_parquet(folder / f"{name}.parquet", glob=False)


def card(run: dict[str, Any], rule: str = "baclofen-max-dose") -> dict[str, Any]:
    return next(one for one in run["rules"] if one["id"] == rule)


def test_an_adjusted_limit_is_the_limit_of_the_run(place: Place, screener: Screener) -> None:
    assert screener(*with_site(place, RAISED)).code == 0
    run = place.run_json()
    assert run["counts"]["findings"] == 0
    (said,) = run["site_rules"]["adjustments"]
    assert said == {
        "rule": "baclofen-max-dose",
        "parameter": "more_than",
        "place": "flag_when.daily_dose.more_than",
        "was": "80 mg/day",
        "now": "100 mg/day",
        "because": "the UK maximum is 100 mg",
        "by": "pharmacist",
        "until": "2027-11-22",
        "line": 5,
        "state": "in force",
    }
    adjusted = card(run)
    assert adjusted["version"] == 1
    assert adjusted["adjusted_in_lines"] == [5]
    assert adjusted["unadjusted_fingerprint"] != adjusted["fingerprint"]
    assert "100 mg/day" in adjusted["sentence"]
    assert "adjusted_in_lines" not in card(run, "baclofen-supplied-twice")
    assert "--site-rules FILE" in run["command"]
    assert screener("verify", "latest", "--out", str(place.out)).code == 0


def test_a_run_without_site_file_does_not_know_of_one(place: Place, screener: Screener) -> None:
    screener(*place.run())
    run = place.run_json()
    assert "site_rules" not in run
    assert "site_rules" not in run["configuration"]
    assert "waived" not in run["counts"]
    assert "--site-rules" not in run["command"]
    assert run["counts"]["findings"] == 1


@pytest.mark.parametrize(
    ("as_of", "found", "notices"), [("2026-06-30", 0, 0), ("2026-07-01", 1, 1)]
)
def test_an_adjustment_ends_by_the_last_day_of_the_data(
    place: Place, screener: Screener, as_of: str, found: int, notices: int
) -> None:
    text = RAISED.replace("2027-11-22", "2026-06-30")
    ended = screener(*with_site(place, text, "--as-of", as_of))
    run = place.run_json()
    assert run["counts"]["findings"] == found
    said = "1 adjustment of uk.yaml is past its end and no longer counts (line 5)."
    assert [n for n in run["notices"] if "uk.yaml" in n] == [said] * notices
    assert (said in ended.err) == bool(notices)
    assert ("adjusted_in_lines" in card(run)) == (not notices)


def test_a_status_can_switch_a_rule_off(place: Place, screener: Screener) -> None:
    text = RAISED.replace("more_than", "status").replace("80 mg/day", "active")
    screener(*with_site(place, text.replace("100 mg/day", '"off"')))
    adjusted = card(place.run_json())
    assert (adjusted["status"], adjusted["asked"]) == ("off", False)
    assert findings(place).is_empty()


def test_waived_findings_stay_in_tables_and_counts(place: Place, screener: Screener) -> None:
    place.prescriptions(order(1, "P-1", 5), order(2, "P-2", 5))
    ended = screener(*with_site(place, WAIVED))
    run = place.run_json()
    states = dict(findings(place).select("patient_id", "state").iter_rows())
    assert states == {"P-1": "waived", "P-2": "new"}
    assert run["counts"]["findings"] == 2
    assert run["counts"]["waived"] == 1
    assert run["counts"]["waived_by_severity"] == {"high": 1}
    assert "1 finding of them waived" in ended.out
    assert screener("verify", "latest", "--out", str(place.out)).code == 0


@pytest.mark.parametrize(("text", "code"), [("", 1), (WAIVED, 0)])
def test_a_waived_finding_is_none_for_fail_on(
    place: Place, screener: Screener, text: str, code: int
) -> None:
    more = with_site(place, text, "--fail-on", "high") if text else place.run("--fail-on", "high")
    assert screener(*more).code == code
    assert screener(*more).code == code  # as before, when the run is there already


def test_run_json_names_the_waiver_and_not_the_patient(place: Place, screener: Screener) -> None:
    screener(*with_site(place, WAIVED))
    (folder,) = place.published()
    text = (folder / "run.json").read_text()
    assert "P-1" not in text
    (waiver,) = place.run_json()["site_rules"]["waivers"]
    assert {k: waiver[k] for k in ("line", "names", "findings", "state", "reason", "until")} == {
        "line": 5,
        "names": ["patient"],
        "findings": 1,
        "state": "in force",
        "reason": "spasticity clinic, agreed dose",
        "until": "2027-05-01",
    }
    assert len(waiver["hash"]) == 16


@pytest.mark.parametrize(
    ("named", "waived"),
    [
        ("prescriber: PR-1", ["P-1", "P-2"]),
        ("site: south", ["P-2"]),
        ("site: north\n    patient: P-1", ["P-1"]),
        ("site: north\n    patient: P-2", []),
        ("patient: p-1", []),
    ],
)
def test_all_that_a_waiver_names_must_fit(
    place: Place, screener: Screener, named: str, waived: list[str]
) -> None:
    place.prescriptions(order(1, "P-1", 5), order(2, "P-2", 5))
    screener(*with_site(place, WAIVED.replace("patient: P-1", named)))
    found = findings(place).filter(pl.col("state") == "waived")
    assert sorted(found["patient_id"]) == waived
    (waiver,) = place.run_json()["site_rules"]["waivers"]
    assert waiver["findings"] == len(waived)
    assert waiver["state"] == ("in force" if waived else "unused")


def test_one_finding_can_be_waived_by_its_id(place: Place, screener: Screener) -> None:
    screener(*place.run())
    (finding,) = findings(place)["finding_id"]
    named = WAIVED.replace("patient: P-1", f"finding: '{finding}'")
    screener(*with_site(place, named))
    states = [pl.read_parquet(p / "findings.parquet")["state"].to_list() for p in place.published()]
    assert sorted(states) == [["new"], ["waived"]]


def test_a_waiver_is_for_its_rules_alone(place: Place, screener: Screener) -> None:
    screener(*with_site(place, WAIVED.replace("baclofen-max-dose", "baclofen-supplied-twice")))
    assert findings(place)["state"].to_list() == ["new"]
    several = WAIVED.replace("baclofen-max-dose", "[baclofen-supplied-twice, baclofen-max-dose]")
    assert screener(*with_site(place, several, "--fail-on", "high")).code == 0


def test_findings_of_pilot_rules_can_be_waived(place: Place, screener: Screener) -> None:
    pilot = MAX_DOSE.replace("status: active", "status: pilot")
    (place.rules / "baclofen" / "baclofen-max-dose.yaml").write_text(pilot)
    screener(*with_site(place, WAIVED))
    assert findings(place, "pilot_findings")["state"].to_list() == ["waived"]
    run = place.run_json()
    assert run["counts"]["waived"] == 0
    assert run["site_rules"]["waivers"][0]["state"] == "in force"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WAIVED.replace("P-1", "P-2"), "1 waiver of uk.yaml waives nothing (line 5)."),
        (
            WAIVED.replace("2027-05-01", "2026-10-30"),
            "1 waiver of uk.yaml is past its end and no longer counts (line 5).",
        ),
        (WAIVED.replace("2027-05-01", "2026-10-31"), None),
    ],
)
def test_unused_and_expired_waivers_are_notices(
    place: Place, screener: Screener, text: str, said: str | None
) -> None:
    ended = screener(*with_site(place, text))
    notices = [n for n in place.run_json()["notices"] if "uk.yaml" in n]
    assert notices == ([said] if said else [])
    assert said is None or said in ended.err
    assert findings(place)["state"].to_list() == ["new" if said else "waived"]


def test_a_waiver_of_a_rule_that_did_not_run_is_not_called_unused(
    place: Place, screener: Screener
) -> None:
    screener(*with_site(place, WAIVED, "--skip", "baclofen-max-dose"))
    run = place.run_json()
    assert run["site_rules"]["waivers"][0]["state"] == "rule not run"
    assert [n for n in run["notices"] if "uk.yaml" in n] == []


def sheets(folder: Path) -> dict[str, str]:
    """The sheets of the review list by name, as XML."""
    with zipfile.ZipFile(io.BytesIO((folder / "review_list.xlsx").read_bytes())) as book:
        names = pl.Series([book.read("xl/workbook.xml").decode()]).str.extract_all(
            r'sheet name="[a-z]+"'
        )
        texts = book.read("xl/sharedStrings.xml").decode()
        return {str(n): texts for n in names.explode()}


def test_the_review_list_keeps_waived_findings_apart(place: Place, screener: Screener) -> None:
    screener(*with_site(place, WAIVED))
    (folder,) = place.published()
    found = sheets(folder)
    assert list(found) == ['sheet name="review"', 'sheet name="waived"', 'sheet name="notes"']
    assert "0 of 0 findings, worst first" in found['sheet name="notes"']
    assert "1 of 1 waived findings stand on the sheet waived" in found['sheet name="notes"']


def test_the_report_says_what_the_site_has_changed(place: Place, screener: Screener) -> None:
    screener(*with_site(place, RAISED + WAIVED.replace("max-dose", "supplied-twice")))
    (folder,) = place.published()
    page = (folder / "report.html").read_text()
    assert "Changes of United Kingdom" in page
    assert "is 100 mg/day instead of 80 mg/day, until 22 Nov 2027" in page
    assert "spasticity clinic, agreed dose" in page
    assert "<td>patient</td>" in page


def test_a_wrong_site_file_stops_the_run_before_reading(place: Place, screener: Screener) -> None:
    ended = screener(*with_site(place, RAISED.replace("80 mg/day", "60 mg/day")))
    assert ended.code == 2
    assert "baclofen-max-dose (version 1) now has more_than: 80 mg/day" in ended.err
    assert "somebody must approve the change again" in ended.err
    assert not place.out.exists()


def test_another_site_file_is_another_run(place: Place, screener: Screener) -> None:
    for until in ("2027-11-22", "2027-11-23"):
        assert screener(*with_site(place, RAISED.replace("2027-11-22", until))).code == 0
    assert len(place.published()) == 2
    assert "finished before" in screener(*with_site(place, RAISED)).out


def test_rules_check_reads_the_site_file_too(place: Place, screener: Screener) -> None:
    with_site(place, RAISED + WAIVED)
    check = ("rules", "check", "--rules", str(place.rules), "--site-rules",
             str(place.rules.parent / "uk.yaml"), "--as-of")  # fmt: skip
    ended = screener(*check, "2026-11-22")
    assert ended.code == 0
    assert "2 rules, 0 lists, 1 adjustment and 1 waiver of uk: every file can be" in ended.out
    assert "uk.yaml:17:12: the waiver ended on 2027-05-01" in screener(*check, "2027-06-01").err
    with_site(place, RAISED.replace("100 mg/day", "100 mg"))
    ended = screener(*check, "2026-11-22")
    assert ended.code == 2
    assert "uk.yaml:8:10: baclofen-max-dose: more_than" in ended.err


def test_rules_show_says_where_each_value_comes_from(place: Place, screener: Screener) -> None:
    with_site(place, RAISED)
    show = ("rules", "show", "baclofen-max-dose", "--rules", str(place.rules), "--site-rules",
            str(place.rules.parent / "uk.yaml"))  # fmt: skip
    ended = screener(*show, "--effective", "--as-of", "2026-11-22")
    assert ended.code == 0
    (line,) = [one for one in ended.out.splitlines() if "daily_dose.more_than" in one]
    assert "100 mg/day" in line
    assert "uk.yaml:5 because the UK maximum is 100 mg; by pharmacist; until 2027-11-22" in line
    assert "baclofen/baclofen-max-dose.yaml:10 says 80 mg/day" in line
    after = screener(*show, "--effective", "--as-of", "2027-11-23").out
    assert "80 mg/day  " in after
    assert "expired on 2027-11-22" in after
    assert "more than 100 mg/day" in screener(*show, "--as-of", "2026-11-22").out


def test_explain_says_that_a_finding_is_waived_and_why(place: Place, screener: Screener) -> None:
    screener(*with_site(place, WAIVED))
    (finding,) = findings(place)["finding_id"]
    said = screener("explain", finding, "--out", str(place.out)).out
    assert "waived by uk.yaml:5: spasticity clinic, agreed dose (by second pharmacist" in said
