"""The conditions and the stories of rule files in JSON Schema."""

from __future__ import annotations

from screener.rule.facts import KEYS
from screener.rule.measure import VALUES
from screener.rule.model import SEVERITIES
from screener.rulebook.schema_values import (
    Schema,
    about,
    limits,
    mapping,
    one_or_more,
    ref,
    written_as,
)


def condition_schemas() -> dict[str, Schema]:
    """Every condition of docs/rules.md."""
    drugs, days = ref("drugs"), ref("days")
    some_of = mapping(
        {"at_least": ref("count"), "fewer_than": ref("count"), "of": one_or_more(ref("line"))},
        ("of",),
        oneOf=[{"required": ["at_least"]}, {"required": ["fewer_than"]}],
    )
    lab = limits(ref("lab_value"), "test", "result_good_for") | {"required": ["test"]}
    started = {"of": drugs, "days": days, "new_after": days, "or_restart_after": days}
    taper = {"of": drugs, "and": drugs, "within": days}
    return {
        "age": about(
            mapping({"at_least": ref("years"), "below": ref("years")}, minProperties=1),
            "Completed years on the day.", {"at_least": "65 years"},
        ),
        "sex": about({"enum": ["F", "M"]}, "F or M."),
        "weight": about(limits(ref("kg")), "Body weight in kg.", {"at_most": "60 kg"}),
        "condition": about(
            ref("condition"), "A recorded condition; not assessed when nobody supplied conditions."
        ),
        "recorded": about(
            ref("condition"), "As condition; where nobody supplied conditions, none is recorded."
        ),
        "kidney_function": about(
            limits(ref("kidney_result"), "result_good_for", "estimate"),
            "The latest kidney result on or before the day.", {"below": 60},
        ),
        "no_kidney_test_within": about(days, "No kidney result that is at most so old."),
        "lab": about(
            lab, "The latest result of a test.", {"test": "potassium", "below": "3.5 mmol/L"}
        ),
        "tested": about(
            mapping({"test": ref("test"), "within": days}, ("test", "within")),
            "A result of the test so many days before or after the day.",
        ),
        "taking": about(drugs, "Any of these drugs stands on the day, as needed or not."),
        "started_within": about(
            mapping(started, ("of", "days")), "A drug was started at most so many days before."
        ),
        "stopped_within": about(
            mapping({"of": drugs, "days": days}, ("of", "days")),
            "A drug that does not stand on the day stood so many days before.",
        ),
        "dose_lowered": about(
            mapping({"of": drugs, "to_at_most": ref("share")}, ("of", "to_at_most")),
            "The dose is at most this share of the highest dose before.",
        ),
        "cross_taper": about(
            mapping(taper, ("of", "within")), "One drug is lowered while another is raised."
        ),
        "any_of": about(ref("lines"), "One of these is enough."),
        "all_of": about(ref("lines"), "All of these must hold."),
        "some_of": about(some_of, "At least, or fewer than, so many of these hold."),
    }  # fmt: skip


def schemas_beside() -> dict[str, Schema]:
    """What may stand beside an alternative, for it alone."""
    return {
        "for_at_least": about(ref("days"), "Only runs of at least this many days."),
        "only_if": about(ref("guards"), "All of these must hold, for this line alone."),
        "unless": about(ref("guards"), "Any of these takes the day out, for this line alone."),
    }


def measure_schema() -> dict[str, Schema]:
    """The inner form: a value, a limit, conditions."""
    value: Schema = {"type": ["string", "number"]}
    made = mapping(
        {
            "value": {"enum": list(VALUES)},
            "of": ref("drugs"),
            **{key: about(value, "With the unit of the value.") for key in
               ("more_than", "at_least", "less_than")},
            "test": ref("test"),
            "while": ref("guards"),
            "for_at_least": ref("days"),
        },
        ("value", "of"),
    )  # fmt: skip
    return {"measure": about(made, "For those who think in measures: a value and a limit.")}


def story_schema() -> Schema:
    """One example: the patient, what is taken, what must come out."""
    words: Schema = {"type": ["string", "number"]}
    takes: Schema = {"type": "object", "additionalProperties": one_or_more({"type": "string"})}
    line: Schema = {"anyOf": [{"type": "string"}, takes]}
    outcome = written_as(
        "(clear|out of scope|not assessed( because [a-z-]+)?|"
        rf"flag ({'|'.join(SEVERITIES)})( possible| definite)?( with .+?)?( from day -?\d+)?)",
        "What must come out.", "clear", "flag high from day 0", "not assessed because dose-unknown",
    )  # fmt: skip
    facts = {key: about(one_or_more(words), f"The patient: {key}.") for key in KEYS}
    return mapping(
        {
            "story": about({"type": "string"}, "What the story is about, in a few words."),
            **facts,
            "takes": about(
                one_or_more(line), "What the patient takes.",
                {"baclofen": "20 mg 4 times a day for 28 days"},
            ),
            "expect": one_or_more(outcome),
        },
        ("story", "takes", "expect"),
        defaultSnippets=[
            {
                "label": "a story",
                "body": {
                    "story": "${1:exactly at the limit is allowed}",
                    "takes": {"${2:drug}": "${3:20 mg 4 times a day for 28 days}"},
                    "expect": "${4:clear}",
                },
            }
        ],
    )  # fmt: skip
