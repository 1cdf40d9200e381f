"""The page as a static folder, built once."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def static_site(tmp_path_factory):
    import build_lesson

    site = tmp_path_factory.mktemp("page") / "lesson-static"
    build_lesson.build(site, static=True)
    return site
