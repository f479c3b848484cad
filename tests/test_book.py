"""The book, built as a reader builds it, without torch, and read in a browser."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
import serve
from browsing import WIDE
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PHONE = {"width": 390, "height": 844}


class Visit(NamedTuple):
    """What one page did when it was opened on a wide screen, and then seen on a phone."""

    complaints: list[str]  # of the console, uncaught errors, answers of 400 and more
    requests: list[str]
    facts: dict


FACTS = """() => ({
    formulas: document.querySelectorAll(".math").length,
    unrendered: [...document.querySelectorAll(".math")]
        .filter(e => !e.querySelector("mjx-container")).length,
    wrong: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")]
        .map(e => e.textContent),
    links: [...document.links].map(a => a.href),
    images: [...document.images].map(i => i.src),
    no_alt: [...document.images].filter(i => !i.alt.trim()).map(i => i.src),
    ids: [...document.querySelectorAll("[id]")].map(e => e.id),
    bytes: ["navigation", "resource"]
        .flatMap(kind => performance.getEntriesByType(kind))
        .reduce((sum, entry) => sum + entry.decodedBodySize, 0),
})"""


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    ready = "[window.MathJax?.startup?.promise, document.fonts.ready]"
    page.evaluate(f"Promise.all({ready})")


def visit(browser: Browser, address: str) -> Visit:
    seen = Visit([], [], {})
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()

    def complain(what, wrong=True):
        if wrong:
            seen.complaints.append(what)

    page.on("console", lambda m: complain(m.text, m.type in ("error", "warning")))
    page.on("pageerror", lambda error: complain(str(error)))
    page.on("response", lambda r: complain(f"{r.status} for {r.url}", r.status >= 400))
    page.on("request", lambda request: seen.requests.append(request.url))
    open_page(page, address)
    seen.facts.update(page.evaluate(FACTS))
    page.set_viewport_size(PHONE)
    wide = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"
    seen.facts["too_wide"] = page.evaluate(wide)
    context.close()
    return seen


@pytest.fixture(scope="module")
def pages(book) -> list[str]:
    """Every page of the book, by its path."""
    paths = [path.relative_to(book) for path in book.rglob("*.html")]
    found = sorted(path.as_posix() for path in paths if "_static" not in path.parts)
    assert {"index.html", "search.html", "pages/notation.html"} <= set(found)
    return found


@pytest.fixture(scope="module")
def visits(browser, site, pages) -> dict[str, Visit]:
    """Every page, opened once."""
    return {name: visit(browser, site + name) for name in pages}


def where(visits, fact):
    """The pages where a fact is not empty, and what it is there."""
    return {name: seen.facts[fact] for name, seen in visits.items() if seen.facts[fact]}


def test_nothing_complains(visits):
    assert {name: v.complaints for name, v in visits.items() if v.complaints} == {}


def test_nothing_is_loaded_from_elsewhere(visits, site):
    urls = {url for seen in visits.values() for url in seen.requests}
    here = site, "data:", "blob:"
    assert {url for url in urls if not url.startswith(here)} == set()


def test_formulas_are_rendered(visits):
    assert sum(seen.facts["formulas"] for seen in visits.values()) > 20
    assert where(visits, "wrong") == where(visits, "unrendered") == {}


def test_ids_occur_once(visits):
    ids = {name: seen.facts["ids"] for name, seen in visits.items()}
    twice = {name: {i for i in all_ if all_.count(i) > 1} for name, all_ in ids.items()}
    assert {name: found for name, found in twice.items() if found} == {}


def test_pages_are_light_and_mathjax_comes_with_formulas_only(visits):
    heavy = {name: seen.facts["bytes"] for name, seen in visits.items()}
    assert {name: size for name, size in heavy.items() if size > 1.5 * 2**20} == {}
    for name, seen in visits.items():
        fetched = any("/mathjax/" in url for url in seen.requests)
        assert fetched == (seen.facts["formulas"] > 0), name


def test_every_internal_link_and_image_leads_somewhere(visits, site, book):
    broken = []
    for name, seen in visits.items():
        for url in seen.facts["links"] + seen.facts["images"]:
            if url.startswith(site):
                parts = urlsplit(url)
                target, fragment = map(unquote, (parts.path[1:], parts.fragment))
                ids = visits[target].facts["ids"] if target in visits else [fragment]
                lost = fragment and fragment not in ids
                if lost or not (book / target).is_file():
                    broken.append(f"{name}: {url.removeprefix(site)}")
    assert broken == []


def test_every_image_is_described_and_no_page_scrolls_sideways_on_a_phone(visits):
    assert where(visits, "no_alt") == where(visits, "too_wide") == {}


def test_the_api_page_has_every_module(book):
    """But for those under exercises/: there the answers are."""
    page, package = (book / "pages/api.html").read_text("utf-8"), ROOT / "rnncourse"
    paths = [*package.glob("[a-z]*.py"), *package.glob("cells/[a-z]*.py")]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    assert [name for name in modules if f'id="module-{name}"' not in page] == []


def test_two_servers_have_two_ports(book):
    with serve.server(book) as one, serve.server(book) as two:
        assert one.server_port != two.server_port


# --- What a reader does ---


@pytest.fixture
def page(browser, site):
    """A new reader on the front page."""
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    context.set_default_timeout(10_000)
    page = context.new_page()
    open_page(page, site)
    yield page
    context.close()


@pytest.fixture
def chapter(page, site):
    """The same reader in the first chapter."""
    open_page(page, site + "chapters/01_rnn_api.html")
    return page


def test_a_search_finds(page):
    page.locator("button.search-button-field:visible").first.click()
    page.keyboard.type("hidden state")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results ul.search li a")
    page.locator("#search-results ul.search li a").first.click()
    assert "hidden state" in page.locator("article").inner_text().lower()


def test_a_link_leads(page):
    link = page.locator("a.right-next")
    name = link.locator(".prev-next-title").inner_text()
    link.click()
    page.wait_for_url(lambda url: not url.endswith("index.html"))
    assert name in page.locator("article h1").inner_text()


def test_the_theme_button_turns_the_lights_off(chapter):
    def light():
        color = chapter.evaluate("getComputedStyle(document.body).backgroundColor")
        parts = color[color.index("(") + 1 : -1].split(",")
        return sum(int(part) for part in parts[:3]) / 3

    def figure_filter():
        figure = chapter.locator("div.cell_output figure img").first
        return figure.evaluate("i => getComputedStyle(i).filter")

    assert light() > 240
    assert figure_filter() == "none"
    button = chapter.locator("button.theme-switch-button:visible").first
    for _ in range(3):
        button.click()
        if chapter.locator("html").get_attribute("data-theme") == "dark":
            break
    assert light() < 60
    assert "invert" in figure_filter()
    button.focus()
    chapter.keyboard.press("Enter")
    assert button.evaluate("b => b === document.activeElement"), "the focus is lost"


def test_paper_shows_every_answer_of_a_quiz(chapter):
    chapter.evaluate("dispatchEvent(new Event('beforeprint'))")
    answers = chapter.locator("div.quiz details")
    assert answers.count() > 8
    assert answers.evaluate_all("all => all.every(answer => answer.open)")


def test_a_folded_solution_opens_from_the_keyboard(chapter):
    solution = chapter.locator("div.solution.dropdown").first
    content = solution.locator("section")
    assert not content.is_visible()
    solution.locator("button.toggle-button").focus()
    chapter.keyboard.press("Enter")
    assert content.is_visible()


def test_a_folded_cell_opens(chapter):
    cell = chapter.locator("details.hide.above-input").first
    assert "Show the code" in cell.locator("summary").inner_text()
    cell.locator("summary").click()
    assert cell.locator("pre").is_visible()


def test_a_quiz_answers_from_the_keyboard(chapter):
    question = chapter.locator("div.quiz").first
    for kind, word in [("wrong", "No."), ("right", "Yes.")]:
        answer = question.locator(f"details.{kind}").first
        assert not answer.locator(".sd-card-body").is_visible()
        answer.locator("summary").focus()
        chapter.keyboard.press("Enter")
        assert answer.locator(".sd-card-body").inner_text().startswith(word)


def test_every_question_has_one_right_answer(chapter):
    rights = "qs => qs.map(q => q.querySelectorAll('details.right').length)"
    assert set(chapter.locator("div.quiz").evaluate_all(rights)) == {1}
