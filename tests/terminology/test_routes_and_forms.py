"""From route, form and dose unit to the way a drug reaches the body."""

from __future__ import annotations

import typing

import polars as pl
import pytest

from screener.rule.values import Track
from screener.terminology import resolve_routes
from screener.terminology.forms import form_facts, form_of, spellings
from screener.terminology.lists import read_list

KEYS = ("route", "form", "name_form", "dose_unit")


def _one(
    route: str | None = None,
    form: str | None = None,
    name_form: str | None = None,
    dose_unit: str | None = None,
) -> dict[str, typing.Any]:
    frame = pl.DataFrame(
        [dict(zip(KEYS, (route, form, name_form, dose_unit), strict=True))],
        schema=dict.fromkeys(KEYS, pl.String),
    )
    return resolve_routes(frame).row(0, named=True)


@pytest.mark.parametrize(
    ("route", "track"),
    [
        ("oral", "by mouth"),
        ("PO", "by mouth"),
        ("P.O.", "by mouth"),
        (" By Mouth ", "by mouth"),
        ("Oral route (qualifier value)", "by mouth"),
        ("26643006", "by mouth"),
        ("NG tube", "by mouth"),
        ("SL", "sublingual"),
        ("TD", "transdermal"),
        ("IV", "injected"),
        ("IM", "injected"),
        ("subQ", "injected"),
        ("injection", "injected"),
        ("PR", "rectal"),
        ("IT", "intrathecal"),
        ("Intrathecal", "intrathecal"),
        ("topical", "local"),
        ("TOP", "local"),
        ("ophthalmic", "local"),
        ("otic", "local"),
        ("nasal", "local"),
        ("inhaled", "local"),
        ("vaginal", "local"),
        ("Martian", "unknown"),
    ],
)
def test_a_route_word_decides_the_track(route: str, track: str) -> None:
    got = _one(route)
    assert (got["track"], got["route_given"]) == (track, True)


@pytest.mark.parametrize("route", [None, "", "  ", "misc", "See sig", "."])
def test_a_blank_or_empty_word_as_a_route_counts_as_not_given(route: str | None) -> None:
    got = _one(route, "Oral Tablet")
    assert (got["track"], got["route_given"]) == ("by mouth", False)


def test_what_the_route_says_outranks_the_form() -> None:
    assert _one("oral", "SL tablet")["track"] == "by mouth"
    assert _one(None, "SL tablet")["track"] == "sublingual"
    assert _one("Martian", "tablet")["track"] == "unknown"


def test_form_then_the_name_then_the_dose_unit_step_in_for_a_blank_route() -> None:
    assert _one(form="gel", name_form="tablet", dose_unit="patch")["track"] == "local"
    assert _one(form="solution", name_form="oral solution")["track"] == "by mouth"
    assert _one(name_form="suppository", dose_unit="tablet")["track"] == "rectal"
    assert _one(dose_unit="TABLET(S)")["track"] == "by mouth"
    assert _one(dose_unit="capsule")["track"] == "by mouth"
    assert _one(dose_unit="patches")["track"] == "transdermal"
    assert _one(dose_unit="mL")["track"] is None
    assert _one()["track"] is None


@pytest.mark.parametrize(
    ("route", "form", "injection"),
    [
        (None, "injection", True),
        (None, "ampoule", True),
        (None, "pump", True),
        ("injection", None, True),
        ("IV", "vial", True),
        ("intrathecal", "injection", False),
        (None, "intrathecal injection", False),
        ("oral", "ampoule", False),
        (None, "tablet", False),
        (None, None, False),
    ],
)
def test_an_injection_is_one_that_nothing_calls_intrathecal(
    route: str | None, form: str | None, injection: bool
) -> None:
    assert _one(route, form)["injection"] is injection


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("TAB", "tablet"),
        ("Oral Tablet", "tablet"),
        ("Film-coated tablet", "tablet"),
        ("Tablet, Extended Release", "modified-release tablet"),
        ("12 HR extended release oral tablet", "modified-release tablet"),
        ("TBCR", "modified-release tablet"),
        ("EC tablet", "gastro-resistant tablet"),
        ("SL tablet", "sublingual tablet"),
        ("ODT", "orodispersible tablet"),
        ("24 HR Extended Release Capsule", "modified-release capsule"),
        ("Oral Solution", "oral solution"),
        ("Granules for oral suspension", "oral suspension"),
        ("transdermal patch", "patch"),
        ("Powder for inhalation, hard capsule", "inhaler"),
        ("Solution for injection in pre-filled syringe", "injection"),
        ("Extended release suspension for injection", "depot injection"),
        ("Moon dust", "moon dust"),
        ("", None),
    ],
)
def test_spellings_of_one_form_have_one_key(text: str, form: str | None) -> None:
    assert form_of(pl.Series([text])).to_list() == [form]


def test_the_form_key_falls_back_to_the_name_and_then_to_nothing() -> None:
    assert _one(form="TAB", name_form="capsule")["form_key"] == "tablet"
    assert _one(name_form="capsule")["form_key"] == "capsule"
    assert _one()["form_key"] == ""


def test_every_track_of_the_lists_is_one_that_rules_know() -> None:
    known = set(typing.get_args(Track))
    assert set(form_facts()["track"].drop_nulls()) <= known
    assert set(read_list("routes")["track"]) - {""} <= known


def test_no_spelling_belongs_to_two_forms_or_two_routes() -> None:
    assert spellings()["spelling"].is_duplicated().sum() == 0
    routes = [word for cell in read_list("routes")["spellings"] for word in cell.split(";")]
    assert len(routes) == len(set(routes))


def test_every_combination_comes_back_once_in_order() -> None:
    asked = pl.DataFrame(
        {
            "route": ["oral", None, None],
            "form": [None, "tablet", None],
            "name_form": [None, None, None],
            "dose_unit": [None, None, "patch"],
        },
        schema=dict.fromkeys(KEYS, pl.String),
    )
    got = resolve_routes(asked)
    assert got.columns == [*KEYS, "track", "form_key", "injection", "route_given"]
    assert got["track"].to_list() == ["by mouth", "by mouth", "transdermal"]
    assert resolve_routes(asked.clear()).is_empty()
