"""Writes canonical rows as FHIR R4 resources: what the reader must take back to the same rows.

Not carried, as FHIR has no element for them: when a patient's data begin and end.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

Row = dict[str, str]
Json = dict[str, Any]
INGREDIENTS = {"co-codamol": ("codeine", "paracetamol")}
LOINC = {"creatinine": "2160-0", "egfr": "33914-3"}
BODY = {"body_weight": ("29463-7", "kg"), "body_height": ("8302-2", "cm")}


def bare(text: str) -> float | int:
    """A number as JSON has it."""
    return int(text) if text.isdigit() else float(text)


def quantity(value: str, unit: str = "") -> Json:
    return {"value": bare(value)} | ({"unit": unit} if unit else {})


def days(number: str) -> Json:
    return quantity(number, "d") | {"system": "http://unitsofmeasure.org", "code": "d"}


def medication(row: Row) -> Json:
    """The product: its name, form and strengths."""
    made: Json = {"resourceType": "Medication", "id": "m-" + row["prescription_id"]}
    made["code"] = {"text": row["drug"]}
    if row["form"]:
        made["form"] = {"text": row["form"]}
    if row["strength_value"]:
        names = INGREDIENTS.get(row["drug"], (row["drug"],))
        made["ingredient"] = [
            {"itemCodeableConcept": {"text": name}, "strength": strength(value, row)}
            for name, value in zip(names, row["strength_value"].split("/"), strict=True)
        ]
    return made


def strength(value: str, row: Row) -> Json:
    ratio: Json = {"numerator": quantity(value, row["strength_unit"])}
    if row["strength_per_value"]:
        ratio["denominator"] = quantity(row["strength_per_value"], row["strength_per_unit"])
    return ratio


def dosage(row: Row) -> Json:
    """One Dosage; empty when the row says nothing of dose and directions."""
    made: Json = {"asNeededBoolean": row["prn"] == "1"}
    repeat: Json = {}
    if row["frequency_count"]:
        repeat["frequency"] = bare(row["frequency_count"])
    if row["frequency_period_days"]:
        repeat |= {"period": bare(row["frequency_period_days"]), "periodUnit": "d"}
    if row["stop_date"]:
        last = dt.date.fromisoformat(row["stop_date"]) - dt.timedelta(days=1)
        repeat["boundsPeriod"] = {"end": last.isoformat()}
    if repeat:
        made["timing"] = {"repeat": repeat}
    if row["dose_max"]:
        ends = {"low": row["dose_min"], "high": row["dose_max"]}
        span = {name: quantity(value, row["dose_unit"]) for name, value in ends.items()}
        made["doseAndRate"] = [{"doseRange": span}]
    elif row["dose_min"]:
        made["doseAndRate"] = [{"doseQuantity": quantity(row["dose_min"], row["dose_unit"])}]
    if row["max_doses_per_day"]:
        ratio = {
            "numerator": quantity(row["max_doses_per_day"], "{dose}"),
            "denominator": days("1"),
        }
        made["maxDosePerPeriod"] = ratio
    if row["route"]:
        made["route"] = {"text": row["route"]}
    if row["sig"]:
        made["text"] = row["sig"]
    return made


def request(row: Row, how: str) -> list[Json]:
    """A MedicationRequest with its Medication and, where the row says so, its dispense."""
    product = medication(row)
    own = row["prescription_id"] if row["dispensed"] != "yes" else "rq-" + row["prescription_id"]
    made: Json = {"resourceType": "MedicationRequest", "id": own, "intent": "order"}
    made |= {"status": row["status"], "authoredOn": row["start_date"] + "T08:30:00+02:00"}
    made["subject"] = {"reference": "Patient/" + row["patient_id"]}
    made["dosageInstruction"] = [dosage(row)]
    if how == "contained":
        made["contained"] = [product]
        made["medicationReference"] = {"reference": "#" + product["id"]}
    elif how == "referenced":
        made["medicationReference"] = {"reference": "Medication/" + product["id"]}
    supply: Json = {}
    if row["days_supply"]:
        supply["expectedSupplyDuration"] = days(row["days_supply"])
    if row["quantity"]:
        supply["quantity"] = quantity(row["quantity"])
    if supply:
        made["dispenseRequest"] = supply
    if row["replaces"]:
        made["priorPrescription"] = {"reference": "MedicationRequest/" + row["replaces"]}
    written = [made] if how == "contained" else [product, made]
    if row["dispensed"]:
        written.append(dispense(row, made))
    return written


def dispense(row: Row, order: Json) -> Json:
    """The supply of an order, or that there was none."""
    given = row["dispensed"] == "yes"
    made: Json = {"resourceType": "MedicationDispense", "subject": order["subject"]}
    made["id"] = row["prescription_id"] if given else "d-" + row["prescription_id"]
    made["status"] = "completed" if given else "declined"
    made["authorizingPrescription"] = [{"reference": "MedicationRequest/" + order["id"]}]
    made["medicationCodeableConcept"] = {"text": row["drug"]}
    for name in ("contained", "medicationReference"):
        if name in order:
            made[name] = order[name]
            made.pop("medicationCodeableConcept", None)
    if given:
        made["whenHandedOver"] = row["start_date"]
        if row["days_supply"]:
            made["daysSupply"] = days(row["days_supply"])
    return made


def patient(row: Row) -> Json:
    made: Json = {"resourceType": "Patient", "id": row["patient_id"]}
    made |= {"birthDate": row["birth_date"], "gender": {"F": "female", "M": "male"}[row["sex"]]}
    if row["death_date"]:
        made["deceasedDateTime"] = row["death_date"] + "T10:00:00Z"
    return made


def observation(row: Row, number: int) -> Json:
    """A laboratory result or a body measurement."""
    analyte = row["analyte"]
    code = LOINC.get(analyte) or BODY[analyte][0]
    made: Json = {"resourceType": "Observation", "id": f"o-{number}", "status": "final"}
    made["code"] = {"coding": [{"system": "http://loinc.org", "code": code}]}
    made["subject"] = {"reference": "Patient/" + row["patient_id"]}
    made["effectiveDateTime"] = row["date"]
    made["valueQuantity"] = quantity(row["value"], row["unit"])
    if row["comparator"]:
        made["valueQuantity"]["comparator"] = row["comparator"]
    return made


def condition(row: Row, number: int) -> Json:
    made: Json = {"resourceType": "Condition", "id": f"c-{number}"}
    made |= {"code": {"text": row["condition"]}, "onsetDateTime": row["start_date"]}
    made["subject"] = {"reference": "Patient/" + row["patient_id"]}
    return made | ({"abatementDateTime": row["end_date"]} if row["end_date"] else {})


def encounter(row: Row, number: int) -> Json:
    made: Json = {"resourceType": "Encounter", "id": f"e-{number}", "status": "finished"}
    made["class"] = {"code": "IMP"}
    made["subject"] = {"reference": "Patient/" + row["patient_id"]}
    period = {"start": row["start_date"]} | ({"end": row["end_date"]} if row["end_date"] else {})
    return made | {"period": period}


def resources(rows: dict[str, list[Row]], how: str) -> list[Json]:
    """Every row of the canonical tables; how: medication `contained` or `referenced`."""
    made = [patient(row) for row in rows["patients"]]
    for row in rows["prescriptions"]:
        made += request(row, how)
    made += [observation(row, n) for n, row in enumerate(rows["labs"], 1)]
    made += [condition(row, n) for n, row in enumerate(rows["conditions"], 1)]
    made += [encounter(row, n) for n, row in enumerate(rows["admissions"], 1)]
    return made


def write_ndjson(folder: Path, made: list[Json], *, packed: bool = False) -> None:
    """One file a resource type, as bulk data has it."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in dict.fromkeys(one["resourceType"] for one in made):
        lines = [json.dumps(one) + "\n" for one in made if one["resourceType"] == kind]
        data = "".join(lines).encode()
        name = f"{kind}.000.ndjson" + (".gz" if packed else "")
        (folder / name).write_bytes(gzip.compress(data) if packed else data)


def write_bundle(path: Path, made: list[Json]) -> None:
    """One Bundle of all, whose entries refer to each other by their addresses."""
    addresses = {
        f"{one['resourceType']}/{one['id']}": f"urn:uuid:0-{n}" for n, one in enumerate(made)
    }
    text = json.dumps(made)
    for own, address in addresses.items():
        text = text.replace(json.dumps(own), json.dumps(address))
    entries = [
        {"fullUrl": address, "resource": resource}
        for address, resource in zip(addresses.values(), json.loads(text), strict=True)
    ]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    path.write_text(json.dumps(whole, indent=1))
