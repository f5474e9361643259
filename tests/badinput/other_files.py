"""Bad inputs of the classes F, N, X and G: Parquet, NDJSON, workbooks and rule files."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator

import polars as pl
import xlsxwriter

from tests.badinput.export import (
    DONE,
    GOOD,
    MARK,
    NAMES,
    PATIENTS,
    REFUSED,
    RULE,
    WRONG,
    Bad,
    csv,
    row,
)  # fmt: skip
from tests.cli.invented_clinic import MAX_DOSE

LATE = dt.datetime(2026, 1, 5, 23, 30)  # noqa: DTZ001 - a Parquet column may have no zone
RECORD = dict(zip(NAMES, row(1).split(","), strict=True))


def _parquet(**changed: object) -> bytes:
    out = io.BytesIO()
    pl.DataFrame([RECORD | changed]).write_parquet(out)
    return out.getvalue()


def _file(name: str, codes: tuple[int, ...], file: str, content: bytes | str) -> Bad:
    raw = content.encode() if isinstance(content, str) else content
    return Bad(name, codes, {file: raw, "patients.csv": PATIENTS.encode()})


def parquet() -> Iterator[Bad]:
    """F1 to F5."""
    good, file = _parquet(), "prescriptions.parquet"
    yield _file("F1-cut", REFUSED, file, good[:-20])
    yield _file("F1-empty", REFUSED, file, b"")
    yield _file("F1-csv", REFUSED, file, GOOD)
    for number, at in enumerate(range(8, len(good) - 8, max(1, len(good) // 24)), 1):
        flipped = bytearray(good)
        flipped[at] ^= 8
        yield _file(f"F2-flip-{number}", (0, 3, 4), file, bytes(flipped))
    yield _file("F3-whole-id", REFUSED, file, _parquet(patient_id=123))
    yield _file("F3-binary", REFUSED, file, _parquet(drug=b"zqx"))
    yield _file("F3-list", REFUSED, file, _parquet(sig=[MARK]))
    yield _file("F3-dose-as-text", DONE, file, _parquet(dose_min="1"))
    yield _file("F5-timestamp", DONE, file, _parquet(start_date=LATE))
    frame = pl.DataFrame([RECORD | {"start_date": LATE}])
    for unit, zone in (("ns", None), ("us", "UTC"), ("ms", "Asia/Tokyo")):
        out = io.BytesIO()
        typed = pl.col("start_date").dt.cast_time_unit(unit)  # type: ignore[arg-type]
        if zone is not None:
            typed = typed.dt.replace_time_zone(zone)
        frame.with_columns(typed).write_parquet(out)
        yield _file(f"F5-{unit}-{zone or 'none'}", (0, 3, 4), file, out.getvalue())


def ndjson() -> Iterator[Bad]:
    """N1 to N6."""
    good, file = json.dumps(RECORD), "prescriptions.ndjson"
    ten = [json.dumps(RECORD | {"prescription_id": f"{MARK}{n}"}) for n in range(10)]
    for number, line in enumerate(("{", good + MARK, '["zqx"]', "7", f'"{MARK}"'), 1):
        yield _file(f"N1-{number}", DONE, file, "\n".join([*ten, line, good]) + "\n")
    yield _file("N2-cut", DONE, file, "\n".join([*ten, good[:40]]))
    twice = good[:-1] + f', "patient_id": "{MARK}2"}}'
    yield _file("N3-key-twice", DONE, file, "\n".join([*ten, twice]) + "\n")
    late = json.dumps(RECORD | {"late": MARK, "quantity": "5"})
    yield _file("N4-late-key", DONE, file, "\n".join([good] * 150 + [late]) + "\n")
    yield _file("N5-number-id", REFUSED, file, json.dumps(RECORD | {"patient_id": 7}) + "\n")
    yield _file("N5-number", DONE, file, json.dumps(RECORD | {"dose_min": 0.10}) + "\n")
    for number, text in enumerate(("NaN", "1e400", "[" * 3000 + "]" * 3000), 1):
        line = good.replace('"dose_min": "1"', f'"dose_min": {text}')
        yield _file(f"N6-{number}", DONE, file, "\n".join([*ten, line]) + "\n")
    yield _file("N6-array", REFUSED, file, f"[\n{good},\n{good}\n]\n")
    yield _file("N6-pretty", REFUSED, file, json.dumps(RECORD, indent=1) + "\n")


def workbooks() -> Iterator[Bad]:
    """X1 and X2: a workbook is no export, whatever its name."""
    box = io.BytesIO()
    book = xlsxwriter.Workbook(box, {"in_memory": True})
    sheet = book.add_worksheet()
    for column, name in enumerate(NAMES):
        sheet.write_string(0, column, name)
        sheet.write_string(1, column, RECORD[name])
    book.close()
    yield _file("X1-named-csv", REFUSED, "prescriptions.csv", box.getvalue())
    yield _file("X2-named-xlsx", REFUSED, "prescriptions.xlsx", box.getvalue())


def rules() -> Iterator[Bad]:
    """G1 to G22, as far as they are files; each with the codes that `run` may end with."""

    def rule(name: str, text: str | bytes, codes: tuple[int, ...] = WRONG, file: str = RULE) -> Bad:
        raw = text.encode() if isinstance(text, str) else text
        return Bad(name, codes, {"prescriptions.csv": GOOD.encode()}, rules={file: raw})

    def with_line(name: str, old: str, new: str, codes: tuple[int, ...] = WRONG) -> Bad:
        assert old in MAX_DOSE
        return rule(name, MAX_DOSE.replace(old, new, 1), codes)

    status = "status: active"
    yield with_line("G1-no", status, "status: no")
    yield with_line("G1-on", status, "status: on")
    yield with_line("G2-code", "of: baclofen by mouth", "of: 00123")
    yield with_line("G3-clock", "80 mg/day", "12:30")
    yield with_line("G4-version", "version: 1\n", "version: 1.10\n")
    yield with_line("G5-key-twice", status, "status: draft\n" + status)
    yield with_line("G6-hash", "why: Sedation", "why: dose #5 Sedation", (0, 2))
    yield with_line("G7-greater", "80 mg/day", ">80")
    yield with_line("G7-star", "baclofen by mouth", "*")
    yield with_line("G7-at", "why: S", "why: @S")
    yield with_line("G7-colon", "why: S", "why: Stop: do not S")
    yield with_line("G8-braces", "why: Sedation rises with dose.", "why: {{ x }}")
    yield with_line("G9-nbsp", "    of: baclofen", "\u00a0\u00a0\u00a0 of: baclofen")
    yield with_line("G10-dash", "  - {source", "  – {source")
    yield with_line("G11-leap", "read_on: 2026-11-22", "read_on: 2023-02-29")
    yield with_line("G11-month", "read_on: 2026-11-22", "read_on: 2026-00-10")
    yield with_line("G11-digits", "version: 1\n", "version: " + "9" * 5000 + "\n")
    yield rule("G12-anchors", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n")
    yield rule("G12-itself", "&a [*a]\n")
    yield rule("G13-deep", "a: " + "[" * 3000 + "]" * 3000 + "\n")
    yield rule("G13-large", "# " + "x" * 300_000 + "\n" + MAX_DOSE)
    yield rule("G14-tag", "!!python/object/apply:os.system ['true']\n")
    yield rule("G15-two", MAX_DOSE + "---\n" + MAX_DOSE)
    for number, text in enumerate(("", "5\n", "- a\n", "null\n"), 1):
        yield rule(f"G15-{number}", text)
    yield with_line("G16-unknown-key", "severity: high", "severity: high\nzqx: 1")
    yield with_line("G16-unit", "80 mg/day", "80 mL")
    yield with_line("G16-empty", "of: baclofen by mouth", "of: []")
    twice = {RULE: MAX_DOSE.encode(), "x/baclofen-max-dose.yaml": MAX_DOSE.encode()}
    yield Bad("G17-id-twice", WRONG, {"prescriptions.csv": GOOD.encode()}, rules=twice)
    yield with_line("G18-no-drug", "baclofen by mouth", "zqxidine by mouth")
    yield with_line("G19-extends", "severity: high", "severity: high\nextends: ../../etc/passwd")
    yield with_line("G20-regex", "severity: high", "severity: high\nmatches: (a+)+$")
    yield rule("G11-bytes", b"\xff\xfe\x00schema")
    yield rule("G11-control", MAX_DOSE.replace("why: S", "why: \x01S"))
    yield csv("G22-none", DONE, GOOD)
