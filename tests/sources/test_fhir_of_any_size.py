"""The made FHIR export of the benchmark: the same bytes each time, every record read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from screener.intake import take_in
from screener.sources import read_export

ROOT = Path(__file__).resolve().parents[2]
CODE = "import sys, pathlib, make_fhir; print(make_fhir.make(pathlib.Path(sys.argv[1]), 2))"


def made(folder: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(folder)],
        cwd=ROOT / "benchmarks",
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(done.stdout.strip())


def test_a_made_export_is_the_same_each_time_and_read_whole(tmp_path: Path) -> None:
    export, again = made(tmp_path / "once"), made(tmp_path / "again")
    for file in sorted(export.iterdir()):
        assert file.read_bytes() == (again / file.name).read_bytes()
    intake = take_in(
        [str(export)], read=read_export, mapping="fhir", scratch=tmp_path, bucket_rows=500
    )
    assert intake.bucket_count > 1
    assert intake.set_aside.is_empty()
    counted = {file.name.partition(".")[0]: file for file in intake.files}
    requests, dispenses = counted["MedicationRequest"], counted["MedicationDispense"]
    # Every second request has a dispense, as far as there are any, and is counted by it.
    assert requests.left_out == dispenses.kept
    assert requests.kept == requests.records - requests.left_out > dispenses.kept
