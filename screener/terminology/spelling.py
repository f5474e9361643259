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
    "methylsulfate metilsulfate trifenatate so suc rdna di-hcl mbr "
    "dihydrate monohydrate hemihydrate sesquihydrate hydrate anhydrous"
)

# Words that say how a product is packed, sold or given, never what is in it. ("plus" is not among
# them: what is sold as "... Plus" holds something more.)
PACK_WORDS = (
    "abboject abuse-deterrent adult adv as bag blist blister bolus bottle box bp brand btl "
    "buffered carton cd children's childrens coated conc concentrate concentrated cont "
    "continuing cr crys crystals cup custom d5w day days delayed dilution dr drip each ec ent "
    "enteric ep er ex ext extemp extended external film first flavor flavored flavour "
    "flavoured flex for gastro-resistant generic glass half half-tab hour hours hr hrs ij im "
    "infant inhal inhale inhl iv junior kit la locked lvp macrocrystals maintenance mbp mdv "
    "micronised micronized mini-bag minibag minipack modified month months mr mucosal "
    "multidose ndc neb nf ns nss of oral orally orderable otc pack package part pb pf ph-eur "
    "plain plas po pr prefill prefilled premix premixed prmx prn prolonged pwdpkt pwpk range "
    "recombinant recon rect release released repackage resistant route rtu rtu-pb s/f sc sdv "
    "sf single sl slow sq sr sso standard starter std sterile stock strength sub-q subcu "
    "subcut sublingual subq sustained sw taper td the therapy titration top topical tr "
    "transdermal ud udpwd unit use usp variable vialmate xl xr xt"
)

# "free" and "no" alone are not among them: "aspirin free" is no aspirin.
PACK_PHRASES = (
    "cfc free",
    "cfc-free",
    "npf sugar free",
    "locked dose",
    "mini-bag plus",
    "piggy back",
    "final conc",
    "minibag plus",
    "vial mate",
    "variable dose",
    "per unit",
    "physician monitored",
    "sterile water",
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
