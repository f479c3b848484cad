"""A chapter's exercises, read from its cells: statement, blank, check, solution."""

import re
from dataclasses import dataclass, field

import nbformat
from slices import import_lines, imports, needed

BEGINS = re.compile(
    r"(?P<fence>`{3,}|:{3,})\{exercise\} (?P<title>.*)\n:label: (?P<label>[\w-]+)\n"
    r"(?P<statement>.*?)^(?P=fence)$"
    r"|(?P<around>`{3,}|:{3,})\{(?P<edge>solution|solution-start|solution-end)\}.*?\n"
    r"(?P<inside>.*?)^(?P=around)$",
    re.MULTILINE | re.DOTALL,
)
OPTION = re.compile(r"^:[\w-]+:.*\n?", re.MULTILINE)
CHECKED = re.compile(r'^exercises\.check\("(?P<name>[\w-]+)", (?P<answer>.+)\)$', re.M)


@dataclass
class Exercise:
    """Its parts as they stand in the chapter; the solution as (cell type, text)."""

    title: str
    label: str
    statement: str
    blank: str = ""
    solution: list[tuple[str, str]] = field(default_factory=list)
    before: list[str] = field(default_factory=list)  # the code above its solution

    @property
    def check(self) -> re.Match[str] | None:
        """The last line of the blank: `name` and `answer`; None where no check is."""
        return CHECKED.search(self.blank)

    @property
    def words(self) -> list[str]:
        """What the solution says besides its code."""
        return [text for kind, text in self.solution if kind == "markdown"]

    def code(self) -> tuple[str, set[str]]:
        """A solution in code that stands alone, under the name of the blank, and the
        imports that it needs. Raises ValueError where a name is not to be found.
        """
        mine = [text for kind, text in self.solution if kind == "code"]
        solved = CHECKED.search("\n".join(mine))
        if self.check is None or solved is None:
            raise ValueError(f"{self.label} has no check in its solution")
        given, asked = solved["answer"], self.check["answer"]
        kept, wanted = needed(given, [*self.before, *mine])
        names = wanted | {name for s in kept for name in s.reads} | {given}
        if missing := wanted - {"exercises"}:
            raise ValueError(
                f"{self.label}: nothing makes {', '.join(sorted(missing))}"
            )
        own = [s for s in kept if s.node not in imports(kept)]
        return "\n\n".join(
            [*(s.text for s in own), f"{asked} = {given}"]
        ), import_lines(kept, names)


def exercises_of(notebook: nbformat.NotebookNode) -> list[Exercise]:
    """Those of a chapter, in order."""
    found: list[Exercise] = []
    place = (
        "outside"  # or "exercise", between its statement and its solution; "solution"
    )
    code: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if place == "solution":
                found[-1].solution.append(("code", cell.source))
            elif place == "exercise":
                found[-1].blank += cell.source
            code.append(cell.source)
            continue
        start = 0
        for edge in [*BEGINS.finditer(cell.source), None]:
            between = cell.source[start : edge.start() if edge else None].strip()
            if place == "solution" and between:
                found[-1].solution.append(("markdown", between))
            if edge is None:
                break
            start = edge.end()
            if edge["label"]:
                statement = OPTION.sub("", edge["statement"]).strip()
                found.append(Exercise(edge["title"], edge["label"], statement))
                place = "exercise"
            elif edge["edge"] == "solution-start":
                found[-1].before, place = [*code], "solution"
            else:
                if edge["edge"] == "solution":
                    text = OPTION.sub("", edge["inside"]).strip()
                    found[-1].solution.append(("markdown", text))
                place = "outside"
    return found
