"""The words of the report and the limits of its use, as shown on its last page."""

from __future__ import annotations

GLOSSARY = (
    ("Finding", "One patient, one rule, one subject (for pair rules the partner drug) and one "
     "unbroken run of days on which the rule's condition held."),
    ("Active", "The run of days reaches the last day of the data, or it is an event (a start, a "
     "rise, a stop) of the last 30 days."),
    ("Past", "Not active: the run of days ended before the last day of the data, or the event is "
     "older than 30 days."),
    ("Critical, high, moderate, low, info", "How far a finding presses, as the authors of its "
     "rule judge it: critical is to be looked at first. Age, dose, partner or an as-needed order "
     "may raise or lower it; the rule's card says when."),
    ("New", "Not found by the run before. This and the next words are about runs, not about "
     "whether a patient still takes something: that is active or past."),
    ("Worsened", "Found by the run before with less severity or certainty."),
    ("Also in the last run", "Found by the run before alike."),
    ("Found again", "Found earlier, but not by the run before."),
    ("No longer found", "Found by the run before, and not by this one, though it looked. Nobody "
     "knows from that why."),
    ("Not compared", "Its rule or site is not the same in both runs."),
    ("Waived", "Accepted by the team for a time, with a reason and a name, in a site file."),
    ("Definite, possible", "Definite: the condition holds on the lowest dose that the orders "
     "allow. Possible: it holds only on the highest dose, or under another reading of an overlap; "
     "its severity is one step lower."),
    ("In scope", "The patient took the rule's drug on some day. Flagged on any day, else not "
     "judged on some day, else clear: these add up to the patients in scope."),
    ("Could not be judged", "The rule applies but the data do not allow an answer; the reason is "
     "given. It is never counted as clear."),
    ("Rate per 1,000", "Patients flagged per 1,000 patients in scope, with Wilson's 95 % "
     "confidence interval."),
    ("Counted days", "The days on which an order counts, after early refills are carried forward "
     "and replaced orders end."),
    ("Data flag", "Something in the data that was unclear. A data flag never hides a finding."),
    ("Excluded", "An order that was read and does not count: cancelled, never dispensed, with an "
     "impossible date, or stopped before the first dose."),
    ("Superseded", "An older version of a record that the export holds in a newer one."),
    ("Set aside", "A row that could not be used; it is listed with its reason, never dropped."),
    ("Data to", "The last day of the data. Nothing after it is judged."),
    ("Pilot rule", "A rule on trial: its findings are kept apart and are in no headline number."),
)  # fmt: skip
LIMITS = (
    "This is a retrospective audit of exported medication lists. It does not advise on the "
    "treatment of any patient, and is not meant for use at the bedside.",
    "It sees orders and supplies, not what a patient swallowed; over-the-counter medicines and "
    "supplies from elsewhere are invisible.",
    "A finding may have a good reason that the data do not show. Read the record before acting.",
    "A patient without findings was only checked against the rules listed here, on the data "
    "listed here.",
    "The finding id and the patient id identify a person: treat this file as a health record.",
)
