"""FHIR files: lines and Bundles, what is set aside, and that every record is counted once."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from screener.checks.bucket import screen_bucket
from screener.errors import InputRefused, UsageError
from screener.intake import take_in
from screener.intake.take import Intake
from screener.outputs.laws import row_laws
from screener.outputs.run_json import inputs_of
from screener.sources import read_export

Json = dict[str, Any]
ONCE = {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}


def order(number: int, **more: Any) -> Json:
    made: Json = {"resourceType": "MedicationRequest", "id": f"r{number}", "status": "active"}
    made |= {"intent": "order", "authoredOn": "2024-03-04", "subject": {"reference": "Patient/p"}}
    return made | {"medicationCodeableConcept": {"text": "baclofen"}} | more


PERSON: Json = {"resourceType": "Patient", "id": "p", "birthDate": "1950-01-02", "gender": "female"}
ALLERGY: Json = {"resourceType": "AllergyIntolerance", "id": "a"}


def lines(*resources: Json | str) -> bytes:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in resources]
    return "".join(text + "\n" for text in texts).encode()


def taken(folder: Path, **files: bytes) -> Intake:
    """The intake of files with those names (__ for a full stop)."""
    export = folder / "export"
    export.mkdir()
    for name, data in files.items():
        (export / name.replace("__", ".")).write_bytes(data)
    (folder / "scratch").mkdir()
    return take_in([str(export)], read=read_export, mapping="fhir", scratch=folder / "scratch")


def reasons(intake: Intake) -> list[tuple[str, int, str]]:
    return sorted(intake.set_aside.select("file", "row", "reason").rows())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("MedicationRequest__ndjson", lines(order(1))),
        ("MedicationRequest__000__ndjson__gz", gzip.compress(lines(order(1)), mtime=0)),
        ("orders__ndjson__zst", zstandard.compress(lines(order(1)))),
        ("orders__json", lines(order(1))),
        ("orders__ndjson", b"\xef\xbb\xbf" + lines(order(1))),
        ("one__json", json.dumps(order(1), indent=2).encode()),
        ("bundle__json__gz", gzip.compress(
            json.dumps({"resourceType": "Bundle", "entry": [{"resource": order(1)}]}).encode())),
    ],
)  # fmt: skip
def test_files_are_known_by_content_and_read_packed_or_plain(
    name: str, data: bytes, tmp_path: Path
) -> None:
    prescriptions = taken(tmp_path, **{name: data}).bucket(0).prescriptions
    assert prescriptions.select("prescription_id", "drug").rows() == [("r1", "baclofen")]


def test_lines_that_are_no_resource_are_set_aside_with_a_reason(tmp_path: Path) -> None:
    data = lines(
        order(1),
        "",
        "{not json",
        '{"resourceType": "MedicationRequest", "id": "a", "id": "b"}',
        '{"id": "x"}',
        "[1, 2]",
        PERSON,
        order(2, authoredOn="2024-03"),
        order(3, subject={"reference": "Patient?identifier=x|y"}),
        order(4, dosageInstruction=[{"text": "long " * 20_000}]),
        order(5),
    )
    # The patient stands too far down to be seen by the first look at the file.
    padding = lines(*[order(n, note=[{"text": "x" * 4000}]) for n in range(100, 4400)])
    intake = taken(tmp_path, MedicationRequest__ndjson=padding + data)
    first = 4300
    name = "MedicationRequest.ndjson"
    assert reasons(intake) == [
        (name, first + 3, "not-json"),
        (name, first + 4, "duplicate-key"),
        (name, first + 5, "not-a-resource"),
        (name, first + 6, "not-a-resource"),
        (name, first + 7, "other-type"),
        (name, first + 8, "unreadable-date"),
        (name, first + 9, "missing"),
        (name, first + 10, "field-too-long"),
    ]
    (file,) = intake.files
    assert (file.records, file.kept, file.blank) == (first + 11, first + 2, 1)


def test_a_record_of_several_rows_keeps_the_law(tmp_path: Path) -> None:
    doses = [{"doseQuantity": {"value": n, "unit": "mg"}} for n in (1, 2)]
    two = order(1, dosageInstruction=[ONCE | {"doseAndRate": [dose]} for dose in doses])
    plan = order(2, intent="plan")
    intake = taken(tmp_path, MedicationRequest__ndjson=lines(two, plan, order(3), "oops"))
    (file,) = intake.files
    counts = (file.records, file.added, file.kept, file.set_aside, file.left_out)
    assert counts == (4, 1, 3, 1, 1)
    assert any("left out, as they are proposals" in text for text in intake.notices)
    inputs = inputs_of(intake.files, {(file.name, "used"): 3})
    (law,) = row_laws(inputs)
    assert law.ok
    assert law.detail == "4 records + 1 added = 3 used + 1 set_aside + 1 left_out"
    (law,) = row_laws([inputs[0] | {"added": 0}])
    assert not law.ok


MIXED = (PERSON, ALLERGY, order(1), {"resourceType": "Observation", "id": "o"}, order(2))


@pytest.mark.parametrize("form", ["bundle", "lines"])
def test_a_file_of_several_types_is_one_entry_a_table_and_counts_each_record_once(
    form: str, tmp_path: Path
) -> None:
    entries = [{"resource": one} for one in MIXED]
    bundle = json.dumps({"resourceType": "Bundle", "entry": entries}).encode()
    if form == "bundle":
        intake = taken(tmp_path, all__json=bundle)
    else:
        intake = taken(tmp_path, all__ndjson=lines(*MIXED))
    name = "all.json" if form == "bundle" else "all.ndjson"
    counted = {file.name: (file.table, file.records, file.left_out) for file in intake.files}
    assert counted == {
        name: ("prescriptions", 3, 1),
        f"{name} [patients]": ("patients", 1, 0),
        f"{name} [labs]": ("labs", 1, 1),
    }
    assert "conditions" not in intake.supplied


def test_dispenses_and_requests_of_one_file_find_each_other_in_any_order(tmp_path: Path) -> None:
    product = {"resourceType": "Medication", "id": "m", "code": {"text": "tizanidine"}}
    encounter = {"resourceType": "Encounter", "id": "e", "class": {"code": "AMB"},
                 "serviceProvider": {"reference": "Organization/ward"}}  # fmt: skip
    behind = [{"reference": "MedicationRequest/r1"}]
    supply = {"resourceType": "MedicationDispense", "id": "d", "status": "completed"}
    supply |= {"subject": {"reference": "Patient/p"}, "authorizingPrescription": behind}
    supply |= {"medicationReference": {"reference": "Medication/m"}, "whenHandedOver": "2024-03-05"}
    asked = order(1, encounter={"reference": "Encounter/e"}, dosageInstruction=[ONCE])
    rows = taken(tmp_path, all__ndjson=lines(supply, asked, encounter, product, order(2)))
    found = rows.bucket(0).prescriptions.select(
        "prescription_id", "drug", "site_id", "frequency_count", "dispensed"
    )
    assert sorted(found.rows()) == [
        ("d", "tizanidine", "ward", 1.0, True),
        ("r2", "baclofen", None, None, None),
    ]


def test_medications_may_stand_in_a_file_that_comes_later(tmp_path: Path) -> None:
    product = {"resourceType": "Medication", "id": "m", "code": {"text": "tizanidine"}}
    asked = order(1, medicationReference={"reference": "Medication/m"})
    del asked["medicationCodeableConcept"]
    intake = taken(tmp_path, A__ndjson=lines(asked), Z__ndjson=lines(product))
    assert intake.bucket(0).prescriptions["drug"].to_list() == ["tizanidine"]
    assert [(file.name, file.records, file.kept) for file in intake.files] == [
        ("Z.ndjson", 1, 1),
        ("A.ndjson", 1, 1),
    ]


def test_entries_of_a_bundle_refer_to_each_other_by_their_addresses(tmp_path: Path) -> None:
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": PERSON},
        {"fullUrl": "urn:uuid:2", "resource": order(1, subject={"reference": "urn:uuid:1"})},
    ]
    bundle = json.dumps({"resourceType": "Bundle", "entry": entries}).encode()
    tables = taken(tmp_path, all__json=bundle).bucket(0)
    assert tables.prescriptions["patient_id"].to_list() == ["p"]


def test_the_newest_version_of_an_order_supersedes_every_row_of_the_older(tmp_path: Path) -> None:
    def version(hour: int, instructions: int) -> Json:
        meta = {"lastUpdated": f"2024-03-04T{hour:02d}:00:00Z"}
        doses = [{"doseQuantity": {"value": n, "unit": "mg"}} for n in range(1, instructions + 1)]
        dosages = [ONCE | {"doseAndRate": [dose]} for dose in doses]
        return order(1, meta=meta, dosageInstruction=dosages)

    tables = taken(tmp_path, a__ndjson=lines(version(9, 3)), b__ndjson=lines(version(11, 2)),
                   c__ndjson=lines(version(10, 1))).bucket(0)  # fmt: skip
    results = screen_bucket(tables, (), dt.date(2024, 12, 31))
    assert sorted(results.row_classes.rows()) == [
        ("a.ndjson", "superseded", 3),
        ("b.ndjson", "used", 2),
        ("c.ndjson", "superseded", 1),
    ]


def test_an_order_replaces_every_row_of_a_record(tmp_path: Path) -> None:
    night = ONCE | {"doseAndRate": [{"doseQuantity": {"value": 20, "unit": "mg"}}]}
    morning = ONCE | {"doseAndRate": [{"doseQuantity": {"value": 10, "unit": "mg"}}]}
    asked = {"expectedSupplyDuration": {"value": 28, "code": "d"}}
    before = order(1, dosageInstruction=[morning, night], dispenseRequest=asked)
    after = order(2, dosageInstruction=[morning], dispenseRequest=asked, authoredOn="2024-03-14")
    after["priorPrescription"] = {"reference": "MedicationRequest/r1"}
    tables = taken(tmp_path, a__ndjson=lines(before, after)).bucket(0)
    orders = screen_bucket(tables, (), dt.date(2024, 12, 31)).orders
    assert sorted(orders.select("prescription_id", "counted_to").rows()) == [
        ("r1", dt.date(2024, 3, 13)),
        ("r1/2", dt.date(2024, 3, 13)),
        ("r2", dt.date(2024, 4, 10)),
    ]


def test_files_without_anything_of_ours_are_named(tmp_path: Path) -> None:
    others = {
        "README__txt": b"hello",
        "AllergyIntolerance__ndjson": lines(ALLERGY),
        "manifest__json": json.dumps({"transactionTime": "2024-03-04", "output": []}).encode(),
        "printed__json": json.dumps({"transactionTime": "2024-03-04"}, indent=1).encode(),
        "log__ndjson": lines({"eventId": "kickoff"}, {"eventId": "complete"}),
    }
    intake = taken(tmp_path, MedicationRequest__ndjson=lines(order(1)), **others)
    for name in others:
        assert any(name.replace("__", ".") in text for text in intake.notices), name
    assert [file.name for file in intake.files] == ["MedicationRequest.ndjson"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"Patient__ndjson": lines(PERSON)}, "no MedicationRequest"),
        ({"MedicationRequest__ndjson": b""}, "empty"),
        ({"x__json": b'{"resourceType": "Bundle", "entry": [{"resource"'}, "cut off"),
        ({"x__json": b'{"some": 1}'}, "no MedicationRequest"),
        ({"x__ndjson": lines({"resourceType": "Bundle"}, {"resourceType": "Bundle"})},
         "several Bundles"),
        ({"a__ndjson": lines(order(1)), "b__ndjson": lines(order(1))}, "same content"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_refused(
    files: dict[str, bytes], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputRefused, match=words) as refused:
        taken(tmp_path, **files)
    assert "baclofen" not in str(refused.value)


def test_tables_cannot_be_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="told by its resources"):
        read_export([str(tmp_path)], mapping="fhir", tables={"labs": ["x"]})


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(lines(order(1)))
    with pytest.raises(InputRefused, match="twice"):
        read_export([str(path), str(path)], mapping="fhir")
