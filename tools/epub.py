"""The book as an EPUB 3: `python tools/epub.py BOOK OUT.epub [--without-solutions]`.

Each page of the built book becomes one of the EPUB, its formulas the MathML that MathJax
made of them. Code that the book folds away is left out.
"""

import argparse
import datetime
import re
import uuid
import zipfile
from html import escape
from pathlib import Path
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import paper
from playwright.sync_api import Page

STYLE = """
body { line-height: 1.4; }
img { max-width: 100%; height: auto; }
pre { white-space: pre-wrap; font-size: 0.8em; background: #f3f4f5; padding: 0.5em; }
figcaption, .caption-text { font-size: 0.9em; }
.admonition { border-left: 3px solid #999; padding-left: 0.8em; margin: 1em 0; }
.admonition-title { font-weight: bold; }
.eqno { float: right; }
table { border-collapse: collapse; }
td, th { padding: 0.2em 0.6em; border-bottom: 1px solid #ccc; }
"""
# The article as XHTML: formulas as MathML, attributes that only HTML pages know left out
XHTML = """() => {
    const article = document.querySelector("article");
    for (const formula of article.querySelectorAll("mjx-container")) {
        const math = formula.querySelector("math");
        if (formula.getAttribute("display") === "true")
            math.setAttribute("display", "block");
        formula.replaceWith(math);
    }
    for (const e of article.querySelectorAll("math, math *"))
        for (const a of [...e.attributes])
            if (a.name.startsWith("data-") || a.name === "class") e.removeAttribute(a.name);
    for (const e of article.querySelectorAll("svg, i"))
        if (!e.textContent.trim()) e.remove();
    for (const e of article.querySelectorAll("[loading], [role], [tabindex]"))
        for (const name of ["loading", "role", "tabindex"]) e.removeAttribute(name);
    for (const fold of article.querySelectorAll("details")) {
        const open = document.createElement("div");
        open.append(...fold.childNodes);
        fold.replaceWith(open);
    }
    for (const e of article.querySelectorAll("summary")) {
        const line = document.createElement("div");
        line.append(...e.childNodes);
        e.replaceWith(line);
    }
    const serializer = new XMLSerializer();
    return [...article.childNodes].map(e => serializer.serializeToString(e)).join("");
}"""
PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
  lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>
<body>
{body}
</body>
</html>
"""
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{id}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:creator>The contributors</dc:creator>
<dc:language>en</dc:language>
<dc:rights>CC BY 4.0; code MIT</dc:rights>
<meta property="dcterms:modified">{now}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{items}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}


class Leaf(NamedTuple):
    """A page of the book."""

    place: str  # in the built book
    title: str
    body: str  # XHTML

    @property
    def name(self) -> str:
        """In the EPUB."""
        return self.place.replace("/", "-").removesuffix(".html") + ".xhtml"


def leaf(page: Page) -> Leaf:
    """What the page shows, as XHTML."""
    place = urlsplit(page.url).path.lstrip("/")
    return Leaf(place, paper.title(page), page.evaluate(XHTML))


def linked(leaves: list[Leaf]) -> tuple[list[Leaf], dict[str, str]]:
    """The same pages, with links and pictures as the EPUB has them; and the pictures:
    their name in the EPUB, by their place in the book.
    """
    names = {each.place: each.name for each in leaves}
    prefix = {each.place: f"p{k}-" for k, each in enumerate(leaves)}
    pictures: dict[str, str] = {}

    def turned(each: Leaf) -> Leaf:
        def inwards(found: re.Match) -> str:
            attribute, given = found.groups()
            parts = urlsplit(given)
            if parts.scheme or not parts.path:
                return found[0]
            place = normpath(f"{Path(each.place).parent}/{unquote(parts.path)}")
            if attribute == "src":
                return f'src="{pictures.setdefault(place, Path(place).name)}"'
            if place not in names:
                return ""
            part = f"#{prefix[place]}{parts.fragment}" * bool(parts.fragment)
            return f'href="{names[place]}{part}"'

        return each._replace(body=re.sub(r'(href|src)="([^"]*)"', inwards, each.body))

    return [turned(each) for each in leaves], pictures


def write(book: Path, out: Path, leaves: list[Leaf]) -> None:
    """All of it in one file."""
    leaves, pictures = linked(leaves)
    items = [
        f'<item id="c{k}" href="{each.name}" media-type="application/xhtml+xml"'
        + ' properties="mathml"' * ("<math" in each.body)
        + "/>"
        for k, each in enumerate(leaves)
    ]
    items += [
        f'<item id="i{k}" href="{name}" media-type="{KINDS[Path(name).suffix]}"/>'
        for k, name in enumerate(pictures.values())
    ]
    spine = [f'<itemref idref="c{k}"/>' for k in range(len(leaves))]
    entries = [f'<li><a href="{e.name}">{escape(e.title)}</a></li>' for e in leaves]
    contents = (
        f'<nav epub:type="toc"><h1>Contents</h1><ol>{"".join(entries)}</ol></nav>'
    )
    about = {
        "id": uuid.uuid5(uuid.NAMESPACE_URL, paper.TITLE),
        "title": paper.TITLE,
        "now": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "items": "\n".join(items),
        "spine": "\n".join(spine),
    }
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        file.writestr("META-INF/container.xml", CONTAINER)
        file.writestr("book/package.opf", PACKAGE.format(**about))
        file.writestr("book/style.css", STYLE)
        file.writestr("book/nav.xhtml", PAGE.format(title=paper.TITLE, body=contents))
        for each in leaves:
            text = PAGE.format(title=escape(each.title), body=each.body)
            file.writestr(f"book/{each.name}", text)
        for place, name in pictures.items():
            file.write(book / place, f"book/{name}")


def make(book: Path, out: Path, *, solutions: bool = True) -> int:
    """The built book as an EPUB; the number of its pages."""
    with paper.prepared(book, solutions) as pages:
        leaves = [leaf(page) for page in pages]
    write(book, out, leaves)
    paper.link(book, out, "EPUB")
    return len(leaves)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--without-solutions", action="store_true")
    given = parser.parse_args()
    pages = make(given.book, given.out, solutions=not given.without_solutions)
    print(f"{given.out}: {pages} pages")
