from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from screener.sources import mapping_names
from screener.sources.read import MODELS
from tests.cli.invented_clinic import Ended, Place, order

Call = Callable[..., Ended]


def test_every_format_is_listed_with_a_line(screener: Call) -> None:
    ended = screener("formats", "list")
    assert ended.code == 0
    listed = {line.split()[0]: line.split(maxsplit=2) for line in ended.out.splitlines()[1:]}
    assert set(listed) == {*mapping_names(), *MODELS}
    assert all(len(words) == 3 for words in listed.values())


@pytest.mark.parametrize("name", [*mapping_names(), *MODELS])
def test_every_format_can_be_shown(screener: Call, name: str) -> None:
    ended = screener("formats", "show", name)
    assert ended.code == 0
    assert ended.out.startswith(f"{name}: ")


def test_a_mapping_is_shown_column_by_column(screener: Call) -> None:
    out = " ".join(screener("formats", "show", "smart_outpatient").out.split())
    assert "drug_code_system always 'rxnorm'" in out
    assert "prescriptions from refills.txt" in out
    assert "order.* is looked up in meds.txt or meds.tsv by PID = PID and RXN = RxNorm" in out
    assert "only rows whose DATE differs from order.START_DATE" in out
    assert "caution: A refill takes its dose" in out


def test_the_native_format_shows_what_its_columns_mean(screener: Call) -> None:
    out = screener("formats", "show", "native").out
    assert "the first day not taken" in out


def test_an_unknown_format_is_a_usage_error_with_a_hint(screener: Call) -> None:
    ended = screener("formats", "show", "synthia")
    assert ended.code == 2
    assert "did you mean 'synthea'" in ended.err


def test_check_gives_the_share_of_rows_that_each_column_fills(
    clinic: Place, screener: Call
) -> None:
    clinic.prescriptions(order(1, "P-1", 3), order(2, "P-2", 3).replace(",3,", ",,", 1))
    ended = screener("formats", "check", str(clinic.exports))
    assert ended.code == 0
    lines = [line.split() for line in ended.out.splitlines()]
    assert ["prescriptions", "patient_id", "2", "100.0", "%"] in lines
    assert ["prescriptions", "frequency_count", "1", "50.0", "%"] in lines
    assert not clinic.out.exists()


def test_check_names_what_is_not_used_and_what_is_not_there(screener: Call, tmp_path: Path) -> None:
    (tmp_path / "medications.csv").write_text(
        "START,STOP,PATIENT,CODE,DESCRIPTION,PAYER\n2024-01-02,,p-1,1,Abc,x\n,,p-2,1,Abc,x\n"
    )
    ended = screener("formats", "check", str(tmp_path), "--format", "synthea")
    assert ended.code == 0
    lines = [line.split() for line in ended.out.splitlines()]
    assert ["medications.csv", "prescriptions", "2", "0", "1", "1", "0", "0"] in lines
    assert ["prescriptions", "stop_date", "0", "0.0", "%"] in lines
    assert ["prescriptions", "dose_min", "-", "the", "export", "has", "no", "such"] in [
        words[:8] for words in lines
    ]
    assert "does not read: PAYER" in ended.out
    assert "Tables that the export does not have: patients, labs, conditions, admissions." in (
        ended.out
    )


def test_check_without_an_export_is_a_usage_error(screener: Call) -> None:
    assert screener("formats", "check").code == 2
