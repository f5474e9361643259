"""Bad inputs of the classes C, D and E: numbers, units, dates, ids, text that attacks."""

from __future__ import annotations

from collections.abc import Iterator

from tests.badinput.export import DONE, GOOD, MARK, Bad, cells, csv, row, table

HOSTILE = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}",
    "{{''.__class__.__mro__[1].__subclasses__()|length}}",
    "{% for x in y %}",
    "{0.__globals__}",
    "%s%n",
    '=HYPERLINK("http://host/";"x")',
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "＝1+1",
    "\u202edrug",
    "a\u2028b",
    "a\x07b",
    "\x1b[31mred",
)


def values() -> Iterator[Bad]:
    """C1 to C15 and D1 to D14, as far as they are cells."""
    ids = [row(n, patient_id=text) for n, text in enumerate(("00123", "0123", "123"), 1)]
    yield csv("C1-leading-zeros", DONE, table(*ids))
    yield csv("C2-exponents", DONE, table(row(1, patient_id="1E5"), row(2, patient_id="100000")))
    long = ("9007199254740993", "9007199254740992")
    yield csv("C3-beyond-2-53", DONE, table(*(row(n, patient_id=i) for n, i in enumerate(long, 1))))
    yield csv("C4-twenty-digits", DONE, table(row(1, patient_id="12345678901234567890")))
    yield csv("C5-spreadsheet-fraction", DONE, table(row(1, patient_id="4857773456.0")))
    for cell in ("NaN", "inf", "-inf", "1e309"):
        yield cells(f"C6-{cell}", dose_min=cell)
    for cell in ("-1", "-0", "0"):
        yield cells(f"C7-{cell}", dose_min=cell)
    for number, cell in enumerate(('"5,0"', "1.000", '"5,000"', "1 000"), 1):
        yield cells(f"C8-{number}", dose_min=cell)
    for number, cell in enumerate(("5-10", "½", "５００", "1_000", "0x10", "<5"), 1):
        yield cells(f"C9-{number}", dose_min=cell)
    yield cells("C10-very-small", dose_min="0.0000001")
    yield cells("C11-a-thousandfold", strength_value="20000")
    for number, cell in enumerate(("MG", "µg", "μg", "ug", "u", "IU", "mg/kg", MARK), 1):
        yield cells(f"C12-{number}", strength_unit=cell)
    yield cells("C13-unit-inside", dose_min="500mg")
    for number, cell in enumerate(("NULL", "N/A", "-", "\\N", "nan"), 1):
        yield cells(f"C14-{number}", dose_min=cell)
        yield cells(f"C14-date-{number}", start_date=cell)
    yield csv("C15-quoted-blank", DONE, table(row(1, sig='""'), row(2, sig="")))
    dates = {
        "D1-slashes": "01/02/2024", "D2-two-digits": "2/1/24", "D3-two-digit-year": "02.01.24",
        "D4-without-zeros": "2024-1-2", "D4-leading-space": " 2024-01-02",
        "D5-no-leap-year": "2023-02-29", "D5-all-zeros": "0000-00-00", "D5-february": "31/02/2024",
        "D6-end-of-time": "9999-12-31", "D6-begin-of-time": "0001-01-01", "D7-serial": "44927",
        "D8-zone": "2024-01-02T23:30:00+02:00", "D8-zulu": "2024-01-02T00:00:00Z",
        "D8-hour-25": "2024-01-02T25:00:00", "D8-gap": "2026-03-29T02:30:00",
        "D10-leap-day": "2024-02-29",
    }  # fmt: skip
    for name, cell in dates.items():
        yield cells(name, start_date=cell)
    yield cells("D11-overflow", days_supply="9223372036854775808")
    yield cells("D11-sum", days_supply="2147483647")
    yield cells("D13-no-key", patient_id="")
    birth = {"D9-born-later": "2030-01-01", "D9-aged-130": "1890-01-01", "D10-29-feb": "2000-02-29"}
    for name, day in birth.items():
        people = f"patient_id,birth_date,sex\n{MARK}P1,{day},F\n"
        yield Bad(name, DONE, {"prescriptions.csv": GOOD.encode(), "patients.csv": people.encode()})
    people = f"patient_id,birth_date,sex\n{MARK}P1,1970-01-01,F\n{MARK}P1,1970-01-01,F\n"
    yield Bad("D14-patient-twice", DONE,
              {"prescriptions.csv": GOOD.encode(), "patients.csv": people.encode()})  # fmt: skip


def identity_and_attack() -> Iterator[Bad]:
    """E1 to E11."""
    yield csv("E1-copies", DONE, table(row(1), row(1), row(2)))
    yield csv("E2-conflict", DONE, table(row(1), row(1, dose_min="2")))
    people = f"patient_id,birth_date,sex\n{MARK}P1,1970-01-01,F\n{MARK}P1,1980-01-01,M\n"
    yield Bad("E3-two-births", DONE,
              {"prescriptions.csv": GOOD.encode(), "patients.csv": people.encode()})  # fmt: skip
    for number, end in enumerate((" ", "\u00a0", "\u200b"), 1):
        yield cells(f"E4-{number}", patient_id=f"{MARK}P1{end}")
    yield cells("E4-capitals", patient_id=f"{MARK}P1".upper())
    for number, drug in enumerate(("mеtformin", "met\u200bformin", "\u202emetformin", "Å"), 1):
        yield cells(f"E5-{number}", drug=drug)
    yield cells("E6-unknown-code", drug=f"{MARK}99999-999")
    groups = {"E7": HOSTILE[:6], "E8": HOSTILE[6:11], "E9": HOSTILE[11:16], "E11": HOSTILE[16:]}
    groups["E10"] = (HOSTILE[3],)
    for name, texts in groups.items():
        for number, text in enumerate(texts, 1):
            quoted = '"' + text.replace('"', '""') + '"'
            yield cells(f"{name}-drug-{number}", drug=quoted)
            whole = {"prescription_id": quoted, "patient_id": quoted, "prescriber_id": quoted}
            yield csv(f"{name}-everywhere-{number}", DONE,
                      table(*(row(n) for n in range(2, 12)),
                            row(1, **whole, sig=quoted, site_id=quoted)))  # fmt: skip
