from __future__ import annotations

import datetime as dt
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.invented_clinic import Ended, Place, order

Call = Callable[..., Ended]


def test_0_when_everything_was_screened_also_with_findings(clinic: Place, screener: Call) -> None:
    ended = screener(*clinic.run())
    assert ended.code == 0
    assert clinic.run_json()["counts"]["findings"] == 1
    assert "1 finding (0 critical, 1 high" in ended.out
    assert ended.out.splitlines()[-1] == f"Report: {clinic.published()[0] / 'report.html'}"


def test_0_when_there_is_no_finding_and_every_file_is_written_all_the_same(
    clinic: Place, screener: Call
) -> None:
    clinic.prescriptions(order(2, "P-2", 3))
    assert screener(*clinic.run("--fail-on", "info")).code == 0
    run = clinic.run_json()
    assert run["counts"]["findings"] == 0
    assert {p.name for p in clinic.published()[0].iterdir()} == {*run["files"], "run.json"}
    assert "report.html" in run["files"]


@pytest.mark.parametrize(
    ("fail_on", "code"), [("none", 0), ("critical", 0), ("high", 1), ("moderate", 1), ("info", 1)]
)
def test_1_when_a_finding_is_as_severe_as_fail_on(
    clinic: Place, screener: Call, fail_on: str, code: int
) -> None:
    assert screener(*clinic.run("--fail-on", fail_on)).code == code
    assert clinic.run_json()["exit_code"] == code


def test_a_pilot_finding_never_meets_fail_on(clinic: Place, screener: Call) -> None:
    clinic.prescriptions(order(1, "P-2", 2), order(3, "P-2", 2, start="2026-01-10"))
    assert screener(*clinic.run("--fail-on", "info")).code == 0
    assert clinic.run_json()["counts"]["pilot_findings"] == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--as-of", "31.10.2026"], "YYYY-MM-DD"),
        (["--as-of", "2026-02-30"], "YYYY-MM-DD"),
        (["--fail-on", "severe"], "--fail-on is one of"),
        (["--only", "baclofen-max-dos"], "Did you mean baclofen-max-dose?"),
        (["--skip", "xyz"], "There is no rule xyz"),
        (["--jobs", "0"], "--jobs"),
        (["--max-set-aside", "101"], "percentage"),
        (["--nonsense"], "--nonsense"),
        (["--expect-sites", "nowhere.txt"], "nowhere.txt"),
        (["--log-format", "xml"], "text or json"),
        (["--prescriptions", "http://example.org/x.csv"], "http"),
    ],
)
def test_2_when_the_command_line_is_wrong_and_nothing_is_written(
    clinic: Place, screener: Call, more: list[str], said: str
) -> None:
    ended = screener(*clinic.run(*more))
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert clinic.published() == clinic.failed() == []


def test_2_when_no_export_is_named(screener: Call) -> None:
    assert "No export was given" in screener("run").err


def test_2_when_a_rule_file_is_wrong_and_every_problem_is_printed(
    clinic: Place, screener: Call
) -> None:
    for name in ("a", "b"):
        (clinic.rules / "baclofen" / f"{name}.yaml").write_text("nonsense: 1\n")
    ended = screener(*clinic.run())
    assert ended.code == 2
    assert "a.yaml:1" in ended.err
    assert "b.yaml:1" in ended.err
    assert not clinic.out.exists()


def test_2_when_the_output_folder_cannot_be_written(clinic: Place, screener: Call) -> None:
    clinic.out.write_text("a file")
    ended = screener(*clinic.run())
    assert ended.code == 2
    assert "cannot be written" in ended.err


def test_3_when_an_expected_site_is_missing_which_outranks_1(
    clinic: Place, screener: Call, tmp_path: Path
) -> None:
    sites = tmp_path / "sites.txt"
    sites.write_text("# our sites\nnorth\nsouth\n\neast\n")
    ended = screener(*clinic.run("--expect-sites", str(sites), "--fail-on", "high"))
    assert ended.code == 3
    assert "INCOMPLETE: 1 of 3 expected sites sent no order: east." in ended.out
    run = clinic.run_json()
    assert not run["complete"]
    assert run["exit_code"] == 3
    assert (clinic.published()[0] / "report.html").exists()


@pytest.mark.parametrize(("bad", "code"), [(1, 0), (2, 3)])
def test_3_when_more_is_set_aside_than_allowed_and_not_at_the_limit(
    clinic: Place, screener: Call, bad: int, code: int
) -> None:
    good = [order(i, "P-2", 3) for i in range(1, 11 - bad)]
    clinic.prescriptions(*good, *(order(90 + i, "", 3) for i in range(bad)))
    assert screener(*clinic.run()).code == code  # 10 records, 10 % allowed


def test_3_when_a_rule_breaks_and_its_patients_are_not_assessed(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from screener import screen

    real = screen.screen_bucket

    def broken(tables: Any, rules: Any, as_of: dt.date) -> Any:
        if any(rule.id == "baclofen-max-dose" for rule in rules):
            raise ZeroDivisionError("P-1")
        return real(tables, rules, as_of)

    monkeypatch.setattr(screen, "screen_bucket", broken)
    ended = screener(*clinic.run())
    assert ended.code == 3
    assert "Rule baclofen-max-dose could not run on every patient (ZeroDivisionError)." in ended.out
    cards = {card["id"]: card for card in clinic.run_json()["rules"]}
    assert not cards["baclofen-max-dose"]["ran"]
    assert cards["baclofen-supplied-twice"]["ran"]
    import polars as pl

    listed = pl.read_parquet(clinic.published()[0] / "not_assessed.parquet")
    broke = listed.filter(pl.col("reason") == "rule-broke")
    assert broke["patient_id"].to_list() == ["P-1", "P-2", "P-3"]


@pytest.mark.parametrize(
    "content",
    ["", "patient_id,drug,start_date\n", "patient_id,medicine\nP-1,x\n", "a;b\n1;2\n"],
    ids=["empty", "header only", "column missing", "wrong separator"],
)
def test_4_when_an_export_is_refused_with_no_report_and_the_last_run_untouched(
    clinic: Place, screener: Call, content: str
) -> None:
    screener(*clinic.run())
    before = clinic.published()
    (clinic.exports / "prescriptions.csv").write_text(content)
    ended = screener(*clinic.run())
    assert (ended.code, ended.out) == (4, "")
    assert "prescriptions.csv" in ended.err
    assert clinic.published() == before
    assert (clinic.out / "latest").resolve() == before[0].resolve()
    (left,) = clinic.failed()
    assert sorted(p.name for p in left.iterdir()) == ["run.json", "set_aside.csv"]
    assert (left / "set_aside.csv").read_text().startswith("file,row,column,value,reason")


def test_0_when_an_empty_export_is_allowed(clinic: Place, screener: Call) -> None:
    (clinic.exports / "prescriptions.csv").write_text("patient_id,drug,start_date\n")
    assert screener(*clinic.run("--allow-empty")).code == 0


def test_5_when_a_fault_of_ours_ends_the_run_and_no_value_is_told(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from screener import screen

    def broken(*_: Any) -> Any:
        raise KeyError("P-1 took Baclofen")

    monkeypatch.setattr(screen, "screen_bucket", broken)
    ended = screener(*clinic.run())
    assert (ended.code, ended.out) == (5, "")
    assert "A fault of screener (KeyError" in ended.err
    (left,) = clinic.failed()
    assert sorted(p.name for p in left.iterdir()) == ["run.json", "trace.txt"]
    written = ended.err + (left / "run.json").read_text() + (left / "trace.txt").read_text()
    assert "P-1" not in written
    assert "Traceback" not in written
    assert "KeyError" in (left / "trace.txt").read_text()
    assert list(clinic.out.glob(".scratch*")) == clinic.published() == []


def test_5_when_an_invariant_does_not_hold(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from screener import screen

    real = screen.screen_bucket

    def forgets_a_patient(tables: Any, rules: Any, as_of: dt.date) -> Any:
        results = real(tables, rules, as_of)
        return dataclasses.replace(results, outcomes=results.outcomes.head(0))

    monkeypatch.setattr(screen, "screen_bucket", forgets_a_patient)
    ended = screener(*clinic.run())
    assert ended.code == 5
    assert "every patient has an outcome of every rule" in ended.err
    assert clinic.published() == []


def test_5_when_the_disk_is_full_at_any_file_and_the_last_run_stays_as_it_was(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from screener.outputs import publish

    screener(*clinic.run())
    before = {p: p.read_bytes() for p in clinic.published()[0].iterdir()}
    write, flush = publish.write_file, publish.seal

    for broken_at in range(2 * len(before)):
        calls = iter(range(1000))

        def failing(path: Path, content: bytes, at: int = broken_at, calls: Any = calls) -> None:
            if next(calls) == at:
                path.write_bytes(content[: len(content) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write(path, content)

        def unflushed(path: Path, at: int = broken_at, calls: Any = calls) -> None:
            if next(calls) == at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            flush(path)

        monkeypatch.setattr(publish, "write_file", failing)
        monkeypatch.setattr(publish, "seal", unflushed)
        ended = screener(*clinic.run("--force"))
        code, written = ended.code, next(calls)
        monkeypatch.setattr(publish, "write_file", write)
        monkeypatch.setattr(publish, "seal", flush)
        if code == 0:
            assert written <= broken_at + 1  # every file was written before the fault
            break
        assert code == 5
        assert "The disk is full." in ended.err
        assert {p: p.read_bytes() for p in clinic.published()[0].iterdir()} == before
        assert list(clinic.out.glob(".scratch*")) == []
    assert broken_at >= len(before)  # each file was written or flushed once


def test_6_when_another_run_holds_the_lock(clinic: Place, screener: Call) -> None:
    import fcntl

    clinic.out.mkdir()
    with (clinic.out / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        ended = screener(*clinic.run())
    assert (ended.code, ended.out) == (6, "")
    assert "Another run" in ended.err
    assert clinic.failed() == []
    assert screener(*clinic.run()).code == 0


def test_5_when_known_orders_give_other_findings(
    clinic: Place, screener: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    from screener.checks import known_answers

    answers = known_answers.ANSWERS - {min(known_answers.ANSWERS)}
    monkeypatch.setattr(known_answers, "ANSWERS", answers)
    ended = screener(*clinic.run())
    assert ended.code == 5
    assert "Screening does not work here" in ended.err
    assert not list(clinic.out.glob("20*"))
