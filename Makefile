# Every target installs what it needs, says what it does, and is quick the second time.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(BIN)/uv: requirements/uv.txt
	@echo "==> Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "aup needs Python 3.11 or later; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(INSTALLED): $(BIN)/uv requirements/dev.txt pyproject.toml
	@echo "==> Installing locked dependencies and aup into $(VENV)"
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(INSTALLED) ## Make .venv with everything, and the command .venv/bin/aup

.PHONY: binaries
binaries: $(INSTALLED)
	@$(BIN)/python -m testbed build >/dev/null

.PHONY: demo
demo: binaries ## Show the whole loop on a real control plane (KEEP=1 leaves it running)
	@$(BIN)/python -m testbed.demo $(if $(KEEP),--keep)

.PHONY: test
test: lint binaries ## Run every test but those of make e2e and make compat
	@$(BIN)/python -m testbed monitoring
	@echo "==> Tests"
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

.PHONY: image
image: $(INSTALLED) ## Build both images as OCI archives below dist/ (buildah, mmdebstrap; FRESH=1 takes Debian's newest packages)
	@$(BIN)/python -m tools.image $(if $(FRESH),--fresh)

.PHONY: e2e
e2e: binaries ## Build the images, start a real node (as root) and try all of it there, from outside
	@$(BIN)/python -m testbed node
	@echo "==> Tests on a node"
	@$(BIN)/python -m pytest -m e2e tests/e2e $(ARGS)

# What older versions are asked for by, such as: make compat KUBERNETES=1.34 PYTHONS="3.13 3.14"
KUBERNETES ?= $(notdir $(wildcard testbed/older_kubernetes/1.*))
PYTHONS ?= 3.12 3.13

.PHONY: compat
compat: $(PYTHONS:%=compat-python-%) compat-linters $(KUBERNETES:%=compat-kubernetes-%) ## Test with older Kubernetes, newer Pythons and Checkov (hours; -k goes on after a failure)

.PHONY: compat-linters
compat-linters: binaries $(VENV)/checkov/.installed
	@echo "==> Checkov"
	@AUP_CHECKOV=$(VENV)/checkov/bin/checkov $(BIN)/python -m pytest -m compat $(ARGS)

compat-kubernetes-%: binaries
	@echo "==> Kubernetes $*"
	@AUP_TESTBED_KUBERNETES=$* $(BIN)/python -m testbed build
	@AUP_TESTBED_KUBERNETES=$* $(BIN)/python -m pytest -n 2 --dist loadgroup -m "cluster and not e2e" $(ARGS)

compat-python-%: binaries
	@echo "==> Python $*"
	@$(BIN)/uv venv --quiet --clear --python $* $(VENV)/python-$*
	@$(BIN)/uv pip install --quiet --python $(VENV)/python-$* --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(VENV)/python-$* --no-deps --no-build-isolation --editable .
	@$(VENV)/python-$*/bin/python -m pytest -n 2 -m "not cluster and not e2e and not compat" $(ARGS)

$(VENV)/checkov/.installed: $(INSTALLED) testbed/linters/checkov.txt
	@echo "==> Installing Checkov"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	@$(BIN)/uv pip install --quiet --python $(@D) --require-hashes -r testbed/linters/checkov.txt
	@touch $@

.PHONY: lint
lint: binaries docs ## Check style, types, layers, spelling, generated files and the documentation's links
	@echo "==> Lint"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports >/dev/null || $(BIN)/lint-imports
	@$(BIN)/codespell
	@$(BIN)/python -m tools.generate --check

.PHONY: generate
generate: binaries ## Make tables, CRDs, reference docs and the chart's copies anew from their source
	@$(BIN)/python -m tools.generate

$(VENV)/.docs: $(INSTALLED) requirements/docs.txt
	@echo "==> Installing what builds the documentation"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/docs.txt
	@touch $@

.PHONY: docs
docs: $(VENV)/.docs ## Build the documentation into site/; a broken link fails
	@$(BIN)/python -m tools.site

.PHONY: docs-serve
docs-serve: $(VENV)/.docs ## Show the documentation on http://localhost:8000
	@$(BIN)/python -m tools.site serve

.PHONY: lock
lock: $(BIN)/uv ## Resolve dependencies anew and write the hash-pinned requirements
	@for extras in "dev --all-extras --group test --group lint --group build" "webhook --extra webhook" "operator --extra operator" "bench --group bench --constraints requirements/dev.txt" "docs --group docs --constraints requirements/dev.txt"; do \
		set -- $$extras; name=$$1; shift; \
		$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--custom-compile-command "make lock" pyproject.toml "$$@" --output-file requirements/$$name.txt; \
	done
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" --group image --output-file requirements/image.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" --group checkov --output-file testbed/linters/checkov.txt
	@echo uv | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" - --output-file requirements/uv.txt

.PHONY: cluster
cluster: binaries ## Start a control plane and leave it running; prints its KUBECONFIG
	@$(BIN)/python -m testbed up

$(VENV)/.bench: $(INSTALLED) requirements/bench.txt
	@echo "==> Installing what draws the figures"
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements/bench.txt
	@touch $@

.PHONY: bench
bench: binaries $(VENV)/.bench ## Measure what a review costs, beside the floor of its stack (under ten minutes)
	@$(BIN)/python -m benchmarks.review
	@$(BIN)/python -m benchmarks.plot

.PHONY: bench-suspend
bench-suspend: binaries ## Measure a suspension beside bare patches of the same workloads (takes long; quick: ARGS=--quick)
	@$(BIN)/python -m benchmarks.suspend $(ARGS)

.PHONY: corpus
corpus: $(INSTALLED) ## Judge labelled manifests: make corpus DIR=folder with an index.tsv
	@$(BIN)/python -m benchmarks.corpus $(DIR)

.PHONY: clean
clean: ## Stop the control plane of `make cluster` and remove what was made here
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m testbed down; fi
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .cache/site dist site
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
