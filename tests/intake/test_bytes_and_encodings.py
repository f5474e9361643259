"""What the first bytes, the packing and the encoding of a file lead to."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from screener.errors import InputRefused, UsageError
from screener.intake import Intake, take_in
from screener.sources import read_export, unpack
from screener.sources import text as source_text

Take = Callable[..., Intake]
HEAD = "patient_id,drug,start_date\n"
GOOD = HEAD + "00123,baclofen,2024-01-02\nP2,metformin,2024-01-03\n"


def drugs(intake: Intake) -> list[str]:
    return intake.bucket(0).prescriptions["drug"].to_list()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\n\n\n", "the file is empty"),
        (b"\n\n" + GOOD.encode(), "the first line is blank"),
        (b"\xef\xbb\xbf" * 2 + GOOD.encode(), "two byte-order marks"),
        (GOOD.encode("utf-16"), "looks like UTF-16"),
        (GOOD.encode("utf-16-be"), "looks like UTF-16"),
        (GOOD.encode("utf-16-le"), "looks like UTF-16"),
        (GOOD.replace("\n", "\r").encode(), "end in CR alone"),
        (b"PK\x03\x04" + b"x" * 50, "zip archive or a spreadsheet"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 50, "old spreadsheet"),
        (b"PAR1" + b"x" * 50, "a Parquet file"),
        (b"<html><body>Login</body></html>", "web page"),
        (GOOD.encode() + b"\0" * 2000 + b"\nP3,x,2024-01-01\n", "NUL bytes"),
        (GOOD.encode() + b"\0\0\0", "NUL bytes"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-9], "cut off"),
        (gzip.compress(GOOD.encode(), mtime=0) + b"garbage behind it", "damaged"),
        (zstandard.compress(GOOD.encode() * 50)[:-7], "cut off"),
        (zstandard.compress(GOOD.encode()) + b"garbage behind", "damaged"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused_in_one_sentence(
    take: Take, content: bytes, sentence: str
) -> None:
    with pytest.raises(InputRefused, match=sentence) as refused:
        take({"prescriptions.csv": content})
    assert "baclofen" not in str(refused.value)
    assert "00123" not in str(refused.value)


def test_a_flipped_checksum_of_an_archive_is_refused(take: Take) -> None:
    packed = bytearray(gzip.compress(GOOD.encode()))
    packed[-6] ^= 1
    with pytest.raises(InputRefused, match="damaged"):
        take({"prescriptions.csv.gz": bytes(packed)})


def test_a_byte_that_is_not_utf8_is_refused_with_its_line(take: Take) -> None:
    rows = "".join(f"P{n},drug,2024-01-01\n" for n in range(5000))
    content = (HEAD + rows).encode() + b"P9,50 \xb5g,2024-01-01\n"
    with pytest.raises(InputRefused, match="line 5002: a byte is not valid UTF-8"):
        take({"prescriptions.csv": content})


@pytest.mark.parametrize("bad", [b"\xed\xa0\x80", b"\xc0\xaf", b"\xff"])
def test_surrogates_and_overlong_forms_are_refused(take: Take, bad: bytes) -> None:
    with pytest.raises(InputRefused, match="line 2"):
        take({"prescriptions.csv": HEAD.encode() + b"P1,x" + bad + b",2024-01-01\n"})


def test_another_encoding_is_read_when_it_is_named(take: Take) -> None:
    content = HEAD.encode() + b"P1,50 \xb5g tablets,2024-01-01\n"
    assert drugs(take({"prescriptions.csv": content}, encoding="cp1252")) == ["50 µg tablets"]


@pytest.mark.parametrize("encoding", ["klingon", "utf-16", "shift_jis", "rot13"])
def test_an_encoding_that_cannot_be_read_is_a_wrong_command_line(take: Take, encoding: str) -> None:
    with pytest.raises(UsageError, match="encoding"):
        take({"prescriptions.csv": GOOD}, encoding=encoding)


def test_a_byte_order_mark_is_taken_off_and_told(take: Take) -> None:
    marked = take({"prescriptions.csv": b"\xef\xbb\xbf" + GOOD.encode()})
    assert drugs(marked) == ["baclofen", "metformin"]
    assert any("byte-order mark" in notice for notice in marked.notices)


def test_the_named_encoding_must_not_contradict_the_mark(take: Take) -> None:
    with pytest.raises(InputRefused, match="mark of UTF-8"):
        take({"prescriptions.csv": b"\xef\xbb\xbf" + GOOD.encode()}, encoding="cp1252")


def test_a_missing_last_line_end_is_told_and_the_row_kept(take: Take) -> None:
    cut = take({"prescriptions.csv": GOOD.rstrip("\n")})
    assert drugs(cut) == ["baclofen", "metformin"]
    assert any("may be cut off" in notice for notice in cut.notices)


def test_replacement_characters_are_counted_and_set_aside_in_the_drug(take: Take) -> None:
    taken = take(
        {
            "prescriptions.csv": HEAD.replace("\n", ",sig\n")
            + "P1,bac\ufffdlofen,2024-01-01,one\nP2,x,2024-01-01,t\ufffdke\n"
        }
    )
    assert taken.set_aside.select("row", "column", "reason").rows() == [(1, "drug", "damaged-text")]
    assert drugs(taken) == ["x"]
    assert any("2 replacement characters" in notice for notice in taken.notices)


def test_crlf_and_mixed_line_ends_are_read(take: Take) -> None:
    assert drugs(take({"prescriptions.csv": GOOD.replace("\n", "\r\n")})) == [
        "baclofen",
        "metformin",
    ]
    mixed = HEAD + "P1,a,2024-01-01\r\nP2,b,2024-01-01\n"
    assert drugs(take({"prescriptions.csv": mixed})) == ["a", "b"]


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_packed_and_plain_files_give_the_same_rows(take: Take, ending: str) -> None:
    packs: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        ".gz": gzip.compress,
        ".zst": zstandard.compress,
    }
    data = packs[ending](GOOD.encode())
    taken = take({f"prescriptions.csv{ending}": data})
    assert drugs(taken) == ["baclofen", "metformin"]
    assert taken.files[0].sha256 == hashlib.sha256(data).hexdigest()
    assert taken.files[0].bytes == len(data)


def test_packing_is_told_by_the_bytes_and_said_when_the_name_differs(take: Take) -> None:
    taken = take({"prescriptions.csv": gzip.compress(GOOD.encode())})
    assert drugs(taken) == ["baclofen", "metformin"]
    assert any("read as gzip" in notice for notice in taken.notices)


def test_a_plain_file_with_the_name_of_an_archive_is_read_and_said(take: Take) -> None:
    taken = take({"prescriptions.csv.gz": GOOD})
    assert drugs(taken) == ["baclofen", "metformin"]
    assert any("read as plain text" in notice for notice in taken.notices)


def test_archives_of_several_members_are_read_whole(take: Take) -> None:
    halves = GOOD.encode()[:40], GOOD.encode()[40:]
    for name, pack in (("gz", gzip.compress), ("zst", zstandard.compress)):
        taken = take({f"prescriptions.csv.{name}": b"".join(pack(half) for half in halves)})
        assert drugs(taken) == ["baclofen", "metformin"]
        (Path(taken.files[0].path_as_given)).unlink()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_an_archive_made_to_fill_the_machine_is_refused(
    take: Take, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(unpack, "RATIO_FLOOR", 1 << 20)
    bomb = pack(HEAD.encode() + b"0" * (8 << 20))
    with pytest.raises(InputRefused, match="more than 200 times"):
        take({"prescriptions.csv.gz": bomb})


def test_a_dense_archive_below_the_floor_is_read(take: Take) -> None:
    many = HEAD + "P1,baclofen,2024-01-01\n" * 20_000
    packed = gzip.compress(many.encode())
    assert len(many) > 200 * len(packed)
    assert take({"prescriptions.csv.gz": packed}).files[0].records == 20_000


def test_a_file_that_changes_while_it_is_read_is_refused(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def identity(file: object) -> tuple[int, int, int, int]:
        seen.append(1)
        return (0, 0, len(GOOD), len(seen))

    monkeypatch.setattr(unpack, "_identity", identity)
    with pytest.raises(InputRefused, match="changed while it was read"):
        take({"prescriptions.csv": GOOD})


def test_a_line_without_end_is_refused(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_text, "SLICE", 1 << 10)
    monkeypatch.setattr(source_text, "LINE_LIMIT", 1 << 12)
    monkeypatch.setattr(unpack, "PIECE", 1 << 10)
    with pytest.raises(InputRefused, match="a line does not end"):
        take({"prescriptions.csv": GOOD + "x" * 10_000})


def test_small_slices_give_the_same_rows_as_one(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f'P{n},"drug ""{n}""\nin two lines, é",2024-01-01\n\n' for n in range(200))
    whole = take({"prescriptions.csv": HEAD + rows})
    monkeypatch.setattr(source_text, "SLICE", 64)
    monkeypatch.setattr(unpack, "PIECE", 17)
    sliced = take({"prescriptions.csv": HEAD + rows})
    assert whole.files == sliced.files
    assert whole.files[0].kept == 200
    assert whole.files[0].blank == 200
    assert whole.bucket(0).prescriptions.equals(sliced.bucket(0).prescriptions)


def test_pipes_devices_and_missing_files_are_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "prescriptions.csv"
    os.mkfifo(pipe)
    for path, sentence in (
        (str(pipe), "no regular file"),
        (str(tmp_path / "prescriptions-2.csv"), "no such file"),
    ):
        with pytest.raises(InputRefused, match=sentence):
            take_in([path], read=read_export, scratch=tmp_path)


@pytest.mark.parametrize(
    "path", ["http://host/prescriptions.csv", "s3://b/prescriptions.csv", "file:///p.csv"]
)
def test_addresses_are_a_wrong_command_line(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError, match="local path"):
        take_in([path], read=read_export, scratch=tmp_path)


def test_brackets_in_a_path_are_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "prescriptions[1].csv").write_text(HEAD + "P1,right,2024-01-01\n")
    (tmp_path / "prescriptions1.csv").write_text(HEAD + "P1,wrong,2024-01-01\n")
    path = str(tmp_path / "prescriptions[1].csv")
    assert drugs(take_in([path], read=read_export, scratch=tmp_path)) == ["right"]
    frame = pl.DataFrame({"patient_id": ["P"], "drug": ["right"], "start_date": ["2024-01-01"]})
    frame.write_parquet(tmp_path / "prescriptions[2].parquet")
    frame.with_columns(drug=pl.lit("wrong")).write_parquet(tmp_path / "prescriptions2.parquet")
    path = str(tmp_path / "prescriptions[2].parquet")
    assert drugs(take_in([path], read=read_export, scratch=tmp_path)) == ["right"]
