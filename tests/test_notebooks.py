"""The chapters as files: their rules, each of which can be broken."""

import base64
import subprocess
import sys
from pathlib import Path

import nbformat
import notebooks
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
NAME, CAPTION = {"name": "fig-a"}, {"caption": "A line."}
IMAGE = {"alt": "A line that rises."}
FIGURE = {"figure": NAME | CAPTION, "image": IMAGE}
BUSY = {"iopub.status.busy": "2026-01-01"}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_keeps_the_rules(path):
    chapter = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    found = list(notebooks.problems(chapter))
    assert not found, f"{path.name}:\n" + "\n".join(found)


def test_every_chapter_is_in_the_book():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    listed = {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    assert {f"chapters/{path.stem}" for path in CHAPTERS} <= listed


def test_the_picture_of_the_front_page_is_a_figure_of_chapter_1():
    chapter = nbformat.read(ROOT / "chapters" / "01_rnn_api.ipynb", as_version=4)
    outputs = [out for cell in chapter.cells for out in cell.get("outputs", [])]
    pictures = [out.get("data", {}).get("image/png", "") for out in outputs]
    front = base64.b64encode((ROOT / "_static" / "front.png").read_bytes()).decode()
    message = "chapter 1 was run again: copy its figure to _static/front.png"
    assert front in ["".join(png.split()) for png in pictures], message


def notebook(source="1 + 1", outputs=(), **metadata):
    cell = new_code_cell(source, outputs=list(outputs), metadata=metadata, id="a-cell")
    cell.execution_count = 1
    kernel = {"name": "python3", "display_name": "Python 3"}
    return new_notebook(cells=[cell], metadata={"kernelspec": kernel})


def shown(kind, *data, **fields):
    return notebook(outputs=[new_output(kind, *data, **fields)])


def figure(size=1000, **mystnb):
    png = base64.b64encode(bytes(size)).decode()
    planted = shown("display_data", {"image/png": png})
    planted.cells[0].metadata["mystnb"] = mystnb
    return planted


def printed(text, name="stdout"):
    return shown("stream", text=text, name=name)


other_kernel, same_ids, out_of_order = notebook(), notebook(), notebook()
other_kernel.metadata.kernelspec.name = "my-env"
same_ids.cells.append(new_code_cell("2", execution_count=2, id="a-cell"))
out_of_order.cells[0].execution_count = 7


def opened(text, code=0):
    """A chapter that opens with a text and has so many visible lines of code."""
    chapter = notebook()
    chapter.cells[:0] = [new_markdown_cell(text, id="opening")]
    for number in range(code):
        cell = new_code_cell("x = 1", execution_count=number + 2, id=f"cell-{number}")
        chapter.cells.append(cell)
    return chapter


FOLD = ":::{admonition} Further\n:class: dropdown\n"
KEEPS = {
    "folded words": opened(f"{FOLD}{'word ' * 7000}\n:::\nShort. 1 minutes to read"),
    "exercises": opened(f"## Exercises\n{'word ' * 7000}", code=500),
    "plain": notebook(),
    "25 lines": notebook("x = 1\n" * 25),
    "folded": notebook("x = 1\n" * 40, tags=["hide-input"]),
    "figure": figure(**FIGURE),
    "a relative path": printed("read chapters/data.txt, x/tmp/y and a/work"),
}
FAILED = {"ename": "KeyError", "evalue": "", "traceback": []}
RESULT = {"text/plain": "'/tmp/x'"}
BREAKS = {
    "words": (opened("word " * 6001), "6,001 words; at most 6,000"),
    "code": (opened("A", code=400), "401 visible lines of code; at most 400"),
    "minutes": (opened("word " * 3000 + "90 minutes to read"), "says 90 minutes"),
    "kernel": (other_kernel, "kernelspec"),
    "ids": (same_ids, "same one"),
    "order": (out_of_order, "number 7"),
    "26 lines": (notebook("x = 1\n" * 26), "26 visible lines"),
    "execution times": (notebook(execution=BUSY), "execution"),
    "pip": (notebook("%pip install rnncourse"), "no installs"),
    "shell": (notebook("!ls"), "no magics"),
    "network": (notebook("from urllib.request import urlopen"), "no network"),
    "semicolon": (notebook("ax.set(xlabel='t');"), "plt.show()"),
    "stderr": (printed("UserWarning: beware", name="stderr"), "stderr: UserWarning"),
    "traceback": (shown("error", **FAILED), "KeyError"),
    "home": (printed("loading /home/ada/chars.txt"), "/home/ada"),
    "windows": (printed(r"loading C:\Users\ada"), r"C:\\Users"),
    "address": (printed("<Cell object at 0x7f3a2b4c5d60>"), "0x7f3a2b"),
    "result": (shown("execute_result", RESULT, execution_count=1), "/tmp/x"),
    "large figure": (figure(80_001, **FIGURE), "80001 bytes"),
    "no alt text": (figure(figure=FIGURE["figure"]), "image.alt"),
    "no caption": (figure(figure=NAME, image=IMAGE), "figure.caption"),
    "no name": (figure(figure=CAPTION, image=IMAGE), "figure.name"),
}


@pytest.mark.parametrize("planted", KEEPS.values(), ids=KEEPS)
def test_a_good_notebook_passes(planted):
    assert list(notebooks.problems(planted)) == []


@pytest.mark.parametrize(("planted", "message"), BREAKS.values(), ids=BREAKS)
def test_a_planted_mistake_is_found_and_named(planted, message):
    found = list(notebooks.problems(planted))
    assert len(found) == 1, found
    assert message in found[0]


@pytest.mark.slow
def test_run_renews_the_outputs_and_normalises(tmp_path, capfd):
    planted = notebook("print(6 * 7)", execution=BUSY, tags=["hide-input"])
    planted.metadata["widgets"] = {}
    nbformat.write(planted, tmp_path / "a.ipynb")
    notebooks.run(tmp_path / "a.ipynb")
    renewed = nbformat.read(tmp_path / "a.ipynb", as_version=nbformat.NO_CONVERT)
    assert list(notebooks.problems(renewed)) == []
    assert renewed.cells[0].outputs[0].text == "42\n"
    assert renewed.cells[0].id == "a-cell"
    hidden = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}
    assert renewed.cells[0].metadata == hidden
    assert "widgets" not in renewed.metadata


def test_the_code_of_a_solution_is_folded_in_jupyterlab_too():
    a, b, end = "```{solution-start} a", "```{solution-start} b", "```{solution-end}"
    cells = [
        (new_markdown_cell if source.startswith("```") else new_code_cell)(source)
        for source in ["x = ...", a, "x = 1", f"{end}\n\n{b}", "x = 2", end, "x = 3"]
    ]
    notebooks.normalise(new_notebook(cells=cells))
    folded = [cell.source for cell in cells if "jupyter" in cell.metadata]
    assert folded == ["x = 1", "x = 2"]


@pytest.mark.slow
@pytest.mark.parametrize(("stored", "passes"), [("42\n", True), ("43\n", False)])
def test_nbval_compares_stored_outputs(tmp_path, stored, passes):
    outputs = [new_output("stream", text=stored, name="stdout")]
    planted = notebook("print(6 * 7)", outputs=outputs)
    nbformat.write(planted, tmp_path / "a.ipynb")
    settings = ["-q", "-c", ROOT / "pyproject.toml", "--rootdir", tmp_path]
    command = [sys.executable, "-m", "pytest", *settings, tmp_path / "a.ipynb"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode == 0) == passes, done.stdout
