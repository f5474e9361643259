"""Weekly limits and their signals, worked by hand, and what the page of trends shows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest
from test_report_page import text_of

from screener.outputs.report import render
from screener.outputs.report.given import series
from screener.outputs.report.spc import Limits, limits_of, signals
from screener.outputs.report.trends import sparkline, trends_of
from tests.report.invented_clinic import clinic

MONDAY = dt.date(2026, 1, 5)
STEADY = [(9, 1000), (11, 1000)] * 6  # centre 0.01; z = -+ 0.3162; steps 0.6325; spread 0.5607


def test_limits_are_three_sigmas_from_the_mean_of_the_baseline() -> None:
    limits = limits_of(STEADY)
    assert limits is not None
    assert limits.centre == pytest.approx(0.01)
    assert limits.spread == 1.0  # never tighter than chance
    low, high = limits.at(1000)
    assert (low, high) == pytest.approx((0.01 - 0.0094868, 0.01 + 0.0094868), abs=1e-6)
    assert limits.at(250)[0] == 0.0  # 0.01 - 0.019


def test_spread_beyond_chance_widens_the_limits() -> None:
    limits = limits_of([(0, 1000), (20, 1000)] * 6)
    assert limits is not None
    # z = -+ 3.1623, every step 6.3246, / 1.128
    assert limits.spread == pytest.approx(6.3246 / 1.128, rel=1e-4)


def test_limits_need_twelve_weeks_and_stay_those_of_the_first_twelve() -> None:
    assert limits_of(STEADY[:11]) is None
    assert limits_of([*STEADY, (500, 1000)]) == limits_of(STEADY)
    assert limits_of([(0, 1000)] * 12) is None
    assert limits_of([(1, 0), *STEADY[1:]]) is None


LIMITS = Limits(0.01, 1.0)  # at 1,000 screened: 0.00051 to 0.01949; two sigmas: 0.00368, 0.01632


@pytest.mark.parametrize(
    ("new", "last"),
    [
        ([10, 10, 19], ""),
        ([10, 10, 20], "above the upper limit"),
        ([10, 10, 1], ""),
        ([10, 10, 0], "below the lower limit"),
        ([11] * 6, ""),
        ([11] * 7, "7 weeks in a row above the mean"),
        ([9] * 7, "7 weeks in a row below the mean"),
        ([11] * 6 + [10], ""),  # on the centre is on no side
        ([7, 8, 9, 10, 11, 12], ""),
        ([7, 8, 9, 10, 11, 12, 13], "7 weeks in a row, each further up"),
        ([13, 12, 11, 10, 9, 8, 7], "7 weeks in a row, each further down"),
        ([7, 8, 9, 9, 10, 11, 12], ""),
        ([17, 10, 17], "2 of 3 weeks near the upper limit"),
        ([17, 10, 16], ""),
        ([17, 10, 10, 17], ""),
        ([17, 3, 10], ""),
        ([3, 10, 3], "2 of 3 weeks near the lower limit"),
    ],
)
def test_a_signal_is_one_of_four(new: list[int], last: str) -> None:
    assert signals([(n, 1000) for n in new], LIMITS)[-1] == last


def weeks(counts: list[int], **more: Any) -> list[dict[str, Any]]:
    return [
        {"week": (MONDAY + dt.timedelta(weeks=at)).isoformat(), "nights": 7, "screened": 1000,
         "new": n, "new_critical_high": n // 2, "complete": True} | more
        for at, n in enumerate(counts)
    ]  # fmt: skip


def nights(days: list[int], **more: Any) -> list[dict[str, Any]]:
    return [
        {"as_of": (MONDAY + dt.timedelta(days=day)).isoformat(), "run_id": f"{day:012x}",
         "complete": True, "patients": 60, "patients_with_findings": 9, "findings": 10 + day,
         "by_severity": {}, "rules_changed": False, "inputs_changed": False} | more
        for day in days
    ]  # fmt: skip


def test_weeks_that_are_not_whole_are_left_out_and_counted() -> None:
    told = series({"weeks": [*weeks([9, 11] * 6), *weeks([500], complete=False)], "nights": []})
    shown = trends_of(told).all
    assert shown is not None
    assert (len(shown.rows), shown.left_out) == (12, 1)
    assert shown.limits is not None


def test_a_night_without_a_run_is_a_gap_in_the_line() -> None:
    chart = trends_of(series({"nights": nights([0, 1, 2, 5, 6])})).nightly
    assert chart is not None
    assert [piece.count("L") for piece in chart.pieces] == [2, 1]
    assert len(chart.points) == 5


def test_runs_once_a_week_are_joined_and_a_missing_week_is_a_gap() -> None:
    shown = trends_of(series({"nights": nights([0, 7, 14, 28, 35])}))
    assert shown.nightly is not None
    assert [piece.count("L") for piece in shown.nightly.pieces] == [2, 1]
    html = page(trends={"nights": nights([0, 7, 14, 28, 35])})
    assert "A gap in the line is more than 7 days without a run." in text_of(html.encode())


def test_an_incomplete_night_is_no_part_of_the_line() -> None:
    told = nights([0, 1]) + nights([2], complete=False) + nights([3, 4])
    chart = trends_of(series({"nights": told})).nightly
    assert chart is not None
    assert [piece.count("L") for piece in chart.pieces] == [1, 1]
    assert [point.whole for point in chart.points] == [True, True, False, True, True]


def test_a_missing_week_ends_every_row_of_weeks() -> None:
    seven = [(11, 1000)] * 7
    assert signals(seven, LIMITS)[-1] != ""
    for gap in range(1, 7):
        follows = [True] * 7
        follows[gap] = False
        assert signals(seven, LIMITS, follows)[-1] == ""
    near = [(17, 1000), (10, 1000), (17, 1000)]
    assert signals(near, LIMITS, [True, True, False])[-1] == ""
    counts = weeks([9, 11] * 6 + [11] * 4 + [500] + [11] * 4)
    counts[16]["complete"] = False
    shown = trends_of(series({"weeks": counts})).all
    assert shown is not None
    assert shown.rows[-1][-1] == ""


def test_a_change_of_rules_is_marked_on_its_night() -> None:
    told = nights([0, 1]) + nights([2], rules_changed=True)
    chart = trends_of(series({"nights": told})).nightly
    assert chart is not None
    assert [words for _, words in chart.marks] == ["rules changed on 7 Jan 2026"]


def test_a_sparkline_is_cut_where_the_rule_did_not_run() -> None:
    assert len(sparkline([1, 2, None, 3, 4])) == 2
    assert sparkline([None, 1]) == ()
    assert sparkline([0, 0]) == ("M2.0 16.0L82.0 16.0",)


def page(**run: Any) -> str:
    data = clinic()
    return render(dataclasses.replace(data, run={**data.run, **run})).decode()


def test_one_run_has_no_trend_and_says_so() -> None:
    text = text_of(page().encode())
    assert "a trend needs two" in text
    assert "One run only: nothing to draw yet." in text


def test_the_page_shows_every_week_and_every_night_as_a_table_too() -> None:
    html = page(trends={"weeks": weeks([9, 11] * 6 + [40]), "nights": nights([0, 1, 2, 5])})
    text = text_of(html.encode())
    assert "above the upper limit" in text
    assert "A red diamond is a signal: a week outside the limits; the last of 7 weeks" in text
    assert "points between them differ by chance" not in text
    assert "Too early for limits" not in text
    trends = html.split('id="trends"')[1].split("</section>")[0]
    assert trends.count("<tr>") == 2 * (1 + 13) + 1 + 4
    assert "style=" not in trends


def test_every_rule_that_ran_has_its_last_counts_drawn() -> None:
    rule = clinic().run["rules"][0]["id"]
    html = page(
        previous_run="abc",
        compared={"previous_run": "abc", "previous_as_of": "2026-09-13", "rules": [rule]},
        trends={"nights": nights([0, 1]), "by_rule": {rule: [1, 3]}},
    )
    table = html.split('id="h-byrule"')[1].split("</table>")[0]
    assert table.count('class="t-line"') == 1
    assert 'd="M2.0 11.3L82.0 2.0"' in table


def test_numbers_of_the_comparison_are_those_of_run_json() -> None:
    states = {"new": 4321, "worsened": 5, "continuing": 6, "reopened": 7, "not_compared": 8,
              "no_longer_found": 1234}  # fmt: skip
    html = page(
        previous_run="abc",
        compared={"previous_run": "abc", "previous_as_of": "2026-09-13", "rules": ["a", "b"],
                  "rules_not": [{"rule": "c", "why": "changed"}], "states": states,
                  "new_by_severity": {"critical": 77}},
    )  # fmt: skip
    text = re.sub(r"\s+", " ", text_of(html.encode()))
    assert "4,321 new, 5 worsened, 7 found again, 1,234 no longer found, 8 not compared" in text
    assert "77 new" in text
    assert "only on 2 rules that are the same in both" in text
    assert "rule c: changed" in text
    assert "nothing to compare with" not in text
