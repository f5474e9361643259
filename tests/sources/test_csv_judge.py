"""Judging lines as a column gives what reading record by record gives, to the last row number."""

from __future__ import annotations

import io

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from screener.errors import RunBroke
from screener.findings import SET_ASIDE
from screener.sources import csv_judge, csv_marks, csv_records
from screener.sources.header import Header
from tests.sources.strict_reader import Read, read_strictly

THREE = Header(("a", "b", "c"), ",")
LONG = csv_records.FIELD_LIMIT
CELLS = ["a", "b c", "é", "", " ", '"q"', '""', '"a ""b"" c"', '"x,y"', '"x;y"', "aaaaaaaaa"]
LINES_INSIDE = ['"l1\nl2"', '"l1\r\n\r\nl2"', '"\n"', '"a"",\n""b"', '"éééé\néééé"']
BROKEN = ['"', 'a"b', '"a"b', '""a', '"""', '"a', 'a"', ' "a"', '"a" ', '\\"', '"a\n"b', '""""']
CONTROL = ["\r", "\0", '"\0"', '"\r"', "\r\r", "\x0b", "\x1c", "\u2028", "\x85", "\ufffd"]
ENDS = ["\n", "\r\n"]


@st.composite
def texts(draw: st.DrawFn, header: Header) -> str:
    """Mostly good records; any of them may be ragged, broken or blank."""
    good = st.lists(
        st.sampled_from(CELLS + LINES_INSIDE), min_size=header.fields, max_size=header.fields
    )
    any_cell = st.sampled_from(CELLS + LINES_INSIDE + BROKEN + CONTROL)
    any_row = st.lists(any_cell, max_size=header.fields + 2)
    rows = draw(
        st.lists(
            st.tuples(st.one_of(good, good, any_row), st.sampled_from([*ENDS, "\n\n"])), max_size=14
        )
    )
    text = "".join(header.separator.join(row) + end for row, end in rows)
    return text + draw(st.sampled_from(["", "", "", "a", '"', "\r", ",", 'a,"b']))


headers = st.builds(
    Header,
    st.sampled_from([("a",), ("a", "b"), ("a", "b", "c")]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.booleans(),
)


def cut(text: str, size: int) -> list[bytes]:
    """Slices as the text layer gives them: each ends at a line's end, but the last."""
    slices = [b""]
    for line in text.encode().split(b"\n"):
        slices[-1] += line + b"\n"
        if len(slices[-1]) > size:
            slices.append(b"")
    at = -1 if slices[-1] else -2
    slices[at] = slices[at][:-1]
    return slices if slices[-1] or len(slices) == 1 else slices[:-1]


def in_plain_python(found: csv_records.Records) -> Read:
    cells = found.rows.drop("source_row", "\0surplus", strict=False).fill_null("")
    rows = [list(row) for row in cells.rows()]
    return Read(
        list(zip(found.rows["source_row"].to_list(), rows, strict=True)),
        found.set_aside.select("row", "reason", "value").rows(),
        found.records,
        found.blank,
    )


def read(slices: list[bytes], header: Header) -> list[Read]:
    given_back: list[Read] = []
    for found, last in csv_records.read_records(iter(slices), header, "a.csv"):
        assert last == (len(given_back) == len(slices) - 1)
        assert dict(found.set_aside.schema) == SET_ASIDE
        assert found.rows.schema["source_row"] == pl.Int64
        given_back.append(in_plain_python(found))
    return given_back


@settings(max_examples=150)
@given(
    data=st.data(),
    header=headers,
    size=st.sampled_from([1, 12, 60, 1 << 20]),
    piece=st.sampled_from([1, 12, 1 << 20]),
)
@pytest.mark.parametrize("limit", [LONG, 8])
def test_random_text_is_read_as_the_strict_reader_reads_it(
    data: st.DataObject, header: Header, size: int, piece: int, limit: int
) -> None:
    slices = cut(data.draw(texts(header)), size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "FIELD_LIMIT", limit)
        patch.setattr(csv_records, "PIECE", piece)
        assert read(slices, header) == read_strictly(slices, header, limit)


@settings(max_examples=150)
@given(
    text=st.text(alphabet='"",,,\n\n\r\0aé ', max_size=40),
    size=st.sampled_from([1, 12, 1 << 20]),
    piece=st.sampled_from([1, 12, 1 << 20]),
)
def test_letter_salad_is_read_as_the_strict_reader_reads_it(
    text: str, size: int, piece: int
) -> None:
    slices = cut(text, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "PIECE", piece)
        assert read(slices, THREE) == read_strictly(slices, THREE, LONG)


@settings(max_examples=300)
@given(text=st.text(alphabet='"",,,\n\n\r\0aé ', max_size=24), limit=st.sampled_from([LONG, 6]))
@example(text='a,"b\nc",d\n"","",""', limit=LONG)
def test_marks_alone_say_well_formed_only_of_what_the_strict_reader_keeps(
    text: str, limit: int
) -> None:
    """And never no of plain text, or the quick way would not be one."""
    count = csv_marks.well_formed(text.encode(), THREE, limit)
    (strict,) = read_strictly([text.encode()], THREE, limit)
    longest = max((len(line.encode()) for line in text.split("\n")), default=0)
    if count is not None:
        assert (len(strict.rows), strict.records) == (count, count)
    elif longest < limit and '"' not in text:
        assert strict.set_aside or strict.blank


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\nd,e,f",
        'a,"","b ""c"", d"\r\n"x\ny",,é\n',
        '"a","b","c"\n' * 300,
        "",
    ],
)
def test_exports_without_a_fault_never_come_to_the_judge(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_records, "judge", lambda *_: pytest.fail("it was asked"))
    (found,) = read([text.encode()], THREE)
    assert found == read_strictly([text.encode()], THREE, LONG)[0]


def test_a_fault_brings_only_its_own_piece_to_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[bytes] = []
    whole = csv_judge.judge

    def noted(text: bytes, header: Header, last: bool, limit: int) -> csv_judge.Judged:
        judged.append(text)
        return whole(text, header, last, limit)

    monkeypatch.setattr(csv_records, "judge", noted)
    monkeypatch.setattr(csv_records, "PIECE", 5)
    text = b"a,b,c\n" * 4 + b"a,b\n" + b"a,b,c\n" * 4
    (found,) = read([text], THREE)
    assert judged == [b"a,b\na,b,c\n"]
    assert found == read_strictly([text], THREE, LONG)[0]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes at which the csv module was asked to judge a record."""
    starts: list[int] = []
    whole = csv_judge._one_record

    def noted(stream: io.BytesIO, start: int, separator: str, limit: int) -> tuple[int, int]:
        starts.append(start)
        return whole(stream, start, separator, limit)

    monkeypatch.setattr(csv_judge, "_one_record", noted)
    return starts


def test_the_csv_module_is_not_asked_about_lines_that_are_plainly_records(
    asked: list[int],
) -> None:
    text = 'a,"b, ""c""",""\r\n\na,"b"\n"a,b",c\na,b,c,d\n"",,é\n'
    (found,) = read([text.encode()], THREE)
    assert asked == []
    assert [number for number, _ in found.rows] == [1, 6]
    assert [(n, why) for n, why, _ in found.set_aside] == [
        (3, "fields"),
        (4, "fields"),
        (5, "fields"),
    ]
    assert (found.records, found.blank) == (6, 1)


def test_after_a_record_in_doubt_lines_are_judged_as_a_column_again(asked: list[int]) -> None:
    good = 'a,"b",c\n'
    longer = 'a,"b\n"",\n\nc""",d\n'
    broken = 'a,"b,c\n'
    text = good * 2 + longer + good * 2 + broken + good * 2
    (found,) = read([text.encode()], THREE)
    assert asked == [16, 32 + len(longer)]
    assert found.set_aside == [(6, "quotes", 'a,"b,c')]
    assert [number for number, _ in found.rows] == [1, 2, 3, 4, 5, 7, 8]
    assert found.rows[2][1] == ["a", 'b\n",\n\nc"', "d"]


def test_a_line_at_the_limit_is_not_in_doubt_and_a_longer_one_is(asked: list[int]) -> None:
    at_limit = '"' + "x" * (LONG - 6) + '",,c\n'
    over = '"' + "x" * (LONG + 1) + '",,c\n'
    assert len(at_limit) == LONG
    (found,) = read([(at_limit + over).encode()], THREE)
    assert asked == [LONG]
    assert [number for number, _ in found.rows] == [1]
    assert [(n, why) for n, why, _ in found.set_aside] == [(2, "field-too-long")]


def test_a_column_of_lines_that_loses_one_breaks_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of records comes from the bytes, not from polars."""
    whole = csv_judge._judged_lines
    monkeypatch.setattr(csv_judge, "_judged_lines", lambda *given: whole(*given).head(-1))
    with pytest.raises(RunBroke, match="not the records counted"):
        read([b"a,b\n" + b'a,"b",c\n' * 3], THREE)


def test_a_record_may_run_over_many_slices() -> None:
    slices = [b'a,"b\n', b"b\n", b'b",c\n', b'a,b,c\na,"b\n', b"c,d,e\n"]
    found = read(slices, THREE)
    assert [one.records for one in found] == [0, 0, 1, 1, 2]
    assert [one.set_aside for one in found[:4]] == [[], [], [], []]
    assert found[4].set_aside == [(3, "quotes", 'a,"b')]
    assert found[4].rows == [(4, ["c", "d", "e"])]
