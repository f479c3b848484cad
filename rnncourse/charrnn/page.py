"""One page of HTML, complete in itself: a text coloured by single units, and what the
network expected at each symbol.
"""

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnncourse.arrays import Array, Bool, Float, Int
from rnncourse.charrnn.files import replacing
from rnncourse.charrnn.model import Model, reading
from rnncourse.charrnn.refusal import Refusal
from rnncourse.charrnn.run import Run
from rnncourse.probes import best_units

GUESSES = 5  # of the next symbol, under each
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>What single units follow</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}
pre {{ font: 15px/1.7 monospace; white-space: pre-wrap }}
#guess {{ position: sticky; top: 0; background: #fff; min-height: 3em; padding: .3em 0 }}
td, th {{ padding: 0 1em 0 0; text-align: left }}
</style>
<h1>What single units follow</h1>
<p>{network}. Blue is high, orange is low. Point at a symbol, or go to it with the arrow
keys, to see what the network expected there.</p>
<p><label>Unit <select id="unit">{options}</select></label></p>
<table><tr><th>Property<th>Unit<th>Score where chosen<th>Score elsewhere</tr>{rows}</table>
<p id="guess" role="status">&nbsp;</p><pre id="text" tabindex="0"></pre>
<script>
const data = {data};
const text = document.getElementById("text"), guess = document.getElementById("guess");
let at = 0;
data.symbols.forEach((symbol, t) => {{
  const span = document.createElement("span");
  span.textContent = symbol;
  span.onmouseover = () => show(t);
  text.append(span);
}});
function show(t) {{
  at = Math.max(0, Math.min(t, data.symbols.length - 1));
  [...text.children].forEach((s, k) => s.style.outline = k === at ? "2px solid" : "");
  guess.textContent = JSON.stringify(data.symbols[at]) + " expected: " +
    data.guesses[at].map(([s, p]) => JSON.stringify(s) + " " + p + " %").join(", ");
}}
function paint(name) {{
  [...text.children].forEach((s, t) => {{
    const v = data.units[name][t] / 100;
    s.style.background = v > 0 ? `rgba(50, 110, 220, ${{v}})` : `rgba(230, 130, 0, ${{-v}})`;
  }});
}}
text.onkeydown = event => {{
  const step = {{ArrowLeft: -1, ArrowRight: 1}}[event.key];
  if (step) {{ event.preventDefault(); show(at + step); }}
}};
const choice = document.getElementById("unit");
choice.onchange = () => paint(choice.value);
paint(choice.value);
</script>
</html>
"""


def write_page(
    path: Path, run: Run, model: Model, ids: Int[Array, " N"]
) -> Iterator[str]:
    """Write the page, and say for each property which unit follows it best.

    A unit is chosen on the first half of the text and scored on the second. Raises
    Refusal for a text of fewer than 20 symbols.
    """
    if len(ids) < 20:
        raise Refusal(f"the text has {len(ids)} symbols; use one of 20 or more")
    states, chances = read(model, ids)
    symbols = [run.symbols.decode([number]) for number in ids]
    told = properties(symbols)
    best = best_units(states, told) if told else {}
    units = dict.fromkeys(each.unit for each in best.values()) | dict.fromkeys(
        np.argsort(-states.std(axis=0), kind="stable")[:10].tolist()
    )
    rows = ""
    for name, (unit, _, chosen, believed) in best.items():
        yield f"{name}: unit {unit}, {chosen:.3f} where chosen, {believed:.3f} elsewhere"
        rows += (
            f"<tr><td>{html.escape(name)}<td>{unit}<td>{chosen:.3f}<td>{believed:.3f}"
        )
    order = np.argsort(-chances, axis=1, kind="stable")[:, :GUESSES]
    guesses: list[Any] = [
        [(run.symbols.decode([v]), round(100 * float(p[v]), 1)) for v in places]
        for p, places in zip(chances, order, strict=True)
    ]
    data = {
        "symbols": symbols,
        "guesses": [[], *guesses[:-1]],
        "units": {
            str(unit): np.round(100 * states[:, unit]).astype(int).tolist()
            for unit in units
        },
    }
    page = PAGE.format(
        network=html.escape(f"{run.settings.model} on {', '.join(run.texts)}"),
        options="".join(f"<option>{unit}</option>" for unit in units),
        rows=rows,
        data=json.dumps(data).replace("<", "\\u003c"),
    )
    with replacing(path) as file:
        file.write(page.encode("utf-8", "replace"))


def read(
    model: Model, ids: Int[Array, " N"]
) -> tuple[Float[Array, "N H"], Float[Array, "N V"]]:
    """The last layer's states, and the probabilities of what comes next."""
    with reading(model) as device:
        x = torch.tensor(ids)[:, None].to(device)
        hs, _ = model.hidden(x)
        p = model.read_out(hs).softmax(-1)
    return hs[:, 0].double().cpu().numpy(), p[:, 0].double().cpu().numpy()


def properties(symbols: list[str]) -> dict[str, Bool[Array, " N"] | Float[Array, " N"]]:
    """What could be followed, at each symbol: of these, those that change in both halves
    of the text.
    """
    column, depth, quoted = 0, 0, False
    found: dict[str, list[Any]] = {}
    for symbol in symbols:
        column = 0 if "\n" in symbol else column + 1
        depth = max(0, depth + symbol.count("(") - symbol.count(")"))
        quoted = quoted ^ ('"' in symbol)
        for name, value in {
            "place in the line": float(column),
            "in brackets": depth > 0,
            "in quotes": quoted,
            "a capital": symbol.isupper(),
            "a letter": symbol.isalpha(),
            "a space or line's end": symbol.isspace(),
            "a vowel": symbol.lower() in tuple("aeiou"),
        }.items():
            found.setdefault(name, []).append(value)
    arrays = {name: np.array(values) for name, values in found.items()}
    half = len(symbols) // 2
    return {
        name: values
        for name, values in arrays.items()
        if all(len(set(part.tolist())) > 1 for part in (values[:half], values[half:]))
    }
