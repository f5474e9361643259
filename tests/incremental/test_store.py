"""The store: what it refuses, what it makes again, and what a run that died leaves of it."""

from __future__ import annotations

import datetime as dt
import json
import stat
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from screener import screen as line
from screener.errors import InputRefused, UsageError
from screener.night import ledger
from screener.night.ledger import FOLDER, LEDGER
from tests.incremental.clinic_of_nights import (
    differences,
    in_nights,
    request,
    run,
    tables_of,
    write_export,
)
from tests.properties.kept_cases import KEPT
from tests.reference.histories import Bucket
from tests.reference.rules import RULES

FIRST, SECOND = dt.date(2024, 5, 20), dt.date(2024, 5, 28)


@pytest.fixture
def nights(tmp_path: Path) -> list[Path]:
    """The exports of two nights of many invented patients."""
    histories = [one for _, bucket in KEPT for one in bucket.histories]
    tables = tables_of(Bucket(histories, SECOND).tables())
    late = pl.col("patient_id").is_in(["P1", "P2"]) & (pl.col("start_date") > dt.date(2024, 4, 1))
    nobody = tables["admissions"].clear()  # a table that is not supplied
    orders = tables["prescriptions"]
    found = in_nights(tables | {"admissions": nobody}, [FIRST, SECOND])
    news = pl.concat([orders.filter(late), found[1]["prescriptions"]]).unique("prescription_id")
    found[0]["prescriptions"] = orders.join(news, on="prescription_id", how="anti")
    found[1]["prescriptions"] = news
    return [write_export(tmp_path / f"night-{n}", news) for n, news in enumerate(found)]


@pytest.fixture
def out(tmp_path: Path, nights: list[Path]) -> Path:
    """The output folder after the first night."""
    run(first(nights, tmp_path / "out"))
    return tmp_path / "out"


def first(nights: list[Path], out: Path) -> line.Request:
    """The first night."""
    return request(nights[:1], out, RULES, FIRST, incremental=True)


def second(nights: list[Path], out: Path) -> line.Request:
    """The second night."""
    return request(nights[1:], out, RULES, SECOND, incremental=True)


def full(nights: list[Path], folder: Path) -> Path:
    """A full run over both."""
    return run(request(nights, folder, RULES, SECOND))[0]


def state(out: Path) -> dict[str, bytes]:
    """Every file of the store."""
    store = out / FOLDER
    return {str(p.relative_to(store)): p.read_bytes() for p in store.rglob("*") if p.is_file()}


def some_file(out: Path, pattern: str) -> Path:
    """The first file of the store that fits."""
    return sorted((out / FOLDER).glob(pattern))[0]


def test_the_second_night_is_a_full_run(nights: list[Path], out: Path, tmp_path: Path) -> None:
    folder, said = run(second(nights, out))
    assert any("the others are as they were" in text for text in said)
    assert differences(folder, full(nights, tmp_path / "full")) == []
    assert json.loads((folder / "run.json").read_text())["counts"]["patients"] > 20


def test_the_store_is_private(out: Path) -> None:
    for path in [out / FOLDER, *(out / FOLDER).rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_files_that_came_before_are_refused(nights: list[Path], out: Path) -> None:
    before = state(out)
    again = request(nights[:1], out, RULES, SECOND, incremental=True)
    with pytest.raises(InputRefused, match="same content as"):
        run(again)
    assert state(out)[LEDGER] == before[LEDGER]
    folder, _ = run(second(nights, out))  # and the next export meets the store as it was
    assert not any(name.startswith("rows/") for name in _left_over(out))
    assert folder.is_dir()


def _left_over(out: Path) -> list[str]:
    named = json.loads((out / FOLDER / LEDGER).read_text())["content"]["files"]
    return [name for name in state(out) if name != LEDGER and name not in named]


@pytest.mark.parametrize(
    "pattern", ["results-*/findings-*.parquet", "results-*/standing-*.parquet"]
)
@pytest.mark.parametrize("harm", ["changed", "lost"])
def test_damaged_results_are_made_again_from_the_rows(
    pattern: str, harm: str, nights: list[Path], out: Path, tmp_path: Path
) -> None:
    hurt(some_file(out, pattern), harm)
    folder, said = run(second(nights, out))
    assert "the store's results are damaged: everybody is screened again" in said
    assert differences(folder, full(nights, tmp_path / "full")) == []


@pytest.mark.parametrize(
    "pattern", ["rows/prescriptions-*.parquet", "rows/dates-*.parquet", LEDGER]
)
@pytest.mark.parametrize("harm", ["changed", "lost"])
def test_damaged_rows_are_refused(pattern: str, harm: str, nights: list[Path], out: Path) -> None:
    hurt(some_file(out, pattern), harm)
    with pytest.raises(InputRefused, match="give all exports once more"):
        run(second(nights, out))


def hurt(path: Path, harm: str) -> None:
    """Change a byte in the middle of a file, or remove it."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    if harm == "changed":
        path.write_bytes(content)


def test_rows_of_another_encoding_are_refused(nights: list[Path], out: Path) -> None:
    with pytest.raises(InputRefused, match="--encoding"):
        run(replace(second(nights, out), encoding="latin-1"))


def test_another_rule_screens_everybody_again(
    nights: list[Path], out: Path, tmp_path: Path
) -> None:
    rules = (replace(RULES[0], title="Another title"), *RULES[1:])
    folder, said = run(request(nights[1:], out, rules, SECOND, incremental=True))
    assert any("everybody is screened again" in text for text in said)
    whole, _ = run(request(nights, tmp_path / "full", rules, SECOND))
    assert differences(folder, whole) == []


def test_an_earlier_last_day_screens_everybody_again(
    nights: list[Path], out: Path, tmp_path: Path
) -> None:
    early = FIRST - dt.timedelta(9)
    folder, said = run(request([], out, RULES, early, incremental=True))
    assert "the data end earlier than on the last run: everybody is screened again" in said
    assert differences(folder, run(request(nights[:1], tmp_path / "full", RULES, early))[0]) == []


def test_a_table_that_is_new_screens_everybody_again(
    nights: list[Path], out: Path, tmp_path: Path
) -> None:
    news = nights[1] / "admissions.csv"
    assert not (nights[0] / "admissions.csv").exists()
    news.write_text("patient_id,start_date,end_date\nP1,2024-03-02,2024-03-03\n")
    folder, said = run(second(nights, out))
    assert any("tables or columns that none had before" in text for text in said)
    assert differences(folder, full(nights, tmp_path / "full")) == []


def test_a_first_night_that_dies_is_no_store(
    nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise OSError("power")

    monkeypatch.setattr(ledger.publish, "replace_file", dies)
    with pytest.raises(OSError, match="power"):
        run(first(nights, tmp_path / "out"))
    monkeypatch.undo()
    assert state(tmp_path / "out")
    _, said = run(first(nights, tmp_path / "out"))
    assert any("there is no store yet" in text for text in said)
    run(second(nights, tmp_path / "out"))
    assert _left_over(tmp_path / "out") == []


def test_a_run_that_dies_leaves_the_store_as_it_was(
    nights: list[Path], out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (out / FOLDER / LEDGER).read_bytes()

    def dies(*_: object) -> None:
        raise OSError("power")

    monkeypatch.setattr(ledger.publish, "replace_file", dies)
    with pytest.raises(OSError, match="power"):
        run(second(nights, out))
    monkeypatch.undo()
    assert (out / FOLDER / LEDGER).read_bytes() == before
    folder, said = run(second(nights, out))  # the same export again: it never was added
    assert any("the others are as they were" in text for text in said)
    assert differences(folder, full(nights, tmp_path / "full")) == []
    assert _left_over(out) == []


def test_a_rule_that_breaks_keeps_no_results(
    nights: list[Path], out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from screener.checks import bucket
    from screener.engines import sound

    def breaks(tables: object, rules: tuple[object, ...], as_of: dt.date) -> object:
        if any(rule is RULES[0] for rule in rules) and as_of == SECOND:
            raise ValueError("fault")
        return bucket.screen_bucket(tables, rules, as_of)  # type: ignore[arg-type]

    monkeypatch.setattr(line, "screen_bucket", breaks)
    monkeypatch.setattr("screener.night.news.screen_bucket", breaks)
    folder, said = run(second(nights, out))
    assert sound.BROKE in pl.read_parquet(folder / "not_assessed.parquet")["reason"]
    assert "a rule broke: everybody is screened again" in said
    monkeypatch.undo()
    folder, _ = run(request([], out, RULES, SECOND, incremental=True))
    assert differences(folder, full(nights, tmp_path / "full")) == []


def test_a_full_run_leaves_the_store_alone(nights: list[Path], out: Path) -> None:
    before = state(out)
    run(request(nights, out, RULES, SECOND))
    assert state(out) == before


def test_many_nights_do_not_make_many_parts(nights: list[Path], out: Path, tmp_path: Path) -> None:
    orders = pl.read_csv(nights[1] / "prescriptions.csv", infer_schema=False)
    parts = []
    exports = nights[:1]
    for night in range(10):
        exports.append(tmp_path / f"more-{night}")
        exports[-1].mkdir()
        one = orders.slice(night % orders.height, 1).with_columns(
            prescription_id=pl.lit(f"more-{night}"),
            # another day: a full run tells that orders of one file stand in another, too
            start_date=pl.col("start_date")
            .str.to_date()
            .dt.offset_by(f"{night + 1}d")
            .cast(pl.String),
        )
        one.write_csv(exports[-1] / "prescriptions.csv")
        folder, _ = run(request(exports[-1:], out, RULES, SECOND, incremental=True))
        parts.append(len(list((out / FOLDER / "rows").glob("prescriptions-*"))))
    assert parts[-1] < max(parts) < 11
    assert differences(folder, run(request(exports, tmp_path / "full", RULES, SECOND))[0]) == []


def test_the_first_night_needs_an_export(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="no store and no export"):
        run(request([], tmp_path / "out", RULES, FIRST, incremental=True))


def test_formats_that_look_things_up_are_refused(nights: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only understood together"):
        run(replace(first(nights, tmp_path / "out"), mapping="fhir"))
