# One command per need; every target makes .venv by itself. `make help` lists them.
# Needs only Python 3.11 or newer, make, and a Python package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
# The stamp's name carries the lock's content: another lock, another installation.
STAMP := $(VENV)/installed-$(shell cksum $(LOCK) pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)
SPARK := .venv-spark
SPARK_LOCK := requirements-spark.lock
SPARK_STAMP := $(SPARK)/installed-$(shell cksum < $(SPARK_LOCK) 2>/dev/null | cut -d' ' -f1)
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --universal \
	--python-version 3.11 --custom-compile-command 'make lock' pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-deep test-spark fuzz check fix bench bench-docs peers lock upgrade browser sample-data sbom mutation wheel

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

venv: $(STAMP)  ## make .venv from the locked packages

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/installed-*
	@touch $@

demo: $(STAMP)  ## screen the invented clinic of sample_data/ and print where the report is
	$(BIN)/screener demo

# Two processes and more share the files of tests; what holds a measured time runs alone.
PYTEST := $(BIN)/python -m pytest
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile -m 'not alone'

test: $(STAMP) browser  ## all tests; those of Spark too where `make test-spark` was run once
	$(PYTEST) $(SIDE_BY_SIDE)
	$(PYTEST) -m alone
	@test ! -e $(SPARK_STAMP) || $(MAKE) --no-print-directory test-spark

test-deep: $(STAMP) browser  ## all tests with many more histories and faults, then 30 minutes of each fuzz target
	SCREENER_HYPOTHESIS_PROFILE=deep $(PYTEST) $(SIDE_BY_SIDE)
	SCREENER_HYPOTHESIS_PROFILE=deep $(PYTEST) -m alone
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=1800

# atheris has an environment of its own: it is for Linux and few versions of Python.
FUZZ := build/fuzz
FUZZ_LOCK := tests/fuzz/requirements.lock
FUZZ_STAMP := $(FUZZ)/installed-$(shell cat $(FUZZ_LOCK) requirements-runtime.lock | cksum | cut -d' ' -f1)
FUZZ_SECONDS ?= 60
fuzz: $(FUZZ_STAMP)  ## fuzz each target of tests/fuzz for FUZZ_SECONDS, 60 if not told
	@for target in rule mapping directions cells csv ndjson; do \
		echo "== $$target"; \
		$(FUZZ)/bin/python -m tests.fuzz.fuzz $$target -max_total_time=$(FUZZ_SECONDS) \
			-artifact_prefix=$(FUZZ)/ || exit 1; \
	done

$(FUZZ_STAMP):
	test -x $(FUZZ)/bin/python || $(PYTHON) -m venv $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --require-hashes -r requirements-runtime.lock -r $(FUZZ_LOCK)
	@rm -f $(FUZZ)/installed-*
	@touch $@

MUTATION := build/mutation
MUTATION_LOCK := tests/mutation/requirements.lock
MUTATION_STAMP := $(MUTATION)/installed-$(shell cat $(MUTATION_LOCK) $(LOCK) | cksum | cut -d' ' -f1)
mutation: $(MUTATION_STAMP)  ## change the core in one place at a time; MUTANTS='screener.units.*'
	$(MUTATION)/bin/mutmut run --max-children 1 $(foreach one,$(MUTANTS),'$(one)')

$(MUTATION_STAMP):
	test -x $(MUTATION)/bin/python || $(PYTHON) -m venv $(MUTATION)
	$(MUTATION)/bin/python -m pip install --quiet --require-hashes -r $(LOCK) -r $(MUTATION_LOCK)
	@rm -f $(MUTATION)/installed-*
	@touch $@

# PySpark has an environment of its own: it brings pandas, which pandera then imports everywhere.
test-spark: $(SPARK_STAMP)  ## the tests of the Spark engine (needs Java 17), in .venv-spark
	$(SPARK)/bin/python -m pytest tests/engines

$(SPARK_STAMP):
	test -x $(SPARK)/bin/python || $(PYTHON) -m venv $(SPARK)
	$(SPARK)/bin/python -m pip install --quiet --require-hashes -r $(SPARK_LOCK)
	$(SPARK)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(SPARK)/installed-*
	@touch $@

check: $(STAMP)  ## lint, format, types, floors, documents; changes nothing, runs all to the end
	@bad=; for step in "ruff check --quiet ." "ruff format --check --quiet ." mypy lint-imports \
			"python -m pytest -q tests/house/test_documents.py tests/house/test_tidiness.py"; do \
		echo "== $$step"; $(BIN)/$$step || bad="$$bad; $$step"; \
	done; \
	test -z "$$bad" || { echo "Not in order$$bad"; exit 1; }

fix: $(STAMP)  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) peers  ## time runs and peers against the floor; BENCH="--orders 10000000 ..."
	$(BIN)/python benchmarks/run.py $(BENCH)

bench-docs: $(STAMP)  ## put the figures of benchmarks/results into docs/performance.md
	$(BIN)/python benchmarks/say.py

# pandas has an environment of its own: in the other one pandera would import it with every run.
PEERS := build/peers
PEERS_ASKED := benchmarks/peers/requirements.in
PEERS_STAMP := $(PEERS)/installed-$(shell cksum < benchmarks/peers/requirements.lock | cut -d' ' -f1)
peers: $(PEERS_STAMP)  ## make the environment of the pandas peer of the benchmarks

$(PEERS_STAMP):
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --require-hashes -r benchmarks/peers/requirements.lock
	@rm -f $(PEERS)/installed-*
	@touch $@

SBOM := build/sbom
SBOM_LOCK := docs/safety/sbom/requirements.lock
sbom: $(SBOM)/bin/cyclonedx-py  ## write build/sbom.json: what a run is made of, as CycloneDX
	$(SBOM)/bin/cyclonedx-py requirements requirements-runtime.lock --output-reproducible \
		--of JSON -o $(SBOM).json

$(SBOM)/bin/cyclonedx-py: $(SBOM_LOCK)
	test -x $(SBOM)/bin/python || $(PYTHON) -m venv $(SBOM)
	$(SBOM)/bin/python -m pip install --quiet --require-hashes -r $(SBOM_LOCK)
	@touch $@

wheel: $(STAMP)  ## build/wheel/*.whl, the same bytes from the same commit
	umask 022; SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m pip wheel --quiet \
		--no-deps --no-index --no-build-isolation --wheel-dir build/wheel .

sample-data: $(STAMP)  ## make sample_data/*.csv again (the same bytes)
	$(BIN)/python sample_data/make_sample_data.py

lock: $(STAMP)  ## pin what pyproject.toml asks for, keeping the pins that still fit
	$(COMPILE) --group dev -o $(LOCK)
	$(COMPILE) --constraint $(LOCK) -o requirements-runtime.lock
	$(COMPILE) --group dev --group spark-tests --constraint $(LOCK) -o $(SPARK_LOCK)
	$(COMPILE:pyproject.toml=$(PEERS_ASKED)) -o $(PEERS_ASKED:.in=.lock)
	$(COMPILE:pyproject.toml=$(FUZZ_LOCK:.lock=.in)) -o $(FUZZ_LOCK)
	$(COMPILE:pyproject.toml=$(SBOM_LOCK:.lock=.in)) -o $(SBOM_LOCK)
	$(COMPILE:pyproject.toml=$(MUTATION_LOCK:.lock=.in)) --constraint $(LOCK) -o $(MUTATION_LOCK)

upgrade: $(STAMP)  ## pin the newest versions that pyproject.toml allows
	$(COMPILE) --upgrade --group dev -o $(LOCK)
	$(COMPILE) --upgrade --constraint $(LOCK) -o requirements-runtime.lock
	$(COMPILE) --upgrade --group dev --group spark-tests --constraint $(LOCK) -o $(SPARK_LOCK)
	$(COMPILE:pyproject.toml=$(PEERS_ASKED)) --upgrade -o $(PEERS_ASKED:.in=.lock)

# The browser tests need a Chromium and a Firefox and skip visibly without; both are installed only where that
# is possible without asking, and their absence never fails a build.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
		|| command -v google-chrome >/dev/null \
		|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
			&& { apt-get update -qq; DEBIAN_FRONTEND=noninteractive \
				apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 ; } \
		|| echo "no Chromium here: the browser tests will be skipped"
	@command -v firefox-esr >/dev/null || command -v firefox >/dev/null \
		|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
			&& { apt-get update -qq; DEBIAN_FRONTEND=noninteractive \
				apt-get install -y -qq --no-install-recommends firefox-esr; } >/dev/null 2>&1 ; } \
		|| echo "no Firefox here: its tests will be skipped"
