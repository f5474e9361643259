"""A sound little export whose cells all carry a mark, and what a bad input is."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.cli.invented_clinic import MAX_DOSE

MARK = "zqx"  # in every cell that is text: it may be seen in no message, log or free text
HEADER = (
    "prescription_id,patient_id,drug,route,form,strength_value,strength_unit,dose_min,dose_unit,"
    "frequency_count,frequency_period_days,start_date,days_supply,prescriber_id,site_id,sig"
)
NAMES = HEADER.split(",")
FLAGGED = "Baclofen 20 mg tablets"


def row(number: int = 1, **cells: str) -> str:
    """A record of the export; a cell is put in as it is, unquoted."""
    given = {
        "prescription_id": f"{MARK}RX{number}",
        "patient_id": f"{MARK}P{number}",
        "drug": FLAGGED if number == 1 else f"{MARK}drug{number}",
        "route": "oral",
        "form": "tablet",
        "strength_value": "20",
        "strength_unit": "mg",
        "dose_min": "1",
        "dose_unit": "tablet",
        "frequency_count": "5",
        "frequency_period_days": "1",
        "start_date": "2026-01-05",
        "days_supply": "28",
        "prescriber_id": f"{MARK}PR{number}",
        "site_id": f"{MARK}site",
        "sig": f"{MARK}sig",
    } | cells
    return ",".join(given[name] for name in NAMES)


def table(*rows: str, header: str = HEADER, end: str = "\n") -> str:
    """Header and records."""
    return end.join([header, *rows]) + end


GOOD = table(*(row(n) for n in range(1, 6)))
PATIENTS = "patient_id,birth_date,sex\n" + "".join(
    f"{MARK}P{n},1970-05-01,F\n" for n in range(1, 6)
)
RULE = "baclofen/baclofen-max-dose.yaml"
DONE = (0, 3)  # all was screened, or the run says that it is not complete
REFUSED = (4,)
WRONG = (2,)


@dataclass(frozen=True)
class Bad:
    """One bad input. `name` begins with the class of docs/safety/inputs.csv, as in 'A3-utf-16'."""

    name: str
    codes: tuple[int, ...]
    files: dict[str, bytes]
    rules: dict[str, bytes] = field(default_factory=lambda: {RULE: MAX_DOSE.encode()})
    more: tuple[str, ...] = ()
    says: str = ""  # words of the message or of a notice


def csv(name: str, codes: tuple[int, ...], text: str | bytes, *more: str, says: str = "") -> Bad:
    """A bad prescriptions.csv beside sound patients."""
    content = text.encode() if isinstance(text, str) else text
    files = {"prescriptions.csv": content, "patients.csv": PATIENTS.encode()}
    return Bad(name, codes, files, more=more, says=says)


def cells(name: str, codes: tuple[int, ...] = DONE, **given: str) -> Bad:
    """Nine sound records and one with such cells: a tenth may be set aside without more ado."""
    return csv(name, codes, table(*(row(n) for n in range(1, 10)), row(10, **given)))


def one_bad(name: str, line: str, codes: tuple[int, ...] = DONE) -> Bad:
    """Ten sound records with a bad line in the middle."""
    rows = [row(n) for n in range(1, 11)]
    return csv(name, codes, table(*rows[:5], line, *rows[5:]))
