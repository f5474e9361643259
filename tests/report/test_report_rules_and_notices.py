"""Rule cards, sparklines in words, marks of changes, and what is wrong with the history."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from test_report_page import text_of
from test_trends import nights, weeks

from screener.history import FILE, keeper, open_history
from screener.history.database import Newer
from screener.outputs.report import render
from screener.outputs.report.given import series
from screener.outputs.report.trends import in_words, trends_of
from screener.outputs.report.words import FLAGS, REASONS, SEVERITY_ORDER
from screener.rulebook.library import load_library
from tests.history.nights import FIRST, Clinic
from tests.incremental.clinic_of_nights import request, run
from tests.report.invented_clinic import clinic

RULE, OTHER = "baclofen-max-dose", "baclofen-renal-dose"


def page(*, reviews: dict[str, str] | None = None, **changes: Any) -> str:
    data = clinic()
    rules = [
        {**rule, "owners": {**rule["owners"], "next_review": reviews[rule["id"]]}}
        if reviews and rule["id"] in reviews
        else rule
        for rule in data.run["rules"]
    ]
    told = {**data.run, "rules": rules, **changes}
    return render(dataclasses.replace(data, run=told)).decode()


def card_of(html: str, rule_id: str) -> str:
    """The text of a rule's card."""
    cards = html.split('id="rules"')[1].split("</section>", maxsplit=1)[0].split("<article")[1:]
    (card,) = [one for one in cards if f"<code>{rule_id}</code>" in one]
    return text_of(("<article" + card).encode())


def second_night(**changes: Any) -> str:
    told = {
        "previous_run": "abc", "previous_as_of": "2026-09-13", "rules": [RULE],
        "rules_not": [{"rule": OTHER, "why": "changed"}],
        "by_rule": {RULE: {"new": 4321, "worsened": 5, "continuing": 6, "reopened": 7,
                           "no_longer_found": 89}},
    }  # fmt: skip
    trend = {"nights": nights([0, 1, 2]), "by_rule": {RULE: [3, 4444, 12], OTHER: [None, 1, 1]}}
    return page(previous_run="abc", compared=told, trends=trend, **changes)


def test_a_rule_s_card_says_what_changed_since_the_last_run() -> None:
    html = second_night()
    assert (
        "Since last run 4,321 new, 5 worsened, 6 also in the last run, 7 found again, "
        "89 no longer found"
    ) in card_of(html, RULE)
    assert "Since last run not compared: changed" in card_of(html, OTHER)
    assert "Since last run" not in card_of(page(), RULE)


def test_a_rule_s_card_shows_its_last_counts_and_says_them() -> None:
    html = second_night()
    assert "Last runs last 3 runs: first 3, last 12, highest 4,444" in card_of(html, RULE)
    card = html.split(f"<code>{RULE}</code>")[0].rsplit("<article", 1)[1]
    assert card.count('class="t-line"') == 1


def test_sparklines_are_told_apart_by_rule_and_numbers() -> None:
    html = second_night()
    table = html.split('id="h-byrule"')[1].split("</table>")[0]
    labels = re.findall(r'class="spark"[^>]*aria-label="([^"]*)"', table)
    titles = {rule["id"]: rule["title"] for rule in clinic().run["rules"]}
    assert set(labels) == {
        f"Findings of {titles[RULE]}, last 3 runs: first 3, last 12, highest 4,444",
        f"Findings of {titles[OTHER]}, last 3 runs: first 1, last 1, highest 1; "
        "not run in 1 of them",
    }


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([7], "last 1 run: first 7, last 7, highest 7"),
        ([0, 2000, 5], "last 3 runs: first 0, last 5, highest 2,000"),
        ([None, 5, None, 4], "last 4 runs: first 5, last 4, highest 5; not run in 2 of them"),
        ([None], "not run in the last 1 run"),
    ],
)
def test_last_counts_in_words(counts: list[int | None], words: str) -> None:
    assert in_words(counts) == words


def test_a_review_is_overdue_by_the_last_day_of_the_data_and_not_by_the_clock() -> None:
    html = page(reviews={RULE: "2026-09-13", OTHER: "2026-09-14"})
    assert "overdue" in card_of(html, RULE)
    assert "overdue" not in card_of(html, OTHER)
    assert "1 rule is overdue for review." in text_of(html.encode())
    assert "overdue for review" not in text_of(page().encode())


@pytest.mark.parametrize("what", ["rules", "inputs"])
def test_a_week_in_which_something_changed_is_marked(what: str) -> None:
    told = nights([0, 7, 14]) + nights([16], **{f"{what}_changed": True}) + nights([21])
    shown = trends_of(series({"weeks": weeks([9, 11, 8, 10]), "nights": told})).all
    assert shown is not None
    assert [words for _, words in shown.chart.marks] == [
        f"{what} changed in the week from 19 Jan 2026"
    ]
    assert shown.chart.marks[0][0] == shown.chart.points[2].x
    assert [row[-1] for row in shown.rows] == ["", "", what, ""]
    html = page(trends={"weeks": weeks([9, 11, 8, 10]), "nights": told})
    trends = html.split('id="trends"')[1].split("</section>")[0]
    assert trends.count('class="t-mark"') == 3  # both charts of weeks, and that of runs
    assert f"<td>{what} changed</td>" in trends


def test_weeks_without_a_change_have_no_mark() -> None:
    html = page(trends={"weeks": weeks([9, 11, 8]), "nights": nights([0, 7, 14])})
    assert 'class="t-mark"' not in html
    assert "Vertical lines: in these weeks" not in html


def test_notices_write_dates_as_the_report_does_and_leave_names_alone() -> None:
    line = "A site of 2026-03-01 sent no orders now: north (2026-03-01-6bf295 and 2026-03-01.csv)."
    text = text_of(page(notices=[line]).encode())
    told = "A site of 1 Mar 2026 sent no orders now: north (2026-03-01-6bf295 and 2026-03-01.csv)."
    assert told in text


def test_sites_that_were_expected_are_counted_beside_those_that_came() -> None:
    asked = {"expected_sites": ["SITE-A", "SITE-B", "SITE-Z"]}
    sites = ["SITE-A", "SITE-B", "SITE-C", "SITE-D"]
    text = text_of(page(configuration=asked, sites=sites).encode())
    assert "screened at 2 of 3 expected sites, orders from" in text
    assert "screened at 4 sites, orders from" in text_of(page(sites=sites).encode())


def test_data_quality_names_the_rules_that_did_not_run_and_the_scope_of_the_others() -> None:
    quality = page().split('id="quality"')[1].split("</section>")[0]
    text = text_of(quality.encode())
    assert "Rules that did not run" in text
    assert "Lithium level overdue no laboratory results were supplied" in text
    data = clinic()
    rule, reason = data.not_assessed.select("rule_id", "reason").row(0)
    rows = data.not_assessed.to_dicts()
    unjudged = {
        row["patient_id"] for row in rows if (row["rule_id"], row["reason"]) == (rule, reason)
    }
    outcomes = [row for row in data.outcomes.to_dicts() if row["rule_id"] == rule]
    scope = sum(row["patients"] for row in outcomes if row["outcome"] != "out_of_scope")
    title = next(one["title"] for one in data.run["rules"] if one["id"] == rule)
    cells = quality.split("h-notjudged")[-1].split(title)[1].split("</tr>")[0]
    assert re.findall(r'class="num">(.*?)<', cells) == [f"{len(unjudged)}", f"{scope}"]


def test_the_last_page_names_the_rule_set_and_the_settings() -> None:
    def about(**changes: Any) -> str:
        html = page(**changes).split('id="about"')[1].split("</section>")[0]
        return text_of(html.encode())

    settings = {"skip": [], "max_set_aside": 10.0, "only": ["a", "b"], "allow_empty": False}
    text = about(configuration=settings)
    assert ("Settings allow empty: no; max set aside: 10; only: a, b; skip: none Command") in text
    assert "Settings not recorded" in about()
    rules = clinic().run["rules"]
    (name,) = re.findall(r"12 rules, 11 ran; all of them together ([0-9a-f]{12})", text)
    assert name in about(rules=rules[::-1])
    for change in ({"fingerprint": "f" * 16}, {"version": 2}, {"status": "pilot"}):
        assert name not in about(rules=[rules[0] | change, *rules[1:]])


def codes_of(heading: str) -> list[str]:
    """The codes in the first column of a table of docs/glossary.md."""
    section = Path("docs/glossary.md").read_text("utf-8").split(f"## {heading}\n")[1]
    rows = [row for row in section.split("\n## ")[0].splitlines() if row.startswith("| `")]
    return [code for row in rows for code in re.findall(r"`([a-z-]+)`", row.split("|")[1])]


def test_every_flag_and_every_reason_of_the_glossary_has_words_on_the_page() -> None:
    flags, reasons = codes_of("Data flags"), codes_of("Why a rule could not judge")
    assert len(flags) > 15
    assert len(reasons) > 12
    assert [code for code in flags if code not in FLAGS] == []
    assert [code for code in reasons if code not in REASONS] == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("labs-not-supplied", "no laboratory results were supplied"),
        ("not-yet-named", "not yet named"),
        ("left out with --skip", "left out with --skip"),
        ("switched off in its rule file; it runs when asked for by name (--only)",
         "switched off in its rule file; it runs when asked for by name (--only)"),
        (None, "no reason recorded"),
    ],
)  # fmt: skip
def test_why_a_rule_did_not_run_is_told_in_words(reason: str | None, words: str) -> None:
    rules = clinic().run["rules"]
    off = {**rules[0], "ran": False, "reason": reason}
    text = text_of(page(rules=[off, *rules[1:]]).encode())
    assert f"Not run: {words}" in text


def test_who_could_not_be_judged_is_never_told_as_if_no_rule_had_judged_them() -> None:
    unjudged = clinic().not_assessed["patient_id"].n_unique()
    text = text_of(page().encode())
    assert f"{unjudged} patients whom some rule could not judge" in text
    assert "not judged by every rule" not in text


def first_rows(html: str) -> list[str]:
    table = html.split('id="h-first"')[1].split("</table>", maxsplit=1)[0]
    return re.findall(r'href="#finding/([0-9a-f]+)"', table)


def test_an_active_high_finding_is_not_pushed_out_of_review_first_by_past_critical_ones() -> None:
    data = clinic()
    rank = pl.int_range(pl.len())
    findings = data.findings.with_columns(
        severity=pl.when(rank % 2 == 0).then(pl.lit("critical")).otherwise(pl.lit("high")),
        active=rank % 2 == 1,
        state=pl.lit("continuing"),
    )
    rows = {row["finding_id"]: row for row in findings.to_dicts()}
    shown = [rows[one] for one in first_rows(
        render(dataclasses.replace(data, findings=findings)).decode()
    )]  # fmt: skip
    assert len(shown) == 10
    assert all(row["active"] and row["severity"] == "high" for row in shown)


def test_patients_with_low_findings_only_are_counted_beside_review_first() -> None:
    data = clinic()
    told = data.findings.to_dicts()
    loud = {row["patient_id"] for row in told if row["severity"] not in ("low", "info")}
    quiet = {row["patient_id"] for row in told} - loud
    assert quiet
    text = text_of(page().encode())
    assert (
        f"{len(loud) - 10} more patients in Findings; "
        f"{len(quiet)} patients with low, info or waived findings only."
    ) in text


def test_a_rule_whose_findings_were_raised_says_how_far() -> None:
    data = clinic()
    ranks = {name: place for place, name in enumerate(SEVERITY_ORDER)}
    table = page().split('id="h-byrule"')[1].split("</table>")[0]
    raised = 0
    for rule in data.run["rules"]:
        found = [r["severity"] for r in data.findings.to_dicts() if r["rule_id"] == rule["id"]]
        if rule["status"] == "pilot" or not found:
            continue
        (row,) = [one for one in table.split("<tr")[2:] if f">{rule['title']}<" in one]
        highest = min(found, key=ranks.__getitem__)
        other = highest != rule["severity"]
        assert (f"found: up to {highest}" in text_of(("<tr" + row).encode())) == other
        raised += other
    assert raised


def test_what_is_wrong_with_the_history_stands_among_the_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic_, rules = Clinic(7), tuple(r for r in load_library(Path("rules")) if r.id == RULE)
    out = tmp_path / "out"

    def night(number: int) -> Path:
        clinic_.day_passes(number)
        files = clinic_.write(tmp_path / str(number))
        day = FIRST + dt.timedelta(days=number)
        folder, _ = run(request(files, out, rules, day, past=open_history(out)))
        return Path(folder)

    def notices_on(folder: Path) -> str:
        said = json.loads((folder / "run.json").read_text())["notices"]
        html = (folder / "report.html").read_text()
        told = [text_of(one.encode()) for one in html.split('class="notice"')[1:]]
        assert all(any(line in one for one in told) for line in said)
        return " ".join(said)

    assert FILE not in notices_on(night(0))
    (out / FILE).write_bytes(b"not a database at all" * 400)
    damaged = night(1)
    assert "was put aside as history.corrupt-1.sqlite" in notices_on(damaged)
    assert FILE not in notices_on(night(2))

    def newer(_: Path) -> None:
        raise Newer("version 9, and this program knows 1")

    monkeypatch.setattr(keeper, "connect", newer)
    ahead = night(3)
    assert "was written by a newer program" in notices_on(ahead)
    text = text_of((ahead / "report.html").read_bytes())
    assert "Not compared with an earlier run: see the notice." in text
    assert text.count("was written by a newer program") == 1
