"""`--expect-sha256`: a file that is not the one that was sent is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from screener.errors import InputRefused, UsageError
from screener.sources import read_export
from screener.sources.expected import checking, read_expected
from screener.tables import Export

TEXT = b"patient_id,drug,start_date\nP1,warfarin,2026-01-01\n"
HASH = hashlib.sha256(TEXT).hexdigest()
OTHER = hashlib.sha256(b"zqx").hexdigest()


def exported(folder: Path, lines: str) -> Export:
    exports = folder / "exports"
    exports.mkdir(exist_ok=True)
    (exports / "prescriptions.csv").write_bytes(TEXT)
    (exports / "labs.csv").write_bytes(b"patient_id,date,analyte,value\nP1,2026-01-01,x,1\n")
    side_car = folder / "SHA256SUMS"
    side_car.write_text(lines)
    return checking(read_export, read_expected(side_car))([str(exports)])


def read(export: Export, table: str) -> int:
    return sum(b.records for file in export.files if file.table == table for b in file.batches())


@pytest.mark.parametrize(
    "name", ["prescriptions.csv", "./prescriptions.csv", "exports/prescriptions.csv"]
)
@pytest.mark.parametrize("mark", [" ", "*"])
def test_the_file_that_was_stated_is_read(tmp_path: Path, name: str, mark: str) -> None:
    export = exported(tmp_path, f"{HASH.upper()} {mark}{name}\n\n")
    assert read(export, "prescriptions") == 1
    assert read(export, "labs") == 1  # without a line it is read and told
    assert [n for n in export.notices if "expect-sha256" in n] == [
        "labs.csv: no SHA-256 is stated for it in --expect-sha256"
    ]


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="not the one whose SHA-256 is stated") as refused:
        read(exported(tmp_path, f"{OTHER}  prescriptions.csv\n"), "prescriptions")
    assert refused.value.where == "prescriptions.csv"
    assert refused.value.exit_code == 4


def test_one_flipped_bit_is_noticed(tmp_path: Path) -> None:
    export = exported(tmp_path, f"{HASH}  prescriptions.csv\n")
    (tmp_path / "exports" / "prescriptions.csv").write_bytes(TEXT.replace(b"P1", b"P0"))
    with pytest.raises(InputRefused):
        read(export, "prescriptions")


def test_the_longest_name_that_fits_counts_and_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    lines = f"{OTHER}  prescriptions.csv\n{HASH}  exports/prescriptions.csv\n"
    export = exported(tmp_path, lines)
    assert read(export, "prescriptions") == 1
    assert "--expect-sha256: lines that name none of the files read: 1" in export.notices


def test_a_name_with_a_line_end_is_read_as_sha256sum_writes_it(tmp_path: Path) -> None:
    side_car = tmp_path / "sums"
    side_car.write_text(f"\\{HASH}  a\\nb\\\\c.csv\n")
    assert dict(read_expected(side_car)) == {("a\nb\\c.csv",): HASH}


@pytest.mark.parametrize(
    "lines",
    [
        "",
        f"{HASH[:-1]}  prescriptions.csv\n",
        f"{HASH}\n",
        f"{HASH} prescriptions.csv\n",
        "d41d8cd98f00b204e9800998ecf8427e  prescriptions.csv\n",
        f"{HASH}  x.csv\n{OTHER}  x.csv\n",
    ],
)
def test_a_side_car_that_is_none_is_a_usage_error(tmp_path: Path, lines: str) -> None:
    side_car = tmp_path / "sums"
    side_car.write_text(lines)
    with pytest.raises(UsageError):
        read_expected(side_car)
    with pytest.raises(UsageError):
        read_expected(tmp_path / "nowhere")
