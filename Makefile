# `make demo` and `make test` need Python 3.11 or newer and make; they set up .venv by themselves.
# TORCH_INDEX=URL names another index for torch (a CPU-only one where pip would fetch a CUDA build).
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
TORCH_INDEX ?=
# TEXTATTACK=FILE: the interpreter of an environment with TextAttack, for the part of `make bench` that compares.
TEXTATTACK ?=
JOBS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# One torch thread a process: parallel tests and two-core machines are faster so.
THREADS := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: demo test test-all check bench clean

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/holdfast demo demo

test: $(VENV)/.installed
	$(THREADS) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow" --cov=holdfast --cov-report=term

test-all: $(VENV)/.installed
	$(THREADS) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal --cov=holdfast --cov-report=term

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(VENV)/.installed
	$(THREADS) $(BIN)/python benchmarks/adversarial_gain.py
	$(THREADS) $(BIN)/python benchmarks/linear_gap.py
	$(THREADS) $(BIN)/python benchmarks/training_speed.py
	$(THREADS) $(BIN)/python benchmarks/attack_strength.py
	$(THREADS) $(BIN)/python benchmarks/attack_strength.py --reach-only --parents 130 --attack-seeds 1 --out bench-out/reach
	$(THREADS) $(BIN)/python benchmarks/attack_speed.py $(if $(TEXTATTACK),--textattack $(TEXTATTACK))
	$(BIN)/python benchmarks/workbench_latency.py

clean:
	rm -rf demo bench-out .pytest_cache .mypy_cache .ruff_cache .hypothesis htmlcov .coverage .coverage.*
