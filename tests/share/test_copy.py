"""A copy to share: nothing of the input that names a person, a row or a day is anywhere in it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import stat
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from screener.outputs.report import ReportInput
from screener.outputs.report.given import SHAPES
from screener.outputs.report.words import MONTHS
from screener.outputs.share import copy_bytes, frames, new_key
from screener.outputs.share.keys import LEAST_SHIFT, MOST_SHIFT, people, shift_of
from screener.outputs.share.small_counts import SUPPRESSED, rate_shown, rounded, shown
from tests.cli.conftest import clinic as place_of_clinic
from tests.cli.conftest import screener
from tests.cli.invented_clinic import Ended, Place
from tests.report.invented_clinic import clinic
from tests.report.unpacked import unpack

__all__ = ["place_of_clinic", "screener"]  # fixtures
KEY = bytes(range(32))
NAMES = {
    "findings": ("patient_id", "finding_id", "prescriber_id", "prescription_ids", "lab_refs",
                 "source_refs", "message", "derivation"),
    "pilot_findings": ("patient_id", "finding_id", "prescriber_id", "prescription_ids"),
    "orders": ("patient_id", "prescription_id", "source_ref", "drug", "prescriber_id"),
    "kidney": ("patient_id", "lab_ref", "how"),
    "data_flags": ("patient_id", "ref", "detail"),
    "not_assessed": ("patient_id",),
}  # fmt: skip


def told(data: ReportInput) -> ReportInput:
    """The clinic with texts that say whom, which order and which day they are about."""
    tell = pl.format("{} of {} seen by {} on {}", "patient_id", "rule_id", "prescriber_id", "date")
    findings = data.findings.with_columns(
        message=tell,
        derivation=pl.format("{} | age 47 | {}", tell, "finding_id"),
        source_refs=pl.concat_list(pl.format("prescriptions.csv:{}", pl.row_index())),
    )
    orders = data.orders.with_columns(drug=pl.format("{} {}", "drug", "patient_id"))
    flags = data.data_flags.with_columns(detail=pl.format("{} on {}", "patient_id", "date"))
    kidney = data.kidney.with_columns(how=pl.format("of {} on {}", "patient_id", "from_date"))
    return dataclasses.replace(
        data, findings=findings, orders=orders, data_flags=flags, kidney=kidney
    )


@pytest.fixture(scope="module")
def data() -> ReportInput:
    return told(clinic())


@pytest.fixture(scope="module")
def page(data: ReportInput) -> bytes:
    return copy_bytes(data, KEY, prescribers=True)


class Texts(HTMLParser):
    """Every text node and attribute but those of the script, the style and the packed block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.quiet = False
        self.cells: list[str] = []
        self.in_number = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.quiet = tag in ("script", "style")
        self.found += [value for _, value in attrs if value]
        names = (dict(attrs).get("class") or "").split()
        self.in_number = ("num" in names and tag == "td") or "fact-n" in names

    def handle_endtag(self, tag: str) -> None:
        self.quiet = self.in_number = False

    def handle_data(self, data: str) -> None:
        if not self.quiet:
            self.found.append(data)
        if self.in_number:
            self.cells.append(data)


def texts_of(page: bytes) -> Texts:
    reader = Texts()
    reader.feed(page.decode())
    return reader


def every_text(page: bytes) -> str:
    """All that can be read in a copy: text nodes, attributes, dictionaries and facts."""
    header, tables = unpack(page)
    cells = [str(value) for rows in tables.values() for row in rows for value in row.values()]
    return "\n".join([*texts_of(page).found, str(header["facts"]), *_words(header), *cells])


def _words(header: dict[str, Any]) -> Iterator[str]:
    for words in header["dictionaries"].values():
        yield from words


def names_in(data: ReportInput) -> set[str]:
    """Every identifier and free text of the input."""
    known: set[str] = set()
    for table, columns in NAMES.items():
        frame: pl.DataFrame = getattr(data, table)
        for column in columns:
            values = frame[column]
            flat = values.explode() if isinstance(values.dtype, pl.List) else values
            known |= set(flat.drop_nulls().to_list())
    sums = re.compile(r"[0-9.× =]+")
    return {text for text in known if len(text) > 2 and not sums.fullmatch(text)}


def test_no_identifier_and_no_text_of_the_input_is_anywhere(data: ReportInput, page: bytes) -> None:
    everything = every_text(page)
    names = names_in(data)
    assert len(names) > 300
    assert sorted(name for name in names if name in everything) == []


def test_the_search_for_names_finds_them_in_the_report_itself(data: ReportInput) -> None:
    from screener.outputs.report import render

    everything = every_text(render(data))
    hidden = {text for text in names_in(data) if text.startswith("prescriptions.csv")}
    found = {name for name in names_in(data) - hidden if name in everything}
    assert len(found) > 300


def dates_in(data: ReportInput) -> set[dt.date]:
    days: set[dt.date] = set()
    for name in SHAPES:
        frame: pl.DataFrame = getattr(data, name)
        for column in frame.select(pl.col(pl.Date)).iter_columns():
            days |= set(column.drop_nulls().to_list())
    return days | {dt.date.fromisoformat(data.run["as_of"])}


def test_no_day_of_the_input_is_written_anywhere(data: ReportInput, page: bytes) -> None:
    header, _ = unpack(page)
    read = "\n".join([*texts_of(page).found, str(header["facts"]), *_words(header)])
    of_rules = re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(data.run["rules"]))
    days = dates_in(data) - {dt.date.fromisoformat(day) for day in of_rules}
    assert len(days) > 40
    ways = [f"{day.day} {MONTHS[day.month - 1]} {day.year}" for day in days]
    assert [day for day in (*ways, *(day.isoformat() for day in days)) if day in read] == []
    assert header["facts"]["as_of"] is None


def day_number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


MEDICINE = ["patient_id", "ingredient", "track"]


def medicines_behind(data: ReportInput) -> pl.DataFrame:
    """The medicines of orders behind a finding: the page gets the daily doses of no others."""
    both = pl.concat([data.findings, data.pilot_findings], how="diagonal")
    named = both.select("patient_id", prescription_id="prescription_ids").explode("prescription_id")
    return data.orders.join(named, on=named.columns, how="semi").select(MEDICINE).unique()


def test_every_day_of_a_patient_is_moved_by_the_same_number_in_every_table(
    data: ReportInput, page: bytes
) -> None:
    _, tables = unpack(page)
    who = people(KEY, data.findings["patient_id"])
    assert who["shift"].n_unique() > 20
    columns = {"orders": "start_date", "timeline": "from_date", "kidney": "from_date",
               "findings": "date", "data_flags": "date", "not_assessed": "from_date"}  # fmt: skip
    compared = 0
    for table, column in columns.items():
        frame: pl.DataFrame = getattr(data, table)
        if table == "findings":
            frame = pl.concat([frame, data.pilot_findings], how="diagonal")
        if table == "timeline":
            frame = frame.join(medicines_behind(data), on=MEDICINE, how="semi", nulls_equal=True)
        for patient, name, shift, _ in who.iter_rows():
            rows = frame.filter(pl.col("patient_id") == patient)
            mine = sorted(day_number(day) for day in rows[column].drop_nulls())
            moved = [row[column] for row in tables[table] if row["patient_id"] == name]
            moved = sorted(day for day in moved if day is not None)
            assert [day - shift for day in moved] == mine
            compared += len(mine)
    assert compared > 300


def test_what_reaches_the_last_day_ends_later_by_a_number_of_its_patient(
    data: ReportInput, page: bytes
) -> None:
    """The last day of the data is known to many: it must not tell by how much days were moved."""
    _, tables = unpack(page)
    last = day_number(dt.date.fromisoformat(data.run["as_of"]))
    who = people(KEY, data.findings["patient_id"])
    moved = {name: (shift, further) for _, name, shift, further in who.iter_rows()}
    assert {further for _, further in moved.values()} <= set(range(1, 29))
    reached = 0
    for table, column in (("timeline", "to_date"), ("kidney", "to_date"), ("findings", "end_date")):
        for row in tables[table]:
            if row["patient_id"] in moved and row[column] is not None:
                shift, further = moved[row["patient_id"]]
                assert row[column] != last + shift
                reached += row[column] == last + shift + further
    assert reached > 30


def test_a_shift_is_never_small_and_goes_both_ways() -> None:
    shifts = [shift_of(KEY, f"P-{n}") for n in range(5000)]
    assert {abs(s) for s in shifts} == set(range(LEAST_SHIFT, MOST_SHIFT + 1))
    assert 2200 < sum(s > 0 for s in shifts) < 2800


def test_rows_do_not_stand_in_the_order_of_the_ids_that_are_gone(
    data: ReportInput, page: bytes
) -> None:
    _, tables = unpack(page)
    who = dict(people(KEY, data.findings["patient_id"]).select("name", "patient_id").iter_rows())
    for table in ("orders", "timeline"):
        names = list(dict.fromkeys(row["patient_id"] for row in tables[table]))
        assert names == sorted(names)
        assert [who.get(name) for name in names] != sorted(filter(None, map(who.get, names)))
    keys = [(row["severity"], row["active"], row["certainty"], -row["date"])
            for row in tables["findings"] if not row["pilot"]]  # fmt: skip
    runs = [b for a, b in pairwise(keys) if a[:3] == b[:3] and a[3] > b[3]]
    assert runs == []  # among equals, the latest of the moved days comes first


def test_orders_of_a_finding_still_lead_to_its_orders(data: ReportInput, page: bytes) -> None:
    _, tables = unpack(page)
    orders = {(row["patient_id"], row["prescription_id"]) for row in tables["orders"]}
    named = [(row["patient_id"], one) for row in tables["findings"]
             for one in row["prescription_ids"]]  # fmt: skip
    before = pl.concat([data.findings, data.pilot_findings], how="diagonal")
    assert len(named) == before["prescription_ids"].list.len().sum()
    assert set(named) <= orders


def test_ages_are_bands_and_sums_stand(page: bytes) -> None:
    _, tables = unpack(page)
    said = {row["derivation"] for row in tables["findings"] if not row["pilot"]}
    assert said == {f"Age 40 to 49. {frames.LEFT_OUT}"}
    assert any("=" in (row["derivation"] or "") for row in tables["orders"])


BANDS = {17: "Age under 18. ", 18: "Age 18 to 19. ", 20: "Age 20 to 29. ", 89: "Age 80 to 89. ",
         90: "Age 90 or more. ", 104: "Age 90 or more. "}  # fmt: skip


@pytest.mark.parametrize("age", BANDS)
def test_an_age_falls_into_its_band(age: int) -> None:
    frame = pl.DataFrame({"derivation": [f"from 1 to 2 | age {age} | x"]})
    assert frame.select(frames._derivation()).item() == BANDS[age] + frames.LEFT_OUT


SUMS = {
    "3 × 1 tablet × 20 mg = 60 mg/day": True,
    "3 × 1-2 tablet × 5 mg = 15 mg to 30 mg/day": True,
    "1 per 7 days × 4 tablet × 2.5 mg = 1.429 mg/day": True,
    "RX-1: 3 × 1 tablet × 20 mg = 60 mg/day": False,
    "2026-01-05: 3 mg": False,
    "05-01-2026 3 mg": False,
    "5 Jan 2026": False,
    "12345678": False,
    "tell the daughter": False,
    "3 mg\n": False,
    "": False,
}


@pytest.mark.parametrize("text", SUMS)
def test_only_sums_pass_as_sums(text: str) -> None:
    frame = pl.DataFrame({"derivation": [text]})
    assert (frame.select(frames._sum()).item() is not None) is SUMS[text]


def test_every_column_is_named_with_what_becomes_of_it() -> None:
    """A new column of a table is left out until somebody decides about it here."""
    dropped = {"source_refs", "how", "ref", "detail"}
    for table in ("findings", "orders", "timeline", "kidney", "data_flags", "not_assessed"):
        named = {*frames._SAFE[table], *frames._DATES[table], *dropped}
        named |= {column for kind, column in frames._MADE if kind == table}
        assert set(SHAPES[table]) <= named


# ---- counts


@pytest.mark.parametrize(("count", "text"), [
    (0, "0"), (1, "*"), (7, "*"), (8, "10"), (12, "10"), (13, "15"), (1002, "1,000"),
    (None, "not recorded"),
])  # fmt: skip
def test_small_counts_are_not_shown_and_others_are_rounded(count: int | None, text: str) -> None:
    assert shown(count) == text


@pytest.mark.parametrize(("part", "whole", "text"), [
    (13, 98, "150"), (7, 98, "*"), (0, 98, "0"), (0, 0, "not applicable"), (8, 8, "1,000"),
    (3, 7, "*"), (None, 5, "not recorded"),
])  # fmt: skip
def test_rates_are_made_from_rounded_figures(
    part: int | None, whole: int | None, text: str
) -> None:
    assert rate_shown(part, whole) == text


def test_every_number_of_the_static_pages_is_rounded_or_suppressed(page: bytes) -> None:
    cells = texts_of(page).cells
    numbers = [cell.replace(",", "") for cell in cells]
    assert SUPPRESSED in numbers
    assert len(numbers) > 20
    odd = [n for n in numbers if n.isdigit() and int(n) % 5]
    assert odd == ["0"] * len(odd) or all(int(n) > 0 for n in odd)
    words = {SUPPRESSED, "not applicable", "not recorded"}
    rates = {rate_shown(a, b) for a in range(61) for b in range(61)}
    assert [n for n in numbers if n not in words | rates and int(n) % 5] == []


def test_rounding_never_shows_a_count_that_is_hidden() -> None:
    assert {rounded(n) for n in range(1, 8)} == {None}
    assert {rounded(n) for n in range(8, 5000)} == set(range(10, 5005, 5))


# ---- sites, prescribers, sameness


def test_small_sites_are_put_together(data: ReportInput) -> None:
    rows = data.outcomes.with_columns(site_id=pl.col("site_id").replace("SITE-A", "SITE-B"))
    changed = dataclasses.replace(data, outcomes=rows)
    every = {row["site_id"] for row in unpack(copy_bytes(changed, KEY))[1]["findings"]}
    assert not any(str(site).startswith("SITE") for site in every)
    assert frames.LEAST_AT_SITE == 50


def test_a_site_of_fifty_keeps_its_name_and_a_few_of_others_have_none() -> None:
    def site(name: str, patients: int) -> dict[str, Any]:
        return {"rule_id": "r", "site_id": name, "prescriber_id": "", "outcome": "clear",
                "patients": patients, "in_scope": patients}  # fmt: skip

    def names(*rows: dict[str, Any]) -> dict[str, str | None]:
        outcomes = pl.DataFrame(list(rows), schema=SHAPES["outcomes"])
        return dict(frames.sites_named(outcomes.lazy()).iter_rows())

    assert names(site("big", 50), site("a", 49)) == {"big": "big", "a": None}
    together = names(site("big", 50), site("a", 49), site("b", 1))
    assert together == {"big": "big", "a": frames.SMALL_SITES, "b": frames.SMALL_SITES}


def test_prescribers_are_left_out_unless_asked_for(data: ReportInput, page: bytes) -> None:
    without = unpack(copy_bytes(data, KEY))[1]
    assert {row["prescriber_id"] for row in without["findings"] + without["orders"]} == {None}
    with_them = {row["prescriber_id"] for row in unpack(page)[1]["findings"]} - {None}
    assert len(with_them) == data.findings["prescriber_id"].n_unique()
    assert all(re.fullmatch(r"[0-9a-f]{16}", str(one)) for one in with_them)


def test_the_same_key_gives_the_same_copy_and_another_key_other_names(
    data: ReportInput, page: bytes
) -> None:
    assert copy_bytes(data, KEY, prescribers=True) == page
    names = [{row["patient_id"] for row in unpack(p)[1]["findings"]}
             for p in (page, copy_bytes(data, new_key()))]  # fmt: skip
    assert names[0].isdisjoint(names[1])


def test_it_says_what_it_is(page: bytes) -> None:
    assert "PSEUDONYMISED COPY" in " ".join(texts_of(page).found)


# ---- on the command line


def test_the_command_writes_a_private_file_and_leaves_the_run_alone(
    place_of_clinic: Place, screener: Callable[..., Ended], tmp_path: Path
) -> None:
    assert screener(*place_of_clinic.run()).code == 0
    out = str(place_of_clinic.out)
    copy, key = tmp_path / "copy.html", tmp_path / "key"

    def share(*more: str) -> Ended:
        return screener("report", "latest", "--out", out, "--share", str(copy), *more)

    assert share("--keep-key", str(key)).code == 0
    first = copy.read_bytes()
    assert {stat.S_IMODE(p.stat().st_mode) for p in (copy, key)} == {0o600}
    assert share("--keep-key", str(key)).code == 0
    assert copy.read_bytes() == first
    assert share().code == 0
    assert copy.read_bytes() != first
    everything = every_text(first)
    for name in ("P-1", "RX-1", "PR-1", "2026-01-05", "5 Jan 2026", "north", "Baclofen 20 mg"):
        assert name not in everything
    assert screener("verify", "latest", "--out", out).code == 0


def test_a_copy_is_not_written_among_the_files_of_a_run(
    place_of_clinic: Place, screener: Callable[..., Ended]
) -> None:
    assert screener(*place_of_clinic.run()).code == 0
    (run,) = place_of_clinic.published()
    out = str(place_of_clinic.out)
    assert screener("report", "--out", out, "--share", str(run / "copy.html")).code == 2
    assert screener("report", "--out", out, "--prescribers").code == 2
    assert not (run / "copy.html").exists()


def test_a_damaged_key_is_refused_and_not_written_over(
    place_of_clinic: Place, screener: Callable[..., Ended], tmp_path: Path
) -> None:
    assert screener(*place_of_clinic.run()).code == 0
    (tmp_path / "key").write_text("abc")
    ended = screener("report", "--out", str(place_of_clinic.out), "--share",
                     str(tmp_path / "copy.html"), "--keep-key", str(tmp_path / "key"))  # fmt: skip
    assert ended.code == 2
    assert (tmp_path / "key").read_text() == "abc"
