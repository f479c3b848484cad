"""A Sphinx extension: the review page, on which every chapter's summary and quiz stand
again; and the same questions as cards: `python tools/review.py BOOK OUT.apkg`.

Both are taken from the chapters, which are their only source.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE, MARK = "pages/review", "<!-- every chapter -->"
QUIZ = re.compile(
    r"^(:{4,})\{admonition\}[^\n]*\n:class: quiz.*?^\1$", re.DOTALL | re.MULTILINE
)
CARD = """<style>.right { font-weight: bold; } li { margin-bottom: .5em; }</style>"""


def prose(chapter: Path) -> str:
    """All Markdown of a notebook."""
    cells = json.loads(chapter.read_text("utf-8"))["cells"]
    return "\n\n".join(
        "".join(c["source"]) for c in cells if c["cell_type"] == "markdown"
    )


def review(chapter: Path) -> str:
    """What the page has of a chapter."""
    text = prose(chapter)
    title = re.search(r"^# (.*)$", text, re.MULTILINE)
    summary = re.search(
        r"^## Summary\n(.*?)^\*\*Read on", text, re.DOTALL | re.MULTILINE
    )
    if not (title and summary):
        raise ValueError(
            f"{chapter.name}: no title, or no summary that ends in Read on"
        )
    parts = [f"## {title[1]}", f"{{doc}}`To the chapter </chapters/{chapter.stem}>`"]
    parts += [summary[1].strip(), *(quiz[0] for quiz in QUIZ.finditer(text))]
    return from_elsewhere("\n\n".join(parts))


def from_elsewhere(text: str) -> str:
    """The same text on a page in another folder: links to chapters name the folder."""
    text = re.sub(r"\{doc\}`((?:\d\d_)\w+)`", r"{doc}`/chapters/\1`", text)
    return re.sub(r"(\{doc\}`[^`<]*<)(\w+>`)", r"\1/chapters/\2", text)


def fill(app: Any, name: str, source: list[str]) -> None:
    """Put every chapter in the place of the mark, in the order of the book."""
    if name == HERE:
        folder = Path(app.srcdir) / "chapters"
        chapters = sorted(folder.glob("*.ipynb"))
        source[0] = source[0].replace(MARK, "\n\n".join(map(review, chapters)))
        for chapter in chapters:
            app.env.note_dependency(str(chapter))


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}


def cards(book: Path) -> list[tuple[str, str, str]]:
    """(chapter, question with its options, answers) of each quiz of the built book."""
    from bs4 import BeautifulSoup

    page: Any = BeautifulSoup((book / f"{HERE}.html").read_text("utf-8"), "html.parser")
    found = []
    for part in page.select("article section section"):
        chapter = part.find("h2").get_text().rstrip("#")
        for quiz in part.select(".quiz"):
            question = quiz.select_one(".admonition-title").decode_contents()
            options, answers = "", ""
            for fold in quiz.select("details"):
                option = fold.select_one(".sd-summary-text").decode_contents()
                why = fold.select_one(".sd-summary-content").decode_contents()
                options += f"<li>{option}</li>"
                right = "right" if "right" in fold["class"] else "wrong"
                answers += f'<li class="{right}">{option}<br>{why}</li>'
            found.append(
                (chapter, f"{question}<ul>{options}</ul>", f"<ul>{answers}</ul>")
            )
    return found


def number(text: str) -> int:
    """The same number for the same text: a deck that is read in again renews its cards."""
    return 1_000_000_000 + int.from_bytes(text.encode()[:32].ljust(32), "big") % 10**9


def write_deck(book: Path, out: Path) -> int:
    """An Anki deck; the number of its cards."""
    import genanki

    sides = [{"name": "Question"}, {"name": "Answer"}]
    form = {"name": "card", "qfmt": "{{Question}}", "afmt": f"{CARD}{{{{Answer}}}}"}
    model = genanki.Model(number("quiz"), "Quiz", fields=sides, templates=[form])
    decks: dict[str, Any] = {}
    for chapter, question, answer in (found := cards(book)):
        name = f"Recurrent networks::{chapter}"
        deck = decks.setdefault(chapter, genanki.Deck(number(chapter), name))
        guid = genanki.guid_for(chapter, question)
        deck.add_note(genanki.Note(model=model, fields=[question, answer], guid=guid))
    genanki.Package(list(decks.values())).write_to_file(out)
    return len(found)


if __name__ == "__main__":
    print(f"{sys.argv[2]}: {write_deck(Path(sys.argv[1]), Path(sys.argv[2]))} cards")
