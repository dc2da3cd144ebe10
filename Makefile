# Two commands do everything: `make demo` and `make test`.
UV := ./tools/uv
RUN := $(UV) run --frozen
# Tests that need no host and put nothing online.
UNIT := -n 2 --dist loadfile tests --ignore tests/hosts --ignore tests/local --ignore tests/verifiers/test_verified.py

.PHONY: demo test tools check format docs bench

demo: ## put examples/guestbook online here, release a second version under traffic, take it back
	@./tools/install-test-tools nginx-light
	@$(RUN) python examples/demo.py

test: tools check ## everything: the checks, the tests on booted test hosts, and what independent verifiers say of one
	$(RUN) pytest -q -m slow $(UNIT)
	$(RUN) pytest -n 2 --dist loadfile tests/verifiers/test_verified.py tests/hosts tests/local

tools:
	./tools/install-test-tools
	./tools/install-verifiers

check: ## format, lint, types, import contracts, unit tests: under a minute
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) vermin --quiet --no-tips --violations -t=3.9- src/seawall/agent
	$(RUN) pytest -q -m "not slow" $(UNIT)

format:
	$(RUN) ruff format
	$(RUN) ruff check --fix

docs: ## write the generated reference pages
	$(RUN) python tools/reference.py

bench: tools ## the budgets of docs/performance.md, measured on a test host
	$(RUN) python -m bench
	$(RUN) python -m bench serve
