PYTHON ?= python

.PHONY: lint type test slow docs bench

lint:
	ruff check .
	ruff format --check .

# The package as it is installed, since cli/ and graphs/ lie outside skelgraph/ in the checkout.
type:
	rm -rf build
	$(PYTHON) -m pip install -q --no-deps --target build/assembled .
	cd build/assembled && $(PYTHON) -m mypy --config-file ../../setup.cfg --cache-dir ../../.mypy_cache -p skelgraph

test:
	$(PYTHON) -m pytest

slow:
	$(PYTHON) -m pytest -m slow

docs:
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict

bench:
	$(PYTHON) -m skelgraph bench
