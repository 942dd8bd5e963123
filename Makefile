# Everything from a fresh clone: each target does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FORGE := $(VENV)/forge
FILE ?= fixtures/_plans/flask/before.Dockerfile
CONTEXT ?= $(wildcard $(dir $(FILE))context)
WORKERS ?= 2

.PHONY: demo test test-engine engine-table forge-table lint bench bench-bot bench-rules clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

# GitHub's own description of its API, and what holds requests against it; without npm the tests say so and skip.
$(FORGE): $(VENV)/installed tests/support/forge/package-lock.json
	@if command -v npm >/dev/null; then $(BIN)/python -m tests.support.forge.description >$@; fi

demo: $(VENV)/installed  ## print a hardening diff: make demo FILE=path/to/Dockerfile
	@$(BIN)/hardenfile diff --unsafe $(if $(CONTEXT),--context $(CONTEXT)) $(FILE)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint $(FORGE)  ## every test but those that need a container engine
	$(BIN)/pytest -n $(WORKERS) -q -m "not engine"

test-engine: $(VENV)/installed  ## build and run images; needs docker; TABLE=file writes what each was and became
	$(BIN)/pytest -q -m engine -ra tests/engine

engine-table: $(VENV)/installed  ## the same, and its tables into the pages of add-user and split-stages
	$(MAKE) test-engine TABLE=$(VENV)/engine.md
	$(BIN)/python -m tests.engine.table $(VENV)/engine.md transforms/add_user/README.md
	$(BIN)/python -m tests.engine.table $(VENV)/engine_split.md transforms/split_stages/README.md

forge-table: $(VENV)/installed $(FORGE)  ## the lives of a pull request, and what the forge ends up holding
	@$(BIN)/python -m tests.forge.table

bench: $(VENV)/installed  ## ratios against other tools on the same files: make bench FILES=folder
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python tests/bench.py $(FILES)
	$(BIN)/python tests/bench_context.py

bench-rules: $(VENV)/installed  ## what linters find before and after: make bench-rules FILES=folder CHECKOV=program
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python tests/bench_rules.py --fixers $(if $(CHECKOV),--checkov $(CHECKOV)) $(FILES)

bench-bot: $(VENV)/installed  ## 200 repositories on a fake forge
	$(BIN)/python -m tests.bench_bot

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
