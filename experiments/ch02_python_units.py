"""What single units follow in Python source: indentation, strings, comments, brackets,
the place in a line.

A vanilla RNN with 256 units learns from 2.4 million characters of Python's standard
library in two epochs. Then, on 200,000 characters that it never read, the unit that
best follows each property is chosen on the first half and scored on the second. Two
judges that are no unit: the property's mean for each character (what can be known from
the character that was just read), and the best unit for the same property moved to
another place in the text, where it means nothing (five places). The properties come
from Python's own tokenizer. Three seeds; the text that is shown is coloured by the
first. About one minute on one core for each. The text differs from one version of
Python to another. On another machine the losses agree within 0.03, and a score may
differ by as much as from seed to seed.
"""

import contextlib
import io
import tokenize
from itertools import chain

import numpy as np

from experiments.common import last, rounded
from experiments.harness import watch
from rnncourse import RNN, Adam, Network, Vocabulary, cross_entropy, forward, objective
from rnncourse.probes import auc, best_units, correlation, follows
from rnncourse.text import NGram, python_source, windows
from rnncourse.training import quarter_cosine, train

H, T, B, EPOCHS, RATE, SEEDS = 256, 64, 64, 2, 4e-3, (0, 1, 2)
LEARN, TEST, SHIFTS, LATER = 2_400_000, 200_000, 5, 20_000
SMOKE = {"H": 8, "EPOCHS": 1, "SEEDS": (0,), "LEARN": 9000, "TEST": 50_000, "LATER": 0}


def tokens(text):
    """Python's tokens, up to the end of the text, which may be cut off inside a string."""
    with contextlib.suppress(tokenize.TokenError):
        yield from tokenize.generate_tokens(io.StringIO(text).readline)


def properties(text):
    """For each character of a source: truth values, or numbers, by name."""
    lines = text.splitlines(keepends=True)
    lengths = [len(line) for line in lines]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    masks = {
        name: np.zeros(len(text), bool)
        for name in ("string", "long string", "comment", "bracket")
    }
    depth = np.zeros(len(lines) + 2)  # open blocks, by line
    blocks = brackets = opened = last = 0
    for token in tokens(text):
        begin = starts[token.start[0] - 1] + token.start[1]
        end = starts[min(token.end[0] - 1, len(lines))] + token.end[1]
        blocks += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        depth[last + 1 : token.end[0] + 1] = blocks
        last = token.end[0]
        if token.type == tokenize.STRING:
            long = any(quotes in token.string[:5] for quotes in ('"""', "'''"))
            masks["long string" if long else "string"][begin:end] = True
        if token.type == tokenize.COMMENT:
            masks["comment"][begin:end] = True
        if token.string in tuple("([{") and token.type == tokenize.OP:
            opened, brackets = (begin, 1) if brackets == 0 else (opened, brackets + 1)
        if token.string in tuple(")]}") and token.type == tokenize.OP and brackets:
            brackets -= 1
            if brackets == 0:
                masks["bracket"][opened:end] = True
    column = np.concatenate([np.arange(length) for length in lengths])
    indents = [len(line) - len(line.lstrip(" ")) for line in lines]
    of_line = np.repeat(np.arange(1, len(lines) + 1), lengths)
    return masks | {
        "leading blanks": column < np.repeat(indents, lengths),
        "column": column * 1.0,
        "depth of blocks": depth[of_line],
    }


def by_character(ids, wanted, half, V):
    """The score of a judge that knows the last character only: the mean of the property
    for it, from the first half.
    """
    times = np.bincount(ids[:half], minlength=V)
    sums = np.bincount(ids[:half], weights=wanted[:half], minlength=V)
    means = sums / np.maximum(times, 1)
    score = auc if wanted.dtype.kind == "b" else correlation
    return float(score(means[ids[half:], None], wanted[half:])[0])


def learn(ids, V, seed):
    """A network that has read the text twice, with a rate that falls to zero along a
    quarter of a cosine wave.
    """
    rng = np.random.default_rng(seed)
    net = Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    updates = EPOCHS * ((len(ids) - 1) // (T * B))
    steps = train(
        net,
        chain.from_iterable(windows(ids, T=T, B=B) for _ in range(EPOCHS)),
        objective,
        Adam(RATE),
        clip=1.0,
        rate=quarter_cosine(RATE, updates),
    )
    return last(watch(steps, f"seed {seed}", updates))


def read(net, ids):
    """The states while the network reads a text as one sequence, and its loss."""
    parts, losses, state = [], [], None
    xs_parts, targets_parts = (np.array_split(part, 20) for part in (ids[:-1], ids[1:]))
    for xs, targets in zip(xs_parts, targets_parts, strict=True):
        run = forward(net.cell, xs[:, None], state)
        losses.append(cross_entropy(net.outputs(run.hs), targets[:, None])[0])
        parts.append(run.hs[:, 0])
        state = run.state
    return np.concatenate(parts), float(np.mean(losses))


def search(hs, wanted_by_name):
    """The best unit for each property, its scores on both halves, and those of the best
    units for moved properties.
    """
    best = best_units(hs, wanted_by_name)
    moved = [
        best_units(hs, {n: np.roll(w, shift) for n, w in wanted_by_name.items()})
        for shift in np.linspace(0, TEST, SHIFTS + 2)[1:-1].astype(int)
    ]
    return {
        name: {
            "unit": best[name].unit,
            "sign": best[name].sign,
            "chosen": rounded(best[name].chosen),
            "believed": rounded(best[name].believed),
            "moved": [rounded(m[name].believed) for m in moved],
        }
        for name in wanted_by_name
    }


def run():
    """Train, read, score."""
    text = python_source(LEARN + 3 * TEST)
    text = text.encode("ascii", "replace").decode()  # all that is not ASCII: one symbol
    vocabulary = Vocabulary.of(text)
    V, ids = len(vocabulary), vocabulary.encode(text)
    given, test = ids[:LEARN], ids[-TEST - 1 :]
    wanted = {name: w[-TEST - 1 : -1] for name, w in properties(text).items()}
    half, code = TEST // 2, vocabulary.decode(test[:-1])
    at = code.index("\n    def ", half + LATER) + 1
    shown, runs, coloured = slice(at, at + 700), [], []
    for seed in SEEDS:
        hs, loss = read(learn(given, V, seed), test)
        later = {name: w[half:] for name, w in wanted.items()}
        known = np.abs(follows(hs[half:], later)).max(axis=0)
        found = search(hs, wanted)
        colours = {n: f["sign"] * hs[shown, f["unit"]] for n, f in found.items()}
        coloured.append(rounded(colours, ".2f"))
        levels = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
        above = {level: int((known > level).sum()) for level in levels}
        runs.append({"loss": rounded(loss), "found": found, "units_above": above})
    setup = {"H": H, "T": T, "B": B, "epochs": EPOCHS, "rate": RATE, "V": V}
    return {
        "setup": setup | {"characters": LEARN},
        "ngrams": {n: rounded(NGram.fit(given, n, V).nats(test)) for n in range(1, 8)},
        "properties": {
            name: {
                "kind": "auc" if w.dtype.kind == "b" else "correlation",
                "mean": rounded(w.mean()),
                "by_character": rounded(by_character(test[:-1], w, half, V)),
            }
            for name, w in wanted.items()
        },
        "runs": runs,
        "shown": {"text": code[shown], "units": coloured[0]},
    }
