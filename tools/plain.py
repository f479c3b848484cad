"""The book's text as plain Markdown, for notebooks that stand alone.

References become words with the numbers that the book gives, citations names and years.
"""

import re
from pathlib import Path

import nbformat
import yaml
from pybtex.database import BibliographyData, parse_file
from pybtex.richtext import Text

ROLE = re.compile(r"\{([\w:]+)\}`([^`]*)`")
LABELLED = re.compile(
    r"\$\$ \((?P<equation>[\w-]+)\)$|\{exercise\}.*\n:label: (?P<exercise>[\w-]+)"
    r"|^\((?P<section>[\w-]+)\)=\s+#+ (?P<title>.*)|^:name: (?P<figure>[\w-]+)",
    re.MULTILINE,
)
SAID = {"figure": "Figure {}", "equation": "equation ({})", "exercise": "Exercise {}"}


class Book:
    """What the chapters are called, and what their labels stand for."""

    def __init__(self, root: Path) -> None:
        self.chapters: dict[str, str] = {}  # stem: number
        self.titles: dict[str, str] = {}  # stem: title
        self.labels: dict[str, str] = {}
        self.sources: BibliographyData = parse_file(str(root / "references.bib"))
        toc = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
        numbers = (str(number) for number in range(1, 100))
        letters = iter("ABCDEF")  # of the appendices
        for part in toc["parts"]:
            count = letters if part["caption"] == "Appendix" else numbers
            for entry in part["chapters"]:
                if (path := root / f"{entry['file']}.ipynb").exists():
                    self._read(path, next(count))

    def _read(self, path: Path, number: str) -> None:
        notebook = nbformat.read(path, as_version=4)
        self.chapters[path.stem] = number
        title = re.search(r"^# (.*)", notebook.cells[0].source, re.MULTILINE)
        self.titles[path.stem] = title[1] if title else path.stem
        self._number(notebook, number)

    def _number(self, notebook: nbformat.NotebookNode, chapter: str) -> None:
        """Figures, equations and exercises, each counted in the order of the chapter."""
        count = dict.fromkeys(SAID, 0)
        for cell in notebook.cells:
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            found = [{"figure": figure["name"]}] if figure else []
            if cell.cell_type == "markdown":
                found = [match.groupdict() for match in LABELLED.finditer(cell.source)]
            for names in found:
                if names.get("section"):
                    self.labels[names["section"]] = names["title"]
                for kind, said in SAID.items():
                    if names.get(kind):
                        count[kind] += 1
                        number = f"{chapter}.{count[kind]}"
                        self.labels[names[kind]] = said.format(number)

    def plain(self, text: str) -> str:
        """The text without the book's roles. Raises ValueError for an unknown one."""
        text = re.sub(r"\$\$ \([\w-]+\)$", "$$", text, flags=re.MULTILINE)
        text = re.sub(r"^\([\w-]+\)=\n*", "", text, flags=re.MULTILINE)
        text = ROLE.sub(lambda match: self._role(match[1], match[2]), text)
        if left := re.search(r"^(?:`{3,}|:{3,})\{[^\n]*", text, re.MULTILINE):
            raise ValueError(f"no plain form of {left.group()!r} is known")
        return text.strip()

    def _role(self, role: str, content: str) -> str:
        match = re.fullmatch(r"(.*?)\s*<(.*)>", content, re.DOTALL)
        said, target = (match[1], match[2]) if match else ("", content)
        stem = target.rpartition("/")[2]
        if role in ("cite:t", "cite:p"):
            return self._cited(content, in_brackets=role == "cite:p")
        if role == "term" or said:
            return said or content
        if role == "doc" and stem in self.chapters:
            return f"chapter {self.chapters[stem]}"
        if role == "doc":
            return f"the page on {stem.replace('_', ' ')}"
        if role in ("numref", "eq", "ref") and target in self.labels:
            return self.labels[target]
        raise ValueError(f"no plain form of {{{role}}}`{content}` is known")

    def _cited(self, keys: str, *, in_brackets: bool) -> str:
        cited = []
        for key in keys.split(","):
            entry = self.sources.entries[key.strip()]
            names = [
                " ".join(str(part) for part in person.rich_last_names)
                for person in entry.persons["author"]
            ]
            who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
            year = Text.from_latex(entry.fields["year"])
            cited.append(f"{who}, {year}" if in_brackets else f"{who} ({year})")
        return f"({'; '.join(cited)})" if in_brackets else ", ".join(cited)
