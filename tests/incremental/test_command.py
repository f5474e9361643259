"""`screener run --incremental` as people call it: exit codes, messages, settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from screener.cli import logs
from screener.cli.main import ended_with
from tests.cli.invented_clinic import MAX_DOSE, PATIENTS, SUPPLIED_TWICE, Place, order

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def clinic(tmp_path: Path) -> Place:
    """Three patients; P-1 takes 100 mg a day, P-2 60, P-3 nothing."""
    place = Place(tmp_path / "exports", tmp_path / "rules", tmp_path / "reports")
    place.exports.mkdir()
    (place.rules / "baclofen").mkdir(parents=True)
    (place.rules / "baclofen" / "baclofen-max-dose.yaml").write_text(MAX_DOSE)
    (place.rules / "baclofen" / "baclofen-supplied-twice.yaml").write_text(SUPPLIED_TWICE)
    (place.exports / "patients.csv").write_text(PATIENTS)
    place.prescriptions(order(1, "P-1", 5), order(2, "P-2", 3))
    return place


@pytest.fixture
def call(
    clinic: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Call:
    """Runs the command on some exports: the exit code and what stood on stderr."""
    monkeypatch.chdir(clinic.exports.parent)

    def run(*exports: Path, more: tuple[str, ...] = ("--incremental",)) -> tuple[int, str]:
        logs.current = logs.Log()
        names = [str(path) for path in exports]
        where = ["--rules", str(clinic.rules), "--out", str(clinic.out)]
        return ended_with(["run", *names, *where, *more]), capsys.readouterr().err

    return run


def news(clinic: Place, name: str, *rows: str) -> Path:
    """A later export of prescriptions alone."""
    later = Place(clinic.exports.parent / name, clinic.rules, clinic.out)
    later.exports.mkdir()
    later.prescriptions(*rows)
    return later.exports


def test_two_nights_count_the_orders_of_both(clinic: Place, call: Call) -> None:
    code, said = call(clinic.exports)
    assert code == 0
    assert "there is no store yet" in said
    code, said = call(news(clinic, "second", order(3, "P-3", 5)))
    assert code == 0
    latest = json.loads((clinic.out / "latest" / "run.json").read_text())
    assert latest["counts"]["orders"] == 3
    assert latest["counts"]["findings"] == 2
    assert [one["file"] for one in latest["inputs"]] == [
        "patients.csv", "prescriptions.csv", "prescriptions (2).csv",
    ]  # fmt: skip


def test_a_run_that_night_after_night_finds_nothing_new_changes_nothing(
    clinic: Place, call: Call
) -> None:
    call(clinic.exports)
    before = (clinic.out / "latest" / "findings.csv").read_bytes()
    code, _ = call()
    assert code == 0
    assert (clinic.out / "latest" / "findings.csv").read_bytes() == before
    assert len(clinic.published()) == 1


def test_the_same_night_twice_is_refused(clinic: Place, call: Call) -> None:
    call(clinic.exports)
    code, said = call(clinic.exports)
    assert code == 4
    assert "the same content as patients.csv" in said


@pytest.mark.parametrize(
    ("more", "word"),
    [(("--engine", "spark"), "on this machine"), (("--format", "omop"), "understood together")],
)
def test_what_cannot_be_incremental_is_a_mistake_of_the_command(
    more: tuple[str, ...], word: str, clinic: Place, call: Call
) -> None:
    code, said = call(clinic.exports, more=("--incremental", *more))
    assert code == 2
    assert word in said
    assert clinic.published() == []


def test_without_the_flag_an_export_must_be_named(call: Call) -> None:
    code, said = call(more=())
    assert code == 2
    assert "No export was given" in said
