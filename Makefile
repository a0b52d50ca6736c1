# Every target is one line; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help test test-parallel test-suite test-hunt test-wire endpoints lint types check ci

UV ?= .venv/bin/uv

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(UV):
	python3 -m venv .venv && .venv/bin/pip install -q uv

test: $(UV)  ## all tests, in sequence
	$(UV) run pytest

test-parallel: $(UV)  ## all tests, in parallel
	$(UV) run pytest -c pytest-parallel.ini

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

ci:  ## what runs on a clean clone
	.ci/run
