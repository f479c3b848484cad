"""What is mended in the finished pages; tests/test_book.py sees the result in a browser."""

import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest
from fontTools.ttLib import TTFont

import pages

SCRIPTS = """<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>
<script>window.MathJax = {"options": {}}</script>
    <script defer="defer" src="../_static/mathjax/startup.js?v=1"></script>
<script src="../searchindex.js"></script>
<script src="../_static/doctools.js"></script>"""
FORMULA = '<span class="math notranslate">x</span>'


NEEDED = {
    "plain": (SCRIPTS, False, ["doctools"]),
    "search": (SCRIPTS, True, ["searchindex", "doctools"]),
    "formula": (SCRIPTS + FORMULA, False, ["startup", "doctools"]),
}


@pytest.mark.parametrize(("page", "searches", "left"), NEEDED.values(), ids=NEEDED)
def test_a_page_has_the_scripts_that_it_needs(page, searches, left):
    mended = pages.mend(page, searches=searches)
    assert re.findall(r"(\w+)\.js", mended) == left
    assert ("window.MathJax" in mended) == ("startup" in left)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('<section id="exercise-content">', "<section>"),
        ('<section id="solution-content">', "<section>"),
        ('<section id="the-check">', '<section id="the-check">'),
        ('<summary aria-label="Toggle hidden content">', "<summary>"),
        (
            '<button title="Search" aria-label="Search" x><i></i> <span>',
            "<button x><i></i> <span>",
        ),
        (
            '<button title="Search" aria-label="Search" x><i></i></button>',
            '<button title="Search" aria-label="Search" x><i></i></button>',
        ),
        (
            '<i class="theme-switch fa-sun" data-mode="light" title="Light">',
            '<i class="theme-switch fa-sun" data-mode="light" aria-hidden="true">',
        ),
        (
            '<span class="n">x</span> <span class="o">=</span> <span class="mi">1</span>',
            'x <span class="o">=</span> <span class="mi">1</span>',
        ),
        (
            "<dl>\n<dd>x,</dd>\n<dd>y,</dd>\n</dl>",
            '<span class="sig-line">x,</span>\n<span class="sig-line">y,</span>\n',
        ),
        ("<dl><dt>x</dt><dd>y</dd></dl>", "<dl><dt>x</dt><dd>y</dd></dl>"),
    ],
)
def test_markup_is_mended_once(written, meant):
    assert pages.mend(written) == meant
    assert pages.mend(meant) == meant


def test_a_picture_waits_in_its_reserved_place(tmp_path):
    plt.imsave(tmp_path / "a.png", [[0, 1, 2], [0, 1, 2]])
    page = pages.lazy('<img alt="a" src="a.png" /><img src="b.svg" />', tmp_path)
    assert page == (
        '<img loading="lazy" width="3" height="2" alt="a" src="a.png" />'
        '<img src="b.svg" />'
    )
    assert pages.lazy(page, tmp_path) == page


@pytest.mark.parametrize(
    ("style", "left"),
    [
        (".a{b:c}.z{b:c}", ".a{b:c}"),
        (".a,.z{b:c}", ".a{b:c}"),
        (".a .z,p>.a:hover{b:c}", "p>.a:hover{b:c}"),
        (".a:not(.z,.y){b:c}", ".a:not(.z,.y){b:c}"),
        (":is(.a,.z) p{b:c}", ":is(.a,.z) p{b:c}"),
        ("@media (x:1){.z{b:c}p{b:c}}", "@media (x:1){p{b:c}}"),
        ("@font-face{src:url(a.ttf)}", "@font-face{src:url(a.ttf)}"),
        ("/* .a{} */p{b:c}/*! kept */", "p{b:c}/*! kept */"),
    ],
)
def test_a_style_keeps_the_rules_for_the_classes_there_are(style, left):
    assert pages.prune(style, {"a"}) == left


def test_a_font_keeps_the_icons_that_a_style_names(tmp_path):
    font = tmp_path / "font.ttf"
    data = Path(matplotlib.get_data_path())
    font.write_bytes((data / "fonts/ttf/DejaVuSans.ttf").read_bytes())
    pages.keep_glyphs(font, '.a:before{content:"\\2192"}p:after{content:"x"}')
    assert set(TTFont(font).getBestCmap()) == {0x2192}
    assert font.stat().st_size < 10_000
