"""The hand-written patients as an OMOP common data model: what it can carry, and what not.

`cdm_of_cases` gives the CDM tables as frames; the other functions write them in each shape that a
CDM comes in. Person ids are numbers, as the model demands; `PERSONS` leads back. With directions
(`sig`) a CDM says how much and how often; without them a dose is quantity × strength ÷ days.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

CASES = Path(__file__).parents[1] / "cases"
Row = dict[str, str]
Cdm = dict[str, pl.DataFrame]
UNIT_CONCEPTS = {"mg": 8576, "mcg": 9655, "mL": 8587, "h": 8505}
LAB_CONCEPTS = {"creatinine": (1, "2160-0"), "egfr": (2, "98979-8"), "weight": (3, "29463-7")}
LAB_UNITS = {"mg/dL": 8840, "umol/L": 8749, "mL/min/1.73m2": 720870, "kg": 9529, "cm": 8582}
OPERATORS = {"": 0, "<": 4171756, "<=": 4171754, ">": 4172704, ">=": 4171755}
IN_THE_NAME = ("patch", "gel", "oral solution")  # forms that the name of a product says


def case_table(name: str) -> list[Row]:
    with (CASES / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def what_cannot_be_carried(order: Row, *, directions: bool) -> str | None:
    """The fact of an order that has no place in a CDM, or None."""
    if order["replaces"]:
        return "a link to the order that it replaces"
    if directions:
        return None
    if order["prn"] in ("1", "yes", "true"):
        return "taken as needed"
    if order["dose_max"]:
        return "a range of doses"
    if order["sig"]:
        return "directions that cannot be read"
    if order["dose_unit"] == "mL" and order["strength_per_unit"] != "mL":
        return "a volume without a concentration"
    if order["dose_unit"] == "application":
        return "a number of applications"
    if order["drug"] == "methotrexate":
        return "how often a week, which a supply does not tell"
    return None


def carried_patients(*, directions: bool) -> list[str]:
    """The patients all of whose orders a CDM can carry."""
    not_all = {
        order["patient_id"]
        for order in case_table("prescriptions")
        if what_cannot_be_carried(order, directions=directions)
    }
    return [p["patient_id"] for p in case_table("patients") if p["patient_id"] not in not_all]


PERSONS = {
    patient["patient_id"]: str(number)
    for number, patient in enumerate(case_table("patients"), start=1)
}


def cdm_of_cases(*, directions: bool) -> Cdm:
    """The CDM tables of the patients that can be carried; ids i64, dates as dates, else text."""
    carried = set(carried_patients(directions=directions))
    orders = [o for o in case_table("prescriptions") if o["patient_id"] in carried]
    drugs = {key: 1000 + number for number, key in enumerate(sorted({_product(o) for o in orders}))}
    routes = {text: 500 + n for n, text in enumerate(sorted({o["route"] for o in orders}))}
    patients = [p for p in case_table("patients") if p["patient_id"] in carried]
    tables = {
        "person": [_person(p) for p in patients],
        "observation_period": [_period(n, p) for n, p in enumerate(patients, start=1)],
        "death": [
            {"person_id": _person_id(p), "death_date": _day(p["death_date"])}
            for p in patients
            if p["death_date"]
        ],
        "drug_exposure": [
            _exposure(n, o, drugs[_product(o)], routes[o["route"]], directions=directions)
            for n, o in enumerate(orders, start=1)
        ],
        "drug_strength": [row for key, concept in drugs.items() for row in _strength(concept, key)],
        "measurement": _measurements(patients, carried),
        "condition_occurrence": [
            {
                "condition_occurrence_id": n,
                "person_id": _person_id(c),
                "condition_concept_id": 0,
                "condition_start_date": _day(c["start_date"]),
                "condition_end_date": _day(c["end_date"]),
                "condition_source_value": c["condition"],
            }
            for n, c in enumerate(_rows_of("conditions", carried), start=1)
        ],
        "visit_occurrence": [
            {
                "visit_occurrence_id": n,
                "person_id": _person_id(a),
                "visit_concept_id": 9201,
                "visit_start_date": _day(a["start_date"]),
                "visit_end_date": _day(a["end_date"]),
            }
            for n, a in enumerate(_rows_of("admissions", carried), start=1)
        ],
        "concept": _concepts(drugs, routes),
    }
    return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items()}


def write_native(folder: Path, *, directions: bool) -> Path:
    """The same patients as the native tables."""
    folder.mkdir()
    carried = set(carried_patients(directions=directions))
    for name in ("prescriptions", "patients", "labs", "conditions", "admissions"):
        rows = _rows_of(name, carried)
        frame = pl.DataFrame(rows, schema=dict.fromkeys(case_table(name)[0], pl.String()))
        frame.with_columns(pl.col("patient_id").replace(PERSONS)).write_csv(folder / f"{name}.csv")
    return folder


def write_csv(cdm: Cdm, folder: Path) -> Path:
    folder.mkdir()
    for name, frame in cdm.items():
        frame.write_csv(folder / f"{name}.csv")
    return folder


def write_upper_case_tsv_gz(cdm: Cdm, folder: Path) -> Path:
    folder.mkdir()
    for name, frame in cdm.items():
        text = frame.rename(str.upper).write_csv(None, separator="\t")
        (folder / f"{name.upper()}.TSV.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def write_parquet(cdm: Cdm, folder: Path) -> Path:
    folder.mkdir()
    for name, frame in cdm.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


def write_sqlite(cdm: Cdm, path: Path) -> Path:
    with sqlite3.connect(path) as connection:
        for name, frame in cdm.items():
            connection.execute(f"CREATE TABLE {name} ({_column_types(frame, sqlite=True)})")
            marks = ", ".join("?" * frame.width)
            connection.executemany(
                f"INSERT INTO {name} VALUES ({marks})",
                frame.with_columns(pl.col(pl.Date).cast(pl.String)).rows(),
            )
    connection.close()
    return path


def sql_of(cdm: Cdm) -> str:
    """CREATE and INSERT statements, the rows in reverse: the order is the reader's to make."""
    lines = []
    for name, frame in cdm.items():
        lines.append(f"CREATE TABLE {name} ({_column_types(frame)});")
        for row in reversed(frame.with_columns(pl.col(pl.Date).cast(pl.String)).rows()):
            cells = ", ".join("NULL" if c is None else "'" + str(c) + "'" for c in row)
            lines.append(f"INSERT INTO {name} VALUES ({cells});")
    return "\n".join(lines)


def _column_types(frame: pl.DataFrame, *, sqlite: bool = False) -> str:
    kinds = {pl.Int64: "BIGINT", pl.Date: "TEXT" if sqlite else "DATE"}
    columns = []
    for name, dtype in frame.schema.items():
        decimal = name.endswith("_value") and "source" not in name
        amount = decimal or name in ("quantity", "value_as_number")
        columns.append(f"{name} {'NUMERIC' if amount else kinds.get(type(dtype), 'VARCHAR(255)')}")
    return ", ".join(columns)


def _rows_of(table: str, patients: set[str]) -> list[Row]:
    return [row for row in case_table(table) if row["patient_id"] in patients]


def sig_of(order: Row) -> str | None:
    """The directions in words, as a prescriber writes them: "1 tablet 3 times a day"."""
    if order["sig"]:
        return order["sig"]
    each = order["dose_min"] + (f" to {order['dose_max']}" if order["dose_max"] else "")
    times, period = order["frequency_count"], order["frequency_period_days"]
    often = "once a day" if times == "1" else f"{times} times a day"
    if period != "1":
        often = "once a week" if period == "7" else f"every {period} days"
    most = f" as needed, maximum {order['max_doses_per_day']} doses per day"
    return f"{each} {order['dose_unit']} {often}" + (most if order["prn"] == "1" else "")


def _person_id(row: Row) -> int:
    return int(PERSONS[row["patient_id"]])


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _product(order: Row) -> tuple[str, ...]:
    names = ("drug", "strength_value", "strength_unit", "strength_per_value", "strength_per_unit")
    return (*(order[name] for name in names), order["form"])


def _person(patient: Row) -> dict[str, Any]:
    born = dt.date.fromisoformat(patient["birth_date"])
    return {
        "person_id": _person_id(patient),
        "gender_concept_id": {"M": 8507, "F": 8532}[patient["sex"]],
        "year_of_birth": born.year,
        "month_of_birth": born.month,
        "day_of_birth": born.day,
        "person_source_value": patient["patient_id"],
    }


def _period(number: int, patient: Row) -> dict[str, Any]:
    return {
        "observation_period_id": number,
        "person_id": _person_id(patient),
        "observation_period_start_date": _day(patient["observation_start"]),
        "observation_period_end_date": _day(patient["observation_end"]),
    }


def _exposure(
    number: int, order: Row, concept: int, route: int, *, directions: bool
) -> dict[str, Any]:
    """A record with its directions, or with the quantity that they use up in the days of supply."""
    first, days = dt.date.fromisoformat(order["start_date"]), int(order["days_supply"])
    stop = _day(order["stop_date"])
    last = first + dt.timedelta(days=days - 1)
    if stop is not None and stop <= last:
        last = stop - dt.timedelta(days=1)
    cancelled = order["status"] == "cancelled"
    return {
        "drug_exposure_id": number,
        "person_id": _person_id(order),
        "drug_concept_id": concept,
        "drug_exposure_start_date": first,
        "drug_exposure_end_date": last,
        "verbatim_end_date": last if stop is not None else None,
        "drug_type_concept_id": 38000175 if order["dispensed"] == "yes" else 38000177,
        "stop_reason": "entered in error" if cancelled else None,
        "quantity": (order["quantity"] or None) if directions else _used_up(order, days),
        "days_supply": days,
        "sig": sig_of(order) if directions else None,
        "route_concept_id": route,
        "provider_id": None,
        "drug_source_value": order["drug"],
        "drug_source_concept_id": 0,
        "route_source_value": order["route"],
    }


def _used_up(order: Row, days: int) -> str:
    """How many pieces or millilitres the directions use up."""
    each = Decimal(order["dose_min"])
    in_mg = {"mcg": Decimal("0.001"), "mg": Decimal(1), "g": Decimal(1000)}
    if order["dose_unit"] in in_mg:
        strength = Decimal(order["strength_value"]) * in_mg[order["strength_unit"]]
        each = each * in_mg[order["dose_unit"]] / strength * Decimal(order["strength_per_value"])
    quantity = each * Decimal(order["frequency_count"]) * days
    quantity /= Decimal(order["frequency_period_days"])
    return f"{quantity.quantize(Decimal('0.000001')):f}"


def _strength(concept: int, product: tuple[str, ...]) -> list[dict[str, Any]]:
    _, value, unit, per_value, per_unit, form = product
    row: dict[str, Any] = dict.fromkeys(
        ("amount_value", "amount_unit_concept_id", "numerator_value", "numerator_unit_concept_id",
         "denominator_value", "denominator_unit_concept_id", "invalid_reason")
    )  # fmt: skip
    rows = []
    for part, amount in enumerate(value.split("/") if value else []):
        own = {"drug_concept_id": concept, "ingredient_concept_id": 9000 + part} | row
        if form == "patch":
            own |= {"numerator_value": amount, "numerator_unit_concept_id": UNIT_CONCEPTS[unit]}
            own["denominator_unit_concept_id"] = UNIT_CONCEPTS["h"]
        elif per_unit == "mL":
            per_ml = Decimal(amount) / Decimal(per_value)
            own |= {"numerator_value": f"{per_ml:f}"}
            own |= {"numerator_unit_concept_id": UNIT_CONCEPTS[unit]}
            own["denominator_unit_concept_id"] = UNIT_CONCEPTS["mL"]
        else:
            own |= {"amount_value": amount, "amount_unit_concept_id": UNIT_CONCEPTS[unit]}
        rows.append(own)
    return rows


def _measurements(patients: list[Row], carried: set[str]) -> list[dict[str, Any]]:
    rows = [
        (_person_id(lab), lab["date"], LAB_CONCEPTS[lab["analyte"]], lab["comparator"],
         lab["value"], lab["unit"])
        for lab in _rows_of("labs", carried)
    ]  # fmt: skip
    for patient in patients:
        day, person = patient["observation_start"], _person_id(patient)
        rows.append((person, day, LAB_CONCEPTS["weight"], "", patient["weight_kg"], "kg"))
    return [
        {
            "measurement_id": number,
            "person_id": person,
            "measurement_concept_id": concept,
            "measurement_date": _day(day),
            "operator_concept_id": OPERATORS[sign],
            "value_as_number": value,
            "unit_concept_id": LAB_UNITS[unit],
            "measurement_source_value": code,
            "unit_source_value": unit,
        }
        for number, (person, day, (concept, code), sign, value, unit) in enumerate(rows, start=1)
    ]


def _concepts(drugs: dict[tuple[str, ...], int], routes: dict[str, int]) -> list[dict[str, Any]]:
    def concept(number: int, name: str, domain: str, vocabulary: str, code: str) -> dict[str, Any]:
        return {
            "concept_id": number,
            "concept_name": name,
            "domain_id": domain,
            "vocabulary_id": vocabulary,
            "concept_class_id": "Clinical Drug" if domain == "Drug" else domain,
            "concept_code": code,
        }

    rows = [concept(n, text, "Route", "SNOMED", f"r{n}") for text, n in routes.items()]
    for (drug, value, *_, form), number in drugs.items():
        name = f"{drug} {value} tablets" if "/" in value else drug
        name += f" {form}" if form in IN_THE_NAME else ""
        rows.append(concept(number, name, "Drug", "RxNorm Extension", f"OMOP{number}"))
    for analyte, (number, code) in LAB_CONCEPTS.items():
        rows.append(concept(number, analyte, "Measurement", "LOINC", code))
    return rows
