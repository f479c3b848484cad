"""The review page and its cards have every chapter's summary and quiz."""

import sqlite3
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import review

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
PAGE = """<article><section><h1>Review</h1><section><h2>Gates#</h2>
<div class="quiz admonition"><p class="admonition-title">Which <b>gate</b>?</p>
<details class="sd-dropdown wrong"><summary><span class="sd-summary-text">o</span></summary>
<div class="sd-summary-content"><p>No.</p></div></details>
<details class="sd-dropdown right"><summary><span class="sd-summary-text">f</span></summary>
<div class="sd-summary-content"><p>Yes: \\(f\\).</p></div></details>
</div></section></section></article>"""


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_has_a_summary_and_a_quiz(chapter):
    text = review.review(chapter)
    assert 3 <= text.count("\n* ") + text.count("\n\n* ") // 2 <= 12
    assert text.startswith("## ") and text.count(":class: quiz") >= 4
    assert f"</chapters/{chapter.stem}>" in text


def test_the_page_has_them_in_the_place_of_its_mark():
    noted = []
    env = SimpleNamespace(note_dependency=noted.append)
    app = SimpleNamespace(srcdir=ROOT, env=env)
    source = [(ROOT / "pages/review.md").read_text("utf-8")]
    review.fill(app, "pages/notation", other := ["as it was"])
    review.fill(app, "pages/review", source)
    assert other == ["as it was"] and review.MARK not in source[0]
    assert source[0].count("\n## ") == len(CHAPTERS) == len(noted)


def test_links_name_the_folder_of_the_chapters():
    assert review.from_elsewhere("{doc}`03_bptt`, {doc}`the LSTM <05_lstm>`") == (
        "{doc}`/chapters/03_bptt`, {doc}`the LSTM </chapters/05_lstm>`"
    )
    here = "{doc}`x </chapters/05_lstm>`"
    assert review.from_elsewhere(here) == here


def test_a_chapter_without_a_summary_is_named(tmp_path):
    (tmp_path / "x.ipynb").write_text('{"cells": []}')
    with pytest.raises(ValueError, match=r"x\.ipynb: no title"):
        review.review(tmp_path / "x.ipynb")


@pytest.fixture
def book(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/review.html").write_text(PAGE)
    return tmp_path


def test_a_card_asks_and_the_other_side_answers(book):
    ((chapter, question, answer),) = review.cards(book)
    assert chapter == "Gates"
    assert question == "Which <b>gate</b>?<ul><li>o</li><li>f</li></ul>"
    assert '<li class="wrong">o<br><p>No.</p></li>' in answer
    assert '<li class="right">f<br><p>Yes: \\(f\\).</p></li>' in answer


def test_the_deck_is_one_that_anki_reads(book, tmp_path):
    pytest.importorskip("genanki")
    assert review.write_deck(book, tmp_path / "x.apkg") == 1
    with zipfile.ZipFile(tmp_path / "x.apkg") as file:
        file.extract("collection.anki2", tmp_path)
    with sqlite3.connect(tmp_path / "collection.anki2") as base:
        ((fields,),) = base.execute("select flds from notes").fetchall()
        (decks,) = base.execute("select decks from col").fetchone()
    assert (
        fields.startswith("Which <b>gate</b>?") and "Recurrent networks::Gates" in decks
    )


def test_a_question_keeps_its_number():
    assert review.number("quiz") == review.number("quiz") != review.number("Gates")
    assert 0 < review.number("x" * 99) < 2**31
