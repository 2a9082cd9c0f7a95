# Postlude: `make` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
TESTERS ?= 3
WAITERS ?= 4
# Every process of a test run loads the same modules: where the environment forbids to keep them compiled, each compiles
# all of them again, which is half of what a start costs.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: chaos damage help env dev up test check lint unit-tests every-test coverage process-tests thorough test-pythons fix hooks servers lock docs screenshots clean fuzz simulate bench-relay bench-send bench-edge bench-startup bench-instrument bench-digest bench-backlog bench-feedback bench-import bench-verdicts bench-report bench-hot bench-estimates attack

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

env: .venv/runtime ## make .venv from the lock file; then .venv/bin/postlude runs
up: env ## run everything on this machine (Ctrl-C stops it)
	@exec $(BIN)/postlude up
test: ## everything: lint, types, borders, unit, integration, end to end
	@$(MAKE) --no-print-directory -j2 dev servers
	@$(MAKE) --no-print-directory -j2 lint every-test
check: dev ## the quick part: lint, types, borders, unit tests
	@$(MAKE) --no-print-directory -j2 lint unit-tests
lint: dev ## format, lint, types and borders
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
unit-tests: dev
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal tests/unit
every-test: dev
	@$(MAKE) --no-print-directory -j2 coverage process-tests
# Integration tests wait for disks and databases for half of their time: one more at once than there are processors.
coverage: dev ## unit, contract and integration tests; which lines and branches they cover, against the floors
	$(BIN)/pytest -q -n $(TESTERS) --dist loadgroup --cov --cov-report= tests/unit tests/contract tests/integration
	$(BIN)/python scripts/coverage_floors.py
process-tests: dev # what mostly waits: more of it runs at once than there are processors
	$(BIN)/pytest -q -n $(WAITERS) --dist loadgroup tests/e2e tests/chaos tests/upgrade tests/simulation tests/corpus
thorough: dev ## property tests with 2,000 examples each instead of 40
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -q -n $(WORKERS) -m hypothesis --timeout 3600 tests/unit tests/corpus tests/integration
test-pythons: ## the unit tests under every Python from 3.11 to 3.14 at hand; TESTS=tests/integration for others
	@scripts/test-pythons.sh $(TESTS)
SEEDS ?= 5000
simulate: dev ## run SEEDS histories of faults against a plain model, over all cores; FIRST is the first seed
	PYTHONPATH=src:tests $(BIN)/python -m simulation --seeds $(SEEDS) --first $(or $(FIRST),0)
fix: dev ## format, wrap the documentation, and mend what the linter can mend by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python scripts/wrap_docs.py
hooks: ## check format, lint and the commit message before every commit of this clone
	@scripts/install-hooks.sh
dev: .venv/dev ## what developing needs, on top of env
servers: ## real mail servers, browser and database for the tests (Debian packages, needs root)
	@scripts/install-test-servers.sh
lock: dev ## pin the dependencies anew into requirements/*.lock
	scripts/lock.sh
docs: dev ## write the generated reference pages
	$(BIN)/python scripts/reference.py
screenshots: dev ## take the pictures of the docs from the running demo
	$(BIN)/python scripts/screenshots.py
bench-relay: dev ## single mails through the relay, from MAIL to the next server's 250
	$(BIN)/python bench/relay.py
bench-send: dev ## a campaign end to end into smtp-sink: copies a second, memory
	$(BIN)/python bench/send.py --copies 100000
bench-edge: dev ## the tracking edge beside nginx, the journal beside SQLite (needs nginx and wrk)
	$(BIN)/python bench/edge.py --what pixel pixels link slow nosync --write
	$(BIN)/python bench/edge_journal.py --write
damage: dev ## every file of a data folder and everything that can become of it, beside a model
	$(BIN)/python bench/damage.py
chaos: dev ## a hundred random histories of kills, restores, damage and full disks, beside a model (root: full disks too)
	$(BIN)/python bench/chaos.py
bench-import: dev ## a million contacts from CSV into SQLite: seconds, memory
	$(BIN)/python bench/import_contacts.py
bench-startup: dev ## start-up time and memory of `postlude up`
	$(BIN)/python bench/startup.py
bench-digest: dev ## the digest end to end with edge and load: events a second, when they can be queried (needs wrk)
	$(BIN)/python bench/digest.py
bench-backlog: dev ## a backlog caught up while edge and web app are used; HITS=10000000 (needs wrk)
	$(BIN)/python bench/backlog.py --hits $(or $(HITS),1000000)
bench-feedback: dev ## bounces read a second on one core
	$(BIN)/python bench/feedback.py
bench-instrument: dev ## instrumenting a second, beside pytracking; hostile input
	$(BIN)/python bench/instrument.py
bench-verdicts: dev ## verdicts on simulated recipients beside the truth: precision, recall, people's clicks lost
	$(BIN)/python bench/verdicts.py
bench-report: dev ## what pages cost as an instance grows, beside a tenth of it; SCALE=1 is 20 million events
	$(BIN)/python bench/report_pages.py --scale $(or $(SCALE),0.1)
bench-hot: dev ## hot contacts beside the truth, on simulated recipients
	$(BIN)/python bench/hot_contacts.py
bench-estimates: dev ## estimates of hidden opens beside the truth, on two populations
	$(BIN)/python bench/estimates.py
attack: dev ## every class of attempt against a running instance, and a stranger who stays SECONDS (60)
	$(BIN)/python bench/attack.py --seconds $(or $(SECONDS),60) --write
BENCHES = startup edge instrument feedback import relay send digest
bench: dev ## all of them but the backlog, one after another (about ten minutes)
	@for name in $(BENCHES); do $(MAKE) --no-print-directory bench-$$name || exit 1; done
fuzz: dev ## every fuzz target for FUZZ_SECONDS each (60); finds are kept in .fuzz/
	@fuzz/run.sh
clean: ## remove what can be made again (not your data)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@scripts/make-venv.sh $(PYTHON)
.venv/runtime: .venv/bin/python requirements/runtime.lock pyproject.toml
	@test -e .venv/dev || scripts/install.sh requirements/runtime.lock
	@touch $@
.venv/dev: .venv/bin/python requirements/dev.lock pyproject.toml
	@scripts/install.sh requirements/dev.lock
	@touch $@ .venv/runtime
