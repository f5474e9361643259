"""A single name is compared under the same key as a whole column of names."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from screener.terminology.aliases import key_of
from screener.terminology.spelling import compact, plain


@given(st.text(max_size=20) | st.text(st.characters(max_codepoint=127), max_size=20))
def test_the_key_of_one_text_is_that_of_a_column(text: str) -> None:
    assert key_of(text) == pl.select(compact(plain(pl.lit(text)))).item()
