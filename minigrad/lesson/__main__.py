"""Read the lesson "How Neural Networks Learn" in a browser, with the engine on this machine.

    python -m minigrad.lesson                     serve build/lesson on 127.0.0.1 and open the browser
    python -m minigrad.lesson --port 8000         on a port of your choice
    python -m minigrad.lesson --no-browser        only say where it is
    python -m minigrad.lesson --site FOLDER       serve another folder
    python -m minigrad.lesson --map /lib/=FOLDER  serve what is below /lib/ from elsewhere, to work on the page

`make lesson` builds the page first, if it is not there.
"""

from __future__ import annotations

import argparse
import signal
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

from minigrad.lesson.server import Server

SITE = Path(__file__).resolve().parents[2] / "build" / "lesson"  # of the checkout


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        "python -m minigrad.lesson", description="The lesson in a browser, with the engine on this machine."
    )
    parser.add_argument("--port", type=int, default=0, help="the port, from 1 to 65535; any that is free unless given")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    parser.add_argument(
        "--site", type=Path, default=SITE, help="the folder with the page (the build/lesson of this checkout)"
    )
    parser.add_argument(
        "--map", action="append", default=[], metavar="/PATH/=FOLDER", help="serve files below /PATH/ from a folder"
    )
    options = parser.parse_args(argv)
    if not 0 <= options.port <= 65535:
        parser.error(f"--port {options.port}: use a number from 1 to 65535")
    for pair in options.map:
        if not (pair.startswith("/") and "/=" in pair and Path(pair.partition("=")[2]).is_dir()):
            parser.error(f"--map {pair}: use /path/=folder, with a folder that is there")
    if not (options.site / "index.html").is_file():
        print(
            f"there is no page in {options.site}: build it with `make lesson`, in a checkout of minigrad",
            file=sys.stderr,
        )
        return 2
    try:
        server = Server(options.site, port=options.port, maps=dict(pair.split("=", 1) for pair in options.map))
    except OSError as error:
        print(
            f"--port {options.port}: {error.strerror}: take another one, or none for any that is free", file=sys.stderr
        )
        return 2
    with server:
        with suppress(ValueError):  # outside the main thread
            signal.signal(signal.SIGINT, signal.default_int_handler)  # even if whoever started this ignores it
        print(f"the lesson is at {server.address} (Ctrl-C ends it)", flush=True)
        if not options.no_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
