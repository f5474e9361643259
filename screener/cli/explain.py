"""`screener explain`: how a finding came about, from the run folder alone."""

from __future__ import annotations

import datetime as dt
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from screener.cli import completion, settings
from screener.cli.run import Out
from screener.cli.say import plural, say, table
from screener.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

UG_IN_MG = 1000


@settings.shared
def explain(
    finding: Annotated[
        str | None, typer.Argument(metavar="FINDING_ID", help="The id, or how it begins.")
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option("--patient", metavar="ID", help="All of one patient; - asks for the id."),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            "--rule", autocompletion=completion.rule_ids, metavar="RULE", help="Only this rule."
        ),
    ] = None,
    run: Annotated[
        str,
        typer.Option(
            "--run",
            autocompletion=completion.runs,
            metavar="RUN",
            help="A run: folder, name, run id or latest.",
        ),
    ] = "latest",
    out: Out = Path("reports"),
) -> int:
    """screener explain 1f0c9a2b4d6e8f10

    How a finding came about: rule and limit, orders and sums, kidney results, day by day.

    With --patient: every finding, open question and order of one patient. While a command runs,
    others on this machine may see its arguments: with - the id is read from stdin instead.
    """
    if (finding is None) == (patient is None):
        raise UsageError(
            "Name one finding or one patient.", fix="screener explain FINDING_ID | --patient ID"
        )
    from screener.outputs import evidence, run_folder

    folder = run_folder.find_run(out, run)
    content = run_folder.read_run(folder)
    cards = {card["id"]: card for card in content["rules"]}
    if finding is not None:
        found = evidence.finding_called(folder, finding)
        behind = evidence.around(found, evidence.of_patient(folder, found["patient_id"]))
        say(*_finding(found, content), *_rule(cards.get(found["rule_id"], {})))
        say(*_orders(behind.orders, found), *_kidney(behind.kidney), *_days(behind.timeline, found))
        return 0
    if rule is not None and rule not in cards:
        raise UsageError(f"This run knows no rule {rule}.", where=folder.name)
    if patient == "-":
        patient = _asked_for()
    all_of = evidence.of_patient(folder, str(patient))
    say(f"Patient {patient} in run {content['run_id']}, data up to {content['as_of']}")
    say(*_outcomes(all_of, cards, rule))
    say(*_flags(all_of.data_flags), *_orders(all_of.orders), *_kidney(all_of.kidney))
    say(*_days(all_of.timeline))
    return 0


def _asked_for() -> str:
    """The id that stdin gives; a person at a terminal is asked, and it is not shown."""
    if sys.stdin.isatty():
        return getpass("Patient id: ").strip()
    said = sys.stdin.readline().strip()
    if not said:
        raise UsageError("stdin gave no id.", where="--patient -", fix="Send one id in one line.")
    return said


def _finding(found: dict[str, Any], run: dict[str, Any]) -> list[str]:
    last = found["end_date"] or found["date"]
    days = (last - found["date"]).days + 1
    lines = [
        f"Finding {found['finding_id']} in run {run['run_id']}, data up to {run['as_of']}",
        f"  {found['severity']}, {found['certainty']}: {found['message']}",
        f"  patient {found['patient_id']}, {found['subject']}, {_span(found['date'], last)} "
        f"({plural(days, 'day')}{', active' if found['active'] else ''})",
    ]
    if found["value"] is not None:
        limit = "" if found["limit"] is None else f", limit {_number(found['limit'])}"
        lines.append(f"  value {_number(found['value'])}{limit} {found['unit'] or ''}".rstrip())
    lines += _waived(found, run)
    if found["derivation"]:
        lines += ["", "How the numbers came about", f"  {found['derivation']}"]
    sources = [*(found["source_refs"] or []), *(found["lab_refs"] or [])]
    return [*lines, f"  rows used: {', '.join(sources)}"] if sources else lines


def _waived(found: dict[str, Any], run: dict[str, Any]) -> list[str]:
    """By which waivers; run.json does not say whom each names, so all of the rule's are given."""
    site = run.get("site_rules")
    if found["state"] != "waived" or site is None:
        return []
    fitting = [w for w in site["waivers"] if found["rule_id"] in w["rules"] and w["findings"]]
    return [
        f"  waived by {site['file']}:{w['line']}: {w['reason']} (by {w['by']}, until {w['until']})"
        for w in fitting
    ]


def _rule(card: dict[str, Any]) -> list[str]:
    if not card:
        return []
    said = [("Why", card["why"]), ("Action", card["action"])]
    parts = ("source", "where", "read_on")
    sources = [", ".join(str(e[p]) for p in parts if e.get(p)) for e in card["evidence"]]
    return [
        "",
        f"Rule {card['id']}, version {card['version']} ({card['fingerprint']})",
        f"  {card['sentence']}",
        *(f"  {name}: {text}" for name, text in said if text),
        *(f"  Source: {text}" for text in sources),
    ]


def _orders(orders: pl.DataFrame, found: dict[str, Any] | None = None) -> list[str]:
    if orders.is_empty():
        return []
    used = set((found or {}).get("prescription_ids") or [])
    head = ("", "order", "row", "class", "drug", "recorded", "counted", "mg/day", "how")
    rows = [
        (
            "*" if o["prescription_id"] in used else "",
            o["prescription_id"],
            o["source_ref"],
            o["row_class"] if not o["reason"] else f"{o['row_class']}: {o['reason']}",
            o["drug"],
            _span(o["start_date"], o["end_date"]),
            _span(o["counted_from"], o["counted_to"]),
            _dose(o["dose_low_ug"], o["dose_high_ug"]),
            o["derivation"],
        )
        for o in orders.sort("start_date", "prescription_id", nulls_last=True).iter_rows(named=True)
    ]
    mark = ["  * named by the finding"] if used else []
    return ["", "Orders", *_indented(table(head, rows)), *mark]


def _kidney(kidney: pl.DataFrame) -> list[str]:
    if kidney.is_empty():
        return []
    rows = [
        (
            _span(k["from_date"], k["to_date"]),
            "dialysis" if k["on_dialysis"] else _egfr(k["egfr"]),
            k["how"],
            k["lab_ref"],
        )
        for k in kidney.sort("from_date", nulls_last=True).iter_rows(named=True)
    ]
    return ["", "Kidney function", *_indented(table(("days", "eGFR", "how", "row"), rows))]


def _days(timeline: pl.DataFrame, found: dict[str, Any] | None = None) -> list[str]:
    if timeline.is_empty():
        return []
    rows = []
    for t in timeline.sort("ingredient", "track", "from_date").iter_rows(named=True):
        inside = found is not None and (
            t["from_date"] <= (found["end_date"] or found["date"]) and t["to_date"] >= found["date"]
        )
        dose = _dose(t["low_ug"], t["high_ug"])
        rows.append(
            (
                "*" if inside else "",
                _span(t["from_date"], t["to_date"]),
                t["ingredient"],
                t["track"],
                dose if t["dose_known"] else f"{dose} (an order without a readable dose)",
                t["orders"],
            )
        )
    head = ("", "days", "ingredient", "track", "mg/day", "orders")
    mark = ["  * days of the finding"] if found else []
    return ["", "Day by day", *_indented(table(head, rows)), *mark]


def _outcomes(all_of: Any, cards: dict[str, Any], rule: str | None) -> list[str]:
    rows = []
    for name, card in cards.items():
        if not card["asked"] or (rule is not None and name != rule):
            continue
        said = False
        for frame in (all_of.findings, all_of.pilot_findings):
            for f in frame.iter_rows(named=True):
                if f["rule_id"] == name:
                    days = _span(f["date"], f["end_date"])
                    rows.append(
                        (name, "flagged", days, f["severity"], f["finding_id"], f["message"])
                    )
                    said = True
        for n in all_of.not_assessed.iter_rows(named=True):
            if n["rule_id"] == name:
                since = f"from {n['from_date']}" if n["from_date"] else ""
                rows.append((name, "not assessed", since, "", "", n["reason"]))
                said = True
        if not said:
            rows.append((name, "no finding", "", "", "", "clear, or never took the drug"))
    return ["", *table(("rule", "outcome", "days", "severity", "finding", ""), rows)]


def _flags(flags: pl.DataFrame) -> list[str]:
    if flags.is_empty():
        return []
    rows = [(f["flag"], f["date"], f["ref"], f["detail"]) for f in flags.iter_rows(named=True)]
    return ["", "Data flags", *_indented(table(("flag", "date", "row", "detail"), rows))]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _span(first: dt.date | None, last: dt.date | None) -> str:
    if first is None:
        return "no day"
    return f"{first}" if last == first else f"{first} to {last or 'open'}"


def _dose(low: int | None, high: int | None) -> str:
    if low is None and high is None:
        return "unknown"
    low_mg = "?" if low is None else _number(low / UG_IN_MG)
    high_mg = "?" if high is None else _number(high / UG_IN_MG)
    return low_mg if low == high else f"{low_mg}–{high_mg}"


def _egfr(value: float | None) -> str:
    return "no estimate" if value is None else f"{value:.1f}"


def _number(value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{value:,.6f}".rstrip("0").rstrip(".")
