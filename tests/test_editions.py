"""The book as PDF and as EPUB: every page, figure and formula, and no solution where none
is wanted.
"""

import re
import shutil
import subprocess
import zipfile
from collections import Counter

import chromium
import epub
import paper
import pdf
import pytest
from pypdf import PdfReader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.path() is None, reason=chromium.MISSING),
]
FOLDED = re.compile(r'<details class="hide above-input">.*?</details>', re.DOTALL)


@pytest.fixture(scope="module")
def articles(book):
    """What stands on each page, without the code that is folded away."""
    pages = {
        place: (book / place).read_text("utf-8") for place in paper.reading_order(book)
    }
    found = {}
    for place, page in pages.items():
        (article,) = re.findall(r"<article.*?</article>", page, re.DOTALL)
        found[place] = FOLDED.sub("", article)
    return found


@pytest.fixture(scope="module")
def printed(book, tmp_path_factory):
    out = tmp_path_factory.mktemp("pdf") / "book.pdf"
    pdf.make(book, out)
    return PdfReader(out)


def flat(outline):
    """All entries of an outline."""
    for entry in outline:
        yield from flat(entry) if isinstance(entry, list) else [entry.title]


def words(text):
    return re.sub(r"\W+", "", text)


def test_the_pdf_has_every_figure_and_an_outline(printed, articles):
    text = words(" ".join(sheet.extract_text() for sheet in printed.pages))
    captions = [
        number
        for article in articles.values()
        for number in re.findall(r'caption-number">(Figure [^<]*?) ?<', article)
    ]
    assert len(captions) > 60
    assert [each for each in captions if words(each) not in text] == []
    titles = Counter(flat(printed.outline))
    assert titles["Solutions and answers"] >= 9
    for article in articles.values():
        heading = re.sub(
            r"<a class=\"headerlink.*?</a>|<[^>]*>",
            "",
            re.search(r"<h1>.*?</h1>", article, re.DOTALL)[0],
        )
        assert titles[heading.strip()] == 1, heading


def test_the_sheets_are_numbered_and_links_stay_inside(printed):
    for k in (0, 9, len(printed.pages) - 1):
        assert printed.pages[k].extract_text().split()[-1] == str(k + 1)
    marks = [mark.get_object() for s in printed.pages for mark in s.get("/Annots", [])]
    addresses = [str(mark.get("/A", {}).get("/URI", "")) for mark in marks]
    assert [each for each in addresses if "127.0.0.1" in each] == []
    assert sum("/Dest" in mark for mark in marks) > 200


@pytest.fixture(scope="module")
def digital(book, tmp_path_factory):
    out = tmp_path_factory.mktemp("epub") / "book.epub"
    epub.make(book, out)
    return out


def test_the_epub_is_one_for_epubcheck(digital):
    jar = shutil.which("epubcheck")
    if jar is None:
        pytest.skip("no epubcheck: install Debian's `epubcheck`")
    command = ["java", "-jar", jar, "--failonwarnings", str(digital)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_epub_has_every_formula_and_figure(digital, articles):
    with zipfile.ZipFile(digital) as file:
        pages = {
            n: file.read(n).decode() for n in file.namelist() if n.endswith(".xhtml")
        }
        pictures = [name for name in file.namelist() if name.endswith((".png", ".svg"))]
    for place, article in articles.items():
        page = pages["book/" + epub.Leaf(place, "", "").name]
        # a quiz stands there twice: without its answers, and with them
        assert page.count("<math") >= article.count('class="math '), place
        assert page.count("<img") == article.count("<img"), place
    assert len(pictures) >= 60


def test_solutions_may_be_left_out(book, tmp_path, monkeypatch):
    one = ["chapters/06_gru.html"]
    monkeypatch.setattr(paper, "reading_order", lambda book: one)
    for solutions in (True, False):
        epub.make(book, out := tmp_path / f"{solutions}.epub", solutions=solutions)
        with zipfile.ZipFile(out) as file:
            text = file.read("book/chapters-06_gru.xhtml").decode()
        assert ("Solution to Exercise" in text) == solutions
        assert "Exercise 6.1" in text and "☐" in text
