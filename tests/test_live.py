"""The live cells of the built book, in a browser: what a reader does with them.

RNNCOURSE_PYODIDE names a folder with Pyodide 0.27.7; its files answer for those of the
public distribution, and nothing else outside localhost is answered.
"""

import os
import re
import threading
import time
from pathlib import Path

import pytest
import serve
from browsing import ROOT, WIDE

pytestmark = pytest.mark.slow

PYODIDE = os.environ.get("RNNCOURSE_PYODIDE")
DISTRIBUTION = "https://cdn.jsdelivr.net/pyodide/v0.27.7/full/"
CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
KINDS = {"js": "text/javascript", "mjs": "text/javascript", "wasm": "application/wasm"}
LOADED, RUN = 600_000, 120_000  # milliseconds: generous, since a time is no test
PRESS = """(cell, word) => [...cell.querySelectorAll("button")]
    .find(button => button.textContent === word).click()"""
needs_pyodide = pytest.mark.skipif(
    not PYODIDE, reason="RNNCOURSE_PYODIDE names no folder with Pyodide 0.27.7"
)


def answered(route, spoiled):
    """The distribution's files from the folder; nothing of anyone else's."""
    address = route.request.url
    if address.startswith(DISTRIBUTION) and PYODIDE:
        name = address.removeprefix(DISTRIBUTION)
        data = (Path(PYODIDE) / name).read_bytes() + b" " * (name == spoiled)
        kind = KINDS.get(name.rpartition(".")[2], "application/octet-stream")
        headers = {"access-control-allow-origin": "*", "content-type": kind}
        route.fulfill(body=data, headers=headers)
    else:
        route.abort()


class Reader:
    """A reader of one page, by what is written on it."""

    def __init__(self, browser, site, name, *, spoiled="", root=""):
        self.context = browser.new_context(viewport=WIDE, color_scheme="light")
        elsewhere = re.compile(r"https?://(?!127\.0\.0\.1[:/])")
        self.context.route(elsewhere, lambda route: answered(route, spoiled))
        self.page = self.context.new_page()
        self.wrong = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.set_default_timeout(RUN)
        self.address = f"{site}{root}chapters/{name}.html"
        self.page.goto(self.address)

    def cell(self, text, index=0):
        """The cell in whose code a text stands."""
        return self.page.locator("div.cell", has_text=text).nth(index)

    def press(self, cell, word):
        cell.get_by_role("button", name=word, exact=True).click(force=True)

    def run(self, cell, timeout=RUN):
        self.press(cell, "Run")
        self.wait(timeout)

    def wait(self, timeout=RUN):
        """Until nothing runs."""
        idle = "!document.querySelector('.live-busy')"
        self.page.wait_for_function(idle, timeout=timeout)

    @property
    def said(self):
        return self.page.locator(".live-status").inner_text()

    def write(self, cell, text):
        """Write into a cell, whose editor is open or opens."""
        if not cell.locator("textarea").count():
            self.press(cell, "Edit")
        cell.locator("textarea").fill(text)


@pytest.fixture
def opened(browser, site):
    """Opens pages, and closes them."""
    readers = []

    def open_(name, **how):
        readers.append(Reader(browser, site, name, **how))
        return readers[-1]

    yield open_
    for reader in readers:
        reader.context.close()


@pytest.fixture(scope="module")
def loaded(browser, site):
    """A reader of the appendix whose Python is there."""
    reader = Reader(browser, site, "activations")
    begun = time.perf_counter()
    reader.run(reader.cell("naive_tanh"), LOADED)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    reader.run(reader.cell("naive_tanh"))
    print(f"\nfirst output {first:.1f} s, next {time.perf_counter() - begun:.2f} s")
    yield reader
    reader.context.close()


# --- Without Python ---


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_cell_has_a_run_or_says_why_not(opened, name):
    page = opened(name).page
    cells = page.locator("div.cell")
    dressed = (
        "c => !!c.querySelector('.live-bar button') !== !!c.querySelector('.live-not')"
    )
    assert cells.count() > 20
    assert cells.evaluate_all(f"cells => cells.every({dressed})")
    for cell in page.locator("div.cell:has(> .live-not)").all():
        assert "not live: needs torch" in cell.inner_text()
        assert "torch" in cell.inner_text() or "twins" in cell.text_content()


def test_what_was_written_is_kept_until_it_is_forgotten(opened):
    reader = opened("activations")
    cell = reader.cell("naive_tanh")
    reader.write(cell, "mine = 1")
    reader.page.reload()
    assert cell.locator("textarea").input_value() == "mine = 1"
    reader.page.get_by_role("button", name="Forget it").click()
    assert not cell.locator("textarea").count()
    reader.page.reload()
    assert not cell.locator("textarea").count()
    assert reader.page.evaluate("Object.keys(localStorage).join()").count("rnnc") == 0


def test_a_keyboard_is_enough_to_edit(opened):
    reader = opened("activations")
    cell = reader.cell("naive_tanh")
    press = reader.page.keyboard.press
    cell.get_by_role("button", name="Run", exact=True).focus()
    press("ArrowLeft")
    press("Enter")  # Edit
    press("Control+a")
    reader.page.keyboard.type("if True:")
    press("Enter")
    reader.page.keyboard.type("x")
    press("Tab")
    reader.page.keyboard.type("= 1")
    assert cell.locator("textarea").input_value() == "if True:\n    x   = 1"
    press("Escape")
    assert reader.page.evaluate("document.activeElement.textContent") == "Edit"


# --- With Python ---


@needs_pyodide
def test_an_edited_cell_changes_its_output_and_a_reset_brings_the_old_back(loaded):
    cell = loaded.cell("naive_tanh")
    old = cell.locator(".cell_output").inner_text()
    loaded.write(cell, "print('six times seven')\n6 * 7")
    cell.locator("textarea").press("Shift+Enter")
    loaded.wait()
    shown = cell.locator(".cell_output").inner_text().split()
    assert shown == ["six", "times", "seven", "42"]
    loaded.press(cell, "Reset")
    assert cell.locator(".cell_output").inner_text() == old
    assert cell.locator(".cell_input pre").is_visible()


@needs_pyodide
def test_an_error_is_shown_as_python_shows_it(loaded):
    cell = loaded.cell("naive_tanh")
    loaded.write(cell, "def f():\n    return 1 / 0\n\n\nf()")
    loaded.run(cell)
    shown = cell.locator(".live-error").inner_text()
    assert shown.startswith("Traceback (most recent call last):")
    assert "return 1 / 0" in shown
    assert "ZeroDivisionError: division by zero" in shown
    assert "ended with an error" in loaded.said
    loaded.press(cell, "Reset")


@needs_pyodide
def test_a_figure_takes_the_place_of_the_stored_one(loaded):
    cell = loaded.page.locator("div.cell.live-cell:has(figure)").first
    picture = cell.locator("figure img")
    facts = "i => [i.alt, i.width, i.closest('figure').id]"
    before, stored = picture.evaluate(facts), picture.get_attribute("src")
    loaded.run(cell)
    assert stored.endswith(".png")
    assert picture.get_attribute("src").startswith("data:image/png")
    assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 300
    assert picture.evaluate(facts) == before
    assert cell.locator("figcaption").is_visible()
    loaded.press(cell, "Reset")
    assert picture.get_attribute("src") == stored
    assert picture.get_attribute("height")


@needs_pyodide
def test_cells_share_one_python_and_what_a_cell_needs_runs_before_it(opened):
    reader = opened("activations")
    last = reader.page.locator("div.cell.live-cell", has_text="norms = unroll").last
    reader.page.locator(".solution button.toggle-button").evaluate_all(
        "all => all.forEach(button => button.click())"
    )
    reader.run(last, LOADED)
    assert not reader.page.locator(".live-error").count()
    assert "✓" in last.locator(".cell_output").inner_text()


@needs_pyodide
def test_a_right_and_a_wrong_answer_get_their_verdicts(opened):
    reader = opened("01_rnn_api")
    cell = reader.cell("my_count(D, H, V)")
    head = "def my_count(D, H, V):\n    return "
    check = '\n\n\nexercises.check("count-parameters", my_count)'
    for formula, mark in [
        ("D * H", "✗"),
        ("D*H + 2*H*H + H*V + 3*H + V + H*H - H", "✓"),
    ]:
        reader.write(cell, head + formula + check)
        reader.press(cell, "Check")
        reader.wait(LOADED)
        assert cell.locator(".cell_output").inner_text().startswith(mark)


@needs_pyodide
def test_an_endless_loop_is_stopped_and_a_new_python_starts(opened):
    reader = opened("activations")
    cell = reader.cell("naive_tanh")
    reader.write(cell, "print('on and on')\nwhile True:\n    pass")
    reader.press(cell, "Run")
    cell.get_by_text("on and on").and_(cell.locator("pre")).wait_for(timeout=LOADED)
    reader.press(cell, "Stop")
    assert "Stopped" in reader.said
    reader.write(cell, "'alive'")
    reader.run(cell, LOADED)
    assert cell.locator(".cell_output").inner_text().strip() == "'alive'"


@needs_pyodide
def test_a_file_that_is_not_the_published_one_is_refused(opened):
    reader = opened("activations", spoiled="pyodide.asm.js")
    reader.run(reader.cell("naive_tanh"), LOADED)
    assert "Python did not start" in reader.said


@needs_pyodide
def test_under_a_sub_path_and_with_a_pyodide_of_its_own(browser, book, tmp_path):
    """As `make book PYODIDE=path` builds it: nothing outside localhost is asked."""
    import live

    (tmp_path / "a/b").mkdir(parents=True)
    copy = tmp_path / "a/b/book"
    copy.mkdir()
    for path in book.iterdir():
        if path.name != "_static":
            (copy / path.name).symlink_to(path)
    (copy / "_static").mkdir()
    for path in (book / "_static").iterdir():
        if path.name != "live":
            (copy / "_static" / path.name).symlink_to(path)
    (copy / "_static/live").mkdir()
    for path in (book / "_static/live").iterdir():
        (copy / "_static/live" / path.name).symlink_to(path)
    live.copy_pyodide(Path(PYODIDE or ""), copy / "_static/pyodide")
    known = (book / "_static/live/book.json").read_text("utf-8")
    (copy / "_static/live/book.json").unlink()
    own = known.replace("{", '{"pyodide": "pyodide/", ', 1)
    (copy / "_static/live/book.json").write_text(own, "utf-8")
    with serve.server(tmp_path) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{http.server_port}/"
        reader = Reader(browser, site, "activations", root="a/b/book/")
        asked = []
        reader.page.on("request", lambda request: asked.append(request.url))
        cell = reader.cell("naive_tanh")
        reader.write(cell, "'under a sub-path'")
        reader.run(cell, LOADED)
        assert "under a sub-path" in cell.locator(".cell_output").inner_text()
        assert [url for url in asked if not url.startswith((site, "blob:"))] == []
        reader.context.close()
        http.shutdown()


@needs_pyodide
@pytest.mark.parametrize("name", CHAPTERS)
def test_all_live_cells_of_a_chapter_run_from_top_to_bottom(opened, name):
    reader = opened(name)
    last = reader.page.locator("div.cell.live-cell").last
    begun = time.perf_counter()
    for word in ("Run all above", "Run"):
        last.evaluate(PRESS, word)  # it may be in a folded solution
    reader.wait(1_500_000)
    print(f"\n{name}: {time.perf_counter() - begun:.0f} s")
    errors = reader.page.locator(".live-error")
    assert errors.evaluate_all("all => all.map(e => e.textContent)") == []
    assert reader.wrong == []
    ran = "cells => cells.every(cell => cell.dataset.ran)"
    assert reader.page.locator("div.cell.live-cell").evaluate_all(ran)
