# Two commands do everything on a fresh Debian 12 with Python 3.11: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

export PYTHON VENV

.PHONY: demo test test-slow lint format clean

demo:
	@installers/setup.sh demo $(ARGS)
	@$(VENV)/bin/llmcxr demo $(ARGS)

test:
	@installers/setup.sh test
	@$(MAKE) --no-print-directory lint
	QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m "not slow" $(ARGS)

test-slow:
	@installers/setup.sh test-slow
	QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m slow $(ARGS)

lint:
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy docs/*.py benchmarks/*.py installers/smoke/*.py
	$(VENV)/bin/lint-imports

format:
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
