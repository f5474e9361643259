"""Whole runs on real and independently made public exports, which stay outside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from screener.cli.main import ended_with
from screener.directions import read_directions
from screener.intake import take_in
from screener.sources import read_export

SHARED = Path(__file__).parents[3] / "shared" / "data"
RULES = Path(__file__).parents[2] / "rules"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is absent"),
]
ENVELOPE = """schema: 1
rule: {rule}
title: A rule for this test
version: 1
status: active
severity: moderate
why: To see the check at work on an export without doses.
action: None.
evidence:
  - {{source: this test, where: here, read_on: 2026-11-22}}
owners: {{wrote: pharmacist, checked: [second-pharmacist], next_review: 2027-11-22}}
flag_when:
  {check}
examples:
  - story: nothing to see
    takes: {{{drug}: 1 mg/day for 28 days}}
    expect: clear
"""


def run_of(folder: str, mapping: str, rules: Path, out: Path) -> tuple[Path, dict[str, Any]]:
    arguments = ["run", str(SHARED / folder), "--format", mapping, "--rules", str(rules)]
    assert ended_with([*arguments, "--out", str(out)]) == 0
    (made,) = [p for p in out.iterdir() if (p / "run.json").exists() and not p.is_symlink()]
    return made, json.loads((made / "run.json").read_text())


@pytest.mark.parametrize(
    ("folder", "mapping"),
    [
        ("smart_outpatient", "smart_outpatient"),
        ("synthea_csv", "synthea"),
        ("synthea_csv_with_labs", "synthea"),
        ("eicu_demo", "eicu"),
    ],
)
def test_every_row_of_a_real_export_ends_in_one_class(
    folder: str, mapping: str, tmp_path: Path
) -> None:
    _, run = run_of(folder, mapping, RULES, tmp_path)
    assert all(check["ok"] for check in run["checks"])
    for file in run["inputs"]:
        ends = ("used", "excluded", "duplicate", "superseded", "set_aside", "blank", "left_out")
        assert file["records"] + file.get("added", 0) == sum(file[e] for e in ends), file["file"]


def test_the_directions_of_the_fills_say_what_their_orders_say(tmp_path: Path) -> None:
    """ri-sigs.txt is the fills once more, by patient, day and drug, with directions. It is not
    read: this says what reading it would change."""
    folder = SHARED / "smart_outpatient"
    intake = take_in([str(folder)], read=read_export, mapping="smart_outpatient", scratch=tmp_path)
    orders = intake.bucket(0).prescriptions
    fills = orders.filter(pl.col("prescription_id").str.starts_with("refill-")).select(
        "patient_id", "drug", day=pl.col("start_date").cast(pl.String),
        own=pl.col("dose_min") * pl.col("frequency_count") / pl.col("frequency_period_days"),
    )  # fmt: skip
    texts = pl.read_csv(
        folder / "ri-sigs.txt", separator="\t", infer_schema=False, quote_char=None
    ).with_columns(pl.all().str.strip_chars())
    both = fills.join(
        texts.select("PERSON_ID", "START_DATE", "DRUG", "SIG").unique(),
        left_on=["patient_id", "day", "drug"],
        right_on=["PERSON_ID", "START_DATE", "DRUG"],
    )
    assert both.height == 1030 == fills.height - 19
    read = read_directions(both["SIG"]).filter(pl.len().over("text") == 1)
    amount = pl.col("daily_max").struct.field("over") / pl.col("daily_max").struct.field("under")
    compared = both.join(
        read.select("text", said=amount), left_on="SIG", right_on="text"
    ).drop_nulls(["own", "said"])
    differ = compared.filter((pl.col("own") - pl.col("said")).abs() > 1e-6)
    assert compared.height > 950
    assert differ.height == 1


def test_real_outpatient_orders_get_doses(tmp_path: Path) -> None:
    made, run = run_of("smart_outpatient", "smart_outpatient", RULES, tmp_path)
    known, asked = run["coverage"]["doses_known"]
    assert known / asked > 0.75
    orders = pl.read_parquet(made / "orders.parquet")
    tablets = orders.filter(pl.col("drug") == "Escitalopram 10 MG Oral Tablet [Lexapro]")
    assert set(tablets["dose_high_ug"]) == {10_000}


def test_refills_of_real_outpatients_become_supply_and_never_double_a_dose(tmp_path: Path) -> None:
    alone = tmp_path / "orders"
    alone.mkdir()
    for name in ("meds.txt", "patients.txt"):
        (alone / name).write_bytes((SHARED / "smart_outpatient" / name).read_bytes())
    with_fills, _ = run_of("smart_outpatient", "smart_outpatient", RULES, tmp_path / "a")
    without, _ = run_of(str(alone), "smart_outpatient", RULES, tmp_path / "b")
    orders, before = (pl.read_parquet(made / "orders.parquet") for made in (with_fills, without))
    key = ["patient_id", "ingredient", "dose_high_ug"]
    read = ~pl.col("derivation").str.contains("unreadable")  # those take their bound from supply
    used = orders.filter(pl.col("row_class") == "used", pl.col("dose_high_ug").is_not_null(), read)
    fills = used.filter(pl.col("source_ref").str.starts_with("refills"))
    assert fills.height > 700
    assert fills.join(before, on=key, how="anti").is_empty()
    first = orders.filter(pl.col("source_ref").str.starts_with("meds")).select(
        "patient_id", "drug", "start_date"
    )
    same_day = fills.join(first, on=["patient_id", "drug", "start_date"], how="semi")
    assert same_day.is_empty()


def test_real_intensive_care_orders_get_days_doses_and_sites(tmp_path: Path) -> None:
    made, run = run_of("eicu_demo", "eicu", RULES, tmp_path)
    orders = pl.read_parquet(made / "orders.parquet")
    assert any("DATES ARE INVENTED" in notice for notice in run["notices"])
    reasons = orders["reason"].value_counts()
    assert reasons.filter(pl.col("reason") == "not_counted_status")["count"].sum() > 2000
    aspirin = orders.filter(pl.col("drug") == "ASPIRIN EC 81 MG PO TBEC")
    assert set(aspirin["dose_high_ug"].drop_nulls()) <= {81_000}
    assert orders["site_id"].null_count() == 0


def test_without_doses_a_dose_rule_is_not_assessed_and_a_pair_rule_works(tmp_path: Path) -> None:
    rules = tmp_path / "rules" / "trial"
    rules.mkdir(parents=True)
    pair = "taken_together: {this: lisinopril, with: class nsaid}"
    dose = "daily_dose: {of: lisinopril by mouth, more_than: 80 mg/day}"
    for name, check in (("pair-rule", pair), ("dose-rule", dose)):
        text = ENVELOPE.format(rule=name, check=check, drug="lisinopril")
        (rules / f"{name}.yaml").write_text(text)
    made, _ = run_of("synthea_csv", "synthea", rules.parent, tmp_path / "out")
    found = pl.read_parquet(made / "findings.parquet")
    assert set(found["rule_id"]) == {"pair-rule"}
    reasons = pl.read_parquet(made / "not_assessed.parquet").filter(
        (pl.col("rule_id") == "dose-rule") & (pl.col("reason") == "dose-unknown")
    )
    assert reasons.height > 0
    outcomes = pl.read_parquet(made / "outcomes.parquet").filter(pl.col("rule_id") == "dose-rule")
    assert set(outcomes["outcome"]) == {"not_assessed", "out_of_scope"}
