# What people run here. `make help` lists it.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

GRAPHIQL := gateway/static/graphiql/index.html
GRAPHIQL_SOURCES := $(addprefix graphiql/,.npmrc build.sh index.html package.json package-lock.json vite.config.js) \
	$(wildcard graphiql/src/* graphiql/src/examples/*)

.PHONY: help setup demo test check bench soak format lock graphiql audit independent image clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## a virtual environment with everything locked

# Hashes make pip refuse anything but the locked files; the project itself is installed without build isolation,
# so that its build backend is a locked one too.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=python3.12 make …)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## the gateway on http://127.0.0.1:8000/graphql (PORT=8123 for another; OPTIONS=--nights) with both legacy systems simulated
	@$(MAKE) --silent graphiql || echo "GraphiQL could not be built; the demo runs without it."
	@$(BIN)/tenant-gateway demo --port $(PORT) $(OPTIONS) || test $$? -eq 130 # Ctrl-C is how it ends

test: setup ## all tests, on two cores
	$(BIN)/pytest -n 2 --dist loadfile

audit: setup ## graphql-http's audit of GraphQL over HTTP, installed for the tests (npm)
	cd tests/http_audit && PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --silent

independent: setup ## an independent implementation of the payment page's protocol, installed for the tests
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/independent.txt

check: setup ## style, types, layers, schema in step
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/tenant-gateway schema --check

bench: setup bench/peers/node/node_modules/.node ## what docs/performance.md shows
	PYTHONPATH=. $(BIN)/python bench/sign_in.py
	PYTHONPATH=. $(BIN)/python bench/refusals.py
	PYTHONPATH=. $(BIN)/python -m bench.peers.run --document
	PYTHONPATH=. $(BIN)/python -m bench.growth --document

bench/peers/node/node_modules/.node: bench/peers/install.sh bench/peers/node/package-lock.json bench/peers/python/requirements.txt $(VENV)/.ready
	sh bench/peers/install.sh $(VENV)

soak: setup ## long runs with faults and kills, figures into docs/operations.md (needs nginx and redis-server or valkey-server)
	$(PYTHON) -m venv $(VENV)/soak
	$(VENV)/soak/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/soak.txt
	PYTHONPATH=. $(BIN)/python -m bench.soak.day --keep
	PYTHONPATH=. $(BIN)/python -m bench.soak.hanging --keep
	PYTHONPATH=. $(BIN)/python -m bench.soak.coalescing --keep
	PYTHONPATH=. $(BIN)/python -m bench.soak.payments
	PYTHONPATH=. $(BIN)/python -m bench.soak.documents
	PYTHONPATH=. $(BIN)/python -m bench.soak.two_nodes --minutes 10 --keep
	PYTHONPATH=. $(BIN)/python -m bench.soak.schemathesis_run $(VENV)/soak/bin/schemathesis --seconds 600 --keep

format: setup ## puts the code into its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

graphiql: setup $(GRAPHIQL) ## the page for trying the graph out, built once

$(GRAPHIQL): $(GRAPHIQL_SOURCES)
	sh graphiql/build.sh

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

lock: setup ## pins every dependency anew, with hashes and without addresses
	$(BIN)/pip install --quiet uv
	$(LOCK) pyproject.toml --extra otel -o requirements/run.txt
	$(LOCK) pyproject.toml --extra otel --group dev -c requirements/run.txt -o requirements/dev.txt
	$(LOCK) --group node -o requirements/node.txt
	$(LOCK) --group build -c requirements/dev.txt -o requirements/build.txt
	$(LOCK) --group independent -c requirements/dev.txt -o requirements/independent.txt
	$(LOCK) --group soak -o requirements/soak.txt
	$(LOCK) bench/peers/python/requirements.in -c requirements/run.txt -o bench/peers/python/requirements.txt

image: ## the container image
	docker build -t tenant-gateway:local .

clean: ## everything that can be made again
	rm -rf $(VENV) gateway/static graphiql/node_modules tests/http_audit/node_modules bench/peers/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
