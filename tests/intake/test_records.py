"""What a record is: ragged rows, quotes, blank lines, headers, and the row law."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import InputRefused, RunBroke
from screener.intake import Intake, take_in
from screener.sources import csv_records, header, read_export

Take = Callable[..., Intake]
HEAD = "patient_id,drug,start_date\n"
ROW = "P1,baclofen,2024-01-02\n"


def reasons(intake: Intake) -> list[tuple[int, str, str]]:
    return intake.set_aside.select("row", "column", "reason").rows()


def rows_kept(intake: Intake) -> list[int]:
    return intake.bucket(0).prescriptions["source_row"].to_list()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("P2,metformin\n", "fields"),
        ("P2,metformin,2024-01-02,more\n", "fields"),
        ("   \n", "fields"),
        ("Total rows: 3\n", "fields"),
        ('P2,"metformin,2024-01-02\n', "quotes"),
        ('P2,4" pad,2024-01-02\n', "quotes"),
        ('P2,"a\\"b",2024-01-02\n', "quotes"),
        ('P2,"a"b,2024-01-02\n', "quotes"),
        ("P2,met\0formin,2024-01-02\n", "control-character"),
        ('P2,"met\rformin",2024-01-02\n', "control-character"),
        ("P2,met\rformin,2024-01-02\n", "quotes"),
        (f"P2,{'x' * 70_000},2024-01-02\n", "field-too-long"),
    ],
)
def test_a_broken_record_is_set_aside_alone(take: Take, bad: str, reason: str) -> None:
    taken = take({"prescriptions.csv": HEAD + ROW + bad + ROW})
    assert reasons(taken) == [(2, "", reason)]
    assert rows_kept(taken) == [1, 3]
    count = taken.files[0]
    assert (count.records, count.kept, count.set_aside, count.blank) == (3, 2, 1, 0)


def test_the_record_set_aside_keeps_its_text_up_to_a_limit(take: Take) -> None:
    taken = take({"prescriptions.csv": HEAD + ROW + "short,row\n" + f"P2,{'x' * 70_000}\n"})
    values = taken.set_aside["value"].to_list()
    assert values[0] == "short,row"
    assert values[1].startswith("P2,xxx")
    assert len(values[1]) < 3_000


def test_a_field_at_the_limit_is_kept(take: Take) -> None:
    row = f"P2,{'x' * csv_records.FIELD_LIMIT},2024-01-02\n"
    assert rows_kept(take({"prescriptions.csv": HEAD + row})) == [1]


def test_an_unbalanced_quote_in_the_last_row_costs_that_row_only(take: Take) -> None:
    taken = take({"prescriptions.csv": HEAD + ROW + 'P2,"metformin,2024-01-02'})
    assert reasons(taken) == [(2, "", "quotes")]
    assert rows_kept(taken) == [1]


def test_three_quotes_at_the_end_are_not_shortened(take: Take) -> None:
    taken = take({"prescriptions.csv": HEAD + ROW + 'P2,metformin,"""'})
    assert reasons(taken) == [(2, "", "quotes")]


def test_blank_lines_are_counted_as_blank(take: Take) -> None:
    taken = take({"prescriptions.csv": HEAD + ROW + "\n\r\n" + ROW + "\n"})
    assert (taken.files[0].records, taken.files[0].blank) == (5, 3)
    assert rows_kept(taken) == [1, 4]


def test_quoted_commas_quotes_and_line_ends_are_content(take: Take) -> None:
    taken = take({"prescriptions.csv": HEAD + 'P1,"a, ""b""\r\nc",2024-01-02\n'})
    assert taken.bucket(0).prescriptions["drug"].to_list() == ['a, "b"\r\nc']


@pytest.mark.parametrize(
    ("first", "sentence"),
    [
        ("patient_id,drug,start_date,drug\n", "columns 2 and 4 have the same name"),
        ("patient_id,drug,start_date, Drug\n", "columns 2 and 4 have the same name"),
        ("patient_id,drug\n", "a required column is missing: start_date"),
        ("drug,start_date\n", "a required column is missing: patient_id"),
        ("patient_id;drug;start_date\n", "separated by a semicolon"),
        ("patient_id\tdrug\tstart_date\n", "separated by a tab"),
        ("Patient_ID,Drug,Start date\n", "in other letters"),
        ('patient_id,"drug\nname",start_date\n', "line of column names"),
        ("sep=,\n" + HEAD, "a remark for another program"),
        ("# export of today\n" + HEAD, "a remark for another program"),
        (",".join(f"c{n}" for n in range(513)) + "\n", "at most 512"),
    ],
)
def test_a_header_that_cannot_be_trusted_refuses_the_file(
    take: Take, first: str, sentence: str
) -> None:
    with pytest.raises(InputRefused, match=sentence):
        take({"prescriptions.csv": first + ROW})


def test_a_file_without_header_is_refused_and_its_first_patient_not_shown(take: Take) -> None:
    with pytest.raises(InputRefused, match="patient_id, drug, start_date") as refused:
        take({"prescriptions.csv": "00123,clozapine,2024-01-02\n" + ROW})
    assert "00123" not in str(refused.value)
    assert "clozapine" not in str(refused.value)


def test_512_columns_are_read(take: Take) -> None:
    more = [f"c{n}" for n in range(509)]
    text = HEAD.strip() + "," + ",".join(more) + "\n" + ROW.strip() + "," * 509 + "\n"
    assert rows_kept(take({"prescriptions.csv": text})) == [1]


def test_a_drug_code_may_stand_for_the_drug(take: Take) -> None:
    taken = take({"prescriptions.csv": "patient_id,drug_code,start_date\nP1,1292,2024-01-02\n"})
    assert taken.bucket(0).prescriptions.select("drug", "drug_code").rows() == [("1292", "1292")]


def test_a_header_without_records_is_refused_unless_allowed(take: Take) -> None:
    with pytest.raises(InputRefused, match="no record"):
        take({"prescriptions.csv": HEAD})
    taken = take({"prescriptions.csv": HEAD}, allow_empty=True)
    assert taken.files[0].records == 0
    assert taken.bucket(0).prescriptions.height == 0
    assert any("no record" in notice for notice in taken.notices)


def test_unknown_columns_are_named_with_a_suggestion(take: Take) -> None:
    text = "patient_id,drug,start_date,days_suply,ward,\nP1,x,2024-01-02,28,A,\n"
    taken = take({"prescriptions.csv": text})
    notices = " ".join(taken.notices)
    assert "'days_suply' is unknown and is not read; did you mean 'days_supply'?" in notices
    assert "'ward' is unknown and is not read" in notices
    assert "1 columns without a name" in notices
    assert taken.supplied["prescriptions"] == {"patient_id", "drug", "start_date"}


def test_an_empty_extra_field_on_every_row_is_tolerated_and_told(take: Take) -> None:
    text = HEAD + ROW.replace("\n", ",\n") * 3
    taken = take({"prescriptions.csv": text})
    assert rows_kept(taken) == [1, 2, 3]
    assert any("one empty field too many" in notice for notice in taken.notices)
    mixed = take({"prescriptions.csv": HEAD + ROW.replace("\n", ",\n") + ROW})
    assert reasons(mixed) == [(1, "", "fields")]


def test_an_extra_field_with_content_is_set_aside(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header, "_all_end_in_surplus", lambda rest, names: True)
    taken = take({"prescriptions.csv": HEAD + ROW.replace("\n", ",\n") + "P2,x,2024-01-02,y\n"})
    assert reasons(taken) == [(2, "", "fields")]
    assert rows_kept(taken) == [1]


def test_a_last_column_that_is_always_empty_is_no_extra_field(take: Take) -> None:
    text = "patient_id,drug,start_date,sig\n" + 'P1,"a, b",2024-01-02,\n' * 3
    taken = take({"prescriptions.csv": text})
    assert rows_kept(taken) == [1, 2, 3]


def test_a_reader_that_loses_a_record_breaks_the_run(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = csv_records._parsed

    def losing(text: bytes, names: header.Header) -> object:
        frame = whole(text, names)
        return None if frame is None else frame.head(max(frame.height - 1, 0))

    monkeypatch.setattr(csv_records, "_parsed", losing)
    with pytest.raises(RunBroke, match="could not be parsed"):
        take({"prescriptions.csv": HEAD + ROW + ROW})


cells = st.sampled_from(
    ["P1", "2024-01-02", "baclofen", "", " ", '"', '""', '"a"', '"a,b"', '"a\nb"', 'a"b', "é", "\r"]
)
good_rows = st.sampled_from([["P1", "baclofen", "2024-01-02"], ["P2", '"a,\nb"', "2024-01-02"]])
texts = st.lists(
    st.tuples(
        st.one_of(good_rows, st.lists(cells, max_size=5)), st.sampled_from(["\n", "\r\n", "\n\n"])
    ),
    max_size=12,
).map(lambda rows: "".join(",".join(row) + end for row, end in rows))


@given(body=texts, cut=st.booleans(), slice_size=st.sampled_from([8, 64, 1 << 20]))
def test_random_text_obeys_the_row_law_and_the_strict_reader(
    body: str, cut: bool, slice_size: int
) -> None:
    text = HEAD + (body.removesuffix("\n") if cut else body)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("screener.sources.text.SLICE", slice_size)
        patch.setattr("screener.sources.unpack.PIECE", slice_size)
        path = Path(folder) / "prescriptions.csv"
        path.write_bytes(text.encode())
        taken = take_in([str(path)], read=read_export, scratch=Path(folder), allow_empty=True)
    count = taken.files[0]
    assert count.records == count.kept + count.set_aside + count.blank
    numbers = rows_kept(taken) + taken.set_aside["row"].to_list()
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= set(range(1, count.records + 1))
    try:
        judged = list(csv.reader(io.StringIO(text, newline="\n"), strict=True))[1:]
    except csv.Error:
        return
    assert count.records == len(judged)
    assert count.blank == sum(not row for row in judged)
    for number, drug in taken.bucket(0).prescriptions.select("source_row", "drug").rows():
        assert judged[number - 1][1].strip() == drug
        assert len(judged[number - 1]) == 3
