"""The parts of `scripts/benchmark.py`: what is measured, who takes part, how the turns go, and how it is told.

workloads.py   what is measured: the cases, their data and starting weights, made once for everybody
contenders/    who takes part: one file per library, each the same training steps in its own terms
worker.py      the process a contender lives in, alone
crew.py        the parent's side: it starts the workers, checks their losses, and has them run in turns
memory.py      peak memory of training steps and of inference
starts.py      what is measured from outside: `python -c "import X"`, and a whole job
report.py      tables, JSON, docs/performance.md
picture.py     docs/performance.png
"""
