"""A Sphinx extension: the package's docstrings are plain text for people, and this
turns them into reStructuredText.

Backticks mark code, an indented block keeps its lines, and nothing else has a meaning:
`*`, `|` and `W_` are themselves.
"""

import re
from typing import Any


def plain_text(
    app: Any, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    """Escape what reStructuredText would read as markup, and make indented blocks
    literal.
    """
    out: list[str] = []
    literal = False
    for line in lines:
        indented = line.startswith("    ")
        if indented and not literal:
            out += [".. code-block:: none", ""]
        literal = indented or (literal and not line)
        out.append(line if literal else escape(line))
    lines[:] = out


def escape(line: str) -> str:
    """One line in which only `code` and a leading bullet keep a meaning."""
    bullet, rest = re.fullmatch(r"(\s*[*-] |)(.*)", line).groups()  # type: ignore[union-attr]
    parts = re.split(r"(`[^`]+`)", rest)
    parts[::2] = [re.sub(r"([*|\\`]|_(?!\w))", r"\\\1", part) for part in parts[::2]]
    return bullet + "".join(parts)


def shapes(
    app: Any,
    what: str,
    name: str,
    obj: object,
    options: Any,
    signature: str | None,
    returns: str | None,
):
    """`Float[Array, 'T B D']`, as it stands in the source, for what Python reports as
    `Float[ndarray, ...]`.
    """
    return tuple(
        text and text.replace("ndarray", "Array") for text in (signature, returns)
    )


def skip(
    app: Any, what: str, name: str, obj: object, skipped: bool, options: Any
) -> bool | None:
    """The fields of a NamedTuple stand in its signature; "Alias for field number 0"
    says nothing more.
    """
    return True if type(obj).__name__ == "_tuplegetter" else None


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", plain_text)
    app.connect("autodoc-process-signature", shapes)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
