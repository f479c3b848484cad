"""What runs in a page: the cells of a chapter in one Python, as a notebook runs them.

The worker (live-worker.mjs) calls `Kernel`; the book's build (tools/live.py) calls
`prepared`, which says of each cell what runs in a browser, and why some do not.
"""

import ast
import base64
import dis
import io
import json
import linecache
import shutil
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from types import CodeType

HAVE = {*sys.stdlib_module_names, "numpy", "matplotlib", "jaxtyping", "rnncourse"}
HAVE_NOT = {"rnncourse.twins": "torch", "rnncourse.charrnn": "torch"}
LONGEST = 100_000  # characters of a cell's output; then it is cut


# --- Names: what a piece of code binds, and what it reads that others bind ---


def names(code: CodeType) -> tuple[set[str], set[str]]:
    """The names that code binds, and those that it reads before it binds them.

    A function's body counts as read where the function is made.
    """
    bound, read = set(), set()
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME"):
            bound.add(step.argval)
        elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in bound:
            read.add(step.argval)
    inner = [names(part) for part in code.co_consts if isinstance(part, CodeType)]
    body = set().union(*(reads - binds for binds, reads in inner))
    return bound, read | (body - bound)


def names_of(source: str) -> tuple[set[str], set[str]]:
    """The same of a source; also bound is a name whose item or attribute is set. Of a
    source with a fault, nothing.
    """
    try:
        tree = ast.parse(source)
        bound, read = names(compile(tree, "cell", "exec"))
    except SyntaxError:
        return set(), set()
    for node in ast.walk(tree):
        part = node
        while isinstance(part, ast.Subscript | ast.Attribute):
            part = part.value
        if isinstance(getattr(node, "ctx", None), ast.Store) and part is not node:
            bound |= {part.id} if isinstance(part, ast.Name) else set()
    return bound, read


def imported(statement: ast.stmt) -> Iterator[str]:
    """Every module that a statement imports, with its dots."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def lacking(module: str) -> str | None:
    """The package that a module needs and a browser has not."""
    for name, needs in HAVE_NOT.items():
        if f"{module}.".startswith(f"{name}."):
            return needs
    top = module.partition(".")[0]
    return None if top in HAVE else top


# --- Cells, before they run ---


def prepared(cells: list[dict], absent: dict[str, str]) -> list[dict]:
    """Each cell, {id, source, live?: {piece: a smaller one}}, with what the page needs
    to know: `runs`, where something else than the source runs there; `why`, where it
    has no Run; `note`, what is said beside its output.

    A cell that needs torch is not live. Those of its statements that need nothing of it
    run all the same where a later cell wants them. `absent` maps names that are missing
    from the start to what they need.
    """
    missing = dict(absent)
    return [_prepared(cell, missing) for cell in cells]


def _prepared(cell: dict, missing: dict[str, str]) -> dict:
    source, pieces = cell["source"], cell.get("live", {})
    made = {"id": cell["id"], "source": source}
    if pieces:
        made["runs"] = smaller(source, pieces)
        told = [f"{other} (the book: {piece})" for piece, other in pieces.items()]
        made["note"] = "Made smaller for the page: " + "; ".join(told)
    kept, why = [], ""
    for statement in ast.parse(source).body:
        text = ast.get_source_segment(source, statement, padded=True) or ""
        if decorators := getattr(statement, "decorator_list", []):
            start = decorators[0].lineno - 1
            text = "\n".join(source.splitlines()[start : statement.end_lineno])
        bound, read = names_of(text)
        lacks = [needs for module in imported(statement) if (needs := lacking(module))]
        lost = sorted(name for name in read if name in missing)
        if lacks or lost:
            why = why or (lacks[0] if lacks else missing[lost[0]])
            missing |= dict.fromkeys(bound, lacks[0] if lacks else missing[lost[0]])
        else:
            kept.append(text)
            for name in bound:
                missing.pop(name, None)
    return made | ({"why": why, "runs": "\n".join(kept)} if why else {})


def smaller(source: str, pieces: dict[str, str]) -> str:
    """A source with each piece replaced. Raises ValueError where one does not occur
    exactly once.
    """
    for piece, other in pieces.items():
        if (times := source.count(piece)) != 1:
            raise ValueError(
                f"{piece!r} occurs {times} times in the cell; once expected"
            )
        source = source.replace(piece, other)
    return source


def needed(sources: list[str], index: int, ran: set[int]) -> list[int]:
    """The cells above that one needs and that have not run, and theirs, in order."""
    wanted, chosen = names_of(sources[index])[1], []
    for above in reversed(range(index)):
        bound, read = names_of(sources[above])
        if bound & wanted:
            wanted = (wanted - bound) | read
            if above not in ran:
                chosen.insert(0, above)
    return chosen


class Mild(ast.NodeTransformer):
    """Assertions that are told, and not raised."""

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        told = ast.parse(f"__differs__({ast.unparse(node.test)!r})").body
        test = ast.UnaryOp(ast.Not(), node.test)
        return ast.copy_location(ast.If(test, told, []), node)


# --- Cells, as they run ---


class Stream(io.TextIOBase):
    """What is printed goes to the page, until it is too much."""

    def __init__(self, tell: Callable[[str, str], None]):
        self.to_page, self.left = tell, LONGEST

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.left > 0:
            self.to_page("stream", text[: self.left])
        if 0 < self.left < len(text):
            self.to_page("stream", f"\n... cut after {LONGEST:,} characters\n")
        self.left -= len(text)
        return len(text)


class Kernel:
    """One Python for the cells of a page.

    `tell(kind, text)` is called with each part of an output: "stream", "text" (the
    value of the last line), "png" (base64), "error", "note".
    """

    def __init__(
        self, cells: list[dict], space: dict, tell: Callable[[str, str], None]
    ):
        self.cells = {cell["id"]: cell for cell in cells}
        self.space, self.tell = space, tell
        self.ids = list(self.cells)
        self.ran: list[str] = []  # in this order
        self.written: dict[str, str] = {}
        self.own = False  # whether the numbers may be others than the book's

    def edit(self, texts: str) -> None:
        """Take over what the reader wrote: JSON, {id: source}."""
        self.written = json.loads(texts)

    def plan(self, id: str, above: bool) -> list[str]:
        """The cells that run when one is to run, or when all above it are."""
        index = self.ids.index(id)
        if above:
            return self.ids[:index]
        sources = [self.source(id) for id in self.ids]
        ran = {self.ids.index(id) for id in self.ran}
        return [self.ids[i] for i in needed(sources, index, ran)] + [id]

    def source(self, id: str) -> str:
        """What a cell runs: the reader's text, or the book's."""
        cell = self.cells[id]
        ours = str(cell.get("runs", cell["source"]))
        return self.written.get(id, ours)

    def run(self, id: str) -> bool:
        """Run a cell; whether it came to its end."""
        cell, index = self.cells[id], self.ids.index(id)
        ours, source = id not in self.written, self.source(id)
        again = index == 0  # from the top
        self.ran = [] if again else [ran for ran in self.ran if ran != id]
        self.own = (not again and self.own) or self.ran != self.ids[:index]
        self.own |= not ours or "note" in cell
        self.ran.append(id)
        out, differs = Stream(self.tell), []
        self.space["__differs__"] = differs.append
        with redirect_stdout(out), redirect_stderr(out):
            done = self._execute(source, f"cell {index + 1}", mild=ours and self.own)
        if ours and "note" in cell:
            self.tell("note", cell["note"])
        for test in differs:
            self.tell("note", f"Not so in this run: {test}")
        return done

    def _execute(self, source: str, name: str, mild: bool) -> bool:
        lines = [line + "\n" for line in source.splitlines()]
        linecache.cache[name] = len(source), None, lines, name
        try:
            tree = ast.parse(source, name)
            last = tree.body.pop() if tree.body else None
            if not isinstance(last, ast.Expr) or source.rstrip().endswith(";"):
                tree.body += [last] if last else []
                last = None
            tree = ast.fix_missing_locations(Mild().visit(tree) if mild else tree)
            exec(compile(tree, name, "exec"), self.space)
            if last:
                code = compile(ast.Expression(last.value), name, "eval")
                value = eval(code, self.space)
                if value is not None:
                    self.space["_"] = value
                    self.tell("text", repr(value)[:LONGEST])
            figures(self.tell)
        except BaseException as error:
            if isinstance(error, SystemExit):
                return True
            own = error.__traceback__
            while own and own.tb_frame.f_code.co_filename == __file__:
                own = own.tb_next
            lines = traceback.format_exception(type(error), error, own)
            self.tell("error", "".join(lines))
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")
            return False
        return True


def figures(tell: Callable[[str, str], None]) -> None:
    """Send every open figure to the page, cut as a notebook cuts it, and close it."""
    if (plt := sys.modules.get("matplotlib.pyplot")) is None:
        return
    for number in plt.get_fignums():
        figure, file = plt.figure(number), io.BytesIO()
        figure.savefig(file, format="png", dpi=figure.dpi, bbox_inches="tight")
        tell("png", base64.b64encode(file.getvalue()).decode())
        plt.close(figure)


def in_page(data: str, space: dict, tell: Callable[[str, str], None]) -> Kernel:
    """The kernel of a page: `data` is its JSON file."""
    import matplotlib.pyplot as plt
    import numpy as np

    page = json.loads(data)
    if page["library"]:
        shutil.unpack_archive("/lib/python312.zip", sysconfig.get_paths()["stdlib"])
    kernel = Kernel(page["cells"], space, tell)
    plt.show = lambda *args, **kwargs: figures(tell)
    # where an int has 32 bits, numpy's own default integers of a Generator do not count
    count = np.bincount
    np.bincount = lambda x, *args, **kwargs: count(
        np.asarray(x, np.intp), *args, **kwargs
    )
    return kernel
