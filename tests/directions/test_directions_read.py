"""What single directions mean: one line a habit, from several countries."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from screener.directions import read_directions


def rows_of(text: str) -> list[dict[str, Any]]:
    return read_directions(pl.Series([text])).to_dicts()


def ratio(value: dict[str, int] | None) -> Fraction | None:
    return None if value is None else Fraction(value["over"], value["under"])


# text, amount a day (low, high; "-" = no limit known), unit ("" = not said)
DAILY = [
    ("1 tab po tid", "3", "3", "tablet"),
    ("10 ml qds", "40", "40", "mL"),
    ("1T BID", "2", "2", "tablet"),
    ("1 daily, review 3/12", "1", "1", ""),
    ("1 od rv 2/52", "1", "1", ""),
    ("1 tab bd as directed", "2", "2", "tablet"),
    ("1 tablet daily DS:90 QTY:90", "1", "1", "tablet"),
    ("1 tablet bd. Issue 1 of 6", "2", "2", "tablet"),
    ("1 tablet daily. Rx expires 05/2025", "1", "1", "tablet"),
    ("1 tab nocte, rpt x 5", "1", "1", "tablet"),
    ("5 ml bd (wt 18 kg)", "10", "10", "mL"),
    ("1 tablet at night (22:00)", "1", "1", "tablet"),
    ("1 - 0 - 1", "2", "2", ""),
    ("1+0+1", "2", "2", ""),
    ("1½-0-1", "5/2", "5/2", ""),
    ("1-0-1 (after food)", "2", "2", ""),
    ("1 tablet daily (8am) (8pm)", "2", "2", "tablet"),
    ("10 mg daily (8am), 10 mg daily (8pm)", "20", "20", "mg"),
    ("1 tablet in the morning (08:00), 1 tablet at night (9pm)", "2", "2", "tablet"),
    ("1 tablet ON (22:00)", "1", "1", "tablet"),
    ("take 1 o.d.", "1", "1", ""),
    ("1 QD", "1", "1", ""),
    ("1 b.i.d.", "2", "2", ""),
    ("TK 1 T PO QD", "1", "1", "tablet"),
    ("1½ tablets bd", "3", "3", "tablet"),
    ("1 and 1/2 tablets daily", "3/2", "3/2", "tablet"),
    ("one and a half tablets at night", "3/2", "3/2", "tablet"),
    ("half tab bd", "1", "1", "tablet"),
    (".5 mg bd", "1", "1", "mg"),
    ("5.0 mg od", "5", "5", "mg"),
    ("1,000 mg qid", "4000", "4000", "mg"),
    ("1-2 nocte", "1", "2", ""),
    ("one or two tablets tds", "3", "6", "tablet"),
    ("10 mg-20 mg bd", "20", "40", "mg"),
    ("500 mg to 1 g qds", "2000", "4000", "mg"),
    ("1 tablet 2 to 3 times a day", "2", "3", "tablet"),
    ("1 bd-tds", "2", "3", ""),
    ("1 mane, 2 nocte", "3", "3", ""),
    ("1 am and 2 at night", "3", "3", ""),
    ("at night 2 and in the morning 1", "3", "3", ""),
    ("10 mg in the morning and 20 mg at bedtime", "30", "30", "mg"),
    ("10 mg bd and 20 mg nocte", "40", "40", "mg"),
    ("1-0-1", "2", "2", ""),
    ("1/2-0-1 tab", "3/2", "3/2", "tablet"),
    ("2+1+2", "5", "5", ""),
    ("1-1-1-1 x 5 days", "4", "4", ""),
    ("1 tablet at 8 am, 2 pm and 8 pm", "3", "3", "tablet"),
    ("40 mg 0900,2100", "80", "80", "mg"),
    ("1 tablet daily morning and night", "2", "2", "tablet"),
    ("1 tablet twice daily, morning and night", "2", "2", "tablet"),
    ("1 tablet every evening at bedtime", "1", "1", "tablet"),
    ("1 cap qid, with meals and at bedtime", "4", "4", "capsule"),
    ("1 q4h", "6", "6", ""),
    ("6 hourly 1 tab", "4", "4", "tablet"),
    ("2 puffs every 4 to 6 hours", "8", "12", "puff"),
    ("1 patch every 72 hours", "1/3", "1/3", "patch"),
    ("Apply 1 patch. Change every 3 days", "1/3", "1/3", "patch"),
    ("1 tablet on alternate days", "1/2", "1/2", "tablet"),
    ("1 tab qod", "1/2", "1/2", "tablet"),
    ("4 tablets once a week on Mondays", "4/7", "4/7", "tablet"),
    ("1 weekly on mondays", "1/7", "1/7", ""),
    ("1 tab Mon/Wed/Fri", "3/7", "3/7", "tablet"),
    ("1 tablet Monday to Friday", "5/7", "5/7", "tablet"),
    ("1 tablet twice daily on Mondays and Thursdays", "4/7", "4/7", "tablet"),
    ("7.5 mg daily except Sundays", "45/7", "45/7", "mg"),
    ("5 mg mon, wed, fri and 2.5 mg all other days", "25/7", "25/7", "mg"),
    ("50 mcg 5 times a week and 100 mcg twice a week", "450/7", "450/7", "mcg"),
    ("1 injection every 2 weeks", "1/14", "1/14", "syringe"),
    ("5 mL (250 mg) three times daily", "15", "15", "mL"),
    ("two 5ml spoonfuls qds", "40", "40", "mL"),
    ("take 2 x 500mg tds", "3000", "3000", "mg"),
    ("take two 500 mg tablets twice daily", "4", "4", "tablet"),
    ("10 mg (two 5 mg tablets) daily", "10", "10", "mg"),
    ("10 mg/5 ml: 5 ml bd", "10", "10", "mL"),
    ("600 mg daily in 3 divided doses", "600", "600", "mg"),
    ("40 mg/day", "40", "40", "mg"),
    ("2 a day", "2", "2", ""),
    ("1 tab 3/day", "3", "3", "tablet"),
    ("3 x daily 1 tab", "3", "3", "tablet"),
    ("one drop in both eyes qid", "8", "8", "drop"),
    ("1 GTT QD IN OD", "1", "1", "drop"),
    ("2 sprays each nostril daily", "4", "4", "spray"),
    ("apply sparingly bd", "2", "2", "application"),
    ("10 mg on", "10", "10", "mg"),
    ("10 mg o.n.", "10", "10", "mg"),
    ("1 daily with 8 oz water 30 minutes before breakfast", "1", "1", ""),
    ("mix 17 g in 4 to 8 ounces of juice daily", "17", "17", "g"),
    ("1 tab\u200b bd", "2", "2", "tablet"),
    ("Take ONE tablet THREE times a day after food. Do not crush.", "3", "3", "tablet"),
    ("1 tab daily as directed", "1", "1", "tablet"),
    ("1 g every 4-6 hours, max 4 g/day", "4", "4", "g"),
    ("1 tablet up to four times a day", "0", "4", "tablet"),
    ("1 tab every 2 hours up to 5 times a day", "0", "5", "tablet"),
    ("up to 2 tablets at night", "0", "2", "tablet"),
    ("1-1/2 tablets daily", "3/2", "3/2", "tablet"),
    ("1 tablet monthly", "1/30", "1/30", "tablet"),
    ("1 injection every 3 months", "1/90", "1/90", "syringe"),
    ("500 mg 6/24", "2000", "2000", "mg"),
    ("500 mg tablets, 2 bd", "4", "4", ""),
    ("1 tab daily, disp #30, 3 refills", "1", "1", "tablet"),
    ("1 tab daily from 01/02/2024", "1", "1", "tablet"),
    ("4 tablets a day: 2 in the morning and 2 at night", "4", "4", "tablet"),
    ("1200 mg/day divided tid", "1200", "1200", "mg"),
    ("10 mg tds (total daily dose 30 mg)", "30", "30", "mg"),
    ("1 tablet daily for chronic spontaneous urticaria", "1", "1", "tablet"),
    ("1 tablet daily. Indications: high cholesterol. Dx: E78.5", "1", "1", "tablet"),
    ("1 tablet bd, may cause dizziness or blurred vision", "2", "2", "tablet"),
    ("TAKE 1 TABLET DAILY **NEEDS APPOINTMENT BEFORE NEXT REFILL**", "1", "1", "tablet"),
    ("1 tablet once daily (90 day supply)", "1", "1", "tablet"),
    ("10 mg = 1 tab(s), Oral, 3x/day, 90 tab(s), 2 Refill(s)", "30", "30", "mg"),
    ("1 tab daily - 28 tabs", "1", "1", "tablet"),
    ("10 mg daily start 2024-01-31", "10", "10", "mg"),
    ("1 each Q24H", "1", "1", ""),
    ("2dd1t", "2", "2", "tablet"),
    ("1/1 tds", "3", "3", ""),
    ("5mg Tu/Th/Sa, 2.5mg M/W/F/Su", "25/7", "25/7", "mg"),
    ("5 mg daily except 2.5 mg on Mon and Fri", "30/7", "30/7", "mg"),
    ("1 mg im 3 monthly", "1/90", "1/90", "mg"),
    ("change patch every 72 hours", "1/3", "1/3", "patch"),
    ("1 drop to left eye tds", "3", "3", "drop"),
    ("1 T PO BID", "2", "2", "tablet"),
    ("1dd0.5t", "1/2", "1/2", "tablet"),
    ("3 x 1 tablet daily", "3", "3", "tablet"),
    ("50 mg 1 tab bd", "2", "2", "tablet"),
    ("Take 2 (500 mg) tablets bd", "4", "4", "tablet"),
    ("8 mL (6 mg/mL) daily", "8", "8", "mL"),
    ("15 mg once weekly (six 2.5 mg tablets)", "15/7", "15/7", "mg"),
    ("3 mg alternating with 4 mg daily", "7/2", "7/2", "mg"),
    ("1 tab M-F, 2 tabs Sat/Sun", "9/7", "9/7", "tablet"),
    ("1 tablet three times weekly on dialysis days", "3/7", "3/7", "tablet"),
    ("4 tablets once a week, do not take daily", "4/7", "4/7", "tablet"),
    ("1 patch (25 mcg/hr) every 3 days", "1/3", "1/3", "patch"),
    ("apply 1 patch daily, on at 9 am off at 9 pm", "1", "1", "patch"),
    ("1 patch in the morning and remove at bedtime", "1", "1", "patch"),
    ("2 patches daily for 12 hours", "2", "2", "patch"),
    ("24 hour tablet: take 1 daily", "1", "1", ""),
    ("28 tablets. Take one daily", "1", "1", ""),
    ("1 tab bd x 60 tabs", "2", "2", "tablet"),
    ("50 mcg every morning before breakfast (0600)", "50", "50", "mcg"),
    ("apply 1% cream bd", "2", "2", "application"),
    ("start 3/12/24, 1000 units daily", "1000", "1000", "unit"),
    ("starting March 4, 2000 units daily", "2000", "2000", "unit"),
    ("patient aged 74 - 1 tablet daily", "1", "1", "tablet"),
    ("10 mg Oral Tab, 1 tab, Oral, TID", "3", "3", "tablet"),
]


@pytest.mark.parametrize(("text", "low", "high", "unit"), DAILY)
def test_the_amount_a_day(text: str, low: str, high: str, unit: str) -> None:
    (row,) = rows_of(text)
    assert row["unreadable"] is None
    assert (ratio(row["daily_min"]), ratio(row["daily_max"])) == (Fraction(low), Fraction(high))
    assert (row["dose_unit"] or "", row["prn"]) == (unit, False)


AS_NEEDED = [
    ("1 tab po tid prn", "3"),
    ("1 prn", None),
    ("1-2 sos", None),
    ("1 prn max 4/day", "4"),
    ("max 4 in 24 hours, 1 prn", "4"),
    ("1-2 tabs every 4-6 hours when required. Max 8 in 24 hours", "8"),
    ("1-2 tabs qid prn, 8 tablets in 24 hours max", "8"),
    ("2 tablets prn, no more than 4 doses a day", "8"),
    ("500 mg prn max 4/day", "2000"),
    ("1 g prn, up to 3000 mg daily", "3"),
    ("1 tablet (500 mg) prn max 3 g daily", "6"),
    ("2 tablets prn max 3 g daily", None),
    ("1 qhs prn insomnia", "1"),
    (
        "take 1-2 tablets (5-10 mg total) by mouth every 4 (four) hours as needed for pain (4-6)",
        "12",
    ),
    ("1 tab at onset of migraine, may repeat in 2 hours, max 2 a day", "2"),
    ("1 capsule after each loose stool, max 8 a day", "8"),
    ("1 tab tid prn (MDD=3)", "3"),
    ("2 tabs q8h prn, max 4 g of acetaminophen in 24 hours from all sources", "6"),
    ("30 ml daily as needed if no BM x 3 days", "30"),
    ("1 tab bd if SBP > 160", "2"),
    ("apply bd if needed for itching", "2"),
]


@pytest.mark.parametrize(("text", "high"), AS_NEEDED)
def test_as_needed_is_from_nothing_to_the_most_that_was_said(text: str, high: str | None) -> None:
    (row,) = rows_of(text)
    assert row["unreadable"] is None
    assert row["prn"] is True
    assert ratio(row["daily_min"]) == 0
    assert ratio(row["daily_max"]) == (None if high is None else Fraction(high))


LENGTHS = [
    ("1 tds for 7 days", 7),
    ("1 tds x7d", 7),
    ("1 bd x 2/52", 14),
    ("1 tds 5/7", 5),
    ("1 bd for one week", 7),
    ("1 bd for 3/12", 90),
    ("1 bd for 7-10 days", None),
    ("500 mg q8h x 21 doses", 7),
    ("2 tablets stat", 1),
    ("40 mg once x1", 1),
    ("1 qds prn max 3 days use", 3),
    ("1 tab tds, avoid alcohol, for 7 days", 7),
    ("1 tab tds. No alcohol until 48 hours after last dose", None),
    ("1 tds not more than 2 weeks", 14),
    ("1 bd, 2 months supply", None),
    ("30 ml daily prn if no bm for 3 days", None),
    ("1 daily", None),
]


@pytest.mark.parametrize(("text", "days"), LENGTHS)
def test_how_long(text: str, days: int | None) -> None:
    (row,) = rows_of(text)
    assert (row["unreadable"], row["days"]) == (None, days)


# text, the amount a day and the days of each phase
TAPERS = [
    ("40 mg daily for 5 days then 20 mg daily for 5 days", "40 x 5; 20 x 5"),
    ("4 tabs daily x 3 days, 3 tabs daily x 3 days, 1 tab daily x 3 days", "4 x 3; 3 x 3; 1 x 3"),
    ("60 mg x 3 days, 40 mg x 3 days, then stop", "60 x 3; 40 x 3"),
    ("500 mg on day 1 then 250 mg daily on days 2-5", "500 x 1; 250 x 4"),
    ("2 tablets today then 1 tablet daily for 4 days", "2 x 1; 1 x 4"),
    ("1 bd for 7 days then 1 od", "2 x 7; 1 x -"),
    ("1 tablet daily for 3 days, then twice daily", "1 x 3; 2 x -"),
    ("1 daily, increase to 2 daily after 1 week", "1 x 7; 2 x -"),
    ("15 mg od for 7 days, reduce by 5 mg every 3 days until stopped", "15 x 7; 10 x 3; 5 x 3"),
    ("30 mg daily reducing by 10 mg every week to 10 mg", "30 x 7; 20 x 7; 10 x -"),
    ("30 mg daily reducing by 10 mg every week to 10 mg then stop", "30 x 7; 20 x 7; 10 x 7"),
    ("25 mg nocte increasing by 25 mg every 3 days to 75 mg", "25 x 3; 50 x 3; 75 x -"),
    ("1 in the morning then 2 at night", "3 x -"),
    ("1 tab tds x 14 days, then as needed", "3 x 14; None x -"),
    ("half a tablet for one week, then one tablet daily", "1/2 x 7; 1 x -"),
    ("week 1: 25 mg od; week 2: 50 mg od; week 3 onwards: 75 mg od", "25 x 7; 50 x 7; 75 x -"),
    ("Days 1-3: 5 mg daily; Days 4-7: 5 mg bd; then 10 mg bd", "5 x 3; 10 x 4; 20 x -"),
    ("2 tabs on day 1, then 1 tab daily from day 2", "2 x 1; 1 x -"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "phases"), TAPERS)
def test_phases(text: str, phases: str) -> None:
    rows = rows_of(text)
    read = "; ".join(f"{ratio(row['daily_max'])} x {row['days'] or '-'}" for row in rows)
    assert read == phases
    assert [row["phase"] for row in rows] == list(range(len(rows)))


def test_the_derivation_can_be_checked() -> None:
    (row,) = rows_of("1-2 tabs qid prn, max 6 a day, for 5 days")
    assert row["how"] == (
        "1 to 2 tablets × 4 times a day, as needed, at most 6 tablets a day, for 5 days"
    )
    (row,) = rows_of("1 mane and 2 nocte")
    assert row["how"] == "1 × once a day + 2 × once a day"


def test_doses_that_differ_have_their_mean_as_dose() -> None:
    (row,) = rows_of("1 tab mane and 2 tabs nocte")
    assert (row["dose_min"], row["count_min"], row["period_days"]) == (1.5, 2, 1)


def test_the_same_amount_in_another_unit() -> None:
    (row,) = rows_of("Take 2 tablets (1,000 mg total) by mouth 2 (two) times daily")
    assert (row["dose_unit"], ratio(row["daily_max"])) == ("tablet", 4)
    assert (row["other_unit"], ratio(row["other_daily_max"])) == ("mg", 2000)


def test_distinct_texts_once_and_nulls_left_out() -> None:
    read = read_directions(pl.Series(["1 bd", None, "1 od", "1 bd"]))
    assert read["text"].to_list() == ["1 bd", "1 od"]
    assert read_directions(pl.Series([], dtype=pl.String)).is_empty()


NAMED = [  # NAME stands for the name of the product, as intake hands it in
    ("NAME EC 81 mg od", "81", "mg"),
    ("NAME ER 500 mg 2 tabs bd", "4", "tablet"),
    ("NAME 2.5 mg tablets - 5 mg od", "5", "mg"),
    ("NAME 5-325 1 tab q6h", "4", "tablet"),
    ("NAME 30/500 two tablets qds", "8", "tablet"),
    ("NAME 25-100: 1 tab qid", "4", "tablet"),
    ("NAME 70/30 20 units bd", "40", "unit"),
    ("NAME 5-325 bid", None, ""),
    ("NAME 5-10 mg, 1 tab tds", None, ""),
    ("NAME 1/2 tablet bd", "1", "tablet"),
    ("1 NAME 1/2 tablet bd", None, ""),
]


@pytest.mark.parametrize(("text", "daily", "unit"), NAMED)
def test_what_stands_behind_the_name_of_the_product(
    text: str, daily: str | None, unit: str
) -> None:
    sign = "\ue000"
    (row,) = read_directions(pl.Series([text.replace("NAME", sign)]), own_name=sign).to_dicts()
    assert ratio(row["daily_max"]) == (None if daily is None else Fraction(daily))
    assert (row["unreadable"] is None) == (daily is not None)
    assert row["dose_unit"] == (unit or None)
