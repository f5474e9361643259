"""Parquet and NDJSON exports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import BytesIO

import polars as pl
import pytest

from screener.errors import InputRefused
from screener.intake import Intake
from screener.sources import parquet

Take = Callable[..., Intake]
ROW = {"patient_id": "00123", "drug": "baclofen", "start_date": "2024-01-02"}


def as_parquet(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_parquet_of_typed_columns_is_read(take: Take) -> None:
    frame = pl.DataFrame(
        {
            "patient_id": ["00123", "P2"],
            "drug": pl.Series(["baclofen", "x"], dtype=pl.Categorical),
            "start_date": [dt.date(2024, 1, 2), dt.date(2024, 1, 3)],
            "stop_date": [dt.datetime(2024, 2, 1, 23, 59, tzinfo=dt.UTC), None],
            "dose_min": [2.5, float("nan")],
            "days_supply": [28, 7],
            "prn": [True, None],
        }
    )
    taken = take({"prescriptions.parquet": as_parquet(frame)})
    assert taken.bucket(0).prescriptions.select(frame.columns).rows() == [
        ("00123", "baclofen", dt.date(2024, 1, 2), dt.date(2024, 2, 1), 2.5, 28, True),
        ("P2", "x", dt.date(2024, 1, 3), None, None, 7, None),
    ]
    assert taken.cell_flags["detail"].to_list() == ["dose_min cannot be read"]
    assert (taken.files[0].records, taken.files[0].kept) == (2, 2)


def test_parquet_is_read_in_pieces_with_running_row_numbers(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "PARQUET_ROWS", 3)
    frame = pl.DataFrame([ROW | {"patient_id": f"P{n}"} for n in range(7)])
    taken = take({"prescriptions.parquet": as_parquet(frame)})
    assert taken.bucket(0).prescriptions["source_row"].to_list() == [1, 2, 3, 4, 5, 6, 7]
    assert taken.files[0].records == 7


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (pl.DataFrame([ROW | {"patient_id": 123}]), "the id column 'patient_id' holds numbers"),
        (pl.DataFrame([ROW | {"sig": ["a", "b"]}]), "cannot be read as one value"),
        (pl.DataFrame([ROW | {"drug": b"baclofen"}]), "cannot be read as one value"),
        (pl.DataFrame([ROW]).drop("drug"), "a required column is missing: drug"),
        (pl.DataFrame([ROW]).clear(), "no record"),
    ],
)
def test_parquet_that_cannot_be_trusted_is_refused(
    take: Take, frame: pl.DataFrame, sentence: str
) -> None:
    with pytest.raises(InputRefused, match=sentence):
        take({"prescriptions.parquet": as_parquet(frame)})


@pytest.mark.parametrize("content", [b"", b"patient_id,drug\n", b"PAR1 and nothing else PAR1"])
def test_a_file_that_is_no_parquet_is_refused(take: Take, content: bytes) -> None:
    with pytest.raises(InputRefused, match="damaged or is something else"):
        take({"prescriptions.parquet": content})


def test_a_truncated_parquet_file_is_refused(take: Take) -> None:
    with pytest.raises(InputRefused, match="damaged"):
        take({"prescriptions.parquet": as_parquet(pl.DataFrame([ROW]))[:-20]})


def plain_parquet() -> bytes:
    """Unpacked and without statistics, so that its bytes can be changed."""
    frame = pl.DataFrame(
        {
            "patient_id": ["P1", "P2"],
            "drug": ["zqxzqxzqx", "warfarin"],
            "drux": ["x", "y"],
            "start_date": ["2026-01-01", "2026-01-02"],
        }
    )
    file = BytesIO()
    frame.write_parquet(file, compression="uncompressed", statistics=False)
    return file.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"drux", b"drug"),  # two columns of one name
        (b"zqxzqxzqx", b"zqx\xff\xfezqxz"),  # no UTF-8
    ],
)
def test_parquet_with_a_column_twice_or_text_that_is_no_utf_8_is_refused(
    take: Take, old: bytes, new: bytes
) -> None:
    content = plain_parquet()
    assert take({"prescriptions.parquet": content}).files[0].kept == 2
    assert old in content
    with pytest.raises(InputRefused, match="damaged") as refused:
        take({"prescriptions.parquet": content.replace(old, new)})
    assert "zqx" not in str(refused.value)


def test_parquet_columns_that_are_unknown_are_named(take: Take) -> None:
    frame = pl.DataFrame([ROW | {"dose_mim": 3, "blob": [1]}])
    taken = take({"prescriptions.parquet": as_parquet(frame)})
    assert any("did you mean 'dose_min'" in notice for notice in taken.notices)


def test_ndjson_keeps_the_text_of_numbers_and_late_keys(take: Take) -> None:
    lines = [
        '{"patient_id": "00123", "drug": "baclofen", "start_date": "2024-01-02"}',
        '{"patient_id": "P2", "drug": "x", "start_date": "2024-01-03", "strength_value": 0.10,'
        ' "prn": true, "dose_min": null, "wrad": 1}',
    ]
    taken = take({"prescriptions.ndjson": "\ufeff" + "\n\n".join(lines) + "\n"})
    assert taken.bucket(0).prescriptions.select(
        "patient_id", "strength_value", "prn", "source_row"
    ).rows() == [("00123", None, None, 1), ("P2", "0.10", True, 3)]
    assert (taken.files[0].records, taken.files[0].blank) == (3, 1)
    assert "strength_value" in taken.supplied["prescriptions"]
    assert "quantity" not in taken.supplied["prescriptions"]
    assert any("'wrad' is unknown" in notice for notice in taken.notices)


GOOD = '{"patient_id": "P1", "drug": "x", "start_date": "2024-01-02"}\n'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"patient_id": "P1", ', "not-json"),
        ('{"patient_id": "P1"} trailing', "not-json"),
        ('["P1"]', "not-json"),
        ("7", "not-json"),
        ('{"dose_min": NaN}', "not-json"),
        ('{"patient_id": "P1", "patient_id": "P2"}', "duplicate-key"),
        ('{"patient_id": "P1", "drug": {"name": "x"}}', "nested"),
        ('{"patient_id": "P1", "drug": ["x"]}', "nested"),
        ("[" * 100_000, "not-json"),
        ('{"patient_id": "P1", "drug": "' + "x" * 70_000 + '"}', "field-too-long"),
    ],
)
def test_a_bad_ndjson_line_is_set_aside_alone(take: Take, line: str, reason: str) -> None:
    taken = take({"prescriptions.ndjson": GOOD + line + "\n" + GOOD})
    assert taken.set_aside.select("row", "reason").rows() == [(2, reason)]
    assert taken.bucket(0).prescriptions["source_row"].to_list() == [1, 3]


def test_a_cut_last_ndjson_line_is_set_aside_with_a_notice(take: Take) -> None:
    taken = take({"prescriptions.ndjson": GOOD + GOOD[:30]})
    assert taken.set_aside["reason"].to_list() == ["not-json"]
    assert any("may be cut off" in notice for notice in taken.notices)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[\n" + GOOD + "]\n", "one JSON document"),
        ('{\n  "patient_id": "P1"\n}\n', "one JSON document"),
        (GOOD.replace('"P1"', "123"), "id 'patient_id' is written as a number"),
        ('{"patient_id": "P1", "drug": "x"}\n', "a required column is missing: start_date"),
    ],
)
def test_ndjson_that_cannot_be_trusted_is_refused(take: Take, text: str, sentence: str) -> None:
    with pytest.raises(InputRefused, match=sentence):
        take({"prescriptions.ndjson": text})


def test_damaged_text_is_set_aside_in_every_format(take: Take) -> None:
    taken = take({"prescriptions.ndjson": GOOD.replace('"x"', '"x\\u0000y"') + GOOD})
    assert taken.set_aside.select("row", "column", "reason").rows() == [(1, "drug", "damaged-text")]
