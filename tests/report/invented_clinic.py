"""An invented run for the report's tests: 60 patients as frames, with every kind of finding.

The frames have the columns of screener.findings; nothing here comes from real records.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import polars as pl

from screener import findings as shapes
from screener.outputs.report import ReportInput
from tests.report.invented_rules import RULES

AS_OF = dt.date(2026, 9, 14)
DAY = dt.timedelta(days=1)


SEVERITY = {entry["id"]: entry["severity"] for entry in RULES}


@dataclass
class Book:
    """The rows of all frames while the clinic is being invented."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    pilot: list[dict[str, Any]] = field(default_factory=list)
    kidney: list[dict[str, Any]] = field(default_factory=list)
    flags: list[dict[str, Any]] = field(default_factory=list)
    unjudged: list[dict[str, Any]] = field(default_factory=list)
    scope: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))


def day(offset: int) -> dt.date:
    """The date so many days before (negative) or after the last day of the data."""
    return AS_OF + offset * DAY


def site_of(patient: str) -> str:
    return f"SITE-{'ABCD'[int(patient[1:]) % 4]}"


def doctor_of(patient: str) -> str:
    return f"DR{100 + int(patient[1:]) % 7}"


def order(  # noqa: PLR0917
    book: Book, patient: str, drug: str, ingredient: str, start: int, days: int, *,
    mg: float = 0, times: float = 1, each: str = "1 tablet", strength: str = "",
    track: str = "by mouth", prn: bool = False, low: float | None = None, shift: int = 0,
    row_class: str = "used", reason: str | None = None, derivation: str | None = None,
    open_end: bool = False,
) -> str:  # fmt: skip
    """Adds one order of `mg` a day and gives back its id."""
    number = len(book.orders) + 1
    order_id = f"RX{10000 + number}"
    used = row_class == "used"
    high_ug = round(mg * 1000) if mg else None
    low_ug = 0 if prn else (high_ug if low is None else round(low * 1000))
    sums = f"{times:g} × {each}{' × ' + strength if strength else ''} = {mg:g} mg/day"
    book.orders.append({
        "patient_id": patient, "prescription_id": order_id,
        "source_ref": f"prescriptions.csv:{number}", "row_class": row_class, "reason": reason,
        "drug": drug, "ingredient": ingredient, "track": track, "as_needed": prn,
        "start_date": day(start), "end_date": None if open_end else day(start + days - 1),
        "counted_from": day(start + shift) if used else None,
        "counted_to": min(day(start + shift + days - 1), day(400)) if used else None,
        "dose_low_ug": low_ug, "dose_high_ug": high_ug, "doses_per_day": times,
        "derivation": derivation or (("as needed, at most " if prn else "") + sums),
        "prescriber_id": doctor_of(patient), "site_id": site_of(patient),
    })  # fmt: skip
    return order_id


def finding(  # noqa: PLR0917
    book: Book, patient: str, rule_id: str, first: int, last: int, ids: list[str], message: str,
    *, severity: str | None = None, subject: str = "baclofen", certainty: str = "definite",
    value: float | None = None, limit: float | None = None, unit: str = "mg/day",
    event: bool = False, labs: tuple[str, ...] = (), how: str = "", pilot: bool = False,
) -> None:  # fmt: skip
    """Adds one finding."""
    first_day = day(first)
    behind = [o for o in book.orders if o["prescription_id"] in ids]
    orders_how = "; ".join(f"{o['prescription_id']}: {o['derivation']}" for o in behind)
    (book.pilot if pilot else book.findings).append({
        "finding_id": shapes.finding_id(patient, rule_id, subject, str(first_day)),
        "rule_id": rule_id, "rule_version": 1, "rule_fingerprint": "0" * 16,
        "patient_id": patient, "subject": subject, "date": first_day, "end_date": day(last),
        "active": (last >= -30) if event else last >= 0,
        "severity": severity or SEVERITY[rule_id], "certainty": certainty, "value": value,
        "limit": limit, "unit": unit, "message": message,
        "derivation": f"{how} | {orders_how}" if how else orders_how,
        "prescription_ids": ids, "lab_refs": list(labs),
        "source_refs": [o["source_ref"] for o in behind],
        "prescriber_id": doctor_of(patient), "site_id": site_of(patient), "state": "new",
    })  # fmt: skip
    book.scope[rule_id][patient] = "flagged"


def tests(book: Book, patient: str, results: list[tuple[int, float]]) -> list[str]:
    """Adds kidney results (day offset, eGFR) and gives back their references."""
    refs = []
    for place, (offset, egfr) in enumerate(results):
        until = results[place + 1][0] - 1 if place + 1 < len(results) else offset + 365
        ref = f"labs.csv:{len(book.kidney) + 1}"
        refs.append(ref)
        book.kidney.append({
            "patient_id": patient, "from_date": day(offset), "to_date": day(until), "egfr": egfr,
            "on_dialysis": False, "lab_ref": ref,
            "how": "CKD-EPI 2021, creatinine 2.5 mg/dL, 72 years, F",
        })  # fmt: skip
    return refs


def refills(book: Book, patient: str, start: int, count: int, **more: Any) -> list[str]:
    """28-day supplies of baclofen 20 mg three times a day, one after the other."""
    return [
        order(book, patient, "Baclofen 20 mg tablets", "baclofen", start + 28 * n, 28,
              **{"mg": 60, "times": 3, "strength": "20 mg", **more})
        for n in range(count)
    ]  # fmt: skip


def above_maximum(book: Book, patient: str) -> None:
    steady = refills(book, patient, -111, 4)
    extra = order(book, patient, "Lioresal 10 mg tablets", "baclofen", -40, 28, mg=40, times=4,
                  strength="10 mg")  # fmt: skip
    prn = order(book, patient, "Baclofen 10 mg tablets", "baclofen", -20, 21, mg=20, times=2,
                strength="10 mg", prn=True)  # fmt: skip
    order(book, patient, "Amlodipine 5 mg tablets", "amlodipine", -200, 400, mg=5, strength="5 mg")
    order(book, patient, "Paracetamol 500 mg capsules", "paracetamol", -30, 10, mg=4000, times=4,
          each="2 capsules", strength="500 mg", prn=True)  # fmt: skip
    finding(book, patient, "baclofen-max-dose", -40, -13, [*steady[2:], extra, prn],
            "Oral baclofen above 80 mg a day: 100 mg/day (limit 80), for 28 days "
            "(5 Aug 2026 to 1 Sep 2026).", value=100, limit=80,
            how="60 + 40 mg/day")  # fmt: skip
    finding(book, patient, "baclofen-with-antihypertensive", -111, 0, steady,
            "Baclofen with a blood pressure medicine: amlodipine, for 112 days.",
            subject="antihypertensives", unit="")  # fmt: skip


def kidney_trouble(book: Book, patient: str) -> None:
    ids = refills(book, patient, -139, 5, mg=30, times=3, strength="10 mg")
    refs = tests(book, patient, [(-300, 41.2), (-60, 22.4), (-12, 13.1)])
    finding(book, patient, "baclofen-renal-dose", -60, 0, ids[2:],
            "Baclofen dose not adjusted for kidney function: 13.1 mL/min/1.73 m2 (limit 15), "
            "for 61 days (16 Jul 2026 to 14 Sep 2026).", severity="critical", value=13.1,
            limit=15, unit="mL/min/1.73 m2", labs=tuple(refs[1:]),
            how="eGFR (CKD-EPI 2021, creatinine 3.9 mg/dL, 72 years, F): 13.1 on 2 Sep 2026",
            )  # fmt: skip


def raised_fast(book: Book, patient: str) -> None:
    first = order(book, patient, "Baclofen 10 mg tablets", "baclofen", -50, 9, mg=15, times=3,
                  each="0.5 tablet", strength="10 mg")  # fmt: skip
    second = order(book, patient, "Baclofen 10 mg tablets", "baclofen", -41, 60, mg=45, times=3,
                   each="1.5 tablet", strength="10 mg")  # fmt: skip
    finding(book, patient, "baclofen-raised-too-fast", -41, -41, [first, second],
            "Baclofen raised too fast: 30 mg/day within 3 days (limit 15), on 4 Aug 2026.",
            value=30, limit=15, unit="mg/day within 3 days", event=True,
            how="15 to 45 mg/day")  # fmt: skip


def stopped(book: Book, patient: str) -> None:
    ids = refills(book, patient, -140, 4)
    finding(book, patient, "baclofen-stopped-abruptly", -28, -28, ids[1:],
            "Baclofen stopped without lowering: stable 60 mg/day (limit 15), on 17 Aug 2026.",
            value=60, limit=15, unit="stable mg/day", event=True)  # fmt: skip


def with_partner(book: Book, patient: str) -> None:
    own = refills(book, patient, -60, 3)
    partner = order(book, patient, "Diazepam 5 mg tablets", "diazepam", -35, 14, mg=10, times=2,
                    strength="5 mg")  # fmt: skip
    as_needed = order(book, patient, "Oxycodone 5 mg capsules, immediate release", "oxycodone",
                      -10, 30, mg=20, times=4, each="1 capsule", strength="5 mg",
                      prn=True)  # fmt: skip
    finding(book, patient, "baclofen-with-cns-depressant", -35, -22, [*own[:2], partner],
            "Baclofen with a CNS depressant: diazepam, for 14 days (10 to 23 Aug 2026).",
            subject="diazepam", unit="")  # fmt: skip
    finding(book, patient, "baclofen-with-cns-depressant", -10, 0, [own[1], own[2], as_needed],
            "Baclofen with a CNS depressant: oxycodone, for 11 days (4 to 14 Sep 2026).",
            subject="oxycodone", severity="moderate", unit="")  # fmt: skip


def twice(book: Book, patient: str) -> None:
    first = order(book, patient, "Baclofen 10 mg tablets", "baclofen", -50, 28, mg=30, times=3,
                  strength="10 mg")  # fmt: skip
    second = order(book, patient, "Baclofen 10 mg tablets", "baclofen", -37, 28, mg=30, times=3,
                   strength="10 mg")  # fmt: skip
    finding(book, patient, "baclofen-supplied-twice", -37, -23, [first, second],
            "Baclofen supplied twice: 15 shared days, for 15 days (8 to 22 Aug 2026).", value=15,
            unit="shared days")  # fmt: skip


def possible_only(book: Book, patient: str) -> None:
    first = order(book, patient, "Baclofen 10 mg tablets", "baclofen", -30, 28, mg=90, low=60,
                  times=3, each="2-3 tablets", strength="10 mg",
                  derivation="3 × 2-3 tablets × 10 mg = 60 mg to 90 mg/day")  # fmt: skip
    finding(book, patient, "baclofen-max-dose", -30, -3, [first],
            "Oral baclofen above 80 mg a day: 90 mg/day (limit 80), for 28 days "
            "(15 Aug 2026 to 11 Sep 2026).", severity="moderate", certainty="possible", value=90,
            limit=80, how="highest reading of the range")  # fmt: skip


def weekly(book: Book, patient: str) -> None:
    one = order(book, patient, "Methotrexate 2.5 mg tablets", "methotrexate", -20, 28, mg=10,
                each="4 tablets", strength="2.5 mg", open_end=True)  # fmt: skip
    finding(book, patient, "methotrexate-not-weekly", -20, 0, [one],
            "Methotrexate by mouth not once a week: 7 doses in 7 days, for 21 days "
            "(25 Aug to 14 Sep 2026).", subject="methotrexate", value=7, limit=1,
            unit="doses in 7 days")  # fmt: skip


def quiet(book: Book, patient: str) -> None:
    ids = refills(book, patient, -84, 4, mg=30, strength="10 mg", shift=0)
    order(book, patient, "Ramipril 5 mg capsules", "ramipril", -200, 300, mg=5, each="1 capsule",
          strength="5 mg")  # fmt: skip
    finding(book, patient, "baclofen-with-antihypertensive", -84, 0, ids,
            "Baclofen with a blood pressure medicine: ramipril, for 85 days.",
            subject="antihypertensives", unit="")  # fmt: skip
    order(book, patient, "Baclofen 10 mg tablets", "baclofen", -60, 28, mg=30, times=3,
          strength="10 mg", row_class="excluded", reason="cancelled")  # fmt: skip


def pilot_case(book: Book, patient: str) -> None:
    patch = order(book, patient, "Fentanyl 75 mcg/h patch", "fentanyl", -30, 45, mg=1.8,
                  track="transdermal", each="1 patch", strength="75 mcg/h")  # fmt: skip
    finding(book, patient, "opioid-total", -30, 0, [patch],
            "Opioids above 90 mg of morphine a day: 180 mg/day (limit 90), for 31 days.",
            subject="fentanyl", value=180, limit=90, pilot=True)  # fmt: skip


def nothing(book: Book, patient: str) -> None:
    refills(book, patient, -56, 2, mg=15, times=3, each="0.5 tablet", strength="10 mg")
    book.unjudged.append({"patient_id": patient, "rule_id": "baclofen-renal-dose",
                          "reason": "no-recent-kidney-test", "from_date": day(-56)})  # fmt: skip
    book.scope["baclofen-renal-dose"].setdefault(patient, "not_assessed")
    book.flags.append({"patient_id": patient, "flag": "no-recent-kidney-test", "date": day(-56),
                       "ref": None, "detail": "first day without a test"})  # fmt: skip


STORIES = (above_maximum, kidney_trouble, raised_fast, stopped, with_partner, twice,
           possible_only, weekly, quiet, pilot_case, nothing, quiet)  # fmt: skip


def _timeline(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs of days with an unchanged sum, day by day."""
    days: dict[tuple[str, str, str], dict[dt.date, list[int]]] = defaultdict(dict)
    for one in orders:
        if one["counted_from"] is None or one["dose_high_ug"] is None:
            continue
        lane = days[one["patient_id"], one["ingredient"], one["track"]]
        for n in range((one["counted_to"] - one["counted_from"]).days + 1):
            here = lane.setdefault(one["counted_from"] + n * DAY, [0, 0, 0])
            here[0] += one["dose_low_ug"]
            here[1] += one["dose_high_ug"]
            here[2] += 1
    rows = []
    for (patient, ingredient, track), lane in sorted(days.items()):
        dated = sorted(lane.items())
        runs = groupby(enumerate(dated), lambda p: (p[1][1], p[1][0] - p[0] * DAY))
        for (dose, _), run in runs:
            run_days = [entry[0] for _, entry in run]
            rows.append({
                "patient_id": patient, "ingredient": ingredient, "track": track,
                "from_date": run_days[0], "to_date": run_days[-1], "low_ug": dose[0],
                "high_ug": dose[1], "other_reading_high_ug": dose[1], "dose_known": True,
                "orders": dose[2],
            })  # fmt: skip
    return rows


def _outcomes(book: Book, patients: list[str]) -> list[dict[str, Any]]:
    takers = {o["patient_id"] for o in book.orders if o["ingredient"] == "baclofen"}
    counts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for entry in RULES:
        if not entry["ran"] or entry["id"] == "baclofen-intrathecal-dose":
            continue
        scope = book.scope[entry["id"]]
        for patient in patients:
            inside = patient in takers and entry["id"].startswith("baclofen")
            outcome = scope.get(patient, "clear" if inside else None)
            if outcome:
                counts[entry["id"], site_of(patient), doctor_of(patient), outcome] += 1
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for (rule_id, site, doctor, _), n in counts.items():
        totals[rule_id, site, doctor] += n
    rows = [
        {"rule_id": r, "site_id": s, "prescriber_id": d, "outcome": o, "patients": n,
         "in_scope": totals[r, s, d]} for (r, s, d, o), n in sorted(counts.items())
    ]  # fmt: skip
    rows.append({"rule_id": "baclofen-intrathecal-dose", "site_id": "", "prescriber_id": "",
                 "outcome": "out_of_scope", "patients": len(patients), "in_scope": 0})  # fmt: skip
    return rows


def framed(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a frame of `screener.findings`."""
    return pl.DataFrame(rows, schema=getattr(shapes, name), orient="row")


def _run(book: Book, patients: list[str], aside: int) -> dict[str, Any]:
    records = len(book.orders) + aside + 1
    used = sum(o["row_class"] == "used" for o in book.orders)
    severities = [f["severity"] for f in book.findings]
    return {
        "run_id": "7f3a9c21d4e80b56", "version": "0.1.0", "as_of": AS_OF.isoformat(),
        "as_of_from": "--as-of", "complete": True, "incomplete_reasons": [],
        "basis": "prescribed",
        "inputs": [
            {"file": "prescriptions.csv", "table": "prescriptions", "bytes": 48213,
             "sha256": "4f" * 32, "records": records, "blank": 1, "set_aside": aside,
             "used": used, "excluded": len(book.orders) - used, "duplicate": 0, "superseded": 0},
            {"file": "patients.csv", "table": "patients", "bytes": 3120, "sha256": "a1" * 32,
             "records": 60, "blank": 0, "set_aside": 0, "used": 60, "excluded": 0, "duplicate": 0,
             "superseded": 0},
        ],
        "counts": {
            "patients": len(patients), "orders": used,
            "patients_with_findings": len({f["patient_id"] for f in book.findings}),
            "findings": len(book.findings),
            "findings_by_severity": {s: severities.count(s) for s in set(severities)},
            "pilot_findings": len(book.pilot), "data_flags": {}, "set_aside": aside,
        },
        "coverage": {"drugs_mapped": [used - 2, used], "doses_known": [used - 1, used],
                     "patients_with_kidney_test": [5, len(patients)]},
        "unmapped": [{"text": "Baclophen 10mg tabs", "orders": 2}], "rules": RULES, "notices": [],
        "checks": [{"name": "rows read = rows of all classes", "ok": True,
                    "detail": f"{records} of {records}"}],
        "lists": {"ingredients.csv": "9c" * 8}, "command": "screener run exports --rules rules",
        "previous_run": None, "started_at": "2026-09-15T02:00:01Z", "host": "night-host",
        "timings": {"read": 1.23},
    }  # fmt: skip


def clinic() -> ReportInput:
    """The whole invented run."""
    book = Book()
    patients = [f"P{n:04d}" for n in range(1, 61)]
    for place, patient in enumerate(patients):
        STORIES[place % len(STORIES)](book, patient)
    aside = [
        {"file": "prescriptions.csv", "row": 900 + n, "column": "start_date", "value": "31/31/26",
         "reason": "not a date"} for n in range(3)
    ]  # fmt: skip
    return ReportInput(
        run=_run(book, patients, len(aside)),
        findings=framed("FINDINGS", book.findings),
        pilot_findings=framed("FINDINGS", book.pilot),
        outcomes=framed("OUTCOMES", _outcomes(book, patients)),
        not_assessed=framed("NOT_ASSESSED", book.unjudged),
        data_flags=framed("DATA_FLAGS", book.flags),
        set_aside=framed("SET_ASIDE", aside),
        orders=framed("ORDERS", book.orders),
        timeline=framed("TIMELINE", _timeline(book.orders)),
        kidney=framed("KIDNEY", book.kidney),
    )


def empty() -> ReportInput:
    """A run that found nothing, about which run.json says nothing."""
    return ReportInput(
        run={},
        findings=framed("FINDINGS", []),
        pilot_findings=framed("FINDINGS", []),
        outcomes=framed("OUTCOMES", []),
        not_assessed=framed("NOT_ASSESSED", []),
        data_flags=framed("DATA_FLAGS", []),
        set_aside=framed("SET_ASIDE", []),
        orders=framed("ORDERS", []),
        timeline=framed("TIMELINE", []),
        kidney=framed("KIDNEY", []),
    )
