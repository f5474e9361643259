"""Which FHIR resources are orders, supplies or nothing of ours, and which days they say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.sources.fhir import ROWS_OF
from screener.sources.fhir_known import Known, remember_dispense, remember_medication
from screener.sources.fhir_orders import dispense_rows, request_rows, statement_rows
from screener.sources.fhir_people import (
    condition_rows,
    encounter_rows,
    observation_rows,
    patient_rows,
)
from screener.sources.fhir_values import reference_id

Json = dict[str, Any]
NAMED = {"medicationCodeableConcept": {"text": "baclofen"}, "subject": {"reference": "Patient/p"}}
ONCE = {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}
ONE = ONCE | {"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]}
TEN_DAYS = {"value": 10, "code": "d"}


def request(**more: Any) -> Json:
    return {"id": "r", "status": "active", "intent": "order", "authoredOn": "2024-03-04"} | (
        NAMED | more
    )


def dispense(**more: Any) -> Json:
    behind = [{"reference": "MedicationRequest/r"}]
    return {"id": "d", "status": "completed", "authorizingPrescription": behind} | NAMED | more


def rows(made: list[dict[str, str]] | str, *columns: str) -> list[tuple[str | None, ...]]:
    assert not isinstance(made, str), made
    return [tuple(row.get(column) for column in columns) for row in made]


@pytest.mark.parametrize("intent", ["proposal", "plan", "option"])
def test_what_is_no_order_is_left_out(intent: str) -> None:
    assert "not orders" in request_rows(request(intent=intent), Known())
    assert "not to be given" in request_rows(request(doNotPerform=True), Known())
    assert "patient" in request_rows(request(subject={"reference": "Group/g"}), Known())


@pytest.mark.parametrize("status", ["on-hold", "cancelled", "entered-in-error", "stopped", "odd"])
def test_a_status_is_handed_on_for_the_timeline_to_judge(status: str) -> None:
    assert rows(request_rows(request(status=status), Known()), "status") == [(status,)]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"authoredOn": "2024-03-04T23:50:00-05:00"}, ("2024-03-04T23:50:00-05:00", None, None)),
        # a month is no day; the row will be set aside
        ({"authoredOn": "2024-03"}, ("2024-03", None, None)),
        ({"dispenseRequest": {"expectedSupplyDuration": {"value": 4, "code": "wk"}}},
         ("2024-03-04", "28", None)),
        # repeats are no supply until they are dispensed
        ({"dispenseRequest": {"expectedSupplyDuration": TEN_DAYS, "numberOfRepeatsAllowed": 5}},
         ("2024-03-04", "10", None)),
        # a prescription for later counts from the day on which it can first be filled
        ({"dispenseRequest": {"validityPeriod": {"start": "2024-04-01"}}},
         ("2024-04-01", None, None)),
        ({"dispenseRequest": {"validityPeriod": {"start": "2024-01-01"}}},
         ("2024-03-04", None, None)),
        # the validity ends it only when nothing else does
        ({"dispenseRequest": {"validityPeriod": {"end": "2024-03-31"}}},
         ("2024-03-04", "28", None)),
        ({"dispenseRequest": {"validityPeriod": {"end": "2024-12-31"},
                              "expectedSupplyDuration": TEN_DAYS}}, ("2024-03-04", "10", None)),
        ({"dispenseRequest": {"validityPeriod": {"end": "2024-12-31"}, "quantity": {"value": 30}}},
         ("2024-03-04", None, None)),
        # bounds: the last day is taken, the stop date is the day after
        ({"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {
            "start": "2024-03-06", "end": "2024-03-10"}}}}]}, ("2024-03-06", None, "2024-03-11")),
        ({"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"end": "2024-05"}}}}]},
         ("2024-03-04", None, "2024-05")),
        # the shorter of bounds and supply
        ({"dosageInstruction": [{"timing": {"repeat": {"boundsDuration": TEN_DAYS}}}],
          "dispenseRequest": {"expectedSupplyDuration": {"value": 28, "code": "d"}}},
         ("2024-03-04", "10", None)),
        ({"dosageInstruction": [{"timing": {"repeat": {"boundsDuration": TEN_DAYS}}}],
          "dispenseRequest": {"expectedSupplyDuration": {"value": 7, "code": "d"}}},
         ("2024-03-04", "7", None)),
    ],
)  # fmt: skip
def test_the_days_of_a_request(more: Json, expected: tuple[str | None, ...]) -> None:
    made = request_rows(request(**more), Known())
    assert rows(made, "start_date", "days_supply", "stop_date") == [expected]


def test_several_instructions_give_several_rows_with_ids_of_their_own() -> None:
    night = ONE | {"doseAndRate": [{"doseQuantity": {"value": 2, "unit": "tablet"}}]}
    made = request_rows(request(dosageInstruction=[ONE, night]), Known())
    assert rows(made, "prescription_id", "dose_min") == [("r", "1"), ("r/2", "2")]


def test_a_quantity_for_two_instructions_is_shared_as_days() -> None:
    night = ONE | {"doseAndRate": [{"doseQuantity": {"value": 2, "unit": "tablet"}}]}
    asked = {"quantity": {"value": 85, "unit": "tablet"}}
    made = request_rows(request(dosageInstruction=[ONE, night], dispenseRequest=asked), Known())
    assert rows(made, "days_supply", "quantity") == [("28", None), ("28", None)]


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"lastUpdated": "2024-03-04T01:00:00.5+02:00", "versionId": "9"},
         "2024-03-03T23:00:00.500000+00:00"),
        ({"lastUpdated": "2024-03-04T01:00:00Z"}, "2024-03-04T01:00:00.000000+00:00"),
        ({"versionId": "12"}, "12"),
        ({"versionId": "b7c1"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_versions_sort_in_time(meta: Json, expected: str | None) -> None:
    assert rows(request_rows(request(meta=meta), Known()), "version") == [(expected,)]


def test_a_taper_starts_each_step_when_the_last_one_ends() -> None:
    def step(dose: int, number: int, days: int | None) -> Json:
        bounds = {"boundsDuration": {"value": days, "code": "d"}} if days else {}
        repeat = {"frequency": 1, "period": 1, "periodUnit": "d"} | bounds
        quantity = {"value": dose, "unit": "mg"}
        return {"sequence": number, "timing": {"repeat": repeat},
                "doseAndRate": [{"doseQuantity": quantity}]}  # fmt: skip

    taper = [step(40, 1, 5), step(20, 2, 5), step(10, 3, None)]
    asked = {"expectedSupplyDuration": {"value": 28, "code": "d"}}
    made = request_rows(request(dosageInstruction=taper, dispenseRequest=asked), Known())
    assert rows(made, "dose_min", "start_date", "days_supply") == [
        ("40", "2024-03-04", "5"),
        ("20", "2024-03-09", "5"),
        ("10", "2024-03-14", "18"),
    ]


@pytest.mark.parametrize(
    ("quantity", "dose_unit", "expected"),
    [
        ({"value": 28, "unit": "tablet"}, "tablet", "28"),
        ({"value": 28}, "tablet", "28"),
        ({"value": 150, "unit": "mL"}, "mL", "150"),
        ({"value": 1, "unit": "L"}, "mL", "1000"),
        ({"value": 2, "unit": "bottle"}, "mL", None),
        ({"value": 2}, "mL", None),
        ({"value": 1, "unit": "box"}, "tablet", None),
        ({"value": 500, "unit": "mg"}, "tablet", None),
    ],
)
def test_a_quantity_counts_in_the_unit_of_the_dose(
    quantity: Json, dose_unit: str, expected: str | None
) -> None:
    dosage = ONCE | {"doseAndRate": [{"doseQuantity": {"value": 1, "unit": dose_unit}}]}
    made = request_rows(
        request(dosageInstruction=[dosage], dispenseRequest={"quantity": quantity}), Known()
    )
    assert rows(made, "quantity") == [(expected,)]


def test_an_order_names_the_one_that_it_replaces() -> None:
    before = {"reference": "MedicationRequest/old"}
    assert rows(request_rows(request(priorPrescription=before), Known()), "replaces") == [("old",)]
    assert rows(request_rows(request(basedOn=[before]), Known()), "replaces") == [("old",)]
    plan = {"reference": "CarePlan/c"}
    assert rows(request_rows(request(basedOn=[plan]), Known()), "replaces") == [(None,)]


def test_a_request_with_dispenses_is_counted_by_them() -> None:
    known, given_on = Known(), "2024-03-06"
    supply = dispense(whenHandedOver=given_on, daysSupply=TEN_DAYS)
    remember_dispense(supply, known)
    order = request(dosageInstruction=[ONE], requester={"reference": "Practitioner/doc"})
    assert request_rows(order, known) == "are counted by their dispenses"
    columns = ("prescription_id", "start_date", "days_supply", "dose_min", "dispensed",
               "prescriber_id")  # fmt: skip
    assert rows(dispense_rows(supply, known), *columns) == [
        ("d", given_on, "10", "1", "yes", "doc")
    ]


def test_a_request_whose_dispenses_all_failed_was_never_dispensed() -> None:
    known = Known()
    for status in ("declined", "cancelled", "preparation"):
        remember_dispense(dispense(status=status), known)
    assert rows(request_rows(request(), known), "dispensed") == [("no",)]
    remember_dispense(dispense(status="entered-in-error"), other := Known())
    assert rows(request_rows(request(), other), "dispensed") == [(None,)]


def test_a_dispense_has_its_own_dose_before_that_of_the_request() -> None:
    known = Known()
    two = ONE | {"doseAndRate": [{"doseQuantity": {"value": 2, "unit": "tablet"}}]}
    supply = dispense(whenHandedOver="2024-03-06", dosageInstruction=[two])
    remember_dispense(supply, known)
    request_rows(request(dosageInstruction=[ONE]), known)
    assert rows(dispense_rows(supply, known), "dose_min") == [("2",)]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"status": "completed", "whenHandedOver": "2024-03-06"}, ("completed", "yes")),
        ({"status": "completed", "whenPrepared": "2024-03-05"}, ("completed", "yes")),
        ({"status": "preparation", "whenPrepared": "2024-03-05"}, ("in-progress", "no")),
        ({"status": "in-progress", "whenPrepared": "2024-03-05"}, ("in-progress", "no")),
        ({"status": "declined", "whenPrepared": "2024-03-05"}, ("declined", "no")),
        ({"status": "stopped", "whenHandedOver": "2024-03-06"}, ("stopped", "yes")),
    ],
)
def test_only_what_was_handed_over_was_dispensed(more: Json, expected: tuple[str, str]) -> None:
    assert rows(dispense_rows(dispense(**more), Known()), "status", "dispensed") == [expected]


def test_a_dispense_that_never_happened_and_has_no_day_is_left_out() -> None:
    assert "no day" in dispense_rows(dispense(status="cancelled"), Known())


def test_a_statement_has_a_period_and_does_not_repeat_an_order() -> None:
    period = {"start": "2024-03-04", "end": "2024-03-10"}
    told = {"id": "s", "status": "completed", "effectivePeriod": period, "dosage": [ONE]} | NAMED
    columns = ("start_date", "stop_date", "dose_min")
    assert rows(statement_rows(told, Known()), *columns) == [("2024-03-04", "2024-03-11", "1")]
    based = told | {"basedOn": [{"reference": "MedicationRequest/r"}]}
    assert len(statement_rows(based, Known())) == 1
    assert "restate" in statement_rows(based, Known(kinds={"MedicationRequest"}))


def test_a_statement_that_goes_on_holds_until_it_was_made() -> None:
    told = {"id": "s", "status": "active", "dateAsserted": "2024-03-31"} | NAMED
    told["effectivePeriod"] = {"start": "2024-03-04"}
    columns = ("start_date", "days_supply", "stop_date")
    assert rows(statement_rows(told, Known()), *columns) == [("2024-03-04", "28", None)]


RATIO = {"numerator": {"value": 30, "unit": "mg"}, "denominator": {"value": 1, "unit": "tablet"}}
HALF_GRAM = RATIO | {"numerator": {"value": 500, "unit": "mg"}}


def product(medication: Json) -> dict[str, str]:
    known = Known()
    remember_medication({"resourceType": "Medication", "id": "m"} | medication, known)
    order = request(medicationReference={"reference": "Medication/m"})
    del order["medicationCodeableConcept"]
    (row,) = request_rows(order, known)
    assert isinstance(row, dict)
    return row


def test_a_medication_is_found_by_reference_with_form_and_strength() -> None:
    ingredient = {"itemCodeableConcept": {"text": "codeine"}, "strength": RATIO}
    row = product({"code": {"text": "codeine"}, "form": {"text": "tablet"},
                   "ingredient": [ingredient]})  # fmt: skip
    names = ("drug", "form", "strength_value", "strength_unit", "strength_per_unit")
    assert [row[name] for name in names] == ["codeine", "tablet", "30", "mg", "tablet"]


@pytest.mark.parametrize(
    ("value", "unit", "hours", "expected"),
    [(25, "ug", (1, "h"), ("25", "ug/h")), (1.8, "mg", (72, "h"), ("0.025", "mg/h")),
     (21, "mg", (1, "d"), ("0.875", "mg/h"))],
)  # fmt: skip
def test_a_strength_over_a_time_is_a_rate(
    value: float, unit: str, hours: tuple[int, str], expected: tuple[str, str]
) -> None:
    ratio = {
        "numerator": {"value": str(value), "unit": unit},
        "denominator": {"value": hours[0], "code": hours[1]},
    }
    ingredient = {"itemCodeableConcept": {"text": "fentanyl"}, "strength": ratio}
    row = product({"code": {"text": "fentanyl patch"}, "ingredient": [ingredient]})
    assert (row["strength_value"], row["strength_unit"]) == expected
    assert "strength_per_unit" not in row


def test_strengths_of_a_combination_follow_the_order_of_the_product() -> None:
    parts = [
        {"itemCodeableConcept": {"text": "paracetamol"}, "strength": HALF_GRAM},
        {"itemCodeableConcept": {"text": "codeine"}, "strength": RATIO},
    ]
    assert product({"code": {"text": "co-codamol"}, "ingredient": parts})["strength_value"] == (
        "30/500"
    )
    # an ingredient that is not known could be either
    parts[1]["itemCodeableConcept"] = {"text": "something else"}
    row = product({"code": {"text": "co-codamol"}, "ingredient": parts})
    assert "strength_value" not in row


def test_codes_are_told_by_their_system() -> None:
    coding = [
        {"system": "http://hl7.org/fhir/sid/ndc", "code": "00000-0000"},
        {"system": "http://www.whocc.no/atc", "code": "M03BX01", "display": "baclofen"},
        {"system": "http://example.org/house", "code": "7"},
    ]
    made = request_rows(request(medicationCodeableConcept={"coding": coding}), Known())
    columns = ("drug", "drug_code", "drug_code_system")
    assert rows(made, *columns) == [("baclofen", "M03BX01", "atc")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient/p1", "p1"),
        ("Patient/p1/_history/3", "p1"),
        ("http://example.org/fhir/Patient/p1", "p1"),
        ("urn:uuid:d39173c2-7dc5", "d39173c2-7dc5"),
        ("Group/p1", None),
        ("Patient?identifier=a|b", None),
        ("#p1", None),
        ("p1", None),
    ],
)
def test_references(text: str, expected: str | None) -> None:
    assert reference_id({"reference": text}, "Patient") == expected


SUBJECT = {"subject": {"reference": "Patient/p"}}


def lab(code: Json, quantity: Json, **more: Any) -> Json:
    return SUBJECT | {"status": "final", "code": code, "valueQuantity": quantity,
                      "effectiveDateTime": "2024-03-04T10:00:00Z"} | more  # fmt: skip


def loinc(code: str, display: str = "") -> Json:
    return {"coding": [{"system": "http://loinc.org", "code": code, "display": display}]}


def test_tests_are_known_by_loinc_code_and_by_name_where_there_is_none() -> None:
    mg = {"value": 1, "unit": "mg/dL"}
    assert rows(observation_rows(lab(loinc("2160-0"), mg)), "analyte") == [("creatinine",)]
    assert rows(observation_rows(lab({"text": "Potassium"}, mg)), "analyte") == [("potassium",)]
    # a creatinine of the urine has the name, but another code
    assert isinstance(observation_rows(lab(loinc("2161-8", "Creatinine"), mg)), str)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ({"value": 60, "unit": "mL/min/{1.73_m2}"}, ("60", "mL/min/1.73m2", None)),
        ({"value": 60, "unit": "per min", "code": "mL/min/{1.73_m2}"},
         ("60", "mL/min/1.73m2", None)),
        ({"value": "90.123456789012345678", "unit": "mL/min", "comparator": ">"},
         ("90.123456789012346", "mL/min", ">")),
        ({"value": "6.0e1", "unit": "mL/min"}, ("60", "mL/min", None)),
    ],
)  # fmt: skip
def test_results_keep_value_unit_and_comparator(
    quantity: Json, expected: tuple[str | None, ...]
) -> None:
    made = observation_rows(lab(loinc("33914-3"), quantity))
    assert rows(made, "value", "unit", "comparator") == [expected]


def test_components_give_a_row_each() -> None:
    panel = lab({"text": "panel"}, {})
    panel["component"] = [
        {"code": loinc("2160-0"), "valueQuantity": {"value": 1, "unit": "mg/dL"}},
        {"code": loinc("2823-3"), "valueQuantity": {"value": 4, "unit": "mmol/L"}},
    ]
    assert rows(observation_rows(panel), "analyte") == [("creatinine",), ("potassium",)]


def test_what_is_no_result_no_diagnosis_and_no_stay_is_left_out() -> None:
    mg = {"value": 1, "unit": "mg/dL"}
    assert isinstance(observation_rows(lab(loinc("2160-0"), mg, status="cancelled")), str)
    refuted = {"verificationStatus": {"coding": [{"code": "refuted"}]}}
    assert isinstance(condition_rows(SUBJECT | refuted | {"code": {"text": "asthma"}}), str)
    assert isinstance(encounter_rows(SUBJECT | {"class": {"code": "AMB"}}), str)
    planned = {"class": {"code": "IMP"}, "status": "planned"}
    assert isinstance(encounter_rows(SUBJECT | planned), str)


def test_people_conditions_and_stays() -> None:
    person = {"id": "p", "birthDate": "1950-01", "gender": "other", "deceasedBoolean": True}
    assert patient_rows(person) == [{"patient_id": "p", "birth_date": "1950-01", "sex": "other"}]
    coding = [{"system": "http://snomed.info/sct", "code": "302497006", "display": "x"},
              {"system": "http://example.org/house", "code": "7"}]  # fmt: skip
    found = {"code": {"text": "Haemodialysis", "coding": coding}, "recordedDate": "2024-01-02"}
    assert rows(condition_rows(SUBJECT | found), "condition", "start_date") == [
        ("Haemodialysis", "2024-01-02"),
        ("302497006", "2024-01-02"),
    ]
    for stay in ({"class": {"code": "ACUTE"}}, {"class": [{"coding": [{"code": "IMP"}]}]}):
        made = encounter_rows(SUBJECT | stay | {"period": {"start": "2024-01-02"}})
        assert rows(made, "patient_id", "start_date", "end_date") == [("p", "2024-01-02", None)]


WORDS = st.sampled_from(
    ["reference", "text", "coding", "code", "system", "value", "unit", "low", "high", "start",
     "end", "dosageInstruction", "timing", "repeat", "period", "periodUnit", "frequency", "when",
     "dayOfWeek", "timeOfDay", "doseAndRate", "doseQuantity", "doseRange", "rateRatio", "numerator",
     "denominator", "rateQuantity", "maxDosePerPeriod", "asNeededBoolean", "sequence", "subject",
     "medicationCodeableConcept", "medicationReference", "contained", "ingredient", "strength",
     "status", "intent", "id", "class", "component", "valueQuantity", "boundsPeriod", "count",
     "boundsDuration", "dispenseRequest", "validityPeriod", "quantity", "expectedSupplyDuration",
     "authorizingPrescription", "effectivePeriod", "basedOn", "event", "route", "authoredOn"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 40), st.text(max_size=4),
    st.sampled_from(["1", "0.5", "d", "h", "wk", "mg", "tablet", "2024-03-04", "2024-02-31", "MORN",
                     "mon", "BID", "order", "active", "Patient/p", "#a", "a/b", "1e9"]),
)  # fmt: skip
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=6)),
    max_leaves=25,
)


@pytest.mark.parametrize("kind", ROWS_OF)
@given(resource=st.dictionaries(WORDS, JUNK, max_size=12))
def test_a_resource_of_any_shape_gives_rows_of_text_or_a_reason(kind: str, resource: Json) -> None:
    known = Known()
    remember_dispense(resource, known)
    remember_medication(resource, known)
    made = ROWS_OF[kind](resource, known)
    assert isinstance(made, str) or (
        made and all(isinstance(cell, str) and cell for row in made for cell in row.values())
    )
