"""Remarks with figures or times that are no doses: reviews, ages, wear times, water, packs, names.

Each is a closed phrase of plain text and gives way to a sign or to plain words; it is looked for
only where its word stands in the text. What is only like a remark stays, and stops the reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

# "May" is a month only where no verb can follow: "start 1 may increase" is no date.
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may(?=,? ?\d| ?[,.;)]|$)|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
_CLOCK = r"(?:(?:,? at [0-2]?\d:?[0-5]\d|,? [0-2]?\d:[0-5]\d)(?::[0-5]\d)?(?: ?[ap]m)?\b)?"
_YEAR = r"(?:,? (?:19|20)\d\d(?! ?(?:units?|iu|mg|mcg|ml|micro)))?"
_NAMED_DATE = (
    rf"(?:{_MONTH} [0-3]?\d(?:st|nd|rd|th)?(?!\d){_YEAR}"
    rf"|[0-3]?\d(?:st|nd|rd|th)?(?: of)? {_MONTH}\b{_YEAR})"
)
_NUMERIC = r"(?:[0-3]?\d[/.-][0-3]?\d[/.-](?:19|20)?\d\d|\d{4}-[01]\d-[0-3]\d)"
_DAY = rf"{_WEEKDAY}(?:{_NUMERIC}|{_NAMED_DATE})(?![\d/])"
_LOOSE_DAY = rf"(?:{_DAY}|{_MONTH}(?: (?:19|20)?\d\d)?\b|[01]?\d/(?:19|20)\d\d)"
_COUNT = r"(?:\d{1,3}(?:\.\d)?(?: ?- ?| to )?\d{0,3}|one|two|three|four|five|six|half an)"
_SPAN = rf"{_COUNT} ?(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|hr|h|days?|weeks?|months?)\b"
_SHORT = rf"{_COUNT} ?(?:seconds?|secs?|minutes?|mins?)\b"
_HOURS = rf"{_COUNT} ?(?:hours?|hrs?|hr|h|minutes?|mins?)\b"
_AMOUNT = r"\d[\d,]*(?:\.\d+)?"
_FORM = r"(?:tablets?|tabs?|capsules?|caps?)"
_APART = (
    r"(?:calcium|iron|antacids?|zinc|magnesium|milk|dairy(?: products)?|levothyroxine|coffee|"
    r"(?:other )?(?:medicines|medications|meds)|(?:multi)?vitamins?|supplements?|eating|food|"
    r"meals?|lying down|drinking|breakfast|dairy)"
)
_MEAL = r"(?:meals?|food|eating|breakfast|lunch|dinner|supper|feeds?|feeding)"
_SOME_DAY = " from that day "

Rewrite = str | Callable[[re.Match[str]], str]


def _mean_of_two(found: re.Match[str]) -> str:
    """3 mg alternating with 4 mg daily: 3.5 mg daily; two units stay as they are."""
    one, unit, two, own, often = found.groups()
    if unit is not None and unit.rstrip("s") != own.rstrip("s"):
        return found.group()
    mean = (Fraction(one) + Fraction(two)) / 2
    if (mean * 1000).denominator != 1:
        return found.group()
    daily = "daily" if "day" in often or often in ("daily", "od", "qd") else often
    return f"{float(mean):.10g} {own} {daily}"


def _pair_of_strengths(found: re.Match[str]) -> str:
    """Nothing for (800-160 mg) and (5/325 mg), what two drugs weigh; a range that rises stays."""
    first, sign, second = found.group(2), found.group(3), found.group(4)
    one, two = Fraction(first.replace(",", "")), Fraction(second.replace(",", ""))
    weighed = found.group(5) is not None or max(one, two) >= 100
    return found.group(1) if weighed and (sign == "/" or two < one) else found.group()


def _no_stool(found: re.Match[str]) -> str:
    return f" {found.group(1) or ','} constipation "


# Words of which one must stand in the text; what is looked for; what it gives way to.
_REMARKS: list[tuple[tuple[str, ...], str, Rewrite]] = [
    (("due", "review", "blood", "repeat"),
     r"\b(?:(?:annual |medication |med |asthma |next )?review|(?:repeat |annual |fasting )?"
     r"(?:blood tests?|bloods|labs)|bp check|monitoring)(?: (?:is|are))?(?: (?:over)?due| date)?"
     rf"(?: (?:by|in|on|before|at|after))?:? (?:{_LOOSE_DAY}|{_COUNT} (?:days|weeks?|months?)\b)",
     " , "),
    (("start", "begin", "commenc"),
     rf"\b(?:start(?:ing|ed)?|begin(?:ning)?|commenc(?:e|ed|ing))(?: taking)?(?: on)?:? "
     rf"{_DAY}{_CLOCK}", _SOME_DAY),
    (("until", "till", "stop", "end", "through"),
     rf"\b(?:until|till|through|end(?:ing|s)?(?: date)?(?: on)?|stop(?: date)(?: on)?):? {_DAY}",
     _SOME_DAY),
    (("once",), rf"(?<=\bonce)(,?) on {_DAY}{_CLOCK}", _SOME_DAY),
    ((":",), rf"(?<=, ){_NUMERIC} [0-2]\d:[0-5]\d(?::[0-5]\d)?\b", _SOME_DAY),
    (("last",),
     rf"\blast (?:refill(?:ed)?|filled?|dispensed|issued?|seen)(?: on| date)?:? {_LOOSE_DAY}",
     " , "),
    (("mitte",), r"\bmitte:? ?\d{1,2}/(?:7|52|12)\b", " , "),
    (("within",),
     rf"\b(?:do not|don't) take (?:it )?within {_HOURS} (?:of|after|before)(?: taking)? {_APART}"
     rf"(?:(?:,| and| or|/)+ {_APART})*\b", " , "),
    (("between",),
     rf"\b(?:wait|allow|leave)(?: (?:about|at least|for))* {_SHORT} between"
     r"(?: (?:each|eye|different))* (?:drops?|puffs?|inhalations?|sprays?|eyes)\b", " , "),
    (("(",),
     rf"\b((?:before|after) (?:food|meals?|breakfast|eating)) \({_HOURS}(?: before| after)?\)",
     r"\1 "),
    (("age",),
     r"^([^\n]*?)\(?\b(?:patient |pt )?(?:is )?(?<!if )(?<!over )(?<!under )aged? ?:? ?"
     r"\d{1,3}(?:-\d{1,3}| to \d{1,3})? ?(?:years?|yrs?|months?|mths?)?(?: old)?\b(?! and)"
     r"(?!.*\bage)(?: ?\))?", r"\1 , "),
    (("infant", "child", "adult"), r"^(?:infants?|child(?:ren)?|adults?) ?: ?", " "),
    (("off",),
     r"\bon (?:at )?(?:\d{1,2}(?::?\d\d)? ?am?|\d{4})(?:,| and| ?/)? off (?:at )?"
     r"\d{1,2}(?::?\d\d)? ?(?:pm|p)?\b", " daily "),
    (("remove", "take off"),
     r",? ?\b(?:and |& )?(?:then )?(?:removed?|take off)(?: patch| it)? (?:at|in the|every|each|in)"
     r" (?:bedtime|night|evening|pm|hs|[0-2]?\d:?[0-5]\d\b|\d{1,2}(?:[.:]\d\d)? ?[ap]m\b)", " "),
    (("remove",),
     r",? ?\b(?:and |& )?remove (?:per schedule|as directed|nightly|before bed)\b", " "),
    (("leave",),
     rf"\bleave (?:on |in )?(?:for )?{_SPAN},?(?: (?:and|then|before|and then))? (?:rinse|"
     r"rinsing|wash|washing)(?: (?:off|out|well))*", " , "),
    (("sec", "min"), rf"\b(?:for|x) (?:up to |at least )?{_SHORT}(?: (?:after|before) brushing\b)?"
     r"(?:,? (?:and |then )+(?:rinse|wash)(?: (?:off|out))*\b)?",
     " "),
    (("discard",),
     r"\bdiscard(?: any)?(?: (?:open|opened|the|unused|remaining|vial|pen|bottle|remainder))* "
     rf"(?:after|in|within) {_SPAN}(?: (?:of|after|from) (?:first )?(?:opening|use))?", " , "),
    (("discard",), rf"\bdiscard {_SPAN} after (?:first )?(?:opening|use)\b", " , "),
    (("flush",),
     r"\bflush(?:ed)?(?: (?:the )?tube)?(?: with)? \d{1,3} ?(?:ml|cc)(?: of)?"
     r"(?: (?:water|h2o|saline|ns|normal saline))?(?: (?:before (?:and|&) after|before|after))?"
     r"(?: (?:each )?(?:med|medication|medications|meds|dose|administration|use))?\b"
     r"(?! food| meal)", " , "),
    (("bm", "bowel", "stool"),
     r"\b(?:(if|for) )?(?:no (?:bm|bowel movements?|stools?)|bowels? not open(?:ed)?)"
     r"(?: (?:x|for|in|after|within) ?"
     r"(?:\d{1,2} ?(?:days?|d|hours?|hrs?|h)|\d/7)\b)?", _no_stool),
    (("alcohol",),
     r"\b(?:no|avoid|do not drink|don't drink)(?: any)? alcohol(?: (?:until|during|while|and|"
     r"treatment|taking|this|course|after|the|last dose|finishing|completing|completion|medicine|"
     r"medication|of|(?:for |until )?(?:at least )?\d{1,2} ?(?:hours?|days?) after))*\b", " , "),
    (("acetaminophen", "apap", "paracetamol", "tylenol"),
     r"\b((?:max[a-z]*|exceed(?:ing)?|more than|nte|limit)\b[^.;()]{0,24}?"
     rf"{_AMOUNT} ?(?:g|gm|gms|grams?|mg)) (?:of )?(?:total )?(?:acetaminophen|apap|paracetamol|"
     r"tylenol)\b", r"\1"),
    (("travel", "surgery", "procedure", "departure", "exposure"),
     rf"\b(?:begin(?:ning)?|start(?:ing)?|commence) {_SPAN} (?:before|prior to) (?:the )?(?:travel"
     r"(?:ling|ing)?|surgery|procedure|departure|exposure)\b", " , "),
    (("hour", "hr"),
     r"(?:^|(?<=\b[1-4] )|(?<=one )|(?<=two )|(?<=take ))(?:8|12|24)[ -]?(?:hour|hr)[ -]"
     rf"(?=(?:er |sr |xr |extended[ -]release )?{_FORM}\b)", ""),
    (("goal", "target"),
     r"\b(?:for |with )?(?:a )?(?:(?:bp|blood pressure|sbp|a1c|hba1c|ldl)(?: (?:goal|target))|"
     r"(?:goal|target) (?:bp|blood pressure|sbp|a1c|hba1c|ldl))(?: of| is|:)? ?(?:<|>|under|below|"
     r"less than)?=? ?\d{1,3}(?:\.\d)?(?:/\d{2,3})?%?", " , "),
    (("radicul", "disc", "disk", "stenosis", "herniat", "compression", "pain"),
     r"\b[clts]\d{1,2}(?:[-/][clts]?\d{1,2})? "
     r"(?=radicul|disc|disk|stenosis|herniat|compression|pain)", ""),
    (("alt",),
     r"(?<![\d./-])(\d{1,4}(?:\.\d+)?|1/2) ?(mg|mcg|micrograms?|tablets?|tabs?|units?)? "
     r"(?:alternating|alternate|alternated|alt) with (\d{1,4}(?:\.\d+)?) ?(mg|mcg|micrograms?|"
     r"tablets?|tabs?|units?),? (daily|od|qd|every day|each day|(?:on )?alternate days|"
     r"every other day|at night|nocte|mane|in the morning|in the evening)\b", _mean_of_two),
    ((" x",),
     r"(?<![\d./x-])\b(\d{1,2}) ?x ?(\d{1,2}|1/2|0\.5) ?(tablets?|tabs?|capsules?|caps?|sachets?)"
     r"(?: ?/ ?(?:day|d)\b| (?:daily|a day|per day|every day|each day)\b)",
     r"\1 times a day \2 \3"),
    (("(",), r"\b(\d{1,2}|one|two|three|four) \((\d[\d.,]* ?(?:mg|mcg|g))\) "
     rf"({_FORM})\b", r"\1 \3 (\2)"),
    (("(",), rf"(\b{_FORM}) \(({_AMOUNT})([-/])({_AMOUNT})( ?mg| ?mcg)?\)", _pair_of_strengths),
    (("/",), rf"\b({_AMOUNT} ?(?:mg|mcg|micrograms?|g)) ?/ ?(ml)\b(?! ?/)", r"\1/1 \2"),
    (("/",), rf"\(?\b{_AMOUNT} ?(?:units?|iu) ?/ ?ml\b(?! ?/)\)?", " , "),
    (("patch",),
     rf"\({_AMOUNT} ?(?:mcg|micrograms?|mg) ?(?:/|per) ?(?:24 ?)?(?:hours?|hrs?|hr|h)\)", " "),
    (("patch",),
     rf"\b{_AMOUNT} ?(?:mcg|micrograms?) ?(?:/|per) ?(?:hours?|hrs?|hr|h) (?=patch)", ""),
    (("%",),
     r"(?<![<>] )(?<![\d.<>])\b\d{1,2}(?:\.\d{1,3})? ?% ?(?:(?:ophth[a-z]*|eye|ear|otic|nasal|"
     r"topical|vaginal) )?"
     r"(?:soln|solution|cream|crm|ointment|oint|gel|lotion|drops?|susp|suspension|shampoo|spray|"
     r"foam|mouthwash)\b", " "),
    (("glass", "cup"),
     r"\b((?:full |large |small )?(?:glass|cup)(?:ful)?) \(\d{1,3} ?(?:oz|ml|ounces)\.?\)", r"\1"),
    (("drink",),
     r"\bdrink (?:plenty of |lots of |at least |up to )*(?:\d(?:\.\d)?(?:-\d{1,2})?) ?(?:l|litres?|"
     r"liters?|glasses|glass|oz|cups?|pints?)(?: of)? (?:water|fluids?|liquids?)"
     r"(?: (?:a|per|each|every) day| daily)?", " , "),
    (("wait", "allow", "leave", "separate"),
     rf"\b(?:wait|allow|leave|separate)(?: (?:by|at least|for|from))* {_HOURS} (?:before|between|"
     rf"from|apart from|away from)(?: (?:taking|eating|using|any))* {_APART}"
     rf"(?:(?:,| and| or|/)+ {_APART})*\b", " , "),
    (("before or", "before and"),
     rf"\b(?:at least |take )?{_HOURS} (?:before or)(?: at least)? (?:{_HOURS} )?after(?: (?:a|the|"
     rf"each|any|your))* {_MEAL}\b", " , "),
    (("(06", "(07", "(08", "(09", "(1", "(2"),
     r"(?<=\b)(morning|breakfast|nightly|bedtime|evening|night) \((?:at )?[0-2]\d:?[0-5]\d\)",
     r"\1 "),
    (("replac", "generic", "same as", "substitut"),
     r"(?:(?<=[(,.;])|^) ?(?:this )?(?:is )?(?:the )?(?:generic (?:for|of)|substituted? for|"
     r"same as|replaces|replacing)(?! patch)(?![^(),.;]*\b(?:take|then|now|dose|daily|if)\b)"
     rf"(?: (?:{_AMOUNT} ?m?c?g|[a-z]+)){{1,4}} ?(?=[),.;]|$)", " "),
    (("rpt",), r"\brpts?:? ?\d{1,2} ?(?=$|[.)])", " , "),
    (("repeat",),
     r"\b(?:may|can) (?:be )?repeat(?:ed)?(?: (?:dose|it))?(?: (?:once|x1|x 1|one time))?"
     rf" (?:in|after|every) {_HOURS}(?:,? (?:if needed|as needed|prn|if no relief|if necessary|"
     r"if headache (?:recurs|returns|persists)|if migraine (?:recurs|returns)))?",
     " may repeat dose "),
]  # fmt: skip
_COMPILED = [(words, re.compile(pattern), to) for words, pattern, to in _REMARKS]


def without_remarks(text: str) -> str:
    """The plain text with every such remark replaced."""
    for words, pattern, to in _COMPILED:
        for word in words:
            if word in text:
                text = pattern.sub(to, text)
                break
    return text
