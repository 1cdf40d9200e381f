"""scripts/benchmark.py: it measures minigrad beside NumPy without any other library, checks losses first, and tells it well."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import benchmark
from benchmarks import report, starts
from benchmarks.contenders import CONTENDERS, LEFT_OUT, TAKES_PART, by_hand, torchlike
from benchmarks.crew import Crew, Plan, agree, environment
from benchmarks.workloads import CHECKED, WORKLOADS, make

PEERS = "torch,torch.compile,jax.jit,jax.scan,tinygrad,autograd,mygrad"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A smoke run without the other libraries: its JSON, and its plot."""
    folder = tmp_path_factory.mktemp("bench")
    options = ["--quick", "--only", "a,f,g", "--without", PEERS, "--json", str(folder / "run.json")]
    assert benchmark.main([*options, "--plot", str(folder / "plot.png")]) == 0
    return folder


def test_minigrad_is_timed_beside_numpy(run):
    found = json.loads((run / "run.json").read_text())
    timed = {r["contender"] for r in found["results"] if r["letter"] == "a" and r["times"]}
    assert timed == {"compiled", "minigrad", "numpy", "numpy-out", "numpy-best"}
    assert all(time > 0 for r in found["results"] for time in r["times"])
    assert found["libraries"]["minigrad"]["version"]
    assert (run / "plot.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_an_earlier_run_can_be_told_again(run, capsys):
    assert benchmark.main(["--read", str(run / "run.json")]) == 0
    told = capsys.readouterr().out
    assert "**(a) the digit network" in told
    assert "| NumPy by hand, laid out anew" in told


@pytest.mark.parametrize("letter", ["a", "b"])
@pytest.mark.parametrize("way", ["plain", "best"])
def test_by_hand_has_the_losses_of_minigrad(letter, way):
    with np.errstate(over="ignore"):
        for case in WORKLOADS[letter].cases:
            data = make(case, quick=True)
            ours = torchlike.build("minigrad eager", case, data).losses(CHECKED)
            assert by_hand.build(way, case, data).losses(CHECKED) == pytest.approx(
                ours, rel=WORKLOADS[letter].tolerance
            )


def test_losses_that_differ_are_noticed():
    assert agree([1.0, 2.0], [1.00001, 2.0], 1e-4)
    assert not agree([1.0, 2.0], [1.001, 2.0], 1e-4)
    assert not agree([1.0], [1.0, 2.0], 1e-4)
    assert not agree([math.nan], [math.nan], 1e-4)


def test_who_is_missing_is_named_and_the_others_go_on(monkeypatch):
    from dataclasses import replace

    monkeypatch.setitem(TAKES_PART, "f", ("minigrad", "numpy"))
    plan = Plan(repeats=1, turn=0.001, least=1, quick=True)
    with Crew(WORKLOADS["f"], "1", plan) as crew:
        crew.hands[1].close()
        results = {r.contender: r for r in crew.measure(WORKLOADS["f"].cases[0], lambda what: None)}
    assert results["minigrad"].times
    assert results["numpy"].absent == "its process has ended"
    text = report.absences([replace(r).as_data() for r in results.values()])
    assert text == "\n\nNumPy by hand: not here: its process has ended"


def test_the_whole_job_is_timed_by_what_it_tells():
    pytest.importorskip("matplotlib")
    ours, theirs = starts.jobs("1", 1, 1, 300, lambda what: None)
    assert not ours["absent"]
    assert len(ours["epochs_told"]) == len(ours["times"]) == 1
    assert theirs["absent"] or len(theirs["epochs_told"]) == 1


def test_one_thread_is_one_thread_and_kernels_are_chosen_by_the_library(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    chosen = environment("1")
    assert {chosen[name] for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")} == {"1"}
    assert not {"OPENBLAS_CORETYPE", "PYTHONDONTWRITEBYTECODE"} & set(chosen)


def test_docs_are_written_between_their_markers():
    text = "before\n<!-- tables -->old<!-- end of tables -->\nafter"
    assert report.between(text, "tables", "new") == "before\n<!-- tables -->\n\nnew\n\n<!-- end of tables -->\nafter"
    with pytest.raises(ValueError, match="no markers <!-- machine -->"):
        report.between(text, "machine", "new")


def test_numbers_have_three_digits_and_their_unit():
    assert [report.number(value) for value in (1.234, 12.34, 123.4, 1234.5)] == ["1.23", "12.3", "123", "1,234"]
    assert [report.unit_of(seconds)[1] for seconds in (5e-7, 5e-5, 5e-2, 5.0)] == ["ns", "µs", "ms", "s"]
    assert report.ratio([2.0, 9.0, 4.0], [1.0, 3.0, 2.0]) == 2.0


def test_reasons_tell_no_folder():
    assert report.tidy("error: '/home/me/x/cc1' | not found") == "error: 'cc1' / not found"


def test_everybody_who_takes_part_is_known():
    assert set(TAKES_PART) == set(WORKLOADS)
    assert set(LEFT_OUT) <= set(WORKLOADS)
    assert {key for keys in TAKES_PART.values() for key in keys} == set(CONTENDERS)


@pytest.mark.parametrize(
    ("option", "value", "message"), [("--only", "z", "no such workload"), ("--without", "x", "no such contender")]
)
def test_a_wrong_word_is_told(option, value, message, capsys):
    with pytest.raises(SystemExit):
        benchmark.parse([option, value])
    assert message in capsys.readouterr().err
