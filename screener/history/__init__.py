"""Earlier runs: which findings are new, worse, gone or back, and how their numbers moved.

Meaning: docs/history.md. `open_history` gives what a run needs of the past.
"""

from screener.history.keeper import FILE, History, beside, open_history, rebuilt

__all__ = ["FILE", "History", "beside", "open_history", "rebuilt"]
