"""Night after night, every data file is byte for byte that of a full run over all exports."""

from __future__ import annotations

import datetime as dt
import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from screener.intake import buckets as rows
from screener.rule.model import Rule
from tests.incremental.clinic_of_nights import (
    differences,
    in_nights,
    request,
    run,
    tables_of,
    write_export,
)
from tests.properties.classes import FAMILIES
from tests.properties.patients import buckets
from tests.properties.rules_of_checks import CHECK_RULES
from tests.properties.rules_of_clauses import SHAPES
from tests.reference.histories import Bucket
from tests.reference.rules import RULES

EVERY = (*RULES, *SHAPES, *(rule for rules in CHECK_RULES.values() for rule in rules))
THEMES = ("plain", "kidney", "partners", "ends", "refills", "tapers", *FAMILIES)
NIGHTS = st.lists(st.integers(1, 40), min_size=1, max_size=3)


def all_nights(bucket: Bucket, rules: tuple[Rule, ...], first: dt.date, steps: list[int]) -> int:
    """Runs every night and a full run beside it; how often not everybody was screened again."""
    ends = [first + dt.timedelta(sum(steps[:n])) for n in range(len(steps) + 1)]
    nights = in_nights(tables_of(bucket.tables()), ends)
    assume(not nights[0]["prescriptions"].is_empty())
    partly = 0
    with tempfile.TemporaryDirectory() as held:
        place = Path(held)
        exports: list[Path] = []
        for at, news in enumerate(nights):
            new = [write_export(place / f"night-{at}", news)]
            if all(frame.is_empty() for frame in news.values()):
                new = []  # nothing came, only time has passed
            exports += new
            ask = partial(request, rules=rules, as_of=ends[at])
            night, said = run(ask(new, place / "nights", incremental=True))
            full, _ = run(ask(exports, place / f"full-{at}"))
            assert night.name == full.name
            assert differences(night, full) == []
            partly += any("the others are as they were" in text for text in said)
    return partly


@pytest.mark.parametrize("bucket_rows", [100_000, 12])
def test_nights_are_full_runs(bucket_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from screener import screen as line
    from screener.intake import store, take
    from screener.night import line as night

    monkeypatch.setattr(night.rows, "add", partial(store.add, bucket_rows=bucket_rows))
    monkeypatch.setattr(line, "take_in", partial(take.take_in, bucket_rows=bucket_rows))
    monkeypatch.setattr(night, "WORTH_MENDING", 1.0)
    partly = []

    @settings(max_examples=max(2, settings().max_examples // 6))
    @given(bucket=buckets(*THEMES), back=st.integers(0, 150), steps=NIGHTS)
    def test(bucket: Bucket, back: int, steps: list[int]) -> None:
        partly.append(all_nights(bucket, EVERY, bucket.as_of - dt.timedelta(back), steps))

    test()
    assert sum(partly) > 0
    assert rows.buckets_for(13, bucket_rows) == (1 if bucket_rows > 12 else 2)
