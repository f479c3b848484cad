"""The statements of a chapter that one name needs, found from the end backwards."""

import ast
import builtins
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple


class Statement(NamedTuple):
    """One statement of a cell: its text, the names that it makes and those it reads."""

    text: str
    node: ast.stmt
    makes: set[str]
    reads: set[str]


@cache
def statements(source: str) -> list[Statement]:
    """Those at the top of a cell, one after the other."""
    found = []
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node) or ast.unparse(node)
        if getattr(node, "decorator_list", None):
            text = ast.unparse(node)
        found.append(Statement(text, node, _makes(node), _reads(node)))
    return found


def needed(name: str, cells: Iterable[str]) -> tuple[list[Statement], set[str]]:
    """The statements of these cells that `name` needs, in order, and what no cell makes."""
    wanted, kept = {name}, []
    for statement in reversed([s for cell in cells for s in statements(cell)]):
        if statement.makes & wanted:
            kept.append(statement)
            wanted = (wanted - statement.makes) | statement.reads
    return kept[::-1], wanted - set(dir(builtins))


def imports(kept: Iterable[Statement]) -> list[ast.Import | ast.ImportFrom]:
    """Those that import something."""
    nodes = (statement.node for statement in kept)
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def import_lines(kept: Iterable[Statement], wanted: set[str]) -> set[str]:
    """One line for each name that is imported, without those that are not wanted."""
    lines = set()
    for node in imports(kept):
        for alias in node.names:
            if (alias.asname or alias.name) in wanted:
                start = (
                    f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
                )
                lines.add(f"{start}import {ast.unparse(alias)}")
    return lines


def _makes(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    return {n.id for n in names if isinstance(n.ctx, ast.Store)}


def _reads(node: ast.stmt) -> set[str]:
    """What is read but not made inside."""
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    read = {n.id for n in names if isinstance(n.ctx, ast.Load)}
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        inside = [n for n in ast.walk(node) if isinstance(n, ast.comprehension)]
        targets = {
            n.id for c in inside for n in ast.walk(c.target) if isinstance(n, ast.Name)
        }
        return read - targets
    made = {n.id for n in names if isinstance(n.ctx, ast.Store)}
    made |= {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    made |= {
        n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.ClassDef)
    }
    return read - made
