"""What the PDF and the EPUB of the book share: pages in their order, without what can be
pressed, solutions and the answers of a quiz at the end of their chapter, or nowhere.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import serve
from chromium import chromium
from playwright.sync_api import Page

TITLE = "Recurrent networks"
ENTRY = re.compile(r'<a class="reference internal" href="([^"#]+\.html)">')
LINKS = '<span id="editions">'
# Ids get the page's own prefix, since all pages become one document.
PREPARE = """([own, solutions]) => {
    document.documentElement.dataset.theme = "light";
    const article = document.querySelector("article"), answers = [];
    document.body.replaceChildren(article);
    const live = ".live-bar, .live-not, .live-editor, .live-forget";
    const gone = ".cell details, .headerlink, button, script, style, " + live;
    for (const e of article.querySelectorAll(gone)) e.remove();
    for (const code of article.querySelectorAll(".highlight[hidden]")) code.hidden = false;
    for (const solution of article.querySelectorAll(".solution")) {
        let exercise = solution.previousElementSibling;
        while (exercise && !exercise.matches(".exercise"))
            exercise = exercise.previousElementSibling;
        const number = exercise?.querySelector(".caption-number")?.textContent;
        const title = solution.querySelector(".admonition-title");
        if (number) title.textContent = "Solution to " + number.trim();
        answers.push(solution);
    }
    for (const quiz of article.querySelectorAll(".quiz")) {
        const answer = quiz.cloneNode(true);
        for (const fold of answer.querySelectorAll("details")) fold.open = true;
        for (const fold of quiz.querySelectorAll("details")) {
            const option = document.createElement("p");
            option.append("☐ ", ...fold.querySelector(".sd-summary-text").childNodes);
            fold.replaceWith(option);
        }
        for (const e of answer.querySelectorAll("[id]")) e.removeAttribute("id");
        answer.removeAttribute("id");
        answers.push(answer);
    }
    for (const answer of answers) answer.remove();
    if (solutions && answers.length) {
        const heading = document.createElement("h2");
        heading.textContent = "Solutions and answers";
        article.append(heading, ...answers);
    }
    for (const fold of article.querySelectorAll(".dropdown, .toggle"))
        fold.classList.remove("dropdown", "toggle", "toggle-hidden");
    for (const e of article.querySelectorAll("[id]")) e.id = own + e.id;
    for (const a of article.querySelectorAll('a[href^="#"]'))
        a.setAttribute("href", "#" + own + a.getAttribute("href").slice(1));
}"""


def reading_order(book: Path) -> list[str]:
    """The pages, as the sidebar of the first one lists them."""
    first = (book / "index.html").read_text("utf-8")
    return ["index.html", *dict.fromkeys(ENTRY.findall(first))]


@contextmanager
def prepared(book: Path, solutions: bool) -> Iterator[Iterator[Page]]:
    """A page of the browser that shows each page of the book in turn, ready for paper."""

    def each(page: Page, site: str) -> Iterator[Page]:
        for k, place in enumerate(reading_order(book)):
            page.goto(site + place)
            page.evaluate(
                "Promise.all([window.MathJax?.startup?.promise, document.fonts.ready])"
            )
            page.evaluate(PREPARE, [f"p{k}-", solutions])
            for image in page.locator("article img").all():
                image.evaluate("e => { e.loading = 'eager'; return e.decode(); }")
            yield page

    with serve.server(book) as http, chromium() as browser:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield each(browser.new_page(), f"http://127.0.0.1:{http.server_port}/")
        http.shutdown()


def title(page: Page) -> str:
    """Its heading."""
    return page.title().partition(" — ")[0]


def link(book: Path, file: Path, name: str) -> None:
    """A link to the file on the book's first page, once, if it lies beside it."""
    first = book / "index.html"
    html, anchor = first.read_text("utf-8"), f'<a href="{file.name}">{name}</a> '
    if file.parent.resolve() == book.resolve() and anchor not in html:
        first.write_text(html.replace(LINKS, LINKS + anchor), "utf-8")
