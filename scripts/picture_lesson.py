"""The README's picture of the lesson: the page as a browser shows it, while its reader's network learns.

    python scripts/picture_lesson.py                 into docs/images/lesson.png
    python scripts/picture_lesson.py --out FILE.png

Needs the page in build/lesson, Playwright and an installed Chromium: `make lesson-picture` sees to the first two.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from minigrad.lesson.server import Server

WIDTH, HEIGHT = 1000, 960
LARGEST = 200_000  # bytes of a picture that a reader on the way loads too
WAIT = 120_000  # milliseconds


def main(argv: list[str] | None = None) -> int:
    """Take the picture; the exit code."""
    parser = argparse.ArgumentParser(description="The page of the lesson as a picture.")
    parser.add_argument("--site", type=Path, default=ROOT / "build" / "lesson", help="the folder with the page")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "lesson.png", help="the file")
    options = parser.parse_args(argv)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("picture_lesson.py: error: there is no Chromium here: install one", file=sys.stderr)
        return 2
    with Server(options.site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        picture = shown(server.address, chromium)
        server.shutdown()
    if len(picture) > LARGEST:
        print(f"picture_lesson.py: error: {len(picture):,} bytes, more than {LARGEST:,}", file=sys.stderr)
        return 2
    new = options.out.with_suffix(".new")
    new.write_bytes(picture)
    new.replace(options.out)
    print(f"{options.out}: {len(picture) / 1e3:.0f} KB")
    return 0


def shown(address: str, chromium: str) -> bytes:
    """The training figure when it reads nine of ten digits, as PNG."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as program:
        browser = program.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(f"{address}#training")
        page.wait_for_selector("#training[data-live]", timeout=WAIT)
        figure = page.locator("#training")
        figure.get_by_role("radio", name="Full").check(force=True)
        figure.get_by_role("button", name="Train", exact=True).click()
        page.wait_for_function("Number(document.getElementById('training').dataset.accuracy) >= 0.9", timeout=WAIT)
        figure.get_by_role("button", name="Pause").click()
        page.wait_for_function("document.getElementById('training').dataset.state === 'paused'", timeout=WAIT)
        page.wait_for_timeout(1500)  # until the last curve is drawn
        page.evaluate("document.activeElement.blur(); scrollTo(0, document.getElementById('training').offsetTop - 145)")
        page.wait_for_timeout(300)
        picture = page.screenshot()
        browser.close()
    return picture


if __name__ == "__main__":
    sys.exit(main())
