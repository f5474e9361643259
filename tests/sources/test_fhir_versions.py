"""Records that stand in a FHIR export several times: copies, newer versions, reversed supplies."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from screener.checks.bucket import screen_bucket
from screener.findings import Results
from screener.intake.take import Intake
from screener.sources.fhir_known import Known, remember_medication, remember_request
from tests.sources.test_fhir_files import ONCE, PERSON, lines, order, taken

Json = dict[str, Any]
LAST = dt.date(2024, 12, 31)


def tablets(number: int, **more: Any) -> Json:
    """An instruction of so many tablets of 10 mg, once a day."""
    return ONCE | {"doseAndRate": [{"doseQuantity": {"value": number * 10, "unit": "mg"}}]} | more


def asked(*dosages: Json, hour: int = 0, **more: Any) -> Json:
    """One and the same request for ten days, as it was at an hour of a day (0: without meta)."""
    meta = {"meta": {"lastUpdated": f"2024-03-04T{hour:02d}:00:00Z"}} if hour else {}
    supply = {"expectedSupplyDuration": {"value": 10, "code": "d"}}
    route = [one | {"route": {"text": "oral"}} for one in dosages]
    return order(1, dosageInstruction=route, dispenseRequest=supply, **meta, **more)


def given(hour: int = 0, **more: Any) -> Json:
    """One and the same dispense of that request."""
    made: Json = {"resourceType": "MedicationDispense", "id": "d1", "status": "completed"}
    made |= {"authorizingPrescription": [{"reference": "MedicationRequest/r1"}]}
    made |= {"subject": {"reference": "Patient/p"}, "whenHandedOver": "2024-03-05"}
    made |= {"medicationCodeableConcept": {"text": "baclofen"}}
    made |= {"meta": {"lastUpdated": f"2024-03-05T{hour:02d}:00:00Z"}} if hour else {}
    return {name: cell for name, cell in (made | more).items() if cell is not None}


def screened(intake: Intake) -> Results:
    return screen_bucket(intake.bucket(0), (), LAST)


def classes(results: Results) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, row_class, count in results.row_classes.rows():
        found[row_class] = found.get(row_class, 0) + count
    return found


def most_a_day(results: Results) -> float:
    """The highest dose of any day, in mg."""
    return float(results.timeline["high_ug"].max() or 0) / 1000  # type: ignore[arg-type]


@pytest.mark.parametrize("dosages", [(tablets(1),), (tablets(1), tablets(2))], ids=["one", "two"])
@pytest.mark.parametrize("same_file", [True, False], ids=["one file", "two nights"])
def test_a_request_that_is_there_twice_counts_once(
    dosages: tuple[Json, ...], same_file: bool, tmp_path: Path
) -> None:
    one = asked(*dosages)
    again = dict(reversed(one.items()))  # the order of keys says nothing
    files = {"a__ndjson": lines(one, again)} if same_file else {}
    files = files or {"a__ndjson": lines(one), "b__ndjson": lines(again, PERSON)}
    results = screened(taken(tmp_path, **files))
    assert classes(results) == {"used": len(dosages), "duplicate": len(dosages)}
    assert most_a_day(results) == {1: 10, 2: 30}[len(dosages)]
    assert results.data_flags.filter(flag="duplicate-row").height >= 1


@pytest.mark.parametrize("newer_first", [True, False])
def test_a_newer_version_with_the_same_content_supersedes(
    newer_first: bool, tmp_path: Path
) -> None:
    records = [asked(tablets(2), hour=9), asked(tablets(2), hour=11)]
    results = screened(taken(tmp_path, a__ndjson=lines(*records[:: -1 if newer_first else 1])))
    assert classes(results) == {"used": 1, "superseded": 1}
    assert most_a_day(results) == 20


def test_whole_number_versions_count_where_no_time_is_there(tmp_path: Path) -> None:
    records = [asked(tablets(n)) | {"meta": {"versionId": str(n)}} for n in (9, 10, 8)]
    results = screened(taken(tmp_path, a__ndjson=lines(*records)))
    assert classes(results) == {"used": 1, "superseded": 2}
    assert most_a_day(results) == 100


def test_a_newer_version_that_cancels_leaves_nothing(tmp_path: Path) -> None:
    records = [asked(tablets(2), hour=11, status="cancelled"), asked(tablets(2), hour=9)]
    results = screened(taken(tmp_path, a__ndjson=lines(*records)))
    assert classes(results) == {"excluded": 1, "superseded": 1}
    assert results.timeline.is_empty()


def test_an_instruction_repeated_to_the_letter_counts_once_and_is_said(tmp_path: Path) -> None:
    intake = taken(tmp_path, a__ndjson=lines(asked(tablets(1, id="x"), tablets(1, id="y"))))
    assert most_a_day(screened(intake)) == 10
    assert any("repeat an instruction" in text for text in intake.notices)


def test_equal_doses_with_different_words_are_two_doses(tmp_path: Path) -> None:
    both = (tablets(1, text="in the morning"), tablets(1, text="at night"))
    intake = taken(tmp_path, a__ndjson=lines(asked(*both)))
    assert most_a_day(screened(intake)) == 20
    assert not any("repeat an instruction" in text for text in intake.notices)


def test_a_dispense_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    request = asked(tablets(2))
    export = {"a__ndjson": lines(request), "b__ndjson": lines(given(), given())}
    results = screened(taken(tmp_path, **export))
    assert classes(results) == {"used": 1, "duplicate": 1}
    assert most_a_day(results) == 20


@pytest.mark.parametrize("day", ["2024-03-05", None], ids=["with a day", "without a day"])
@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize("bundled", [True, False], ids=["one file", "a file a type"])
def test_a_supply_that_was_taken_back_does_not_count(
    day: str | None, backwards: bool, bundled: bool, tmp_path: Path
) -> None:
    records = [given(9), given(11, status="cancelled", whenHandedOver=day)]
    both = lines(*records[:: -1 if backwards else 1])
    request = lines(asked(tablets(2)))
    files = {"a__ndjson": both + request} if bundled else {"a__ndjson": request, "b__ndjson": both}
    results = screened(taken(tmp_path, **files))
    assert results.timeline.is_empty()
    assert "used" not in classes(results)


@pytest.mark.parametrize("day", ["2024-03-05", None], ids=["with a day", "without a day"])
def test_a_request_whose_supply_was_an_error_counts_as_prescribed(
    day: str | None, tmp_path: Path
) -> None:
    void = given(11, status="entered-in-error", whenHandedOver=day)
    export = {"a__ndjson": lines(asked(tablets(2))), "b__ndjson": lines(given(9), void)}
    results = screened(taken(tmp_path, **export))
    assert classes(results)["used"] == 1
    assert results.timeline["from_date"].min() == dt.date(2024, 3, 4)


def test_the_newest_record_of_a_request_gives_its_dispenses_their_dose(tmp_path: Path) -> None:
    for name, hours in (("rising", (9, 11)), ("falling", (11, 9))):
        (tmp_path / name).mkdir()
        requests = lines(*(asked(tablets(hour), hour=hour) for hour in hours))
        results = screened(taken(tmp_path / name, a__ndjson=requests, b__ndjson=lines(given())))
        assert most_a_day(results) == 110, name


def test_the_newest_record_of_a_medication_says_what_it_is() -> None:
    def medication(hour: int, name: str) -> Json:
        meta = {"lastUpdated": f"2024-03-04T{hour:02d}:00:00Z"}
        return {"id": "m", "meta": meta, "code": {"text": name}}

    known = Known()
    for hour, name in ((9, "old"), (11, "new"), (10, "between")):
        remember_medication(medication(hour, name), known)
    assert dict(known.products["m"])["drug"] == "new"


def test_an_older_record_of_a_request_does_not_take_the_place_of_a_newer() -> None:
    known = Known()
    for hour in (11, 9):
        remember_request(asked(tablets(hour), hour=hour), known)
    (row,) = known.ordered["r1"].plan.rows
    assert row.per_day == Fraction(110)
