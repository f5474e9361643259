"""Directions nobody should put a number on: each with the part that stopped the reading."""

from __future__ import annotations

import polars as pl
import pytest

from screener.directions import read_directions

UNREADABLE = [
    ("", "no dose", ""),
    ("every other day", "no dose", "every other day"),
    ("1 tablet", "no frequency", "1 tablet"),
    ("take with food", "no dose", "take with food"),
    ("use as directed", "no dose", "use as directed"),
    ("1 QD OR AS DIRECTED", "foreign word", "or"),
    ("TAPER AS DIRECTED", "foreign word", "taper"),
    ("sliding scale", "foreign word", "sliding"),
    ("10 U at bedtime", "foreign word", "u"),
    ("1 tablet once daily twice a day", "contradiction", "once daily twice a day"),
    ("1 bd mane", "contradiction", "bd mane"),
    ("1 tablet once daily morning and night", "contradiction", "once daily morning"),
    ("1 twice weekly on mondays", "contradiction", "twice weekly on mondays"),
    ("1 tds max 2/day", "contradiction", "max 2/day"),
    ("4 (two) times a day 1 tab", "contradiction", "4 (two"),
    ("1 drop od", "several readings", "od"),
    ("1 tablet evening, bedtime", "contradiction", "evening, bedtime"),
    ("2-1 bd", "several readings", "2-1"),
    ("2,5 mg bd", "several readings", "2,5 mg"),
    ("500 mg tablets bd", "several readings", "mg tablets"),
    ("1 tab mane and 5 mg nocte", "several readings", "1 tab mane and 5 mg"),
    ("1 mane and 1 nocte if needed", "several readings", "if needed"),
    ("10 mg 1 am 2 pm", "several readings", "1 am"),
    ("2.5 ml prn max 4/day", "several readings", "max 4/day"),
    ("400 mg bd in divided doses", "several readings", "in divided doses"),
    ("2 tablets stat then 1 bd", "several readings", "2 tablets stat"),
    ("1 mon-thu", "several readings", "mon-thu"),
    ("3 x 1", "foreign word", "x"),
    # one time of the day has a dose, the other "as directed"
    ("2 tablets in the morning and as directed in the evening", "no dose", "and as directed in"),
    ("1 mane, as instructed at night", "no dose", ", as instructed at"),
    ("1 at night and when required in the morning", "no dose", "and when required in"),
    ("1 mane, as needed at night", "no dose", ", as needed at"),
    ("1 tablet daily for 7 days then take 2 tabl", "no dose", "take 2 tabl"),  # cut off
    ("take it daily", "no dose", "daily"),
    ("1 tablet daily (total 4 tablets a day)", "foreign word", "total"),
    ("1 tablet bd (total of 6 tablets)", "foreign word", "total of"),
    # an hour that does not fit, and one beside a frequency
    ("1 tablet twice daily (8am)", "contradiction", "twice daily (8am"),
    # repeats of the dose, or of the prescription
    ("1 tablet now, repeat x 1", "foreign word", "repeat"),
    ("1 tablet every 4 hours, repeat x 2", "foreign word", "repeat"),
    ("take one repeat x 4 daily", "foreign word", "repeat"),
    ("1 daily then off weekends", "foreign word", "then off"),
    ("1 tab bd 2 days post op", "foreign word", "post"),
    ("1 tablet post op day 1, 2 tablets post op day 2", "foreign word", "post"),
    ("2 tablets daily weight > 80 kg", "foreign word", "weight"),
    (
        "1 tablet daily (wt < 50 kg), 2 tablets daily (wt > 50 kg)",
        "several readings",
        "1 tablet daily , , 2 tablets",
    ),
    ("1 every 5 minutes", "no frequency", "every 5 minutes"),
    ("biweekly 1 tab", "foreign word", "biweekly"),
    ("1 q4h while awake", "foreign word", "while"),
    ("5 mg/kg daily", "foreign word", "/"),
    ("1 daily for 21 days then 7 days off", "foreign word", "off"),
    ("40 mg daily then 20 mg daily", "no length", "40 mg daily"),
    ("40 mg daily, reduce by 5 mg every 3 days", "open-ended", "reduce by 5 mg every 3 days"),
    ("40 mg daily, reduce by 7 mg weekly to 0", "contradiction", "reduce by 7 mg weekly to 0"),
    ("start with 1 daily", "open-ended", "start with"),
    ("01/02/2024 1 bd", "foreign word", "01/02/2024"),
    ("1 every hours", "several readings", "every hours"),
    ("inject 3 monthly", "several readings", "3 monthly"),
    ("4 weekly", "several readings", "4 weekly"),
    ("increase to 2 bd after 2 weeks", "open-ended", "after 2 weeks"),
    ("1 daily after 1 week", "open-ended", "after 1 week"),
    ("1 am for bp and bedtim", "foreign word", "bedtim"),
    ("1 tab daily call for dose", "foreign word", "call"),
    ("5 mg bd may cause drowsiness or take 10 mg", "foreign word", "or"),
    ("1-2-24", "several readings", "1-2-24"),
    ("10 mg mane from 1/2/24, 10 mg nocte from 8/2/24", "several readings", "from that day"),
    ("1 tab bd (q8h)", "contradiction", "bd (q8h"),
    ("1 every morning at bedtime", "contradiction", "every morning at bedtime"),
    ("1 once weekly every morning", "contradiction", "once weekly every morning"),
    ("20 mg (1 x 10 mg tablet) daily", "contradiction", "(1 x 10 mg tablet"),
    ("1 tablet (5 mg) bd (20 mg per day)", "contradiction", "(20 mg per day)"),
    ("1 tablet bd increase as tolerated", "foreign word", "increase"),
    ("8am and 8pm", "no dose", "8am and 8pm"),
    ("1 tablet when BP > 160", "no frequency", "when bp > 160"),
    ("1 tab prn max 4 d", "several readings", "max 4 d"),
    ("1 prn max 8 days per month", "several readings", "max 8 days per"),
    ("1 tablet on dialysis days", "foreign word", "on"),
    ("1 tablet daily, not on methotrexate day", "foreign word", "not on methotrexate day"),
    ("1 tablet daily, do not take daily", "foreign word", "do not take daily"),
    ("1 tab, may repeat in 2 hours", "no frequency", "may repeat dose"),
    ("1 tab q6h prn, may repeat after 1 hour, max 4 a day", "no frequency", "may repeat dose"),
    ("Adult: 2 at night. Child: 1 in the morning", "foreign word", "child"),
    ("5 ml tds (age 6-11 years) 10 ml tds (age 12 years)", "foreign word", "age"),
    ("1 tab daily if over age 65", "foreign word", "if"),
    ("start 1 may increase to 2 daily", "foreign word", "may"),
    ("1 daily, start 2 days before travel, continue for 7 days after", "foreign word", "after"),
    ("500 mg bd on Tue 3/5/24 at 10:00", "foreign word", "3/5/24"),
    ("1 daily until March 4, 2025, then 2 daily", "several readings", "from that day"),
    ("apply 1 patch for 12 hours", "foreign word", "for"),
    ("1 tablet weekly blister pack", "no frequency", "1 tablet"),
    ("5-325 mg bd", "several readings", "5-325 mg"),
    ("25 mcg patch every 72 hours", "several readings", "mcg patch"),
    ("20 mg daily (two 5 mg tablets)", "contradiction", "(two 5 mg tablets)"),
    ("10 mg alternating with 20 mg bd", "foreign word", "alternating"),
    ("3 x 1 tablet tds", "foreign word", "x"),
    ("1 tab bd for 5 days, daily", "contradiction", "bd for 5 days, daily"),
    ("take 50% of a tablet daily", "foreign word", "50"),
    ("20 tablets. Take 2", "no frequency", "2"),
    ("1 tab mane, rpt 1 nocte", "foreign word", "rpt"),
    ("1 bd for pain (weekly)", "contradiction", "bd for pain (weekly"),
    ("for 7 days 1 bd, for 3 days 1 od", "contradiction", "for 7 days 1 bd, for 3 days"),
]


@pytest.mark.parametrize(("text", "problem", "part"), UNREADABLE)
def test_the_part_that_stopped_the_reading(text: str, problem: str, part: str) -> None:
    (row,) = read_directions(pl.Series([text])).to_dicts()
    assert row["unreadable"] == part
    assert row["problem"] == problem
    assert row["daily_min"] is None
    assert row["daily_max"] is None
