"""A Sphinx extension: mends and lightens the pages that the theme and others write.

Everything happens after the build, on the finished files, and is done once only: a page
that is mended already stays as it is. `mend` and `prune` are plain functions of text.
"""

import re
from pathlib import Path
from typing import Any

import imagesize
from docutils.nodes import Element
from fontTools import subset
from fontTools.ttLib import TTFont

APPENDIX = ["chapters/activations"]  # A, B, ...

# What stands in every page, and what should: a pattern, its replacement, a reason
MENDED = [
    # icons come from the theme's style sheet and its font; the script would draw them again
    (r'<script defer src="[^"]*/fontawesome\.js[^"]*"></script>', ""),
    # sphinx-exercise gives all contents the same id
    (r'<section id="(exercise|solution)-content">', "<section>"),
    # a name that hides what is written on the button or the fold
    (r' title="Search" aria-label="Search"(?=[^>]*>\s*<i[^>]*></i>\s*<span)', ""),
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    # the state that a picture in the theme button shows is not its name
    (r'(<i class="theme-switch[^>]*) title="[^"]*">', r'\1 aria-hidden="true">'),
    # the corner of a table heads nothing
    (r'<th class="head"><p></p></th>', "<td></td>"),
    # all of the sidebar is a landmark, not only its list of chapters
    (
        r'(<div id="pst-primary-sidebar" class="[^"]*")>',
        r'\1 role="region" aria-label="Sidebar">',
    ),
    # names, marks and spaces have the colour of the text around them
    (r'<span class="[npw]">([^<]*)</span>', r"\1"),
    # an entry of a list is a list item: the role for bibliographies is deprecated
    (r'role="doc-biblioentry"', 'role="listitem"'),
]
MATHJAX = r"<script>window\.MathJax = .*?</script>\s*<script[^>]*/mathjax/.*?</script>"
SEARCH = r'<script src="[^"]*(searchtools|language_data|searchindex)\.js"></script>'
PARAMETERS = r"<dl>\s*((?:<dd>.*?</dd>\s*)+)</dl>"


def mend(page: str, *, searches: bool = False) -> str:
    """A page without what it does not need, and with names that say what they name.

    Only a page that searches needs the index; one without a formula needs no MathJax.
    """
    for pattern, replacement in MENDED:
        page = re.sub(pattern, replacement, page)
    if not searches:
        page = re.sub(SEARCH, "", page)
    if 'class="math ' not in page:
        page = re.sub(MATHJAX, "", page, flags=re.DOTALL)
    # a long signature's parameters are lines, and no definitions of terms
    return re.sub(PARAMETERS, _lines, page, flags=re.DOTALL)


def _lines(match: re.Match[str]) -> str:
    lines = match[1].replace("<dd>", '<span class="sig-line">')
    return lines.replace("</dd>", "</span>")


def lazy(page: str, folder: Path) -> str:
    """A page whose pictures are fetched when a reader comes near, in reserved places."""

    def sized(match: re.Match[str]) -> str:
        width, height = imagesize.get(folder / match[2])
        return f'<img loading="lazy" width="{width}" height="{height}" {match[1]}'

    return re.sub(r'<img (?!loading)([^>]*src="([^":]+\.png)")', sized, page)


def prune(style: str, words: set[str]) -> str:
    """A style sheet without the rules for classes that are not among the words."""

    def rule(match: re.Match[str]) -> str:
        selectors = re.split(r",(?![^(]*\))", match[1])
        kept = [selector for selector in selectors if _used(selector, words)]
        return f"{','.join(kept)}{{{match[2]}}}" if kept else ""

    style = re.sub(r"/\*(?!!).*?\*/", "", style, flags=re.DOTALL)
    return re.sub(r"([^{}@;/]+)\{([^{}]*)\}", rule, style)


def _used(selector: str, words: set[str]) -> bool:
    """What stands in parentheses, as in :not(.a), does not count."""
    outside = re.sub(r"\([^)]*\)", "", selector)
    return set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", outside)) <= words


def keep_glyphs(font: Path, style: str) -> None:
    """Leave those icons in a font that a style sheet names, as content: "\\f0c9"."""
    glyphs = TTFont(font)
    subsetter = subset.Subsetter(subset.Options(hinting=False))
    named = re.findall(r'content:"\\([0-9a-f]+)"', style)
    subsetter.populate(unicodes=[int(code, 16) for code in named])
    subsetter.subset(glyphs)
    glyphs.save(font)


def finish(app: Any, exception: Exception | None) -> None:
    """Mend every page; then leave out of styles and icons what no page uses."""
    if exception or app.builder.format != "html":
        return
    book, words = Path(app.outdir), {"bs-tooltip-auto"}  # a name that a script composes
    for path in book.rglob("*.html"):
        if "_static" not in path.parts:
            page = mend(path.read_text("utf-8"), searches=path.name == "search.html")
            path.write_text(lazy(page, path.parent), "utf-8")
            words.update(" ".join(re.findall(r'class="([^"]*)"', page)).split())
    static = book / "_static"
    for path in static.glob("scripts/fontawesome.js*"):
        path.unlink()
    for path in [*static.glob("*.js"), *static.glob("scripts/*.js")]:
        words.update(re.findall(r"[\w-]+", path.read_text("utf-8")))
    styles = ""
    for path in [*static.glob("*.css"), *static.glob("styles/*.css")]:
        style = path.read_text("utf-8")
        if len(style) > 40_000:
            # one format of each icon font is enough: the one that is cut down below
            style = re.sub(r'url\([^)]*\) format\("woff2"\),', "", prune(style, words))
            path.write_text(style, "utf-8")
        styles += style
    keep_glyphs(static / "vendor/fontawesome/webfonts/fa-solid-900.ttf", styles)


def letter_the_appendix(app: Any, env: Any) -> None:
    """The appendix is A, A.1, ...: Sphinx gives numbers, and the first one is replaced in
    all that it has numbered there.
    """
    for letter, page in zip("ABCDEF", APPENDIX, strict=False):
        tables = [env.toc_secnumbers[page], *env.toc_fignumbers.get(page, {}).values()]
        for table in tables:
            table.update(
                {k: (letter, *number[1:]) for k, number in table.items() if number}
            )
        titles = [env.titles[page], *env.tocs[page].findall()]
        for doc in env.tocs.values():  # where another page shows it in its list
            titles += [n for n in doc.findall(Element) if n.get("refuri") == page]
        for node in titles:
            if isinstance(node, Element) and node.get("secnumber"):
                node["secnumber"] = (letter, *node["secnumber"][1:])


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx, after the extension that brings MathJax."""
    app.config.mathjax_path = "mathjax/startup.js"  # loads the parts in mathjax3_config
    app.connect("env-check-consistency", letter_the_appendix)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True}
