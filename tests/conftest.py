"""Hypothesis profiles: few and repeatable by default, many and fresh with `make test-deep`.

SCREENER_HYPOTHESIS_PROFILE chooses. An example of the engine comparison holds up to 12 patients,
so the profiles draw some tens and some hundreds of patients for every property. The default one
tells a failure as it was drawn, without shrinking it, so that a red run ends in minutes too.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "default",
    max_examples=12,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_IS_FINE,
)
settings.register_profile(
    "deep",
    max_examples=400,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_IS_FINE,
)
settings.load_profile(os.environ.get("SCREENER_HYPOTHESIS_PROFILE", "default"))
