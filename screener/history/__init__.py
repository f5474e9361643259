"""Earlier runs: which findings are new, worse, gone or back, and how their numbers moved.

Meaning: docs/history.md. `open_history` gives what a run needs of the past.
"""

from screener.history.keeper import History, beside, open_history, rebuilt
from screener.history.remembered import FILE

__all__ = ["FILE", "History", "beside", "open_history", "rebuilt"]
