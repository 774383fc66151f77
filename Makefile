# The few commands. Each does its own set-up in .venv; nothing but Python >= 3.10, a C compiler and Rust is assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# What the built package depends on: a change in any of these builds it anew.
SOURCES := Cargo.toml Cargo.lock pyproject.toml README.md LICENSE \
  $(shell find src python -type f -not -name '*.pyc' -not -name '*.so')
# The Python that PyO3 builds for.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help venv build develop test lint demo bench callgrind stub wheel clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

venv: $(VENV)/.made ## create .venv
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else "Python 3.10 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

build: $(VENV)/.built ## build the package with all optimisations and install it into .venv
$(VENV)/.built: $(VENV)/.made $(SOURCES)
	$(PIP) install .
	@touch $@
# The same with the tools that tests and the demo use; when nothing has changed, cargo has nothing to do.
$(VENV)/.built-%: $(VENV)/.made $(SOURCES)
	$(PIP) install '.[$*]'
	@touch $@ $(VENV)/.built

develop: $(VENV)/.made ## build it quickly and install it in place: edits of Python files count at once
	$(PIP) install maturin
	@rm -f $(VENV)/.built*
	$(BIN)/maturin develop --profile quick --extras test

test: lint ## check formatting, lints and types, then run all tests
	cargo test --quiet
	$(BIN)/python -m pytest

lint: rustfmt $(VENV)/.built-test ## check formatting, lints and types only
	cargo clippy --quiet --all-targets -- -D warnings
	cargo clippy --quiet --lib --features python -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: rustfmt
rustfmt:
	@(cargo fmt --version && cargo clippy --version) >/dev/null 2>&1 || rustup component add rustfmt clippy
	cargo fmt --check

demo: $(VENV)/.built-demo ## train PyTorch's tutorial network on FashionMNIST; ARGS="--plot curve.png" passes options
	$(BIN)/python examples/fashion_mnist.py $(ARGS)

bench: build wheel ## time the same work here and, with ARGS="--torch-python PATH", on PyTorch; write docs/performance.md
	$(BIN)/python benches/ratios.py --document docs/performance.md $(ARGS)

callgrind: build ## count the instructions of small operations; fails where they are more than recorded
	$(BIN)/python benches/instructions.py $(ARGS)

stub: ## write the type stubs anew from the op table
	UPDATE=1 cargo test --quiet --test stub

wheel: $(VENV)/.made ## build a wheel into dist/
	$(PIP) wheel --no-deps --wheel-dir dist .

clean: ## remove everything that was built
	rm -rf $(VENV) dist target
