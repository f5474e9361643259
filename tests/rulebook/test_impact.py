"""The impact of a change of rules: what is gained, lost and changed, for whom, and who is not."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from screener.errors import RuleFileError, UsageError
from screener.rulebook.versions import changes, read_versions
from tests.cli.invented_clinic import HEADER, MAX_DOSE, PATIENTS, SUPPLIED_TWICE, order

LIST = "list: mine\ntitle: Mine\nversion: 1\nmembers: [baclofen]\nsource: us\n"
Ended = tuple[int, str, str]


def rules_folder(place: Path, *texts: str) -> Path:
    (place / "lists").mkdir(parents=True)
    (place / "lists" / "mine.yaml").write_text(LIST)
    (place / "baclofen").mkdir()
    for text in texts:
        name = text.split("rule: ")[1].split("\n")[0]
        (place / "baclofen" / f"{name}.yaml").write_text(text)
    return place


def above(limit: int, text: str = MAX_DOSE) -> str:
    return text.replace("more_than: 80 mg/day", f"more_than: {limit} mg/day")


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """P-1 takes 100 mg a day (north), P-2 60 mg (south), P-3 20 mg and then 100 mg (north)."""
    folder = tmp_path / "exports"
    folder.mkdir()
    unknown = order(7, "P-2", 3, start="2026-06-05").replace(",1,tablet,3,1,", ",,,,,")
    rows = [
        order(1, "P-1", 5),
        order(2, "P-2", 3),
        order(3, "P-3", 1),
        order(5, "P-3", 5, start="2026-02-02"),
        unknown,
    ]
    (folder / "prescriptions.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    (folder / "patients.csv").write_text(PATIENTS)
    return folder


@pytest.fixture
def impact(
    tmp_path: Path, exports: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ended]]:
    """`screener rules impact` of one text of rules against another."""
    from screener.cli.main import ended_with

    umask = os.umask(0o022)

    def call(old: tuple[str, ...], new: tuple[str, ...], *more: str) -> Ended:
        folders = [rules_folder(tmp_path / n, *t) for n, t in (("old", old), ("new", new))]
        words = ["rules", "impact", *map(str, folders), "--data", str(exports), *more]
        code = ended_with(words)
        told = capsys.readouterr()
        return code, told.out, told.err

    yield call
    os.umask(umask)


def cells(out: str, *begin: str) -> list[str]:
    """The cells of the only table row that begins so."""
    rows = [[c.strip() for c in line.split("  ") if c.strip()] for line in out.splitlines()]
    (row,) = (row for row in rows if tuple(row[: len(begin)]) == begin)
    return row


def test_the_same_rules_change_nothing_and_no_export_is_read(
    impact: Callable[..., Ended], exports: Path
) -> None:
    (exports / "prescriptions.csv").unlink()
    new_words = MAX_DOSE.replace("Oral baclofen above", "More baclofen than")
    code, out, _ = impact((MAX_DOSE,), (new_words,))
    assert (code, out) == (0, "No rule means anything else than before.\n")


def test_a_lower_limit_gains_findings_and_nobody_loses_one(impact: Callable[..., Ended]) -> None:
    code, out, _ = impact((MAX_DOSE,), (above(50),))
    assert code == 0
    assert out.startswith("baclofen-max-dose: changed\n")
    assert cells(out, "baclofen-max-dose", "3 -> 3")[2:] == ["2 -> 3", "1", "0", "0", "0"]
    assert cells(out, "high") == ["high", "1", "0", "0"]
    assert cells(out, "south") == ["south", "1", "0", "0", "0"]
    assert "P-1" not in out
    assert cells(out, "baclofen-max-dose", "gained")[2:] == [
        "P-2", "baclofen", "high 2026-01-05 to 2026-02-01",
    ]  # fmt: skip
    assert out.endswith("Nothing else changed.\n")


def test_a_higher_limit_loses_them_and_can_no_longer_judge_nobody(
    impact: Callable[..., Ended],
) -> None:
    _, out, _ = impact((MAX_DOSE,), (above(150),))
    assert cells(out, "baclofen-max-dose", "3 -> 3")[2:] == ["2 -> 0", "0", "2", "0", "0"]
    assert cells(out, "north") == ["north", "0", "2", "0", "0"]


def test_a_change_without_an_effect_says_so(impact: Callable[..., Ended]) -> None:
    _, out, _ = impact((MAX_DOSE,), (above(81),))
    assert cells(out, "baclofen-max-dose", "3 -> 3")[2:] == ["2 -> 2", "0", "0", "0", "0"]
    assert out.endswith("Nothing else changed.\n")
    assert "P-" not in out


def test_another_severity_is_a_change_of_the_same_finding(impact: Callable[..., Ended]) -> None:
    _, out, _ = impact((MAX_DOSE,), (MAX_DOSE.replace("severity: high", "severity: critical"),))
    assert cells(out, "baclofen-max-dose", "3 -> 3")[2:] == ["2 -> 2", "0", "0", "2", "0"]
    assert cells(out, "high -> critical") == ["high -> critical", "0", "0", "2"]


def test_a_finding_that_begins_earlier_is_changed_not_lost_and_gained(
    impact: Callable[..., Ended],
) -> None:
    _, out, _ = impact((MAX_DOSE,), (above(10),))
    assert cells(out, "baclofen-max-dose", "changed")[2:] == [
        "P-3", "baclofen", "high 2026-02-02 to 2026-03-01 -> high 2026-01-05 to 2026-03-01",
    ]  # fmt: skip


def test_who_can_no_longer_be_assessed_is_named_with_the_reason(
    impact: Callable[..., Ended],
) -> None:
    taken = MAX_DOSE.replace("daily_dose:", "taken:").replace("    more_than: 80 mg/day\n", "")
    _, out, _ = impact((taken,), (MAX_DOSE,))
    assert cells(out, "baclofen-max-dose", "not assessed")[2:] == [
        "P-2", "dose-unknown from 2026-06-05",
    ]  # fmt: skip
    assert cells(out, "north") == ["north", "0", "1", "1", "1"]


def test_rules_that_come_and_go_are_gained_and_lost(impact: Callable[..., Ended]) -> None:
    other = MAX_DOSE.replace("rule: baclofen-max-dose", "rule: other-dose")
    _, out, _ = impact((MAX_DOSE,), (other,))
    assert "baclofen-max-dose: removed\nother-dose: added\n" in out
    assert cells(out, "baclofen-max-dose", "3 -> 0")[2:5] == ["2 -> 0", "0", "2"]
    assert cells(out, "other-dose", "0 -> 3")[2:4] == ["0 -> 2", "2"]


def test_a_rule_switched_off_loses_its_findings(impact: Callable[..., Ended]) -> None:
    off = MAX_DOSE.replace("status: active", "status: off")
    _, out, _ = impact((MAX_DOSE,), (off,))
    assert "baclofen-max-dose: status active -> off" in out
    assert cells(out, "baclofen-max-dose", "3 -> 0")[2:5] == ["2 -> 0", "0", "2"]


def test_a_changed_rule_that_is_off_is_screened_as_if_it_ran(impact: Callable[..., Ended]) -> None:
    off = MAX_DOSE.replace("status: active", "status: off")
    _, out, _ = impact((off,), (above(50, off),))
    assert "baclofen-max-dose: changed, screened when asked for" in out
    assert cells(out, "baclofen-max-dose", "3 -> 3")[2:4] == ["2 -> 3", "1"]


def test_a_pilot_that_becomes_active_means_the_same(impact: Callable[..., Ended]) -> None:
    _, out, _ = impact((SUPPLIED_TWICE,), (SUPPLIED_TWICE.replace("pilot", "active"),))
    assert "baclofen-supplied-twice: status pilot -> active" in out
    assert "No rule means anything else than before." in out


def test_the_differences_are_written_as_csv(impact: Callable[..., Ended], tmp_path: Path) -> None:
    file = tmp_path / "differences.csv"
    impact((MAX_DOSE,), (above(50),), "--csv", str(file))
    (row,) = csv.DictReader(file.read_text().splitlines())
    assert (row["change"], row["patient_id"], row["site_id"]) == ("gained", "P-2", "south")
    assert (row["severity_before"], row["severity_after"]) == ("", "high")
    assert (row["from_after"], row["to_after"]) == ("2026-01-05", "2026-02-01")


def test_buckets_and_workers_change_nothing(
    impact: Callable[..., Ended], tmp_path: Path, exports: Path
) -> None:
    from screener.intake import take_in
    from screener.rulebook.impact import impact as impact_of
    from screener.sources import read_export

    impact((MAX_DOSE,), (above(10),))
    found = changes(*read_versions(tmp_path / "old", tmp_path / "new"))
    frames = []
    for rows in (1_000, 1):
        scratch = tmp_path / f"scratch-{rows}"
        scratch.mkdir()
        intake = take_in([str(exports)], read=read_export, scratch=scratch, bucket_rows=rows)
        assert (intake.bucket_count > 1) is (rows == 1)
        day = intake.latest_observation_end
        assert day is not None
        frames.append(impact_of(found, intake, day, jobs=1))
    assert frames[0].differences.equals(frames[1].differences)
    assert frames[0].totals.equals(frames[1].totals)
    assert frames[0].differences.height == 2


def test_a_rule_that_breaks_is_left_out_and_the_impact_is_incomplete(
    impact: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    from screener.rulebook import impact as module

    whole = module.screen_bucket

    def breaks(tables: object, rules: tuple[object, ...], day: object) -> object:
        if any(rule.id == "other-dose#after" for rule in rules):  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return whole(tables, rules, day)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "screen_bucket", breaks)
    other = MAX_DOSE.replace("rule: baclofen-max-dose", "rule: other-dose")
    code, out, _ = impact((MAX_DOSE, other), (above(50), above(50, other)), "--jobs", "1")
    assert code == 3
    assert "INCOMPLETE: other-dose could not run (ZeroDivisionError), and is left out." in out
    assert cells(out, "baclofen-max-dose", "3 -> 3")[3] == "1"


def test_two_files_of_one_rule_use_the_lists_beside_the_first(tmp_path: Path) -> None:
    text = MAX_DOSE.replace("of: baclofen by mouth", "of: list mine by mouth")
    folder = rules_folder(tmp_path / "rules", text)
    new = tmp_path / "elsewhere" / "my-draft.yaml"
    new.parent.mkdir()
    new.write_text(above(50, text))
    (change,) = changes(*read_versions(folder / "baclofen" / "baclofen-max-dose.yaml", new))
    assert (change.rule_id, change.words, change.matters) == ("baclofen-max-dose", "changed", True)


def test_a_problem_of_a_single_file_is_told_where_it_stands(tmp_path: Path) -> None:
    folder = rules_folder(tmp_path / "rules", MAX_DOSE)
    new = tmp_path / "my-draft.yaml"
    new.write_text(MAX_DOSE.replace("severity: high", "severity: hihg"))
    with pytest.raises(RuleFileError) as raised:
        read_versions(folder / "baclofen" / "baclofen-max-dose.yaml", new)
    assert raised.value.problems[0].startswith(f"{new}:6:11: ")


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    folder = rules_folder(tmp_path / "rules", MAX_DOSE, SUPPLIED_TWICE)
    one, two = sorted((folder / "baclofen").iterdir())
    for old, new, words in (
        (folder, one, "a file and a folder"),
        (one, two, "these are two rules"),
        (folder, tmp_path / "none", "does not exist"),
    ):
        with pytest.raises(UsageError, match=words):
            read_versions(old, new)


def test_without_an_export_a_change_cannot_be_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from screener.cli.main import ended_with

    old, new = rules_folder(tmp_path / "a", MAX_DOSE), rules_folder(tmp_path / "b", above(50))
    assert ended_with(["rules", "impact", str(old), str(new)]) == 2
    assert "--data" in capsys.readouterr().err
