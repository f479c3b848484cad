"""What runs in a page, run here: names, cells that are not live, and a cell's output."""

import json

import kernel
import pytest


@pytest.mark.parametrize(
    ("source", "bound", "read"),
    [
        ("x = y", {"x"}, {"y"}),
        ("x = 1\ny = x", {"x", "y"}, set()),
        ("x = x + 1", {"x"}, {"x"}),
        ("x += 1", {"x"}, {"x"}),
        ("def f(a, b=c):\n    return a + d", {"f"}, {"c", "d"}),
        ("def f():\n    return g()\n\ndef g(): ...", {"f", "g"}, set()),
        ("class A(B):\n    x = y\n    def f(self): return z", {"A"}, {"B", "y", "z"}),
        ("xs = [f(x) for x in ys]", {"xs"}, {"f", "ys"}),
        ("import a.b as c\nfrom d import e", {"c", "e"}, set()),
        ("for i in xs:\n    total += i", {"i", "total"}, {"xs", "total"}),
        ("table[k] = v", {"table"}, {"table", "k", "v"}),
        ("net.cell.b[0] = v", {"net"}, {"net", "v"}),
        ("x = ", set(), set()),
    ],
)
def test_the_names_of_a_cell(source, bound, read):
    known = {"__build_class__", "__name__", "__module__", "__qualname__"}
    found = kernel.names_of(source)
    assert (found[0] - {"x"} if "class" in source else found[0]) == bound
    assert found[1] - known == read


def cells(*sources):
    return [{"id": f"c{i}", "source": source} for i, source in enumerate(sources)]


def test_a_cell_with_torch_is_not_live_and_its_other_lines_are_for_later_cells():
    code = "import torch\nx = 1\nt = torch.tensor(x)\n\n@wrap\ndef f(): return x"
    made = kernel.prepared(cells("a = 1", code, "y = t + 1", "t = 2", "z = t + x"), {})
    assert [cell.get("why") for cell in made] == [None, "torch", "torch", None, None]
    assert made[1]["runs"] == "x = 1\n@wrap\ndef f(): return x"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("from rnncourse import twins", "torch"),
        ("from rnncourse.twins.nets import X", "torch"),
        ("import rnncourse.charrnn as c", "torch"),
        ("import pandas.io", "pandas"),
        ("import numpy as np, re", None),
        ("from rnncourse.text import vowels", None),
        ("vowels('train')", "aeon"),
    ],
)
def test_what_a_browser_has_not(line, why):
    made = kernel.prepared(cells(line), {"vowels": "aeon"})
    assert made[0].get("why") == why


def test_a_cell_is_made_smaller_and_says_so():
    (made,) = kernel.prepared([cells("T, n = 3, 500")[0] | {"live": {"500": "5"}}], {})
    assert made["runs"] == "T, n = 3, 5"
    assert made["note"] == "Made smaller for the page: 5 (the book: 500)"
    with pytest.raises(ValueError, match="'n' occurs 2 times"):
        kernel.smaller("n = n", {"n": "m"})


def test_a_cell_needs_those_that_bind_its_names():
    sources = ["import a", "x = a.b", "y = 2", "x = x + 1", "print(x)"]
    assert kernel.needed(sources, 4, set()) == [0, 1, 3]
    assert kernel.needed(sources, 4, {0, 1}) == [3]


@pytest.fixture
def page():
    """A kernel of some cells, and what it told, as it is called."""

    def made(*sources, **more):
        told = []
        given = [cell | more for cell in cells(*sources)]
        space = {"__name__": "__main__"}
        return kernel.Kernel(given, space, lambda *part: told.append(part)), told

    return made


def test_what_is_printed_and_the_last_value_are_told_in_order(page):
    made, told = page("print('a')\n1 + 1", "None", "x = 3", "x;", "_", "")
    assert all(made.run(id) for id in made.ids)
    assert [kind for kind, _ in told if kind != "stream"] == ["text", "text"]
    assert "".join(text for _, text in told) == "a\n22"


def test_an_error_looks_as_in_python(page):
    made, told = page("def f():\n    return 1 / 0\n\n\nf()", "1 +")
    assert not made.run("c0")
    assert not made.run("c1")
    (_, text), (_, syntax) = told
    assert text.startswith(
        'Traceback (most recent call last):\n  File "cell 1", line 5'
    )
    assert "    return 1 / 0\n" in text
    assert text.endswith("ZeroDivisionError: division by zero\n")
    assert 'File "cell 2", line 1' in syntax
    assert syntax.endswith("SyntaxError: invalid syntax\n")
    assert "kernel.py" not in text + syntax


def test_too_much_is_cut(page):
    made, told = page("for _ in range(9): print('x' * 20_000)")
    assert made.run("c0")
    text = "".join(text for _, text in told)
    assert text.count("x") < kernel.LONGEST < len(text)
    assert text.endswith("... cut after 100,000 characters\n")


def test_an_assertion_of_the_book_is_told_where_the_numbers_are_others(page):
    made, told = page("x = 1", "assert x == 1", "assert x == 2\nprint('on')")
    for id in ("c0", "c1", "c2"):
        done = made.run(id)
    assert not done  # all in order: the numbers are the book's
    told.clear()
    made.edit(json.dumps({"c0": "x = 5"}))
    assert [made.run(id) for id in ("c0", "c1", "c2")] == [True, True, True]
    notes = [text for kind, text in told if kind == "note"]
    assert notes == ["Not so in this run: x == 1", "Not so in this run: x == 2"]
    assert ("stream", "on") in told
    made.edit(json.dumps({"c0": "x = 5", "c2": "assert x == 2"}))
    assert not made.run("c2")  # the reader's own


def test_a_plan_has_what_is_needed_or_all_above(page):
    made, _ = page("import re", "x = 1", "y = x", "z = re")
    assert made.plan("c3", False) == ["c0", "c3"]
    assert made.plan("c3", True) == ["c0", "c1", "c2"]
    made.run("c0")
    assert made.plan("c3", False) == ["c3"]


def test_figures_are_sent_once_and_closed(page):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nx = 1"
    made, told = page(code, "x")
    assert made.run("c0")
    assert made.run("c1")
    assert [kind for kind, _ in told] == ["png", "text"]
