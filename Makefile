# One command to run it, one to test it. Both begin from a bare clone with python3, its venv module, and make.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test bench mutants shots lock fmt

run: ## Start everything on this machine (PORT=8000, DATA_DIR=.data)
	@$(PYTHON) project/launch/oldest.py requirements.lock && exec $(BIN)/python -m project.launch

test: ## Lint, types, the suite on SQLite and PostgreSQL, and the browser tests
	@$(PYTHON) project/launch/oldest.py requirements-dev.lock && exec $(BIN)/python -m tests.everything

bench: ## Measure an installation with the scripted model; prints a table and writes JSON
	@$(PYTHON) project/launch/oldest.py requirements-dev.lock && exec $(BIN)/python -m tests.bench

mutants: ## Put small faults into the gate, one by one, and see whether a test notices each (slow; NAMES=... for some)
	@$(PYTHON) project/launch/oldest.py requirements-dev.lock && exec $(BIN)/python -m tests.mutants $(NAMES)

shots: ## Take the pictures of the README anew, in Chromium
	@$(PYTHON) project/launch/oldest.py requirements-dev.lock && exec $(BIN)/python -m tests.shots

fmt: ## Put the code into the house's form
	@$(PYTHON) project/launch/oldest.py requirements-dev.lock && $(BIN)/ruff check --fix . && $(BIN)/ruff format .

LOCKING := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

lock: ## Resolve the dependencies anew; the locks name no package index
	@$(PYTHON) project/launch/oldest.py requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCKING) --quiet --upgrade -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCKING) --quiet --group dev -c requirements.lock -o requirements-dev.lock
