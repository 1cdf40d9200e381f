# Everything from a clean checkout, on a machine with Python 3.11 or newer and make.
#
#   make mnist    environment, install, train the digit network, a report in runs/mnist
#   make test     environment, install, all tests and doctests, coverage, lint, types
#   make parity   an environment with PyTorch beside it, and every call and program under both
#   make test-pictures   an environment with Playwright, and pictures and pages measured in an installed Chromium
#   make bench    an environment with other libraries beside it, and the speed of all of them
#   make lesson   the lesson in your browser, with the engine on this machine; builds what is missing (Node.js and npm)
#   make lesson-static   the lesson as a folder for any static host, in build/lesson-static (Node.js and npm)
#   make test-lesson   an environment with Playwright, and the lesson tested in Node.js and in an installed Chromium
#   make lesson-picture   the README's picture of the lesson, from the running page
#   make draw     the computation graphs of the README, into runs/graphs
#   make gallery   train the digit network briefly and draw the pictures of docs/gallery.md
#   make clean    remove what the others made

PYTHON ?= python3
ARGS ?=
bin := .venv/bin
one_thread := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: mnist test test-pictures parity lint bench lesson lesson-static test-lesson lesson-picture draw gallery clean

mnist: .venv/installed
	$(bin)/python scripts/mnist.py $(ARGS)

test: .venv/installed lint
	GRADIENTS=docs/gradients.md $(one_thread) $(bin)/python -m pytest -n 2 --cov --cov-report=term $(ARGS)

parity: .venv-parity/installed
	$(one_thread) .venv-parity/bin/python -m pytest -n 2 tests/parity tests/test_programs.py $(ARGS)

test-pictures: .venv-pictures/installed
	$(one_thread) .venv-pictures/bin/python -m pytest tests/test_pictures_in_browser.py $(ARGS)

lint: .venv/installed
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

bench: .venv-bench/installed
	.venv-bench/bin/python scripts/benchmark.py $(ARGS)

lesson: .venv/installed build/lesson/index.html
	$(one_thread) $(bin)/python -m minigrad.lesson $(ARGS)

lesson-static: .venv/installed $(if $(ARGS),,build/lesson-static/index.html)
	$(if $(ARGS),$(bin)/python scripts/build_lesson.py --static $(ARGS),@echo "the page is in build/lesson-static")

# what both pages are made of; the static one has all of minigrad in it
page := scripts/build_lesson.py scripts/lesson_bytecode.mjs docs/engine.md docs/gradients.md docs/lesson.md \
	$(shell find minigrad/lesson -type f -not -path '*/node_modules/*' -not -name '*.pyc')

build/lesson/index.html: $(page) | .venv/installed
	$(bin)/python scripts/build_lesson.py

build/lesson-static/index.html: $(page) $(shell find minigrad models -type f -not -path '*/node_modules/*' -not -name '*.pyc') | .venv/installed
	$(bin)/python scripts/build_lesson.py --static

test-lesson: .venv-lesson/installed
	.venv-lesson/bin/python scripts/build_lesson.py --static
	LESSON=build/lesson-static $(one_thread) .venv-lesson/bin/python -m pytest -n 2 --dist loadgroup tests/lesson_page $(ARGS)

lesson-picture: .venv-lesson/installed build/lesson/index.html
	$(one_thread) .venv-lesson/bin/python scripts/picture_lesson.py $(ARGS)

draw: .venv/installed
	$(bin)/python scripts/draw_graph.py --out runs/graphs $(ARGS)

gallery: .venv/installed
	$(bin)/python scripts/draw_gallery.py $(ARGS)

.venv/installed: extras = dev
.venv-parity/installed: extras = dev,parity
.venv-bench/installed: extras = bench
.venv-pictures/installed: extras = dev,pictures
.venv-lesson/installed: extras = dev,lesson-test

%/installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("minigrad needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ": try make PYTHON=python3.12")'
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "Python has no venv here; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[$(extras)]'
	@touch $@

clean:
	rm -rf .venv .venv-parity .venv-bench .venv-pictures .venv-lesson minigrad/lesson/page/node_modules runs build dist *.egg-info .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
