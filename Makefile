# Every target is one line; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help test test-cov test-parallel test-parallel-cov test-unit-parallel \
	test-integration-parallel test-performance test-validate-parallel test-suite test-hunt \
	test-wire endpoints lint types check quality-gate ci

UV ?= .venv/bin/uv
RUN = $(UV) run python scripts/run_tests.py
RUN_COV = $(UV) run --isolated --group cov python scripts/run_tests.py

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 28

$(UV):
	python3 -m venv .venv && .venv/bin/pip install -q uv

test: $(UV)  ## all tests, in sequence
	$(UV) run pytest

test-cov: $(UV)  ## all tests, in sequence, with coverage
	$(RUN_COV) sequential --coverage

test-parallel: $(UV)  ## all tests, in parallel
	$(UV) run pytest -c pytest-parallel.ini

test-parallel-cov: $(UV)  ## all tests, in parallel, with coverage
	$(RUN_COV) parallel --coverage

test-unit-parallel: $(UV)  ## the tests marked unit, in parallel
	$(RUN) parallel --markers unit

test-integration-parallel: $(UV)  ## the tests marked integration, in parallel
	$(RUN) parallel --markers integration

test-performance: $(UV)  ## sequential against parallel, measured: performance_report.json
	$(RUN) performance

test-validate-parallel: $(UV)  ## the static check, the self-test, and repeated parallel runs
	$(RUN) validate

test-suite: $(UV)  ## the suite of the real Proxmox tools, in parallel
	$(UV) run pytest -c pytest-parallel.ini tests/suite

test-hunt: $(UV)  ## the suite of the real tools ten times over, to find flaky tests
	$(UV) run pytest -c pytest-parallel.ini --count=10 tests/suite

test-wire: $(UV)  ## the wire face, and the double compared with fakepve
	$(UV) run --isolated --group wire pytest tests/truth tests/suite tests/test_fixtures

endpoints: $(UV)  ## docs/endpoints.md, after a change of the table of requests
	$(UV) run python scripts/list_endpoints.py --write

lint: $(UV)  ## ruff: rules and format
	$(UV) run ruff check && $(UV) run ruff format --check

types: $(UV)  ## mypy, strict
	$(UV) run mypy

check: lint types test  ## lint, types and tests

quality-gate: $(UV) lint types  ## lint, types, tests, and coverage of at least 95% of the lines
	$(RUN_COV) parallel --coverage --at-least 95

ci:  ## what runs on a clean clone
	.ci/run
