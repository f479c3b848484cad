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
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What single units follow</title>
<style>
:root {{ color-scheme: light dark; --low: 230 130 0; --high: 60 120 230 }}
body {{ font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.5rem }}
select {{ font: inherit; padding: .2rem .5rem }}
div {{ overflow-x: auto }}
td, th {{ padding: 0 1rem 0 0; text-align: left }}
td + td {{ font-variant-numeric: tabular-nums }}
pre {{ font: 1rem/1.7 monospace; white-space: break-spaces; overflow-wrap: anywhere }}
i {{ padding: 0 .4rem; font-style: normal; border-radius: .2rem }}
#guess {{ position: sticky; top: 0; min-height: 3em; margin: 0; padding: .5rem 0;
  background: Canvas; border-bottom: 1px solid GrayText }}
.at {{ outline: 2px solid }}
</style></head><body>
<h1>What single units follow</h1>
<p>{network}. <i style="background: rgb(var(--high) / .6)">Blue</i> is high,
<i style="background: rgb(var(--low) / .6)">orange</i> is low. Point at a symbol, or go
from one to the next with the arrow keys, to see what the network expected there.</p>
<p><label>Unit <select id="unit">{options}</select></label></p>
<div><table><tr><th>Property<th>Unit<th>Score where chosen<th>Elsewhere</tr>{rows}
</table></div>
<p id="guess" role="status">&nbsp;</p>
<pre id="text" tabindex="0" role="application" aria-label="The text"></pre>
<script>
const data = {data};
const text = document.getElementById("text"), guess = document.getElementById("guess");
const choice = document.getElementById("unit");
let at = 0;
const spans = data.symbols.map((symbol, t) => {{
  const span = document.createElement("span");
  span.textContent = symbol;
  span.onmouseover = () => show(t);
  return span;
}});
text.append(...spans);
function show(t) {{
  spans[at].className = "";
  at = Math.max(0, Math.min(t, spans.length - 1));
  spans[at].className = "at";
  const told = data.guesses[at].map(([s, p]) => JSON.stringify(s) + " " + p + " %");
  guess.textContent = JSON.stringify(data.symbols[at]) +
    (told.length ? " expected: " + told.join(", ") : " comes first: nothing is expected") +
    `; unit ${{choice.value}} is ${{data.units[choice.value][at] / 100}}`;
}}
function paint() {{
  spans.forEach((span, t) => {{
    const v = data.units[choice.value][t] / 100, hue = v > 0 ? "--high" : "--low";
    span.style.background = `rgb(var(${{hue}}) / ${{0.6 * Math.abs(v)}})`;
  }});
  show(at);
}}
text.onkeydown = event => {{
  const end = spans.length, to = {{ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: end}};
  if (event.key in to) {{
    event.preventDefault();
    show(to[event.key]);
    const box = spans[at].getBoundingClientRect();
    const hidden = box.top < 100 || box.bottom > innerHeight;
    if (hidden) spans[at].scrollIntoView({{block: "center"}});
  }}
}};
choice.onchange = paint;
paint();
</script>
</body></html>
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
