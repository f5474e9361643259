"""Names as hospitals write them: containers, diluents, cut-off texts, and what is no drug."""

from __future__ import annotations

import polars as pl
import pytest

from screener.terminology import not_drug_kinds, resolve_drugs
from screener.terminology.lists import read_list

KEYS = ("drug", "drug_code", "drug_code_system")


def _parts(drug: str, code: str | None = None, system: str | None = None) -> pl.DataFrame:
    asked = {"drug": [drug], "drug_code": [code], "drug_code_system": [system]}
    return resolve_drugs(pl.DataFrame(asked, schema=dict.fromkeys(KEYS, pl.String)))


@pytest.mark.parametrize(
    ("drug", "ingredient", "strength"),
    [
        ("WARFARIN SODIUM 5 MG PO TABS", "warfarin", (5.0, "mg", None, None)),
        ("5 ML CUP : LACTULOSE 10 GM/15ML PO SOLN", "lactulose", (10.0, "gm", 15.0, "ml")),
        ("1 EACH VIAL : CEFEPIME HCL 1 GM IJ SOLR", "cefepime", (1.0, "gm", None, None)),
        ("37.5 G TUBE : GLUCOSE 40 % PO GEL", "glucose", (None, None, None, None)),
        (
            "100 ML  -  POTASSIUM CHLORIDE 40 MEQ/100ML IV SOLN",
            "potassium chloride",
            (40.0, "meq", 100.0, "ml"),
        ),
        (
            "150 ML : LEVOFLOXACIN IN D5W 750 MG/150ML IV SOLN",
            "levofloxacin",
            (750.0, "mg", 150.0, "ml"),
        ),
        (
            "potassium phosphate 3 mmol/mL15 mL Inj",
            "potassium phosphate",
            (3.0, "mmol", 1.0, "ml"),
        ),
        # a bag has no strength that a dose could be reckoned with
        ("VANCOMYCIN 1.25 GM IN NS 250 ML IVPB", "vancomycin", (None, None, None, None)),
        ("cefazolin 2 g in sodium chloride 0.9% 50 mL", "cefazolin", (None, None, None, None)),
        # which of two numbers is the strength is not said
        ("FERROUS SULFATE 325 (65 FE) MG PO TABS", "ferrous sulfate", (None, None, None, None)),
        ("MAGNESIUM OXIDE 400 (241.3 MG) MG PO TABS", "magnesium oxide", (None, None, None, None)),
        ("ALBUTEROL SULFATE HFA 108 (90 BASE) MCG/ACT IN AERS", "salbutamol", (None,) * 4),
        ("midazolam (VERSED) 2 MG/2ML inj 1 mg", "midazolam", (None, None, None, None)),
        ("metoprolol (LOPRESSOR) tab 12.5 mg", "metoprolol", (None, None, None, None)),
        ("MUPIROCIN 2 % OINT 1 G SYRINGE", "mupirocin", (None, None, None, None)),
        ("POTASSIUM CL IN WATER 20MEQ/50", "potassium chloride", (None, None, None, None)),
        ("INSULIN (REGULAR) 100 UNITS in 1", "insulin", (None, None, None, None)),
    ],
)
def test_container_diluent_and_doubtful_numbers_never_become_a_strength(
    drug: str, ingredient: str, strength: tuple[float | str | None, ...]
) -> None:
    got = _parts(drug)
    assert got["ingredient"].to_list() == [ingredient]
    columns = ["", "_unit", "_per_value", "_per_unit"]
    assert got.select(f"name_strength{c}" for c in columns).row(0) == strength


@pytest.mark.parametrize(
    ("drug", "ingredients"),
    [
        (
            "3 ML PLAS CONT: IPRATROPIUM-ALBUTEROL 0.5-2.5 (3) MG/3ML IN SOLN",
            ["ipratropium", "salbutamol"],
        ),
        ("ZOSYN 3.375 GRAM in NS 100 mL IVPB", ["piperacillin", "tazobactam"]),
        ("DEXT 5%-NACL 0.45%-KCL 20MEQ LVP", ["glucose", "potassium chloride"]),
        ("5 G  -  LIDOCAINE-PRILOCAINE 2.5-2.5 % EX CREA", ["lidocaine", "prilocaine"]),
        ("PROVENTIL,VENTOLIN", ["salbutamol"]),
        ("NORMODYNE;TRANDATE", ["labetalol"]),
        ("Adderall", ["dexamfetamine", "amfetamine"]),
        ("Truvada", ["emtricitabine", "tenofovir disoproxil"]),
        ("HUMALOG MIX 75-25", ["insulin lispro protamine", "insulin lispro"]),
        (
            "potassium chloride 0.02 MEQ/ML / sodium chloride 0.154 MEQ/ML Injectable Solution",
            ["potassium chloride", "sodium chloride"],
        ),
    ],
)
def test_a_mixture_gives_every_ingredient(drug: str, ingredients: list[str]) -> None:
    assert _parts(drug)["ingredient"].to_list() == ingredients


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hydralazine", "hydroxyzine"),
        ("prednisone", "prednisolone"),
        ("clonidine", "clonazepam"),
        ("bupropion", "buspirone"),
        ("glipizide", "glyburide"),
        ("lamotrigine", "lamivudine"),
        ("chlorpromazine", "chlorpropamide"),
        ("vinblastine", "vincristine"),
        ("dopamine", "dobutamine"),
        ("rifampin", "rifaximin"),
        ("quinine", "quinidine"),
        ("cisplatin", "carboplatin"),
        ("Celexa", "Celebrex"),
        ("Zantac", "Zyrtec"),
        ("Losec", "Lasix"),
        ("Tegretol", "Toradol"),
        ("Serzone", "Seroquel"),
        ("Nimbex", "Nimotop"),
    ],
)
def test_look_alike_names_stay_apart(one: str, other: str) -> None:
    first, second = _parts(one)["ingredient"].to_list(), _parts(other)["ingredient"].to_list()
    assert None not in first + second
    assert first != second


@pytest.mark.parametrize(
    "drug",
    [
        "hydroxylazine",
        "predisolone",
        "ISOSORBIDE",  # the mononitrate or the dinitrate
        "potassium CHLORIDE 10 mEq i",
        "Nimbextra",
        "Sucralfat",
        "Uncertainol plus",
        "not-warfarin",
    ],
)
def test_what_is_nearly_a_name_stays_unmapped_and_is_counted_as_a_drug(drug: str) -> None:
    assert _parts(drug).select("ingredient", "kind").rows() == [(None, "drug")]


@pytest.mark.parametrize(
    ("drug", "kind"),
    [
        ("SODIUM CHLORIDE 0.9% 1000 ML LVP", "fluid"),
        ("1000 ML : LACTATED RINGERS IV SOLN", "fluid"),
        ("DEXTROSE 5% IN WATER (D5W) IV : 1000 ML BAG", "fluid"),
        ("DEXT 5%-NACL 0.45% 1000 ML LVP", "fluid"),
        ("NSS 0.9% 500 mL bolus infusion", "fluid"),
        ("sodium chloride 0.9% flush 10 mL", "flush"),
        ("Influenza virus vaccine", "vaccine"),
        ("TETANUS & DIPHTHERIA TOXOIDS ADSORBED 7 YR + IM", "vaccine"),
        ("100 ML GLASS CONT : IOPAMIDOL 76 % IV SOLN", "contrast agent"),
        ("250 ML  -  ALBUMIN HUMAN 5 % IV SOLN", "blood product"),
        ("250 ML PLAS CONT: FAT EMULSION 20 % IV EMUL", "nutrition"),
        ("Peritoneal dialysis solution 2.5 %", "dialysis solution"),
        ("Oxygen", "medical gas"),
        ("INSULIN SYRINGE", "supply"),
        ("INSULIN ADMIN. SUPPLIES", "supply"),
        ("VANCOMYCIN CONSULT TO PHARMACY", "instruction"),
        ("LACTOBACILLUS ACIDOPHILUS", "food supplement"),
        ("BIOTENE DRY MOUTH MT LIQD", "care product"),
    ],
)
def test_what_is_no_drug_has_its_kind_and_no_ingredient(drug: str, kind: str) -> None:
    got = _parts(drug, "1292", "rxnorm")  # nor does a code make it one
    assert got.select("part", "parts", "ingredient", "matched_by", "kind").rows() == [
        (0, 1, None, None, kind)
    ]


@pytest.mark.parametrize(
    ("drug", "ingredient"),
    [
        ("cefazolin in sodium chloride 0.9 % syringe", "cefazolin"),
        ("fentanyl 10 mcg/mL in sodium chloride 0.9% 100 mL", "fentanyl"),
        ("sodium chloride 0.9 % nasal spray", "sodium chloride"),
        ("sodium chloride 1 g tablet", "sodium chloride"),
        ("5 ML SYRINGE : HEPARIN SODIUM LOCK FLUSH 10 UNIT/ML IV SOLN", "heparin"),
        ("DEXTROSE 50 % IN WATER (D50W) IV SYRINGE", "glucose"),
        ("digoxin immune fab", "digoxin immune fab"),
        ("insulin aspart 100 unit/mL syringe", "insulin aspart"),
    ],
)
def test_a_drug_in_a_fluid_or_a_syringe_stays_a_drug(drug: str, ingredient: str) -> None:
    assert _parts(drug).select("ingredient", "kind").rows() == [(ingredient, "drug")]


def test_a_product_code_speaks_for_a_name_that_exports_misspell() -> None:
    rows = _parts("Simvistatin 10 MG", "316672", "http://www.nlm.nih.gov/research/umls/rxnorm")
    assert rows.select("ingredient", "name_strength", "matched_by", "kind").rows() == [
        ("simvastatin", 10.0, "code", "drug")
    ]


def test_no_name_of_an_ingredient_or_a_brand_is_on_the_list_of_what_is_no_drug() -> None:
    names = [
        entry
        for table, columns in (
            ("ingredients", ("ingredient", "synonyms", "brands")),
            ("combinations", ("product", "also_called")),
        )
        for column in columns
        for cell in read_list(table)[column]
        for entry in cell.split(";")
        if entry
    ]
    with_form = pl.DataFrame({"drug": [f"{name} 5 mg tablet" for name in names]}).unique()
    asked = with_form.with_columns(pl.lit(None, pl.String).alias(key) for key in KEYS[1:])
    assert resolve_drugs(asked).filter(pl.col("kind") != "drug")["drug"].to_list() == []


def test_every_kind_is_listed_once_and_has_names() -> None:
    rows = read_list("not_drugs")
    assert len(not_drug_kinds()) == len(set(not_drug_kinds()))
    assert rows.filter((pl.col("whole") == "") & (pl.col("words") == "")).is_empty()
    assert "drug" not in not_drug_kinds()


def test_product_codes_lead_to_listed_ingredients() -> None:
    rows = read_list("rxnorm_products")
    parts = {part for cell in rows["ingredients"] for part in cell.split(";")}
    assert parts <= set(read_list("ingredients")["ingredient"])
    assert rows["rxnorm"].str.contains(r"^\d+$").all()
