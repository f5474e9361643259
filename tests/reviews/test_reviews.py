"""Review lists that come back from people: what is used, what is not, and what it adds up to."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from screener.errors import UsageError
from screener.outputs.report.interval import wilson
from screener.outputs.reviews import judged, notices_of, read_reviews
from screener.outputs.reviews.draft import draft_of_waivers
from screener.outputs.reviews.files import MOST_ROWS
from tests.cli.conftest import clinic, screener
from tests.cli.invented_clinic import Ended, Place, order

__all__ = ["clinic", "screener"]  # fixtures
A, B, C = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"
RULES = {A: "max", B: "max", C: "stop"}
HEADER = ("finding_id", "outcome", "reviewed_on", "reviewed_by", "comment")


def as_csv(rows: list[tuple[Any, ...]], header: tuple[str, ...] = HEADER, **how: Any) -> str:
    text = io.StringIO()
    csv.writer(text, **how).writerows([header, *rows])
    return text.getvalue()


def reviewed(folder: Path, *rows: tuple[Any, ...]) -> dict[str, Any]:
    path = folder / "list.csv"
    path.write_text(as_csv(list(rows)))
    return judged(read_reviews([path]), RULES)


def test_outcomes_are_counted_by_rule_with_wilsons_interval(tmp_path: Path) -> None:
    got = reviewed(tmp_path, (A, "confirmed"), (B, "cannot tell"), (C, " Not  Confirmed "))
    assert got["rows"] == got["used"] == 3
    assert got["by_rule"]["max"] == {
        "confirmed": 1, "not_confirmed": 0, "already_known": 0, "cannot_tell": 1, "reviewed": 2,
        "interval": [round(end, 6) for end in wilson(1, 2)],
    }  # fmt: skip
    assert got["by_rule"]["stop"]["not_confirmed"] == 1
    assert got["by_rule"]["stop"]["interval"][0] == 0


def test_what_cannot_be_used_is_counted_and_named_by_its_row_but_never_quoted(
    tmp_path: Path,
) -> None:
    got = reviewed(
        tmp_path,
        (A, "probably"), (B, ""), ("1.2E+15", "confirmed"), ("d" * 16, "confirmed"),
        (C, "confirmed"),
    )  # fmt: skip
    assert got["rows"] == 5
    assert got["used"] + sum(got["not_used"].values()) == 5
    rows = {entry["row"]: entry["why"] for entry in got["rows_not_used"]}
    assert rows == {
        2: "the outcome is none of the four words",
        4: "the finding id is not one",
        5: "no run of this folder has the finding",
    }
    said = " ".join(notices_of({"reviews": got}))
    assert "list.csv row 2" in said
    assert "probably" not in said + str(got)


def test_of_a_finding_reviewed_twice_the_latest_day_counts(tmp_path: Path) -> None:
    got = reviewed(
        tmp_path,
        (A, "confirmed", "2026-11-09"), (A, "not confirmed", "2026-11-02"), (A, "cannot tell", "?"),
    )  # fmt: skip
    assert got["by_rule"]["max"]["confirmed"] == got["by_rule"]["max"]["reviewed"] == 1
    assert [entry["row"] for entry in got["rows_not_used"]] == [3, 4]


def test_of_one_day_what_stands_later_counts(tmp_path: Path) -> None:
    got = reviewed(
        tmp_path, (A, "confirmed", "2026-11-09"), (A, "not confirmed", "2026-11-09 10:00")
    )
    assert got["by_rule"]["max"]["not_confirmed"] == got["by_rule"]["max"]["reviewed"] == 1
    assert [entry["row"] for entry in got["rows_not_used"]] == [2]


SAVED: dict[str, Callable[[str], bytes]] = {
    "as written": lambda text: text.encode(),
    "with a byte order mark": lambda text: text.encode("utf-8-sig"),
    "in the code page of an old machine": lambda text: text.encode("cp1252"),
    "as UTF-16 with tabs": lambda text: text.replace(",", "\t").encode("utf-16"),
    "with semicolons": lambda text: text.replace(",", ";").encode(),
    "with a line that names the separator": lambda text: (
        b"sep=;\r\n" + text.replace(",", ";").encode()
    ),
}


@pytest.mark.parametrize("how", SAVED)
def test_a_csv_is_read_however_a_spreadsheet_saved_it(how: str, tmp_path: Path) -> None:
    header = ("Comment", "Outcome", "my own", "Finding ID", "Reviewed on")
    text = as_csv([("Größe\nüber zwei Zeilen", "confirmed", "x", A, "2026-11-02")], header)
    (tmp_path / "list.csv").write_bytes(SAVED[how](text))
    (read,) = read_reviews([tmp_path])
    (review,) = read.reviews
    assert (review.finding_id, review.outcome, review.reviewed_on) == (A, "confirmed", "2026-11-02")
    assert review.row == (3 if "names the separator" in how else 2)


def workbook(path: Path, *rows: tuple[Any, ...], title: str = "review") -> None:
    book = openpyxl.Workbook()
    notes = book.active
    assert notes is not None
    notes.title = "first"
    notes.append(("just text",))
    sheet = book.create_sheet(title)
    for row in (HEADER, *rows):
        sheet.append(row)
    book.save(path)


def test_a_workbook_with_date_cells_and_other_sheets_is_read(tmp_path: Path) -> None:
    day = dt.datetime(2026, 11, 2, 13, 30)  # noqa: DTZ001  a spreadsheet has no zones
    workbook(tmp_path / "list.xlsx", (A, "confirmed", day, "PH-1", "text"), (None,) * 5)
    (read,) = read_reviews([tmp_path])
    (review,) = read.reviews
    assert (review.row, review.finding_id, review.reviewed_on) == (2, A, "2026-11-02")


def test_the_same_file_given_twice_counts_once(tmp_path: Path) -> None:
    workbook(tmp_path / "list.xlsx", (A, "confirmed"))
    assert len(read_reviews([tmp_path, tmp_path / "list.xlsx"])) == 1


def with_entities(path: Path) -> None:
    workbook(path, (A, "confirmed"))
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            declared = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]>'
            body = content.split(b"?>", 1)[-1]
            new.writestr(name, declared + body if name.endswith("sheet2.xml") else content)


def with_a_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", bytes(60_000_000))


BAD: dict[str, Callable[[Path], object]] = {
    "no file.xlsx": lambda path: None,
    "no workbook.xlsx": lambda path: path.write_bytes(b"PK\x03\x04 secret"),
    "entities.xlsx": with_entities,
    "bomb.xlsx": with_a_bomb,
    "other.ods": lambda path: path.write_bytes(b"x"),
    "no header.csv": lambda path: path.write_text("finding_id,comment\nsecret,x\n"),
    "twice.csv": lambda path: path.write_text("finding_id,outcome,Outcome\nsecret,x,y\n"),
    "empty.csv": lambda path: path.write_text(""),
    "long.csv": lambda path: path.write_text("finding_id,outcome\n" + "a,b\n" * (MOST_ROWS + 1)),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_used_is_refused_without_quoting_it(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    BAD[name](path)
    with pytest.raises(UsageError) as refused:
        read_reviews([path])
    assert name in str(refused.value)
    assert "secret" not in str(refused.value)


@given(data=st.binary(max_size=400), ending=st.sampled_from([".csv", ".xlsx"]))
@example(data=b"finding_id,outcome\n\x00,x", ending=".csv")
@example(data=b"\xff\xfef\x00", ending=".csv")
@example(data=b'finding_id,outcome\n"' + b"x" * 200_000, ending=".csv")
def test_no_bytes_whatever_end_in_anything_but_a_list_or_a_refusal(
    data: bytes, ending: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"list{ending}"
        path.write_bytes(data)
        with suppress(UsageError):
            (read,) = read_reviews([path])
            assert all(isinstance(review.row, int) for review in read.reviews)


WORDS = st.sampled_from(["confirmed", "not confirmed", "already known", "cannot tell", "", "?"])
IDS = st.sampled_from([A, B, C, "d" * 16, "1E+15", ""])
DAYS = st.sampled_from(["", "2026-11-01", "2026-11-02", "soon"])


@given(rows=st.lists(st.tuples(IDS, WORDS, DAYS), max_size=12))
def test_every_row_is_used_or_not_used_for_one_reason(rows: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        got = reviewed(Path(folder), *rows)
    filled = [row for row in rows if any(row)]
    assert got["rows"] == len(filled) == got["used"] + sum(got["not_used"].values())
    assert got["used"] == sum(one["reviewed"] for one in got["by_rule"].values())
    good = {finding for finding, word, _ in rows if finding in RULES and word not in ("", "?")}
    assert got["used"] == len(good)
    for one in got["by_rule"].values():
        low, high = one["interval"]
        assert low <= one["confirmed"] / one["reviewed"] <= high


# ---- on the command line


def fill_in(published: Path, ending: str, *rows: dict[str, str]) -> Path:
    """The review list of a run as reviewers hand it back; row n gets the n-th of `rows`."""
    if ending == ".csv":
        table = pl.read_csv(published / "review_list.csv", infer_schema=False)
        for name in rows[0]:
            values = [row[name] for row in rows] + [None] * (table.height - len(rows))
            table = table.with_columns(pl.Series(name, values, pl.String))
        table.write_csv(path := published.parent / "filled in.csv", separator=";")
        return path
    book = openpyxl.load_workbook(published / "review_list.xlsx")
    sheet = book["review"]
    names = [cell.value for cell in sheet[1]]
    for at, row in enumerate(rows, start=2):
        for name, value in row.items():
            sheet.cell(at, names.index(name) + 1, value)
    book.save(path := published.parent / "filled in.xlsx")
    return path


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_list_that_was_filled_in_comes_back_in_the_next_run(
    ending: str, clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run()).code == 0
    (first,) = clinic.published()
    secret = "the daughter rang"
    filled = fill_in(first, ending, {"outcome": "confirmed", "reviewed_by": "PH-1",
                                     "reviewed_on": "2026-11-02", "comment": secret})  # fmt: skip
    ended = screener(*clinic.run("--reviews", str(filled)))
    assert ended.code == 0, ended.err
    (second,) = [folder for folder in clinic.published() if folder != first]
    text = (second / "run.json").read_text()
    assert secret not in text + (second / "report.html").read_text() + ended.err + ended.out
    run = json.loads(text)
    assert run["reviews"]["by_rule"]["baclofen-max-dose"]["confirmed"] == 1
    assert run["reviews"]["used"] == run["reviews"]["rows"] == 1
    assert "1 of 1 confirmed (21 to 100 %" in (second / "report.html").read_text()
    assert screener("verify", "latest", "--out", str(clinic.out)).code == 0


def test_reviews_of_findings_that_are_gone_now_still_count(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run()).code == 0
    (first,) = clinic.published()
    filled = fill_in(first, ".csv", {"outcome": "not confirmed"})
    clinic.prescriptions(order(1, "P-1", 3))
    assert screener(*clinic.run("--reviews", str(filled))).code == 0
    (second,) = [folder for folder in clinic.published() if folder != first]
    run = json.loads((second / "run.json").read_text())
    assert run["counts"]["findings"] == 0
    assert run["reviews"]["by_rule"]["baclofen-max-dose"]["not_confirmed"] == 1


def test_the_same_reviews_again_find_the_finished_run_and_others_make_another(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run()).code == 0
    (first,) = clinic.published()
    filled = fill_in(first, ".csv", {"outcome": "confirmed"})
    assert screener(*clinic.run("--reviews", str(filled))).code == 0
    assert "finished before" in screener(*clinic.run("--reviews", str(filled.parent))).out
    filled.write_text(filled.read_text().replace("confirmed", "cannot tell"))
    assert screener(*clinic.run("--reviews", str(filled))).code == 0
    assert len(clinic.published()) == 3


def test_a_damaged_run_of_the_past_stops_no_run(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run()).code == 0
    (first,) = clinic.published()
    filled = fill_in(first, ".csv", {"outcome": "confirmed"})
    (first / "findings.parquet").write_bytes(b"PAR1 damaged")
    clinic.prescriptions(order(1, "P-1", 3))
    for rest in clinic.out.glob("history.sqlite*"):
        rest.unlink()
    ended = screener(*clinic.run("--reviews", str(filled)))
    assert "no run of this folder has the finding" in ended.err
    assert ended.code == 3  # the history cannot take up the damaged run, and says so
    assert "its folder is damaged" in ended.err


def test_reviews_of_a_run_that_was_pruned_count_since_the_history_knows_it(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run()).code == 0
    (first,) = clinic.published()
    filled = fill_in(first, ".csv", {"outcome": "confirmed"})
    clinic.prescriptions(order(1, "P-1", 3))
    later = ("--as-of", "2026-12-31")
    assert screener(*clinic.run(*later)).code == 0
    pruned = screener("runs", "prune", "--keep", "1", "--yes", "--out", str(clinic.out))
    assert pruned.code == 0, pruned.err
    assert not first.exists()
    shown = screener("reviews", "show", str(filled), "--out", str(clinic.out))
    assert "1 of 1 row used." in shown.out
    draft = ("reviews", "waivers", str(filled), "--outcome", "confirmed", "--out", str(clinic.out))
    assert "rule: baclofen-max-dose" in screener(*draft).out
    ended = screener(*clinic.run("--reviews", str(filled), *later))
    assert ended.code == 0, ended.err
    runs = [json.loads((folder / "run.json").read_text()) for folder in clinic.published()]
    (counted,) = [run["reviews"] for run in runs if "reviews" in run]
    assert counted["by_rule"]["baclofen-max-dose"]["confirmed"] == 1
    for rest in clinic.out.glob("history.sqlite*"):
        rest.unlink()
    shown = screener("reviews", "show", str(filled), "--out", str(clinic.out))
    assert "Not used: 1 row, no run of this folder has the finding." in shown.out
    assert not (clinic.out / "history.sqlite").exists()  # looking makes none


def test_a_draft_of_waivers_is_refused_until_somebody_gives_the_reason(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run()).code == 0
    (first,) = clinic.published()
    filled = fill_in(first, ".csv", {"outcome": "already known", "reviewed_by": "PH-1"})
    drafted = screener("reviews", "waivers", str(filled), "--out", str(clinic.out))
    assert drafted.code == 0, drafted.err
    site = clinic.out / "site.yaml"
    site.write_text(drafted.out)
    refused = screener(*clinic.run("--site-rules", str(site)))
    assert refused.code == 2
    assert "reason is still TODO" in refused.err
    site.write_text(drafted.out.replace("reason: TODO", "reason: agreed with the ward"))
    assert screener(*clinic.run("--site-rules", str(site))).code == 0
    (second,) = [folder for folder in clinic.published() if folder != first]
    assert pl.read_parquet(second / "findings.parquet")["state"].to_list() == ["waived"]


def test_a_waiver_lasts_a_year_at_most(tmp_path: Path) -> None:
    day = dt.date(2026, 11, 2)
    with pytest.raises(ValueError, match="365"):
        draft_of_waivers((), {}, outcomes=["already known"], today=day, days=366)


def test_reviews_are_counted_before_a_run_too(
    clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*clinic.run()).code == 0
    (first,) = clinic.published()
    filled = fill_in(first, ".csv", {"outcome": "confirmed"})
    shown = screener("reviews", "show", str(filled), "--out", str(clinic.out))
    assert shown.code == 0
    assert "1 of 1 row used." in shown.out
    assert "baclofen-max-dose  1 of 1     21 % to 100 %" in shown.out
