"""Hypothesis profiles: "ci", the default, gives the same examples every time; "thorough" looks for new ones, for long.

HYPOTHESIS_PROFILE=thorough python -m pytest tests/test_laws.py
"""

import os
from importlib.util import find_spec
from pathlib import Path

import evidence
import pytest
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

collect_ignore = ["programs", "lesson_page"]  # run by test_programs.py; by `make test-lesson`
if find_spec("torch") is None:
    collect_ignore.append("parity")


# ── docs/gradients.md: what the laws on gradients saw, in whichever process each of them ran ─────────────────────────────

FOUND: dict[str, dict] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    operation = getattr(item, "callspec", None) and item.callspec.params.get("operation")
    if operation is not None and operation.name in evidence.SEEN:
        item.user_properties.append(("gradients", (operation.name, evidence.SEEN.pop(operation.name))))
    return result


def pytest_runtest_logreport(report):
    if report.when == "call":
        FOUND.update(value for name, value in report.user_properties if name == "gradients")


def pytest_sessionfinish(session):
    path = os.environ.get("GRADIENTS")
    if path and not hasattr(session.config, "workerinput"):
        from operations import OPERATIONS

        wanted = [operation.name for operation in OPERATIONS if operation.gradient]
        if set(wanted) <= FOUND.keys():  # after a part of the tests, or a failure, the page stays as it is
            evidence.write(Path(path), FOUND.items(), wanted)
