"""screener: a batch screener of medication lists.

It reads prescription exports, works out what every patient took on every day,
applies rules that pharmacists keep in YAML, and writes findings and a report.
"""

__version__ = "0.1.0"
