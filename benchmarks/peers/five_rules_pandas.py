"""Five rules with pandas: reads an export's CSV, writes findings.csv. Usage: EXPORT FINDINGS.

As an analyst would write it who knows pandas: whole columns to read and clean, then one patient
after the other with plain numbers and one NumPy array a patient for the days (pandas_patient.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]
from pandas_days import Order, Person
from pandas_patient import findings_of

DRUGS = Path(__file__).with_name("cns_depressants.csv")
NEVER = 10**9


def days(column: pd.Series) -> pd.Series:
    """Dates (text) as days since 1970, NEVER where blank."""
    parsed = pd.to_datetime(column, format="%Y-%m-%d")
    return ((parsed - pd.Timestamp("1970-01-01")) // pd.Timedelta(days=1)).fillna(NEVER).astype(int)


def read_people(export: Path) -> dict[str, Person]:
    """Every patient with the days that matter."""
    table = pd.read_csv(export / "patients.csv", dtype=str)
    ends = days(table["observation_end"])
    died = days(table["death_date"])
    last = pd.concat([ends, died], axis=1).min(axis=1).clip(upper=ends[ends < NEVER].max())
    rows = zip(table["patient_id"], table["birth_date"], table["sex"],
               days(table["observation_start"]), last, died, strict=True)  # fmt: skip
    return {
        patient: Person(birth if isinstance(birth, str) else None, sex, begin, end, death, [])
        for patient, birth, sex, begin, end, death in rows
    }


def read_orders(export: Path, people: dict[str, Person]) -> dict[str, list[Order]]:
    """The orders that count, of patients who are given baclofen, in the order of the file."""
    names = pd.read_csv(export / "names.csv", dtype=str)[["text", "drug"]].drop_duplicates()
    names = names.rename(columns={"text": "drug", "drug": "product"})
    names["ingredient"] = names["product"].replace({"co-codamol": "codeine"})
    wanted = set(pd.read_csv(DRUGS)["drug"]) | {"baclofen"}
    names = names[names["ingredient"].isin(wanted)]
    rx = pd.read_csv(export / "prescriptions.csv", dtype=str, keep_default_na=False)
    rx = rx[rx["status"] != "cancelled"].merge(names, on="drug")
    rx = rx.sort_values("prescription_id")
    rx = rx.drop_duplicates([c for c in rx.columns if c != "prescription_id"])
    rx = rx[rx["patient_id"].isin(set(rx.loc[rx["ingredient"] == "baclofen", "patient_id"]))]
    strength = rx["strength_value"].str.split("/").str[0].astype(float)
    strength = strength.where(rx["strength_unit"] == "mcg", strength * 1000)
    prn, patch = rx["prn"] == "yes", rx["form"] == "patch"
    usual = rx["frequency_count"].astype(float) / rx["frequency_period_days"].astype(float)
    times = usual.where(~prn, pd.to_numeric(rx["max_doses_per_day"], errors="coerce"))
    rate = times.where(~patch, 24.0)
    dose = (rx["dose_min"].astype(float) * strength * rate + 0.5).astype(int)
    start, stop = days(rx["start_date"]), days(rx["stop_date"].where(rx["stop_date"] != ""))
    end = pd.concat([start + rx["days_supply"].astype(int) - 1, stop - 1], axis=1).min(axis=1)
    found: dict[str, list[Order]] = {}
    columns = (rx["ingredient"], rx["product"], prn, (strength + 0.5).astype(int), rx["form"], dose,
               times.where(~patch, 1.0), start, end, stop)  # fmt: skip
    for patient, *order in zip(rx["patient_id"], *columns, strict=True):
        person = people[patient]
        made = Order(*order)
        if made.stop > made.start and person.born_by(made.start) and made.start <= person.last_day:
            found.setdefault(patient, []).append(made)
    return found


def read_kidneys(export: Path, people: dict[str, Person], wanted: set[str]) -> None:
    """Puts (day, analyte, value) into each wanted person's results, creatinine in mg/dL."""
    labs = pd.read_csv(export / "labs.csv", dtype={"patient_id": str, "value": float})
    labs = labs[labs["analyte"].isin(["creatinine", "egfr"]) & labs["patient_id"].isin(wanted)]
    value = labs["value"].where(labs["unit"] != "umol/L", labs["value"] / 88.4)
    for patient, day, analyte, result in zip(
        labs["patient_id"], days(labs["date"]), labs["analyte"], value, strict=True
    ):
        people[patient].results.append((day, analyte, result))


def main(export: Path, findings: Path) -> None:
    """Read, loop over patients, write."""
    people = read_people(export)
    orders = read_orders(export, people)
    read_kidneys(export, people, set(orders))
    drugs = pd.read_csv(DRUGS)
    concern = dict(zip(drugs["drug"], drugs["high_concern"] == "yes", strict=True))
    rows = [
        (patient, *finding)
        for patient, own in orders.items()
        for finding in findings_of(people[patient], own, concern)
    ]
    names = ["patient_id", "rule_id", "subject", "date", "end_date", "severity"]
    table = pd.DataFrame(rows, columns=names)
    for column in ("date", "end_date"):
        table[column] = pd.to_datetime(table[column], unit="D").dt.strftime("%Y-%m-%d")
    table.sort_values(names).to_csv(findings, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
