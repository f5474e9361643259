"""What a run does with drugs that no list knows and with files that are not the ones stated."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.cli.invented_clinic import Ended, Place, environment, order

Call = Callable[..., Ended]

LOOKS = "B\u0430clofen 20 mg tablets"  # Cyrillic a


def with_unknown(clinic: Place, name: str = "zqxdrug") -> None:
    unknown = order(3, "P-3", 5).replace("Baclofen 20 mg tablets", name)
    clinic.prescriptions(order(1, "P-1", 5), order(2, "P-2", 3), unknown)


def test_a_name_that_looks_like_a_known_drug_is_told_and_not_screened(
    clinic: Place, screener: Call
) -> None:
    with_unknown(clinic, LOOKS)
    ended = screener(*clinic.run())
    assert ended.code == 0
    run = clinic.run_json()
    assert run["counts"]["patients_with_findings"] == 1
    assert run["unmapped"] == [{"text": LOOKS, "orders": 1, "looks_like": ["baclofen"]}]
    (notice,) = [n for n in run["notices"] if "looks like" in n]
    assert notice in ended.err
    assert LOOKS not in ended.err + notice


@pytest.mark.parametrize(("allowed", "code"), [("33", 3), ("34", 0), ("100", 0)])
def test_too_many_unknown_drugs_in_a_file_end_with_3(
    clinic: Place, screener: Call, allowed: str, code: int
) -> None:
    with_unknown(clinic)
    ended = screener(*clinic.run("--max-unmapped", allowed))
    assert ended.code == code
    run = clinic.run_json()
    said = [reason for reason in run["incomplete_reasons"] if "not in the lists: 1 of 3" in reason]
    assert len(said) == (code == 3)
    assert run["configuration"].get("max_unmapped") == {"33": 33, "34": 34}.get(allowed)
    assert ("--max-unmapped" in run["command"]) == (allowed != "100")


def test_each_file_is_counted_by_itself(clinic: Place, screener: Call) -> None:
    with_unknown(clinic)
    whole = (clinic.exports / "prescriptions.csv").read_text().splitlines()
    (clinic.exports / "prescriptions.csv").write_text("\n".join(whole[:3]) + "\n")
    (clinic.exports / "prescriptions:2.csv").write_text("\n".join([whole[0], whole[3]]) + "\n")
    ended = screener(*clinic.run("--max-unmapped", "90"))
    assert ended.code == 3
    (said,) = clinic.run_json()["incomplete_reasons"]
    assert said.startswith("prescriptions:2.csv: orders whose drug is not in the lists: 1 of 1")
    assert any("no rule sees those orders" in notice for notice in clinic.run_json()["notices"])


@pytest.mark.parametrize("given", ["101", "-1"])
def test_the_limit_is_a_percentage(clinic: Place, screener: Call, given: str) -> None:
    ended = screener(*clinic.run("--max-unmapped", given))
    assert (ended.code, "percentage" in ended.err) == (2, True)


def test_the_limits_are_settings_like_all_others(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCREENER_MAX_UNMAPPED", "20")
    shown = screener("run", "--show-config").out
    assert "max_unmapped = 20.0  (variable)" in shown
    assert "expect_sha256 = None  (default)" in shown


def test_a_file_that_is_not_the_one_stated_ends_with_4(clinic: Place, screener: Call) -> None:
    sums = clinic.exports.parent / "SHA256SUMS"
    files = sorted(clinic.exports.iterdir())
    stated = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    sums.write_text("".join(f"{digest}  {name}\n" for name, digest in stated.items()))
    assert screener(*clinic.run("--expect-sha256", str(sums))).code == 0
    clinic.prescriptions(order(1, "P-1", 4))
    ended = screener(*clinic.run("--expect-sha256", str(sums)))
    assert ended.code == 4
    assert "prescriptions.csv" in ended.err
    (failed,) = clinic.failed()
    error = json.loads((failed / "run.json").read_text())["error"]
    assert error["where"] == "prescriptions.csv"
    assert len(clinic.published()) == 1
    sums.write_text("no line of sha256sum\n")
    assert screener(*clinic.run("--expect-sha256", str(sums))).code == 2


def test_a_run_says_when_the_one_before_it_was_killed(clinic: Place, screener: Call) -> None:
    clinic.out.mkdir(mode=0o700)
    who = {"host": "h", "pid": "17", "started_at": "then"}
    (clinic.out / ".lock").write_text(json.dumps(who))
    ended = screener(*clinic.run())
    assert ended.code == 0
    assert "(process 17 on h, since then) did not come to its end" in ended.err
    assert "did not come to its end" not in screener(*clinic.run("--force")).err


def test_an_order_that_ends_before_it_starts_or_starts_before_birth_is_left_out_and_flagged(
    clinic: Place, screener: Call
) -> None:
    (clinic.exports / "prescriptions.csv").write_text(
        "prescription_id,patient_id,drug,start_date,stop_date\n"
        "RX-1,P-1,Baclofen 20 mg tablets,2026-01-05,2026-01-04\n"
        "RX-2,P-2,Baclofen 20 mg tablets,1979-01-05,2026-02-04\n"  # born in 1981
        "RX-3,P-3,Baclofen 20 mg tablets,2026-01-05,2026-02-04\n"
    )
    assert screener(*clinic.run()).code == 0
    (folder,) = clinic.published()
    orders = pl.read_parquet(folder / "orders.parquet").sort("prescription_id")
    assert orders["row_class"].to_list() == ["excluded", "excluded", "used"]
    flags = pl.read_parquet(folder / "data_flags.parquet").filter(flag="impossible-date")
    assert sorted(flags["patient_id"]) == ["P-1", "P-2"]


@pytest.mark.parametrize(
    ("born", "died", "said"),
    [
        ("1905-10-31", "", True),  # 121 years on the last day
        ("1905-11-01", "", False),
        ("1900-01-01", "1990-01-01", False),
        ("1900-01-01", "2021-01-01", True),
    ],
)
def test_somebody_older_than_120_years_is_a_notice(
    clinic: Place, screener: Call, born: str, died: str, said: bool
) -> None:
    (clinic.exports / "patients.csv").write_text(
        "patient_id,birth_date,sex,death_date,observation_end\n"
        f"P-1,1970-05-01,F,,2026-10-31\nP-2,{born},F,{died},2026-10-31\n"
    )
    ended = screener(*clinic.run())
    assert ended.code == 0
    notices = [n for n in clinic.run_json()["notices"] if "older than 120 years: 1" in n]
    assert len(notices) == said
    assert ("older than 120" in ended.err) == said


def test_a_program_that_aborts_leaves_no_core_with_patients(tmp_path: Path) -> None:
    code = (
        "import os, resource as r; hard = r.getrlimit(r.RLIMIT_CORE)[1];"
        "r.setrlimit(r.RLIMIT_CORE, (hard, hard));"
        "from screener.cli.main import ended_with; ended_with(['formats', 'list']);"
        "print(r.getrlimit(r.RLIMIT_CORE), flush=True); os.abort()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -6, done.stderr
    assert done.stdout.splitlines()[-1] == "(0, 0)"
    assert list(tmp_path.iterdir()) == []
