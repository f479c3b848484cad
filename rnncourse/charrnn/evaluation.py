"""How well a network reads a text, and what counting alone does."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from rnncourse.arrays import Array
from rnncourse.charrnn import files
from rnncourse.charrnn.model import Model, reading
from rnncourse.charrnn.run import Run
from rnncourse.text.kneser_ney import KneserNey
from rnncourse.text.ngram import NGram

COUNTED, TESTED = 2_000_000, 200_000  # symbols that the n-gram models see at most
LONGEST = {"char": 8, "byte": 8, "word": 4}
WARM = 200  # symbols that a track reads before those that count


def loss_of(
    model: Model, ids: Array, *, tracks: int = 100, most: int | None = None
) -> float:
    """The mean of -ln p(symbol | all before it) over a text, in nats per symbol.

    The text is read on several tracks side by side, with a state that is carried; each
    but the first reads the last 200 symbols of the track before it as a start, which
    do not count. One track: exactly from start to end. `most` is how many symbols of
    the text are read at most. The state is the function's own.
    """
    ids = np.asarray(ids[:most], dtype=np.int64)
    tracks = max(1, min(tracks, (len(ids) - 1) // (5 * WARM)))
    L = -(-(len(ids) - 1) // tracks)
    warm = WARM if tracks > 1 else 0
    # track b predicts the symbols b L + 1 .. (b + 1) L; -1 where there is none
    padded = np.concatenate([np.full(warm, -1), ids, np.full(tracks * L, -1)])
    rows = np.stack([padded[b * L : b * L + warm + L + 1] for b in range(tracks)], 1)
    xs, targets = rows[:-1].clip(min=0), rows[1:].copy()
    targets[:warm] = -1
    total, state = 0.0, None
    with reading(model) as device:
        for start in range(0, len(xs), 500):
            x, y = (torch.tensor(a[start : start + 500]) for a in (xs, targets))
            logits, state = model(x.to(device), state)
            if start == 0 and warm:
                logits, state = _first_is_fresh(
                    model, logits, state, x.to(device), warm
                )
            total += float(
                functional.cross_entropy(
                    logits.flatten(0, 1),
                    y.to(device).flatten(),
                    ignore_index=-1,
                    reduction="sum",
                )
            )
    return total / (len(ids) - 1)


def _first_is_fresh(model: Model, logits: Any, state: Any, x: Any, warm: int) -> Any:
    """The first track has nothing before it: it starts at its first symbol."""
    own, after = model(x[warm:, :1])
    logits[warm:, :1] = own
    for part, mine in zip(state, after, strict=True):
        part[:, :1] = mine
    return logits, state


def windowed_loss(model: Model, ids: Array, *, T: int, most: int = 1_000_000) -> float:
    """The same over windows of T symbols, each from a zero state; above `loss_of`."""
    ids = np.asarray(ids[:most], dtype=np.int64)
    T = min(T, len(ids) - 1)
    n = (len(ids) - 1) // T
    xs, targets = (torch.tensor(ids[s : s + n * T].reshape(n, T).T) for s in (0, 1))
    total = 0.0
    with reading(model) as device:
        for x, y in zip(xs.split(100, 1), targets.split(100, 1), strict=True):
            logits = model(x.to(device))[0].flatten(0, 1)
            total += float(
                functional.cross_entropy(
                    logits, y.to(device).flatten(), reduction="sum"
                )
            )
    return total / (n * T)


class Baseline(NamedTuple):
    """What an n-gram model reaches on the validation part."""

    name: str
    n: int
    nats: float  # per symbol


def baselines(learn: Array, test: Array, V: int, unit: str) -> Iterator[Baseline]:
    """The best n-gram model of each smoothing, the best n taken on the text tested.

    Counting sees at most the last 2 million symbols to learn from, which lie next to
    the text tested, and is tested on the first 200,000.
    """
    known = np.asarray(learn[-COUNTED:], dtype=np.int64)
    tested = np.asarray(test[:TESTED], dtype=np.int64)
    n = min(LONGEST[unit], len(known))
    for name, kind in (("Witten-Bell", NGram), ("Kneser-Ney", KneserNey)):
        model = kind.fit(known, n, V)
        losses = [model.shorter(k).nats(tested) for k in range(1, n + 1)]
        best = int(np.argmin(losses))
        yield Baseline(name, best + 1, losses[best])


def noted_baselines(run: Run) -> Iterator[Baseline]:
    """The n-gram models of a run, from its metrics, or counted and noted there."""
    known = [each for each in run.metrics() if each["kind"] == "baseline"]
    if len(known) == 2:
        for each in known:
            yield Baseline(each["name"], each["n"], each["nats"])
        return
    run.cut_metrics(0)
    settings, V = run.settings, len(run.symbols)
    for baseline in baselines(*run.parts, V, settings.unit):
        run.note({"kind": "baseline"} | baseline._asdict())
        yield baseline


def baselines_size(run: Run) -> int:
    """The length of the metrics that stand before the first update, in bytes."""
    first = [each for each in run.metrics() if each["kind"] == "baseline"]
    return sum(len(files.line(each)) for each in first)
