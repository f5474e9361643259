"""Drug texts that were met before give the same as texts that are met together."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from screener.terminology import remembered
from screener.terminology.drugs import _parts_of_texts
from screener.terminology.remembered import Frames, remembering

TEXTS = [
    "baclofen", "BACLOFEN 10 MG TAB", "Lioresal", "oxycodone-acetaminophen 5-325 mg",
    "codeine with paracetamol", "sodium chloride 0.9 % 500 ml", "no such drug", "no such drug 5 mg",
    "{21 (Ethinyl Estradiol 0.03 MG / Levonorgestrel 0.15 MG Oral Tablet) } Pack", "",
    "amoxicillin 250 MG / clavulanate 125 MG Oral Tablet [Augmentin]", "influenza vaccine",
    "Proventil,Ventolin", "insulin glargine 100 unit/mL", "cefazolin 2 g in sodium chloride 0.9 %",
]  # fmt: skip


def texts(wanted: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"drug": wanted}, schema={"drug": pl.String})


def as_asked(frames: Frames) -> list[pl.DataFrame]:
    return [frame.sort(frame.columns[:2]) for frame in frames]


@given(st.lists(st.lists(st.sampled_from(TEXTS), unique=True), min_size=1, max_size=5))
def test_what_a_text_is_does_not_depend_on_the_texts_before_it(asked: list[list[str]]) -> None:
    found = remembering(_parts_of_texts, "drug")
    for wanted in asked:
        got = as_asked(found(texts(wanted)))
        for mine, alone in zip(got, as_asked(_parts_of_texts(texts(wanted))), strict=True):
            assert_frame_equal(mine, alone, check_row_order=True)


def test_a_text_is_asked_for_once_until_too_many_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def find(new: pl.DataFrame) -> Frames:
        asked.append(new["drug"].to_list())
        return (new.with_columns(size=pl.col("drug").str.len_chars()),)

    found = remembering(find, "drug")
    monkeypatch.setattr(remembered, "MOST", 3)
    assert found(texts(["a", "b"]))[0].rows() == [("a", 1), ("b", 1)]
    assert found(texts(["b"]))[0].rows() == [("b", 1)]
    assert sorted(found(texts(["b", "cc", "d"]))[0].rows()) == [("b", 1), ("cc", 2), ("d", 1)]
    assert found(texts(["b"]))[0].rows() == [("b", 1)]  # four are held, so it starts afresh
    assert asked == [["a", "b"], ["cc", "d"], ["b"]]


def test_threads_that_meet_the_same_texts_do_not_count_them_twice() -> None:
    asked: list[str] = []

    def find(new: pl.DataFrame) -> Frames:
        asked.extend(new["drug"].to_list())
        time.sleep(0.01)  # so that the others come meanwhile
        return (new.with_columns(size=pl.col("drug").str.len_chars()),)

    found = remembering(find, "drug")
    wanted = [texts([f"drug {n}", "each"]) for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        got = list(pool.map(found, wanted))
    assert [frame.height for (frame,) in got] == [2] * 12
    assert len(asked) == len(set(asked)) == 13
