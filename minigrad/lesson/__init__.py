"""The lesson "How Neural Networks Learn" as a live page: `python -m minigrad.lesson`.

Where things are:

* `engine.py` is what the page talks to, `Lesson`: short methods, plain data in, plain data and arrays out. Its parts are
  `state.py` (networks and digits), `digits.py`, `network.py`, `costs.py`, `curves.py`, `landscapes.py`, `gradients.py`,
  `training.py`, `graph.py` and `keeping.py`, in the order of the lesson;
* `wire.py` turns calls and answers into bytes, the same for both ways that the page can reach the engine;
* `server.py` answers a page on this machine, `__main__.py` starts it; in a page without a server the same engine runs in the
  browser's own Python.

The page itself is in `page/`; `scripts/build_lesson.py` puts it together, and `make lesson` runs that and the server.
"""
