"""Which ingredients, strengths and forms a drug's name stands for."""

from __future__ import annotations

import polars as pl
import pytest

from screener.terminology import resolve_drugs
from screener.terminology.aliases import alias_table, code_table
from screener.terminology.lists import read_list

COLUMNS = [
    "drug",
    "drug_code",
    "drug_code_system",
    "part",
    "parts",
    "ingredient",
    "name_form",
    "name_strength",
    "name_strength_unit",
    "name_strength_per_value",
    "name_strength_per_unit",
    "listed_strength_ug",
    "matched_by",
    "kind",
]


def _parts(drug: str | None, code: str | None = None, system: str | None = None) -> pl.DataFrame:
    return resolve_drugs(
        pl.DataFrame(
            {"drug": [drug], "drug_code": [code], "drug_code_system": [system]},
            schema=dict.fromkeys(COLUMNS[:3], pl.String),
        )
    )


def _ingredients(drug: str | None) -> list[str | None]:
    return _parts(drug)["ingredient"].to_list()


@pytest.mark.parametrize(
    ("drug", "ingredient"),
    [
        ("baclofen", "baclofen"),
        ("BACLOFEN", "baclofen"),
        ("  Baclofen ", "baclofen"),
        ("Baclofen\u00a010\u00a0mg", "baclofen"),
        ("bac\u200blofen", "baclofen"),
        ("Báclofén", "baclofen"),
        ("Baclofen 20mg tablets", "baclofen"),
        ("BACLOFEN TAB 5 MG", "baclofen"),
        ("Fleqsuvy", "baclofen"),
        ("Lyvispah 10 mg granules", "baclofen"),
        ("acetaminophen", "paracetamol"),
        ("Meperidine Hydrochloride 50 MG Oral Tablet", "pethidine"),
        ("losartan potassium 50 mg", "losartan"),
        ("potassium chloride 20 mEq ER tablet", "potassium chloride"),
        ("sodium oxybate", "sodium oxybate"),
        ("Sodium oxybate 500 mg/mL oral solution", "sodium oxybate"),
        ("ELAVIL", "amitriptyline"),
        ("Toprol-XL 50 mg tablet", "metoprolol"),
        ("hyoscine hydrobromide", "scopolamine"),
        ("hyoscine butylbromide 10 mg tablets", "butylscopolamine"),
        ("Escitalopram 10 MG Oral Tablet [Lexapro]", "escitalopram"),
        ("NDA020503 200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler", "salbutamol"),
        (
            "Abuse-Deterrent 12 HR Oxycodone Hydrochloride 15 MG Extended Release Tablet",
            "oxycodone",
        ),
        ("Baclofen 10mg tablets (A Maker Ltd) 84 tablet", "baclofen"),
    ],
)
def test_a_name_brand_or_synonym_resolves_to_its_ingredient(drug: str, ingredient: str) -> None:
    assert _ingredients(drug) == [ingredient]


@pytest.mark.parametrize(
    "drug",
    [
        None,
        "",
        "   ",
        "Somnotranq Forte",
        "b\u0430clofen",  # a Cyrillic letter
        "baclofin",
        "Simvistatin 10 MG",
        "non-aspirin",
        "aspirin free tablets",
        "paracetamol without codeine",
        "sodium",
        "sulfate",
        "10 mg tablets",
        "Tylenol Cold Nighttime",
    ],
)
def test_what_is_not_a_known_name_stays_one_unmapped_row(drug: str | None) -> None:
    got = _parts(drug)
    assert got.select("part", "parts", "ingredient", "matched_by").rows() == [(0, 1, None, None)]


@pytest.mark.parametrize(
    ("drug", "expected"),
    [
        ("Baclofen 20mg tablets", ("tablet", 20.0, "mg", None, None)),
        ("Baclofen 5 mg/5 mL oral solution", ("oral solution", 5.0, "mg", 5.0, "ml")),
        ("Baclofen 25 MG per 5 ML Oral Suspension", ("oral suspension", 25.0, "mg", 5.0, "ml")),
        ("Baclofen 1 MG/ML Oral Solution", ("oral solution", 1.0, "mg", 1.0, "ml")),
        ("baclofen 2000 mcg/mL injection", ("injection", 2000.0, "mcg", 1.0, "ml")),
        ("fentanyl 25 mcg/hr patch", ("patch", 25.0, "mcg/hr", None, None)),
        (
            "72 HR Fentanyl 0.025 MG/HR Transdermal System",
            ("patch", 0.025, "mg/hr", None, None),
        ),
        (
            "24 HR Metoprolol 25 MG Extended Release Tablet",
            ("modified-release tablet", 25.0, "mg", None, None),
        ),
        ("Diazepam 2,5 mg tablets", ("tablet", 2.5, "mg", None, None)),
        ("Digoxin 0,125 mg tab", ("tablet", 0.125, "mg", None, None)),
        ("levothyroxine .05 mg tab", ("tablet", 0.05, "mg", None, None)),
        ("metformin 1,000 mg tablet", ("tablet", 1000.0, "mg", None, None)),
        ("Diclofenac Sodium 0.01 MG/MG Topical Gel", ("gel", 0.01, "mg", 1.0, "mg")),
        ("baclofen 10-20 mg tablets", ("tablet", None, None, None, None)),
        ("lidocaine 5 % ointment", ("ointment", None, None, None, None)),
        ("baclofen", (None, None, None, None, None)),
    ],
)
def test_the_name_tells_its_form_and_strength(
    drug: str, expected: tuple[str | None, float | None, str | None, float | None, str | None]
) -> None:
    got = _parts(drug).select(COLUMNS[6:11])
    assert got.rows() == [expected]


@pytest.mark.parametrize(
    ("drug", "parts", "strengths", "listed_mg"),
    [
        ("co-codamol", ["codeine", "paracetamol"], [None, None], [None, None]),
        ("Co-Codamol 8/500 tablets", ["codeine", "paracetamol"], [8.0, 500.0], [8.0, 500.0]),
        ("co-codamol 30/500", ["codeine", "paracetamol"], [30.0, 500.0], [30.0, 500.0]),
        ("Co-codamol 30mg/500mg tablets", ["codeine", "paracetamol"], [30.0, 500.0], [30.0, 500.0]),
        ("PERCOCET 5/325 TAB", ["oxycodone", "paracetamol"], [5.0, 325.0], [5.0, 325.0]),
        ("Septrin 480mg tablets", ["sulfamethoxazole", "trimethoprim"], [None] * 2, [400.0, 80.0]),
        ("Septrin 480 mcg", ["sulfamethoxazole", "trimethoprim"], [None] * 2, [None] * 2),
        ("co-codamol 30/500 mcg", ["codeine", "paracetamol"], [None] * 2, [None] * 2),
        ("Bactrim DS", ["sulfamethoxazole", "trimethoprim"], [None] * 2, [800.0, 160.0]),
        ("Sinemet 25-100", ["carbidopa", "levodopa"], [25.0, 100.0], [25.0, 100.0]),
        ("Madopar 100/25 capsules", ["levodopa", "benserazide"], [100.0, 25.0], [100.0, 25.0]),
        ("Madopar 25/100", ["levodopa", "benserazide"], [None, None], [None, None]),
        ("Simcor 40/500 mg", ["niacin", "simvastatin"], [None, None], [None, None]),
        ("Tylenol with Codeine No.3", ["paracetamol", "codeine"], [None] * 2, [300.0, 30.0]),
        ("Tylenol No. 3 tablet", ["paracetamol", "codeine"], [None] * 2, [300.0, 30.0]),
        ("Tylenol #3 tablet", ["paracetamol", "codeine"], [None] * 2, [300.0, 30.0]),
        (
            "Acetaminophen 325 MG / Oxycodone Hydrochloride 5 MG Oral Tablet [Percocet]",
            ["paracetamol", "oxycodone"],
            [325.0, 5.0],
            [None, None],
        ),
        (
            "HYDROCODONE-ACETAMINOPHEN 5-325 MG PO TABS",
            ["hydrocodone", "paracetamol"],
            [5.0, 325.0],
            [None, None],
        ),
        (
            "hydrocodone 5 mg-acetaminophen 325 mg tablet",
            ["hydrocodone", "paracetamol"],
            [5.0, 325.0],
            [None, None],
        ),
        ("codeine with paracetamol 30/500", ["codeine", "paracetamol"], [30.0, 500.0], [None] * 2),
        ("Acetaminophen/Hydrocodone", ["paracetamol", "hydrocodone"], [None] * 2, [None] * 2),
        (
            "Unknownol 5 MG / Codeine 30 MG Oral Tablet",
            [None, "codeine"],
            [5.0, 30.0],
            [None, None],
        ),
        (
            "{21 (drospirenone 3 MG / Ethinyl Estradiol 0.03 MG Oral Tablet) / "
            "7 (Inert Ingredients 1 MG Oral Tablet) } Pack [Yasmin 28 Day]",
            ["drospirenone", "ethinylestradiol"],
            [3.0, 0.03],
            [None, None],
        ),
        (
            "{11 (varenicline 0.5 MG Oral Tablet [Chantix]) / 42 (varenicline 1 MG Oral Tablet "
            "[Chantix]) } Pack [Chantix First Month of Therapy]",
            ["varenicline"],
            [None],
            [None],
        ),
        (
            "Acetaminophen 21.7 MG/ML / Dextromethorphan Hydrobromide 1 MG/ML / "
            "doxylamine succinate 0.417 MG/ML Oral Solution",
            ["paracetamol", "dextromethorphan", "doxylamine"],
            [21.7, 1.0, 0.417],
            [None, None, None],
        ),
    ],
)
def test_a_combination_gives_its_ingredients_in_its_own_order_with_their_strengths(
    drug: str,
    parts: list[str | None],
    strengths: list[float | None],
    listed_mg: list[float | None],
) -> None:
    got = _parts(drug)
    assert got["part"].to_list() == list(range(len(parts)))
    assert got["parts"].unique().to_list() == [len(parts)]
    assert got["ingredient"].to_list() == parts
    assert got["name_strength"].to_list() == strengths
    assert (got["listed_strength_ug"] / 1000).to_list() == listed_mg


@pytest.mark.parametrize(
    ("drug", "code", "system", "ingredient", "matched_by"),
    [
        (None, "1292", "rxnorm", "baclofen", "code"),
        ("", "1292", "http://www.nlm.nih.gov/research/umls/rxnorm", "baclofen", "code"),
        ("Mystery 20 mg", "M03BX01", "ATC", "baclofen", "code"),
        ("Mystery", "m03bx01 ", "atc", "baclofen", "code"),
        ("Mystery", "N03AX12", "atc", "gabapentin", "code"),
        ("Mystery", "N02BF01", "atc", "gabapentin", "code"),
        ("baclofen", "N02BF01", "atc", "baclofen", "name"),
        ("Mystery", "1292", "atc", None, None),
        ("Mystery", "1292", "ndc", None, None),
        ("Mystery", "1292", None, None, None),
        ("Lioresal", None, None, "baclofen", "brand"),
        ("Xyzzy 20 MG Oral Tablet [Lioresal]", None, None, "baclofen", "brand"),
    ],
)
def test_the_name_wins_and_a_code_speaks_for_an_unknown_name(
    drug: str | None, code: str | None, system: str | None, ingredient: str, matched_by: str
) -> None:
    got = _parts(drug, code, system)
    assert got.select("ingredient", "matched_by").rows() == [(ingredient, matched_by)]


def test_an_unknown_name_with_a_code_keeps_the_strength_it_shows() -> None:
    got = _parts("Mystery 20 mg tablets", "M03BX01", "atc")
    assert got.select("name_form", "name_strength").rows() == [("tablet", 20.0)]


def test_the_code_of_a_pair_gives_both_ingredients() -> None:
    assert _parts(None, "N02AJ06", "atc")["ingredient"].to_list() == ["codeine", "paracetamol"]


def test_every_row_asked_for_comes_back_in_order_with_the_promised_columns() -> None:
    asked = pl.DataFrame(
        {
            "drug": ["Percocet", None, "nonsense", "baclofen", "baclofen"],
            "drug_code": [None, None, None, None, "1292"],
            "drug_code_system": [None, None, None, None, "rxnorm"],
        },
        schema=dict.fromkeys(COLUMNS[:3], pl.String),
    )
    got = resolve_drugs(asked)
    assert got.columns == COLUMNS
    assert got["ingredient"].to_list() == [
        "oxycodone",
        "paracetamol",
        None,
        None,
        "baclofen",
        "baclofen",
    ]
    assert got.schema["part"] == pl.Int8
    assert got.schema["listed_strength_ug"] == pl.Float64


def test_no_drug_at_all_gives_an_empty_table_of_the_same_shape() -> None:
    none = pl.DataFrame(schema=dict.fromkeys(COLUMNS[:3], pl.String))
    got = resolve_drugs(none)
    assert got.is_empty()
    assert got.columns == COLUMNS


def test_no_name_or_code_of_the_lists_stands_for_two_drugs() -> None:
    assert alias_table()["key"].is_duplicated().sum() == 0
    assert code_table().select("system", "code").is_duplicated().sum() == 0


def test_every_name_synonym_brand_and_product_of_the_lists_resolves() -> None:
    drugs = read_list("ingredients")
    texts = [
        *drugs["ingredient"],
        *(s for cell in drugs["synonyms"] for s in cell.split(";") if s),
        *(s for cell in drugs["brands"] for s in cell.split(";") if s),
        *read_list("combinations")["product"],
    ]
    asked = pl.DataFrame({"drug": texts}).with_columns(
        drug_code=pl.lit(None, pl.String), drug_code_system=pl.lit(None, pl.String)
    )
    got = resolve_drugs(asked)
    assert got.filter(pl.col("ingredient").is_null())["drug"].to_list() == []
