# The verbs of the course. Each sets up what it needs in .venv, once; Python 3.11 or later and make are enough.

NEW_ENOUGH := import sys, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
BOOK := _build/html/index.html
COURSE ?= _build/assignments
CHAPTERS = $(wildcard chapters/$(CHAPTER)*.ipynb)
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --maxprocesses 8

export OMP_NUM_THREADS := 2
export PYTHONHASHSEED := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help book pdf epub cards assignments test test-fast serve lab run bench lint clean browser no-such-chapter

help:
	@echo "make book               build the book and print where it is"
	@echo "make book PYODIDE=path  the same with a copy of Pyodide, for live cells without a network"
	@echo "make pdf, make epub     the built book as one file; SOLUTIONS=no leaves them out"
	@echo "make cards              the questions of all quizzes as cards for Anki"
	@echo "make assignments        the exercises as a course for nbgrader (COURSE=folder, CHAPTER=05)"
	@echo "make test-fast          the package, the rules and small runs, in under two minutes"
	@echo "make test               every test: those, the chapters, and the book in a browser; with coverage"
	@echo "make serve              the book on localhost"
	@echo "make lab                JupyterLab on the chapters"
	@echo "make run CHAPTER=01     execute one chapter in place and normalise it (all of them without CHAPTER)"
	@echo "make bench              each cell as ratios to torch, and the command at work"
	@echo "make lint               ruff, pyright, notebook rules"
	@echo "make clean              remove the built book and .venv"

book: .venv/book
	@$(BIN)/jupyter-book build . -W --keep-going >_build.log 2>&1 \
		|| { cat _build.log; rm -rf _build _build.log; echo "The book did not build: see the warnings above."; exit 1; }
	@rm -f _build.log
	@echo "The book: $(CURDIR)/$(BOOK)"

pdf epub: book .venv/all browser
	@$(BIN)/python tools/$@.py $(dir $(BOOK)) $(dir $(BOOK))recurrent-networks.$@ $(if $(filter no,$(SOLUTIONS)),--without-solutions)

cards: book .venv/all
	@$(BIN)/python tools/review.py $(dir $(BOOK)) $(dir $(BOOK))recurrent-networks.apkg

assignments: $(if $(CHAPTERS),.venv/all,no-such-chapter)
	@$(BIN)/python tools/assignments.py $(COURSE) $(CHAPTERS)

test-fast: .venv/all
	@$(PYTEST)

# Each file stays with one process: a chapter has one kernel, and the book is built once. Kernels and coverage do not go together.
test: .venv/all browser
	@$(PYTEST) --dist loadfile --no-loadscope-reorder -m "" chapters tests/test_book.py tests/test_live.py
	@$(PYTEST) --dist loadfile --cov -m "" tests --ignore tests/test_book.py --ignore tests/test_live.py

serve: book
	@$(BIN)/python tools/serve.py $(dir $(BOOK))

lab: .venv/all
	@$(BIN)/jupyter lab --allow-root chapters

run: $(if $(CHAPTERS),.venv/all,no-such-chapter)
	@$(BIN)/python tools/notebooks.py run $(CHAPTERS)

no-such-chapter:
	@echo "There is no chapter $(CHAPTER). There are:"; ls chapters; exit 1

bench: .venv/all
	@$(BIN)/python benchmarks/bench.py
	@$(BIN)/python benchmarks/command.py

lint: .venv/all
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --warnings
	@$(BIN)/python tools/notebooks.py check $(wildcard chapters/*.ipynb)

clean:
	rm -rf _build .venv

# The browser tests drive the system's Chromium, and epubcheck. Only root may install them; for others they are skipped and say what to do.
browser:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! { command -v chromium && command -v epubcheck; } >/dev/null; then \
		echo "Installing chromium and epubcheck for the browser tests ..."; \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y chromium epubcheck; } >/dev/null 2>&1 </dev/null \
			|| echo "apt-get could not install chromium and epubcheck"; fi

# What the verbs need: a virtual environment with the tested versions, made once.
.venv/book .venv/all: pyproject.toml constraints.txt
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null \
		|| { echo "The course needs Python 3.11 or later with venv; install it, or say where it is: make PYTHON=/path/to/python3.12"; exit 1; }
	@"$(PYTHON)" tools/environment.py $(@F)
