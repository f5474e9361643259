"""What polars and pandera do silently with bad input: why the reader never leaves it to them.

Each test holds a behaviour that docs/safety/libraries.md names. When an upgrade changes one, its
test fails: look at the code that guards against it, change the page and the test.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

TEXT = "patient_id,dose\nA,1\nB,2\n"


def test_brackets_in_a_path_are_read_as_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "rx[1].csv").write_text("a\nright\n")
    (tmp_path / "rx1.csv").write_text("a\nwrong\n")
    assert pl.scan_csv(tmp_path / "rx[1].csv").collect()["a"].to_list() == ["wrong"]
    literal = pl.scan_csv(tmp_path / "rx[1].csv", glob=False).collect()
    assert literal["a"].to_list() == ["right"]


def test_numbers_as_ids_melt_together() -> None:
    frame = pl.read_csv(io.BytesIO(b"id\n00123\n0123\n123\n"))
    assert frame["id"].n_unique() == 1
    frame = pl.read_csv(io.BytesIO(b"id\n1E5\n100000\n"))
    assert frame["id"].n_unique() == 1


def test_a_short_row_is_filled_with_nulls() -> None:
    frame = pl.read_csv(io.BytesIO(b"a,b,c\n1,2,3\n4\n"))
    assert frame.rows()[1] == (4, None, None)


def test_a_long_row_is_noticed_only_when_its_columns_are_asked_for() -> None:
    rows = b"a,b\n1,2\n3,4,5\n"
    with pytest.raises(pl.exceptions.ComputeError):
        pl.read_csv(io.BytesIO(rows))
    assert pl.scan_csv(io.BytesIO(rows)).select("a").collect().height == 2


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be"])
def test_utf_16_is_read_as_nonsense(codec: str) -> None:
    frame = pl.read_csv(io.BytesIO(TEXT.encode(codec)), infer_schema=False, encoding="utf8-lossy")
    assert "patient_id" not in frame.columns


def test_lines_that_end_in_cr_alone_are_one_header() -> None:
    frame = pl.read_csv(io.BytesIO(TEXT.replace("\n", "\r").encode()), infer_schema=False)
    assert frame.height == 0


def test_a_web_page_is_a_table_without_rows() -> None:
    frame = pl.read_csv(io.BytesIO(b"<html><body>Log in</body></html>\n"))
    assert frame.height == 0


def test_a_column_that_is_there_twice_is_renamed() -> None:
    frame = pl.read_csv(io.BytesIO(b"dose,dose\n1,2\n"))
    assert frame.columns == ["dose", "dose_duplicated_0"]


def test_a_year_of_two_digits_is_a_year_of_antiquity() -> None:
    assert pl.Series(["2/1/24"]).str.to_date("%d/%m/%Y")[0].year == 24


def test_a_date_of_slashes_is_guessed_to_begin_with_the_day() -> None:
    frame = pl.read_csv(io.BytesIO(b"d\n01/02/2024\n"), try_parse_dates=True)
    assert str(frame["d"][0]) == "2024-02-01"


def test_a_number_too_large_is_infinite_and_nan_is_above_every_limit() -> None:
    numbers = pl.Series(["1e309", "NaN"]).cast(pl.Float64)
    assert numbers.is_infinite().to_list() == [True, False]
    assert (numbers > 80).to_list() == [True, True]


def test_a_small_decimal_becomes_zero() -> None:
    assert pl.Series(["0.0000001"]).cast(pl.Decimal(20, 6))[0] == 0


def test_small_whole_numbers_wrap_around() -> None:
    assert (pl.Series([127], dtype=pl.Int8) + pl.Series([1], dtype=pl.Int8)).to_list() == [-128]


def test_a_null_is_on_neither_side_of_a_condition() -> None:
    frame = pl.DataFrame({"dose": [1, None, 90]})
    over = pl.col("dose") > 80
    assert frame.filter(over).height + frame.filter(~over).height == 2


def test_a_null_key_joins_nothing() -> None:
    frame = pl.DataFrame({"id": [None, "a"]})
    assert frame.join(frame, on="id").height == 1


def test_of_a_key_twice_in_a_line_of_json_the_first_counts() -> None:
    frame = pl.read_ndjson(io.BytesIO(b'{"id": "A", "id": "B"}\n'))
    assert frame["id"].to_list() == ["A"]


def test_a_key_that_comes_late_is_dropped() -> None:
    lines = b'{"id": "A"}\n' * 150 + b'{"id": "B", "late": "x"}\n'
    assert pl.read_ndjson(io.BytesIO(lines)).columns == ["id"]


def test_a_flipped_bit_of_parquet_is_read_as_other_data() -> None:
    out = io.BytesIO()
    frame = pl.DataFrame({"id": [f"P{n:05}" for n in range(2000)]})
    frame.write_parquet(out, compression="uncompressed", statistics=False)
    flipped = bytearray(out.getvalue())
    flipped[flipped.index(b"P01000") + 3] ^= 1
    assert not pl.read_parquet(io.BytesIO(bytes(flipped))).equals(frame)


def test_an_error_of_the_csv_reader_quotes_cells() -> None:
    with pytest.raises(pl.exceptions.ComputeError) as error:
        pl.read_csv(io.BytesIO(b"a\n" + b"1\n" * 200 + b"zqxcell\n"), infer_schema_length=10)
    assert "zqxcell" in str(error.value)


def test_pandera_passes_a_lazy_frame_unseen_and_a_variable_switches_it_off() -> None:
    code = """
import pandera.polars as pa, polars as pl
schema = pa.DataFrameSchema({"dose": pa.Column(float, pa.Check.ge(0), nullable=False)})
bad = pl.DataFrame({"dose": [-3.0, None]})
schema.validate(bad.lazy(), lazy=True).collect()
print("passed")
try:
    schema.validate(bad, lazy=True)
    print("passed")
except Exception:
    print("refused")
"""

    def said(**more: str) -> list[str]:
        import os

        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **more},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.split()

    assert said() == ["passed", "refused"]
    assert said(PANDERA_VALIDATION_ENABLED="False") == ["passed", "passed"]
