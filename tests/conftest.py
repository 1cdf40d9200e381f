"""Hypothesis profiles: "ci", the default, gives the same examples every time; "thorough" looks for new ones, for long.

HYPOTHESIS_PROFILE=thorough python -m pytest tests/test_laws.py
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("ci", derandomize=True, database=None, deadline=None, max_examples=25)
settings.register_profile(
    "thorough",
    derandomize=False,
    database=None,
    deadline=None,
    max_examples=500,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

collect_ignore = ["programs"]  # run by test_programs.py
