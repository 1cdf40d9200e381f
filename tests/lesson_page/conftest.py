"""The page as a static folder: the one that LESSON names, as `make test-lesson` does, or one that is built for the tests."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def static_site(tmp_path_factory):
    if "LESSON" in os.environ:
        return Path(os.environ["LESSON"]).resolve()
    import build_lesson

    site = tmp_path_factory.mktemp("page") / "lesson-static"
    build_lesson.build(site, static=True)
    return site
