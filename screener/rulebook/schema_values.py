"""The values of rule files in JSON Schema: their patterns, and what an editor says about them."""

from __future__ import annotations

from typing import Any

from screener.rule.drugs import ROUTES
from screener.rule.model import SEVERITIES

Schema = dict[str, Any]
_NUMBER = r"\d+(\.\d*[1-9])?"
_UNITS = "mg|mcg|ug|µg|μg|g"
_LIMITS = ("more_than", "at_least", "below", "at_most")


def ref(name: str) -> Schema:
    """A reference to one of the schema's definitions."""
    return {"$ref": f"#/definitions/{name}"}


def about(schema: Schema, text: str, *examples: Any) -> Schema:
    """The schema with a text for completion and hover; editors show and offer the examples."""
    words = {"description": text, "markdownDescription": text}
    return schema | words | ({"examples": list(examples)} if examples else {})


def written_as(pattern: str, text: str, *examples: str) -> Schema:
    """A text that must look like the pattern."""
    wrong = f"{text} For example: {', '.join(examples)}"
    schema = {"type": "string", "pattern": f"^{pattern}$", "patternErrorMessage": wrong}
    return about(schema, text, *examples)


def mapping(properties: dict[str, Schema], required: tuple[str, ...] = (), **more: Any) -> Schema:
    """A mapping without any other key."""
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": list(required)} if required else {}) | more


def one_or_more(schema: Schema) -> Schema:
    """The value, or a list of such values."""
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def names(known: tuple[str, ...]) -> Schema:
    """One of the names that editors offer; other spellings are left to `rules check`."""
    return {"anyOf": [{"enum": list(known)}, {"type": "string"}]}


def limits(value: Schema, *others: str) -> Schema:
    """Bounds of a number, at least one of them."""
    words = {
        "more_than": "above this; the number itself does not count",
        "at_least": "from this on; the number itself counts",
        "below": "below this; the number itself does not count",
        "at_most": "up to this; the number itself counts",
    }
    bounds = {key: about(value, words[key]) for key in _LIMITS}
    return mapping(
        bounds | {key: ref(key) for key in others},
        anyOf=[{"required": [key]} for key in _LIMITS],
    )


def value_definitions(conditions: tuple[str, ...], tests: tuple[str, ...]) -> dict[str, Schema]:
    """The definitions that checks and conditions refer to, by name."""
    one_drug: Schema = {
        "anyOf": [
            {"type": "string", "minLength": 1},
            mapping({"class": {"type": "string"}}, ("class",)),
            mapping({"list": {"type": "string"}}, ("list",)),
        ]
    }
    routes = ", ".join(f"`{route}`" for route in ROUTES)
    what = (
        "An ingredient, the name of a list or of a class, with route words; several in brackets. "
        f"Routes: {routes}."
    )
    share = written_as(rf"{_NUMBER}\s*%", "A share of an earlier dose.", "50 %")
    amount = written_as(
        rf"{_NUMBER}\s*({_UNITS})(/day| per day| a day|/ day)",
        "An amount a day with its unit; no zero after a point, a zero before it.",
        "80 mg/day", "1000 mcg/day",
    )  # fmt: skip
    window = written_as(r"\d+\s*([Dd]ays?|[Ww]eeks?)", "Whole days.", "14 days", "2 weeks")
    plain_number: Schema = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}
    return {
        "drugs": about(one_or_more(one_drug), what, "baclofen by mouth", "list cns-depressants"),
        "daily_amount": amount,
        "days": window,
        "share": share,
        "years": written_as(r"\d+ years?", "Completed years.", "65 years"),
        "severity": about({"enum": list(reversed(SEVERITIES))}, "How much it matters."),
        "number": about({"type": "number", "exclusiveMinimum": 0}, "A number, without unit."),
        "count": about({"type": "integer", "minimum": 1}, "A whole number, without unit.", 3),
        "yes": about({"enum": ["yes", "no"]}, "yes or no"),
        "kg": written_as(rf"{_NUMBER}\s*kg", "Body weight.", "60 kg"),
        "kidney_result": about(plain_number, "mL/min/1.73 m² (eGFR) or mL/min (clearance).", 30),
        "lab_value": written_as(rf"{_NUMBER}\s*\S.*", "A result with its unit.", "3.5 mmol/L"),
        "condition": about(names(conditions), "A condition list.", *conditions[:1]),
        "test": about(names(tests), "A laboratory test.", *tests[:1]),
        "result_good_for": about(window, "How long a result counts; 365 days if not said."),
        "estimate": about(
            {"enum": ["egfr_ckd_epi_2021", "creatinine_clearance"]}, "Which kidney estimate."
        ),
        "conversion": about({"type": "string"}, "A conversion list.", "oral-morphine"),
        "checked_by": mapping({"test": ref("test"), "within": ref("days")}, ("test", "within")),
        "lowered": mapping(
            {"for_at_least": ref("days"), "to_at_most": _taper(amount, share)}, minProperties=1
        ),
        "bands": {"type": "array", "items": _band(), "minItems": 1},
        "date": written_as(r"\d{4}-\d{2}-\d{2}", "A date.", "2027-11-22"),
    }


def _taper(amount: Schema, share: Schema) -> Schema:
    part: Schema = {"anyOf": [amount, share]}
    return about(
        {"anyOf": [amount, share, {"type": "array", "items": part, "minItems": 1, "maxItems": 2}]},
        "An amount a day, a share of the stable dose, or both in brackets.",
    )


def _band() -> Schema:
    sides = ("from", "above", "below", "at_most")
    words = {
        "from": "from this kidney function on",
        "above": "above this kidney function",
        "below": "below this kidney function",
        "at_most": "up to this kidney function",
    }
    ages = mapping({"at_least": ref("years"), "below": ref("years")}, minProperties=1)
    doses = {key: ref("daily_amount") for key in ("at_least", "more_than", "less_than")}
    band = {key: about(ref("kidney_result"), words[key]) for key in sides}
    return mapping(
        band
        | {
            "or_on_dialysis": about(ref("yes"), "recorded dialysis counts as this band"),
            "age": ages,
            "dose": mapping(doses, minProperties=1),
            "severity": ref("severity"),
        },
        ("severity",),
        anyOf=[{"required": [side]} for side in sides],
        defaultSnippets=[
            {
                "label": "a band",
                "body": {"from": 30, "below": 60, "dose": {"at_least": "$1"}, "severity": "$2"},
            }
        ],
    )
