"""The exercises of chapter 2, a language model."""

from typing import Any

import numpy as np

from rnncourse.arrays import Array, Float, Int
from rnncourse.exercises import Verdict, edited, peak_memory, register
from rnncourse.functions import softmax

# loss-units


def units(total: float, N: int) -> tuple[float, float, float]:
    """Nats, bits and perplexity per character, from the sum over N of -ln p."""
    nats = total / N
    return nats, nats / np.log(2), float(np.exp(nats))


register(
    "loss-units",
    units,
    inputs=lambda rng: [(50.0, 20), (104.0, 25), (3.0, 7)],
    outputs=("nats", "bits", "perplexity"),
    mistakes={
        "The sum grows with the length of the text: divide it by the number of"
        " characters first": edited(units, "total / N", "total"),
        "One bit is ln 2 = 0.69 nats: are there more bits than nats, or fewer?": edited(
            units, "nats / np.log(2)", "nats * np.log(2)"
        ),
        "The perplexity does not depend on the unit: base 2 belongs to the bits, which"
        " base to the nats?": edited(units, "np.exp(nats)", "2**nats"),
        "The base of the natural logarithm goes with the nats: here it has met the"
        " bits": edited(units, "np.exp(nats)", "np.exp(nats / np.log(2))"),
        "The perplexity is that of one character: take it of the mean and not of the"
        " sum": edited(units, "np.exp(nats)", "np.exp(total)"),
    },
)


# row-gradient


def row_gradient(
    xs: Int[Array, "T B"], das: Float[Array, "T B H"], D: int
) -> Float[Array, "D H"]:
    """Row v is the sum of da over all t and b where the symbol is v."""
    dW_x = np.zeros((D, das.shape[2]))
    np.add.at(dW_x, xs, das)
    return dW_x


def row_inputs(rng: np.random.Generator) -> list[tuple]:
    """Few symbols in many places, so that each occurs often; the last never does."""
    return [
        (rng.integers(0, D - 1, (T, B)), rng.standard_normal((T, B, H)), D)
        for T, B, H, D in [(6, 4, 5, 3), (3, 7, 2, 4), (5, 3, 4, 3)]
    ]


def judge_rows(answer: Any, rng: np.random.Generator) -> Verdict | None:
    """With 2000 symbols, less memory than a half of one-hot vectors of one byte."""
    T, B, H, D = 2, 400, 2, 2000
    xs, das = rng.integers(0, D, (T, B)), rng.standard_normal((T, B, H))
    peak = peak_memory(lambda: answer(xs, das, D))
    if peak < T * B * D / 2:
        return None
    times = peak / (8 * D * H)
    return Verdict(
        False,
        f"✗ right numbers, but for a vocabulary of {D} symbols {times:.0f} times the"
        " memory of dW_x",
    )


register(
    "row-gradient",
    row_gradient,
    inputs=row_inputs,
    outputs=("dW_x",),
    judge=judge_rows,
    mistakes={
        "A symbol that occurs often has only one of its rows here: where are the"
        " others?": edited(row_gradient, "np.add.at(dW_x, xs, das)", "dW_x[xs] += das"),
        "A symbol that stands twice in one step has only one of its rows here": edited(
            row_gradient,
            "np.add.at(dW_x, xs, das)",
            "for x, da in zip(xs, das, strict=True): dW_x[x] += da",
        ),
        "A row is used each time its symbol is read, and each use adds its gradient:"
        " nothing is averaged": lambda xs, das, D: (
            row_gradient(xs, das, D) / np.maximum(row_gradient(xs, 0 * das + 1, D), 1)
        ),
        "The mean over all places belongs to the loss, which has done it: here it is"
        " done again": edited(row_gradient, "return dW_x", "return dW_x / xs.size"),
        "Symbols and gradients are out of step: flatten both with time first": edited(
            row_gradient, "xs, das)", "xs.T.reshape(xs.shape), das)"
        ),
        "These are the gradients of the first step only: a row that is shared over time"
        " has a sum over time": edited(row_gradient, "xs, das)", "xs[0], das[0])"),
        "These are one-hot vectors, nearly all zeros: the symbol itself says which row"
        " it is": lambda xs, das, D: np.tensordot(np.eye(D)[xs], das, ([0, 1], [0, 1])),
    },
)


# tracks


def tracks(
    ids: Int[Array, " N"], T: int, B: int
) -> tuple[Int[Array, "n T B"], Int[Array, "n T B"]]:
    """Inputs and targets of every batch: track b reads the b-th of B equal stretches."""
    n = (len(ids) - 1) // (T * B)
    xs, targets = (
        ids[s : s + n * T * B].reshape(B, n, T).transpose(1, 2, 0).copy()
        for s in (0, 1)
    )
    return xs, targets


def track_inputs(rng: np.random.Generator) -> list[tuple]:
    """Different symbols, some left over; then just four batches, one too many.

    For targets lag by one.
    """
    return [
        (rng.permutation(n * T * B + rest), T, B)
        for T, B, n, rest in [(4, 3, 5, 2), (2, 5, 3, 7), (3, 2, 6, 1), (2, 3, 4, 0)]
    ]


def same_tracks(answer: Any, ids: Array, T: int, B: int) -> tuple[Array, Array]:
    """The reference for any tracks that are running text, each from another place."""
    xs, targets = answer
    right = tracks(ids, T, B)
    n = len(right[0])
    place = np.argsort(ids)  # of each symbol in the text: every symbol occurs once
    steps = place[xs[0, 0]] + np.arange(n * T).reshape(n, T, 1)
    running = np.array_equal(place[xs], steps)
    shifted = np.array_equal(place[targets], steps + 1)
    starts = np.sort(steps[0, 0]).tolist()
    apart = all(b - a >= n * T for a, b in zip(starts, starts[1:], strict=False))
    return right if running and shifted and apart else answer


register(
    "tracks",
    tracks,
    inputs=track_inputs,
    outputs=("xs", "targets"),
    canonical=same_tracks,
    mistakes={
        "Read one column from top to bottom: it should be running text": edited(
            tracks, "(B, n, T).transpose(1, 2, 0)", "(n, T, B)"
        ),
        "Each batch is running text, but where does a track go on in the next"
        " batch?": edited(
            tracks, "(B, n, T).transpose(1, 2, 0)", "(n, B, T).transpose(0, 2, 1)"
        ),
        "The targets are the inputs: a model that copies would have no loss": edited(
            tracks, "in (0, 1)", "in (0, 0)"
        ),
        "Time is the second axis and the track the last: here they are swapped": edited(
            tracks, "(1, 2, 0)", "(1, 0, 2)"
        ),
        "Inputs and targets have changed places: the target comes after the"
        " input": edited(tracks, "return xs, targets", "return targets, xs"),
        "The tracks come first here: the first axis is the batch, in the order of"
        " training": edited(tracks, ".transpose(1, 2, 0)", ""),
        "A text of exactly n T B symbols does not make n batches: the last input has no"
        " target": edited(tracks, "(len(ids) - 1)", "len(ids)"),
    },
)


# tempered


def tempered(logits: Float[Array, "B V"], temperature: float) -> Float[Array, "B V"]:
    """The softmax of the divided logits; its limit at 0: all for the largest."""
    if temperature == 0:
        return np.eye(logits.shape[1])[logits.argmax(axis=1)]
    return softmax(logits / temperature)


def temperature_inputs(rng: np.random.Generator) -> list[tuple]:
    """A very low, a high and no temperature, and logits too large for exp.

    At no temperature two logits of the first row are equal.
    """
    sizes = [
        ((3, 5), 1e-3, 2e-3),
        ((4, 6), 2.0, 2),
        ((2, 7), 0.0, 2),
        ((3, 4), 1.5, 1000),
    ]
    cases = [(size * rng.standard_normal(shape), T) for shape, T, size in sizes]
    cases[2][0][0, [1, 4]] = 9.0
    return cases


def shared(p: Any, logits: Array, temperature: float) -> Array:
    """At temperature 0, what equal largest logits have, in equal parts."""
    most = logits == logits.max(axis=1, keepdims=True)
    if temperature > 0 or not (p >= 0).all():
        return p
    return np.where(most, np.mean(p, axis=1, where=most, keepdims=True), p)


register(
    "tempered",
    tempered,
    inputs=temperature_inputs,
    outputs=("p",),
    canonical=shared,
    mistakes={
        "A low temperature should favour the likely symbols: yours favours the"
        " others": edited(tempered, "(logits / temp", "(logits * temp"),
        "The logits are divided, not the probabilities: do the rows still add up to"
        " 1?": edited(tempered, "(logits / temperature", "(logits) / (temperature"),
        "The temperature makes no difference above 0": edited(
            tempered, "(logits / temperature)", "(logits)"
        ),
        "The rows share one total: each row is a distribution of its own": edited(
            tempered,
            "softmax(logits / temperature)",
            "softmax((logits / temperature).ravel()).reshape(logits.shape)",
        ),
        "These are the divided logits: turn them into probabilities": edited(
            tempered, "return softmax", "return "
        ),
        "At temperature 0 the largest logit gets everything, and nothing may be divided"
        " by 0": lambda logits, T: softmax(logits / (T or 1.0)),
        "Only at 0 the largest logit gets everything: at low temperatures the others"
        " keep a share": edited(tempered, "temperature == 0", "temperature < 0.5"),
        "Where two logits are the largest, the row adds up to more than 1": edited(
            tempered,
            "np.eye(logits.shape[1])[logits.argmax(axis=1)]",
            "1.0 * (logits == logits.max(axis=1, keepdims=True))",
        ),
        "The exponential of a large logit is infinite: what may be subtracted from a row"
        " without a change of p?": edited(
            tempered,
            "return softmax(logits / temperature)",
            "p = np.exp(logits / temperature)\n    return p / p.sum(1, keepdims=True)",
        ),
    },
)
