"""Makes a FHIR bulk export of any size: NDJSON files of requests, dispenses, observations, ...

The same bytes for the same size. `python make_fhir.py FOLDER MEGABYTES` writes it, loads it once in
a process of its own, and says rows, seconds, MB a second and the peak of memory.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from courses import FIRST_DAY, strengths

Json = dict[str, Any]
PLAIN = strengths().filter(style=0).select("drug", "strength", "unit", "form", "route", "times")
DRUGS: list[tuple[str, str, str, str, str, int]] = PLAIN.rows()
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
PER_PATIENT = 12  # records of a kind
SHARES = {  # of the bytes
    "MedicationRequest": 0.45,
    "MedicationDispense": 0.15,
    "Observation": 0.25,
    "Encounter": 0.08,
    "Condition": 0.05,
    "Patient": 0.02,
}


def mixed(number: int, salt: int) -> int:
    """A number that looks drawn at random and is not."""
    value = (number * 0x9E3779B97F4A7C15 + salt * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    return (value ^ (value >> 29)) * 0x94D049BB133111EB >> 20 & 0xFFFFFFFF


def ident(kind: str, number: int) -> str:
    """An id of the length that servers give."""
    return f"{kind[:4].lower()}-{mixed(number, 1):08x}-{mixed(number, 2):08x}-{number:010d}"


def on_day(number: int, salt: int) -> str:
    day = FIRST_DAY + dt.timedelta(days=mixed(number, salt) % 700)
    return f"{day.isoformat()}T{mixed(number, 9) % 24:02d}:15:00+01:00"


def common(kind: str, number: int) -> Json:
    """What every resource has: id, meta, and a narrative that no reader needs."""
    text = f"<div xmlns='http://www.w3.org/1999/xhtml'>Generated {kind} number {number}</div>"
    meta = {"versionId": "1", "lastUpdated": on_day(number, 3)}
    made: Json = {"resourceType": kind, "id": ident(kind, number), "meta": meta}
    return made | {"text": {"status": "generated", "div": text}}


def subject(number: int) -> Json:
    return {"reference": "Patient/" + ident("Patient", number // PER_PATIENT)}


def drug_of(number: int) -> tuple[str, str, str, str, str, int]:
    return DRUGS[mixed(number, 4) % len(DRUGS)]


def concept(number: int) -> Json:
    drug, strength, unit, form, _, _ = drug_of(number)
    name = f"{drug} {strength} {unit} {form}"
    coding = {"system": RXNORM, "code": str(100_000 + mixed(number, 4) % 900_000), "display": name}
    return {"coding": [coding], "text": name}


def medication_request(number: int) -> Json:
    drug = drug_of(number)
    dosage = {
        "sequence": 1,
        "text": f"take 1 {drug[3]} {drug[5]} times a day",
        "timing": {"repeat": {"frequency": drug[5], "period": 1, "periodUnit": "d"}},
        "asNeededBoolean": mixed(number, 5) % 10 == 0,
        "route": {"text": drug[4]},
        "doseAndRate": [{"doseQuantity": {"value": 1, "unit": drug[3], "system": UCUM}}],
    }
    days = {"value": 28, "unit": "d", "system": UCUM, "code": "d"}
    return common("MedicationRequest", number) | {
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(number),
        "subject": subject(number),
        "encounter": {"reference": "Encounter/" + ident("Encounter", number // 8)},
        "authoredOn": on_day(number, 6),
        "requester": {"reference": f"Practitioner/pr-{mixed(number, 7) % 500}"},
        "dosageInstruction": [dosage],
        "dispenseRequest": {"expectedSupplyDuration": days, "numberOfRepeatsAllowed": 2},
    }


def medication_dispense(number: int) -> Json:
    behind = {"reference": "MedicationRequest/" + ident("MedicationRequest", number * 2)}
    return common("MedicationDispense", number) | {
        "status": "completed",
        "medicationCodeableConcept": concept(number * 2),
        "subject": subject(number * 2),
        "authorizingPrescription": [behind],
        "quantity": {"value": 84, "unit": drug_of(number * 2)[3]},
        "daysSupply": {"value": 28, "unit": "d", "system": UCUM, "code": "d"},
        "whenHandedOver": on_day(number * 2, 6),
    }


def observation(number: int) -> Json:
    codes = (("2160-0", "Creatinine", "mg/dL"), ("2823-3", "Potassium", "mmol/L"),
             ("8480-6", "Systolic blood pressure", "mm[Hg]"))  # fmt: skip
    code, name, unit = codes[number % 3]
    coding = {"system": "http://loinc.org", "code": code, "display": name}
    value = 0.6 + mixed(number, 8) % 300 / 100
    return common("Observation", number) | {
        "status": "final",
        "code": {"coding": [coding], "text": name},
        "subject": subject(number),
        "effectiveDateTime": on_day(number, 6),
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }


def encounter(number: int) -> Json:
    kind = "IMP" if mixed(number, 4) % 20 == 0 else "AMB"
    day = on_day(number, 6)
    return common("Encounter", number) | {
        "status": "finished",
        "class": {"code": kind},
        "subject": subject(number),
        "period": {"start": day, "end": day},
        "serviceProvider": {"reference": f"Organization/org-{mixed(number, 7) % 40}"},
    }


def condition(number: int) -> Json:
    coding = {"system": "http://snomed.info/sct", "code": "38341003", "display": "Hypertension"}
    return common("Condition", number) | {
        "code": {"coding": [coding], "text": "Hypertension"},
        "subject": subject(number),
        "onsetDateTime": on_day(number, 6),
    }


def patient(number: int) -> Json:
    year, sex = 1930 + mixed(number, 4) % 70, ("female", "male")[number % 2]
    return common("Patient", number) | {"birthDate": f"{year}-06-15", "gender": sex}


MAKERS: dict[str, Callable[[int], Json]] = {
    "MedicationRequest": medication_request,
    "MedicationDispense": medication_dispense,
    "Observation": observation,
    "Encounter": encounter,
    "Condition": condition,
    "Patient": patient,
}


def lines(kind: str, size: int) -> Iterator[bytes]:
    """Resources of a kind until they fill so many bytes."""
    done = number = 0
    while done < size:
        line = json.dumps(MAKERS[kind](number), separators=(",", ":")).encode() + b"\n"
        yield line
        done += len(line)
        number += 1


def make(folder: Path, megabytes: int) -> Path:
    """Writes the export; gives its folder."""
    made = folder / f"fhir-{megabytes}-mb"
    made.mkdir(parents=True, exist_ok=True)
    for kind, share in SHARES.items():
        with (made / f"{kind}.000.ndjson").open("wb") as file:
            file.writelines(lines(kind, int(megabytes * share * 1_000_000)))
    return made


LOAD = """
import resource, sys, tempfile, time
from pathlib import Path
from screener.intake import take_in
from screener.sources import read_export
begun = time.perf_counter()
with tempfile.TemporaryDirectory() as scratch:
    intake = take_in([sys.argv[1]], read=read_export, mapping="fhir", scratch=Path(scratch))
took = time.perf_counter() - begun
size = sum(file.bytes for file in intake.files)
records = sum(file.records for file in intake.files)
kept = sum(file.kept for file in intake.files)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{size / 1e6:.0f} MB, {records} records, {kept} rows, {intake.bucket_count} buckets: "
      f"{took:.1f} s, {size / 1e6 / took:.1f} MB/s, peak {peak:.0f} MB")
"""


def main() -> None:
    """Makes the export, and loads it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("megabytes", type=int)
    asked = parser.parse_args()
    made = make(asked.folder, asked.megabytes)
    subprocess.run([sys.executable, "-c", LOAD, str(made)], check=True)


if __name__ == "__main__":
    main()
