"""What an export says of itself without being wrong enough to be refused is told, without cells."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from screener.intake import ids, overlaps
from screener.intake.odd_records import stated_count
from tests.intake.conftest import HEADER, Take

MAPPING = """\
schema: 1
mapping: my-site
title: An export that went through a spreadsheet
separator: comma
tables:
  prescriptions:
    files: ["orders*"]
    columns:
      patient_id: {extract: {from: pid, pattern: ['^([0-9]+)\\.0$', '^(.+)$']}}
      drug: drug
      start_date: day
"""
ROWS = "".join(f"P{n},warfarin,2026-01-{n + 1:02d}\n" for n in range(1, 21))


def told(take: Take, files: dict[str, str], about: str) -> list[str]:
    return [notice for notice in take(files).notices if about in notice]


@pytest.mark.parametrize(
    ("footer", "said"),
    [
        ("Total rows: 20", []),
        ("Total rows: 25", ["5 more"]),
        ("(18 rows affected)\n\n", ["2 fewer"]),
        ("Total rows: 1 020,,", ["1,000 more"]),  # as wide as a record
        ("Total rows,25,", ["5 more"]),
        ('"Records: 19"', ["1 fewer"]),
        ("P99 20", []),  # no footer
    ],
)
def test_a_footer_is_set_aside_and_its_count_compared(
    take: Take, footer: str, said: list[str]
) -> None:
    intake = take({"prescriptions.csv": f"{HEADER}\n{ROWS}{footer}\n"})
    (file,) = intake.files
    assert (file.kept, file.set_aside) == (20, 1)
    found = [n for n in intake.notices if "states how many" in n]
    assert [word for word in said if word in found[0]] == said
    assert len(found) == len(said)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Total rows: 3", 3),
        ("Row count 1,234,567", 1_234_567),
        ("TRL|5", 5),
        ("3 rows in 2 files", None),
        ("warfarin 5 mg, total", None),
        ("20", None),
        ("total", None),
    ],
)
def test_only_a_footer_states_a_count(text: str, count: int | None) -> None:
    assert stated_count(text) == count


def test_quotes_escaped_with_a_backslash_get_a_hint(take: Take) -> None:
    bad = 'P30,"zqx \\"forte\\" tablets",2026-01-01\nP31,"zqx" drug,2026-01-01\n'
    intake = take({"prescriptions.csv": f"{HEADER}\n{ROWS}{bad}"})
    assert intake.set_aside["reason"].to_list() == ["quotes", "quotes"]
    (notice,) = [n for n in intake.notices if "backslash" in n]
    assert "before a quote: 1;" in notice
    assert "zqx" not in notice


def test_empty_quotes_and_an_empty_cell_are_both_missing(take: Take) -> None:
    text = f'{HEADER},dose_min,sig\nP1,warfarin,2026-01-01,"",""\nP2,warfarin,2026-01-01,,\n'
    rows = take({"prescriptions.csv": text}).bucket(0).prescriptions
    assert rows.select("dose_min", "sig").unique().rows() == [(None, None)]
    refused = take(
        {"prescriptions.csv": f'{HEADER}\n"",warfarin,2026-01-01\n,x,2026-01-01\nP,y,2026-01-01\n'}
    )
    assert refused.set_aside.select("row", "reason").rows() == [(1, "missing"), (2, "missing")]


@pytest.mark.parametrize(
    "other", ["P1 ", " P1", "P1\u00a0", "P1\u200b", "p1", "\uff30\uff11", "P1\u2060"]
)
def test_ids_that_look_like_one_person_stay_apart_and_are_told(take: Take, other: str) -> None:
    rows = f"P1,warfarin,2026-01-01\n{other},warfarin,2026-01-02\nP2,warfarin,2026-01-03\n"
    intake = take({"prescriptions.csv": f"{HEADER}\n{rows}"})
    assert intake.bucket(0).prescriptions["patient_id"].n_unique() == 3
    (notice,) = [n for n in intake.notices if "differ from another one" in n]
    assert notice.endswith("patients of their own: 2")


def test_an_id_of_another_table_and_bucket_that_looks_the_same_is_told(take: Take) -> None:
    files = {
        "prescriptions.csv": "".join([HEADER, *(f"\nN{n},warfarin,2026-01-01" for n in range(40))]),
        "patients.csv": "patient_id,sex\n" + "".join(f"n{n},F\n" for n in range(7)),
    }  # fmt: skip
    intake = take(files, bucket_rows=10)
    assert intake.bucket_count > 1
    assert any(n.endswith("patients of their own: 14") for n in intake.notices)
    assert not told(take, {"patients.csv": "patient_id,sex\nN1,F\n"}, "differ from another")


def test_an_id_with_a_spreadsheets_decimal_is_told_beside_the_clean_one(take: Take) -> None:
    rows = "123,warfarin,2026-01-01\n123.0,warfarin,2026-01-02\n0123,warfarin,2026-01-03\n"
    (notice,) = told(take, {"prescriptions.csv": f"{HEADER}\n{rows}"}, "differ from another one")
    assert notice.endswith(": 2")


def test_ids_that_differ_in_what_is_seen_are_not_alike() -> None:
    seen = pl.Series(["1", "01", "1.5", "1.00x", "a b", "ab", "a-b", "\u00e9", "e"])
    assert ids.folded(seen).n_unique() == seen.len()


def test_two_files_with_nearly_the_same_orders_are_told(take: Take) -> None:
    more = ROWS.replace("P20,", "P99,")
    files = {"prescriptions_a.csv": f"{HEADER}\n{ROWS}", "prescriptions_b.csv": f"{HEADER}\n{more}"}
    (notice,) = told(take, files, "stand in")
    assert "95 % of its orders" in notice
    files["prescriptions_b.csv"] = files["prescriptions_b.csv"].replace("P19,", "P98,")
    assert told(take, files, "stand in") == []


def test_a_sample_of_a_large_export_tells_the_same() -> None:
    orders = pl.DataFrame({"patient_id": [f"P{n}" for n in range(40_000)]}).with_columns(
        drug=pl.lit("warfarin"), start_date=pl.date(2026, 1, 1)
    )
    share = overlaps.one_in(2, 80_000)
    assert share == 4
    whole, half = overlaps.keys_of(orders, share), overlaps.keys_of(orders[:20_000], share)
    apart = overlaps.keys_of(orders.with_columns(drug=pl.lit("digoxin")), share)
    assert 8_000 < len(whole) < 12_000
    assert half < whole
    assert len(overlaps.said({"a": whole, "b": half}, share)) == 1
    assert overlaps.said({"a": whole, "b": apart}, share) == []
    assert overlaps.one_in(1, 80_000) == 0


def test_a_mapping_can_declare_that_a_spreadsheet_made_the_ids(take: Take, tmp_path: Path) -> None:
    mapping = tmp_path / "site.yaml"
    mapping.write_text(MAPPING)
    rows = "123.0,warfarin,2026-01-01\n123,digoxin,2026-01-02\n0123,digoxin,2026-01-02\n"
    intake = take({"orders.csv": f"pid,drug,day\n{rows}"}, mapping=mapping)
    assert intake.bucket(0).prescriptions["patient_id"].to_list() == ["123", "123", "0123"]
    assert not [n for n in intake.notices if "differ from another" in n or "end in '.0'" in n]
