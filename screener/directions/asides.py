"""Figures in directions that are no doses and change none: dates, diagnosis codes, supplies.

Each pattern is a closed phrase of plain text (lower case, one kind of dash and space); it gives
way to a sign. What is only like one stays, and stops the reading.
"""

from __future__ import annotations

import re

from screener.directions.remarks import without_remarks

_DATE = (
    r"(?:\d{4}-[01]\d-[0-3]\d|[0-3]?\d/[0-3]?\d/(?:19|20)?\d\d|[0-3]?\d\.[01]?\d\.(?:19|20)\d\d"
    r"|[0-3]?\d-[0-3]?\d-(?:19|20)\d\d"
    r"|[0-3]?\d[ -](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6},?[ -]"
    r"(?:19|20)?\d\d)"
)
_BEGINS = (
    r"(?:new dose from|start(?:ing|ed|s)?(?: date| on| from)?|from|effective(?: from)?|dated?"
    r"|commenc(?:e|ed|ing)(?: on)?|written(?: on)?|last filled(?: on)?|as of"
    r"|begin(?:ning)?(?: on)?)"
)
_ICD = r"[a-prstvwyz]\d[0-9ab](?:\.[0-9a-z]{1,4})?"
_HOURS = r"(?:up to )?\d{1,2}(?: ?\([a-z]+\))?[ -]?(?:hours|hour|hrs|hr|h)\b"

_BEGIN_DATE = re.compile(rf"\b{_BEGINS}:? ?{_DATE}(?![\d/-])")
_SHORT_DATE = re.compile(
    r"\b(?:start(?:ing|ed)?|start date|starting on|dated):? ?\d{1,2}/(?:[5-79]|[12]\d|3[01])"
    r"(?![\d/]| ?(?:tab|cap|ml|mg|of|a |strip|patch))"
)
_CHANGES_NOTHING = [
    rf"\b(?:dx|icd(?: ?-?10)?|diagnos[ie]s)(?: codes?)?(?: ?[:#-])* ?{_ICD}(?: ?, ?{_ICD})*"
    r"(?![a-z\d])",
    rf"\({_ICD}\)",
    r"\(? ?(?:this is an? |dispense )?\d{1,3}[ -](?:day|week|wk|month|mth)s?'?s?'? supply ?\)?",
    rf"\b(?:(?:remove|take off|discard)(?: (?:and|&) discard)?(?: patch| old patch)?"
    rf"(?: after| within) {_HOURS}(?: or as directed(?: by (?:md|doctor|prescriber))?)?)",
    rf"\b(?:leave |wear |keep |worn )?(?:on |on for |for ){_HOURS},? "
    r"(?:and |& )?(?:then )?(?:and )?(?:remove|take off|removed)(?: patch)?\b",
    rf"\b(?:leave |wear |keep )?(?:on (?:for )?{_HOURS}|{_HOURS} on)(?: ?[,/] ?| and | then |"
    rf" and then | )(?:off (?:for )?{_HOURS}|{_HOURS} off)",
    r"\b(?:then |and |for |to be )?(?:review(?:ed)?|rv|r/v|recheck|follow[ -]?up|f/u|rtc|"
    r"see (?:gp|doctor|dr))(?: again)?:? (?:(?:in|after|at) )?"
    r"(?:\d{1,2}|one|two|three|four|six)(?:-\d{1,2})? ?"
    r"(?:days?|weeks?|wks?|months?|/7|/52|/12)",
    r"\bfirst dose(?: \([a-z ]+\))? (?:today|tonight|now|tomorrow|this morning|this evening|"
    rf"(?:on )?(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]* )?{_DATE})(?: at \d{{2}}:?\d{{2}}\b)?",
    r"\bx ?\d{1,2} refills?\b",
    r"\b(?:qty|ds|disp|dispense|quantity) ?[:#] ?\d{1,4}\b"
    r"(?: ?(?:tabs?|tablets?|caps?|capsules?)\b)?",
    r"\bissue \d{1,2} of \d{1,2}\b",
    r"\b(?:rx |script |prescription )?(?:expires|expiry)(?: date)?:? (?:on )?"
    r"\d{1,2}/(?:19|20)?\d\d\b",
    r"\b(?:wt|weight|body weight):? ?\d{1,3}(?:\.\d)? ?kg\b",
    r"\((?:wt|weight):? ?(?:[<>]=? ?)?\d{1,3}(?:\.\d)? ?kg\)",
    r"\(total (?:of )?(?:1[4-9]|[2-9]\d|\d{3}) (?:tabs?|tablets?|caps?|capsules?)\)",
    r"\(\d{2,4} ?ml bottle\)",
    r"\bblood tests? (?:is |are )?(?:needed |due |required )?every \d{1,2} (?:months|weeks)\b",
    r"\btake the (?:second|last) dose (?:by|before|no later than) \d{1,2} ?[ap]m\b",
    r"\b(?:remain|stay|sit|keep) upright(?: for)?(?: at least)? \d{1,3} ?min(?:utes|s)?\b",
    r",? ?\b\d{1,2} ?(?:hours|hrs) apart from [a-z, ]+$",
    r"\b(?:rx|order|script)(?: ?#| no\.?| number)? ?[:#]? ?\d{5,}",
]  # fmt: skip
_ASIDE = re.compile("|".join(_CHANGES_NOTHING))
_FIGURES = re.compile(r"\d")
_SOME_DAY = " from that day "  # which day it is changes no dose; that there is one may
_STARS = re.compile(r"\*{2,}|\*(?!\s*\d)|(?<![^\s])\*(?=\s*\d)|[!|~_]+")
# Codes of the Netherlands, where 2dd1t is twice a day one tablet (Latin: de die).
_DE_DIE = re.compile(r"\b(\d{1,2})dd?(\d{1,2}(?:\.\d)?|1/2)\s?(t|tab|tabs|tabl|c|caps|ml)\b")
_DE_DIE_ALONE = re.compile(r"\b(\d{1,2}) ?dd(?![a-z]) ?")
_DE_DIE_UNITS = {"t": "tablet", "c": "capsule", "ml": "ml"}
# Malaysia and Singapore: "T. 1 om" and "1/1 tds", one of the product each time.
_TAB = re.compile(r"^(?:t|tab)\.\s?(?=[^a-z])")
_COUNTED_T = re.compile(
    r"(?<![\d./-])\b(\d{1,2}(?:\.5)?(?= ?t)|(?:1/2|one|two|half|i|ii)(?= t)) ?t"
    r"(?= (?:po|od|om|on|bd|bds|bid|tds|tid|qds|qid|qd|qhs|qam|qpm|hs|daily|nocte|mane|prn|every"
    r"|once|twice|q ?\d|by mouth)\b)"
)
_TAKE_T = re.compile(r"^t (?!\d [ct]\b)(?=(?:\d|i|ii|iii|one|two|half)\b)")
# A scheme of the times of the day with a nought in it, however it is spaced: "1 - 0 - 1", "1+0+1".
_SCHEME = re.compile(
    r"(?<![\d/.+-])(?=[^a-z]*\b0\b)(\d(?:\.5)?|\d 1/2|1/2) ?([-+]) ?(\d(?:\.5)?|1/2) ?\2 ?"
    r"(\d(?:\.5)?|1/2)(?: ?\2 ?(\d(?:\.5)?|1/2))?(?! ?[\d/+-])"
)
_TEMPERATURE = re.compile(
    r"\b(?:elevated |raised |high )?(?:temp(?:erature)?|fever)(?: of)? ?(?:above|over|greater than"
    r"|exceeding|> ?=?) ?\d{2,3}(?:\.\d)? ?(?:degrees |deg )?(?:[cf]\b)?"
)
# The hour of a time of the day that was said in words; two hours, or one that does not fit, stay.
_BRACKETED_HOUR = re.compile(
    r"(?:(?<=night )|(?<=nocte )|(?<=bedtime )|(?<=evening )|(?<=teatime )|(?<= on ))\((?:at )?"
    r"(?:(?:1[6-9]|2[0-3]):\d\d|(?:[4-9]|1[01])(?::\d\d)? ?pm)\)"
    r"|(?:(?<=morning )|(?<=mane )|(?<= om ))\((?:at )?"
    r"(?:(?:0?[5-9]|1[01]):\d\d|(?:[5-9]|1[01]) ?am)\)"
)
# One that does not fit is no second time: "mismatch" stops the reading.
_HOUR_THAT_DOES_NOT_FIT = re.compile(
    r"(?:(?<=night )|(?<=nocte )|(?<=bedtime )|(?<=evening )|(?<=teatime )|(?<= on )"
    r"|(?<=morning )|(?<=mane )|(?<= om ))\((?:at )?(\d{1,2}(?::\d\d)? ?[ap]m|\d{1,2}:\d\d)\)"
)
# Repeats of a prescription; beside "now" or an interval they may be repeats of the dose.
_REPEATS = re.compile(r"(?<=[,.;(-]) ?(?:repeats?|rpts?) ?(?:x|:) ?\d{1,2}(?= ?(?:[,.;)]|$))")
_COUNTS_DOSES = re.compile(
    r"\b(?:now|stat|immediately|hours?|hrs?|hourly|min(?:ute)?s?|prn|needed)\b"
)
_THEN_OFF = re.compile(r",? then off ?\.?$")
_POST_OP = re.compile(
    r"(?:(?<!day )(?<!days )(?<!week )(?<!weeks )|\b(?P<length>for \d{1,2} (?:day|week)s? ))"
    r"\bpost[ -]op(?:eratively)?\b(?! days?)"
)
_BRACKETED_MEAL = re.compile(r"\((after|before|with) (food|meals?|breakfast|lunch|dinner|supper)\)")
_ONE_EACH = re.compile(r"\b(?:1/1|i/i)(?= (?:od|om|on|bd|tds|qid|qds|nocte|mane|prn|tid|bid)\b)")


_DAYS = {
    "m": "monday", "mo": "monday", "mon": "monday", "t": "tuesday", "tu": "tuesday",
    "tue": "tuesday", "tues": "tuesday", "w": "wednesday", "we": "wednesday", "wed": "wednesday",
    "th": "thursday", "thu": "thursday", "thur": "thursday", "thurs": "thursday", "f": "friday",
    "fr": "friday", "fri": "friday", "sa": "saturday", "sat": "saturday", "su": "sunday",
    "sun": "sunday",
}  # fmt: skip
_ONE_DAY = "|".join(sorted(_DAYS, key=len, reverse=True))
_DAY_LIST = re.compile(rf"\b(?:{_ONE_DAY})(?: ?[/,] ?(?:{_ONE_DAY})\b)+")
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SAID_TWICE = re.compile(
    rf"\b(\d{{1,2}}) \(({'|'.join(_WORDS)})\)|(?<![\d/.])(?:1/2|0\.5) \((?:one[ -])?half\)"
)


def _days_in_full(found: re.Match[str]) -> str:
    """Monday, wednesday for m/w/f or tu/th; M/F alone may be something else."""
    named = re.split(r" ?[/,] ?", found.group())
    clear = len(named) > 2 or any(day in ("tu", "th", "sa", "su") for day in named)
    return ", ".join(_DAYS[day] for day in named) if clear else found.group()


def _once(found: re.Match[str]) -> str:
    """3 for "3 (three)"; figures that differ stay."""
    if found.group(2) is None:
        return "1/2"
    same = _WORDS.index(found.group(2)) + 1 == int(found.group(1))
    return found.group(1) if same else found.group()


def _tight(found: re.Match[str]) -> str:
    """1-0-1 for "1 + 0 + 1"; a dash behind it is a sign."""
    first, _, *others = found.groups()
    numbers = [first, *(one for one in others if one is not None)]
    if "0" not in numbers:
        return found.group()
    return "-".join("1/2" if n == "1/2" else n.replace(" 1/2", ".5") for n in numbers) + " "


def without_asides(text: str) -> str:
    """The plain text with every aside replaced by a sign, and some codes written out."""
    text = without_remarks(_STARS.sub(" , ", text))
    if "t " in text:
        text = _TAKE_T.sub("take ", _COUNTED_T.sub(r"\1 tablet", text))
    if not _FIGURES.search(text):
        return text
    if "temp" in text or "fever" in text:
        text = _TEMPERATURE.sub("fever ", text)
    if "post" in text:
        text = _POST_OP.sub(lambda m: m["length"] or " , ", text)
    if "(" in text:
        text = _HOUR_THAT_DOES_NOT_FIT.sub(r"mismatch at \1", _BRACKETED_HOUR.sub("", text))
        text = _BRACKETED_MEAL.sub(r" \1 \2 ", text)
    if ("repeat" in text or "rpt" in text) and not _COUNTS_DOSES.search(text):
        text = _REPEATS.sub(" , ", text)
    if text.endswith(("off", "off.")):
        text = _THEN_OFF.sub("", text)
    if "0" in text:
        text = _SCHEME.sub(_tight, text)
    text = _BEGIN_DATE.sub(_SOME_DAY, _ASIDE.sub(" , ", text))
    text = _SHORT_DATE.sub(_SOME_DAY, re.sub(r"(?<=from that day ) ?\d{1,2}:\d\d\b", " ", text))
    text = _DAY_LIST.sub(_days_in_full, _SAID_TWICE.sub(_once, text))
    text = _DE_DIE.sub(
        lambda m: f"{m[1]} times a day {m[2]} {_DE_DIE_UNITS.get(m[3], 'tablet')} ", text
    )
    text = _DE_DIE_ALONE.sub(r"\1 times a day ", text)
    return _ONE_EACH.sub("1", _TAB.sub("tablet ", text))
