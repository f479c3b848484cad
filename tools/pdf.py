"""The book as one PDF: `python tools/pdf.py BOOK OUT.pdf [--without-solutions]`.

Chromium prints each page of the built book; they are joined with an outline and numbered
through. Code that the book folds away is left out.
"""

import argparse
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import paper
from playwright.sync_api import Page
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NullObject

PAPER = {"format": "A4", "print_background": True, "scale": 0.85}
PAPER |= {"outline": True, "tagged": True}
MARGINS: Any = {"top": "18mm", "bottom": "20mm", "left": "20mm", "right": "20mm"}
STYLE = """
body { background: #fff; }
article { max-width: none; padding: 0; line-height: 1.45; }
h1, h2, h3 { break-after: avoid; }
figure, .cell_output, .admonition-title, tr { break-inside: avoid; }
.admonition { box-shadow: none; }
pre { white-space: pre-wrap; }
"""
NUMBERS = """<style>
@page { margin: 0; } body { margin: 0; }
div { height: 297mm; padding-top: 281mm; box-sizing: border-box; break-after: page;
      text-align: center; font: 9pt sans-serif; }
</style>"""


def printed(page: Page) -> bytes:
    """What the page shows, on paper."""
    page.add_style_tag(content=STYLE)
    return page.pdf(**PAPER, margin=MARGINS)


def joined(pdfs: dict[str, bytes]) -> PdfWriter:
    """All of them, by their address, one after the other, with an outline."""
    whole, starts = PdfWriter(), {}
    for address, pdf in pdfs.items():
        starts[address] = len(whole.pages)
        whole.append(BytesIO(pdf), import_outline=True)
    for sheet in whole.pages:
        for mark in sheet.get("/Annots", ArrayObject()):
            turn_inwards(mark.get_object(), starts, whole)
    return whole


def turn_inwards(
    mark: DictionaryObject, starts: dict[str, int], whole: PdfWriter
) -> None:
    """A link to a page of the book becomes one to its first sheet; one to a page that is
    not printed leads nowhere.
    """
    address, _ = urldefrag(str(mark.get("/A", {}).get("/URI", "")))
    if address in starts:
        sheet = whole.pages[starts[address]].indirect_reference
        place = [sheet, NameObject("/XYZ"), NullObject(), NullObject(), NullObject()]
        mark[NameObject("/Dest")] = ArrayObject(place)
    if address in starts or address.startswith("http://127.0.0.1"):
        del mark["/A"]


def number(whole: PdfWriter, page: Page) -> None:
    """A number at the foot of each sheet."""
    lines = "".join(f"<div>{n + 1}</div>" for n in range(len(whole.pages)))
    page.set_content(NUMBERS + lines)
    feet = PdfReader(BytesIO(page.pdf(format="A4")))
    for sheet, foot in zip(whole.pages, feet.pages, strict=False):
        sheet.merge_page(foot)
        sheet.compress_content_streams()


def make(book: Path, out: Path, *, solutions: bool = True) -> int:
    """Print the built book into a file; the number of its sheets."""
    pdfs = {}
    with paper.prepared(book, solutions) as pages:
        for page in pages:
            pdfs[page.url] = printed(page)
        whole = joined(pdfs)
        number(whole, page)
    whole.add_metadata({"/Title": paper.TITLE})
    whole.compress_identical_objects()
    whole.write(out)
    paper.link(book, out, "PDF")
    return len(whole.pages)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--without-solutions", action="store_true")
    given = parser.parse_args()
    sheets = make(given.book, given.out, solutions=not given.without_solutions)
    print(f"{given.out}: {sheets} pages")
