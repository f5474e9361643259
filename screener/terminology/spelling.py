"""How drug, form and route texts are made comparable, as polars expressions.

Nothing here corrects a spelling: 390 pairs of real drug names lie within two edits of each other.
A Cyrillic or Greek letter that looks like a Latin one stays what it is, so that the name stays
unmapped and is counted.
"""

from __future__ import annotations

import polars as pl

# Salts, esters and waters of crystallisation: tried without only after the name with them, since
# "sodium oxybate" and "potassium chloride" are names of their own.
SALT_WORDS = (
    "hydrochloride hydrochlor hcl hydrobromide hbr sodium sod disodium potassium pot dipotassium "
    "calcium magnesium sulfate sulphate sulf bisulfate phosphate phos diphosphate tartrate tart "
    "bitartrate succinate succ fumarate hemifumarate maleate mesylate mesilate methanesulfonate "
    "besylate besilate citrate acetate lactate nitrate bromide chloride oxalate pamoate embonate "
    "napsylate tosylate benzoate carbonate valerate propionate dipropionate furoate xinafoate "
    "decanoate enanthate palmitate cypionate arginine erbumine meglumine tromethamine trometamol "
    "epolamine cilexetil medoxomil etexilate axetil proxetil saccharate aspartate stearate "
    "ethylsuccinate estolate malate orotate pivalate gluconate edisylate bit mal na trihydrate "
    "dihydrate monohydrate hemihydrate sesquihydrate hydrate anhydrous"
)

# Words that say how a product is packed, sold or given, never what is in it.
PACK_WORDS = (
    "abuse-deterrent adult as bag blister bottle box bp brand btl carton childrens coated cont "
    "continuing crystals crys cd cr d5w day days delayed dr each ec enteric ep er ex ext extended "
    "film first flavor flavored flavour flavoured for gastro-resistant generic hour "
    "hours hr hrs ij im infant iv junior kit la macrocrystals maintenance mbp micronised "
    "micronized minipack modified month months mr mucosal multidose neb nf ns nss of oral "
    "orally otc pack package pf ph-eur plain po pr premix prolonged rect release "
    "released resistant route s/f sc sf single sl slow sq sr starter sterile strength sublingual "
    "sustained sw taper td the therapy titration top topical tr transdermal ud unit "
    "use usp xl xr xt"
)

# "free" and "no" alone are not among them: "aspirin free" is no aspirin.
PACK_PHRASES = (
    "preservative free",
    "preservative-free",
    "sugar free",
    "sugar-free",
    "alcohol free",
    "gluten free",
)

RELEASE = (
    r"\b(?:extended|prolonged|sustained|modified|controlled|slow)[ -]release[d]?\b"
    r"|\b(?:er|xr|xl|sr|cr|mr|la|cd|tr|xt|12 ?h(?:ou)?rs?|24 ?h(?:ou)?rs?)\b"
)
GASTRO_RESISTANT = r"\b(?:delayed[ -]release|enteric[ -]coated|gastro[ -]?resistant|ec|dr)\b"


def plain(text: pl.Expr) -> pl.Expr:
    """NFKC, lower case, no invisible characters, no accents, single spaces."""
    return (
        text.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"\p{Cf}", "")
        .str.normalize("NFKD")
        .str.replace_all(r"\p{Mn}", "")
        .str.replace_all(r"[\s\p{Cc}]+", " ")
        .str.strip_chars(" ")
    )


def compact(text: pl.Expr) -> pl.Expr:
    """Letters and digits only: the key under which names are compared."""
    return text.str.replace_all(r"[^\p{L}\p{N}]+", "")


def words_pattern(words: list[str]) -> str:
    """A pattern of whole words and phrases, the longest first."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return r"\b(?:" + "|".join(_escaped(word) for word in ordered) + r")\b"


def _escaped(word: str) -> str:
    return "".join(rf"\{c}" if c in r".^$*+?()[]{}|\-&" else c for c in word)
