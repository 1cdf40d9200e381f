"""PyTorch warns of its own age in places; that is not minigrad's concern."""

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "parity" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning:torch"))
