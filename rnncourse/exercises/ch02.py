"""The exercises of chapter 2, a language model: right answers, and mistakes that are
easily made.
"""

import numpy as np

from rnncourse.arrays import Array, Float, Int
from rnncourse.exercises import Exercise, register
from rnncourse.functions import softmax

# loss-units


def units(total: float, N: int) -> tuple[float, float, float]:
    """Nats, bits and perplexity per character, from the sum over N characters of -ln p."""
    nats = total / N
    return nats, nats / np.log(2), float(np.exp(nats))


register(
    Exercise(
        name="loss-units",
        reference=units,
        inputs=lambda rng: [(50.0, 20), (104.0, 25), (3.0, 7)],
        outputs=("nats", "bits", "perplexity"),
        mistakes={
            "The sum grows with the length of the text: divide it by the number of characters first": lambda total, N: (
                total,
                total / np.log(2),
                float(np.exp(total)),
            ),
            "One bit is ln 2 = 0.69 nats: are there more bits than nats, or fewer?": (
                lambda total, N: (
                    total / N,
                    total / N * np.log(2),
                    float(np.exp(total / N)),
                )
            ),
            "The perplexity does not depend on the unit: to the bits belongs base 2, which base belongs to the nats?": lambda total, N: (
                total / N,
                total / N / np.log(2),
                float(2 ** (total / N)),
            ),
            "The base of the natural logarithm goes with the nats: here it has met the bits": lambda total, N: (
                total / N,
                total / N / np.log(2),
                float(np.exp(total / N / np.log(2))),
            ),
            "The perplexity is that of one character: take it of the mean and not of the sum": lambda total, N: (
                total / N,
                total / N / np.log(2),
                float(np.exp(total)),
            ),
        },
    )
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
    """Few symbols in many places, so that each occurs often; the last of each
    vocabulary never does.
    """
    sizes = [(6, 4, 5, 3), (3, 7, 2, 4), (5, 3, 4, 3)]
    return [
        (rng.integers(0, D - 1, (T, B)), rng.standard_normal((T, B, H)), D)
        for T, B, H, D in sizes
    ]


def overwritten(xs, das, D):
    """What `dW_x[xs] += das` gives: of all places with one symbol, the last one wins."""
    dW_x = np.zeros((D, das.shape[2]))
    dW_x[xs] += das
    return dW_x


def times(xs, D):
    """How often each symbol occurs, as a column; 1 where it does not."""
    return np.maximum(np.bincount(xs.ravel(), minlength=D), 1)[:, None]


register(
    Exercise(
        name="row-gradient",
        reference=row_gradient,
        inputs=row_inputs,
        outputs=("dW_x",),
        mistakes={
            "A symbol that occurs often has only one of its rows here: where are the others?": (
                overwritten
            ),
            "A row is used each time its symbol is read, and each use adds its gradient: nothing is averaged": (
                lambda xs, das, D: row_gradient(xs, das, D) / times(xs, D)
            ),
            "The mean over all places belongs to the loss, which has done it: here it is done again": (
                lambda xs, das, D: row_gradient(xs, das, D) / xs.size
            ),
            "Symbols and gradients are out of step: flatten both with time first": (
                lambda xs, das, D: row_gradient(xs.T.reshape(xs.shape), das, D)
            ),
            "These are the gradients of the first step only: a row that is shared over time has a sum over time": lambda xs, das, D: (
                row_gradient(xs[:1], das[:1], D)
            ),
        },
    )
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
    """Texts whose length leaves a rest, and one as long as four batches: too short for
    four, since targets lag by one.
    """
    sizes = [(4, 3, 5, 2), (2, 5, 3, 7), (3, 2, 6, 1), (2, 3, 4, 0)]
    return [(rng.permutation(n * T * B + rest), T, B) for T, B, n, rest in sizes]


def both(cut):
    """The same cut for inputs and targets, from lists of symbols that are one apart."""

    def answer(ids, T, B):
        n = (len(ids) - 1) // (T * B)
        xs, targets = (cut(ids[s : s + n * T * B], n, T, B) for s in (0, 1))
        return xs.copy(), targets.copy()

    return answer


register(
    Exercise(
        name="tracks",
        reference=tracks,
        inputs=track_inputs,
        outputs=("xs", "targets"),
        mistakes={
            "Read one column from top to bottom: it should be running text": both(
                lambda part, n, T, B: part.reshape(n, T, B)
            ),
            "Each batch is running text, but where does a track go on in the next batch?": both(
                lambda part, n, T, B: part.reshape(n, B, T).transpose(0, 2, 1)
            ),
            "The targets are the inputs: a model that copies would have no loss": (
                lambda ids, T, B: (tracks(ids, T, B)[0], tracks(ids, T, B)[0])
            ),
            "Time is the second axis and the track the last: here they are swapped": (
                both(lambda part, n, T, B: part.reshape(B, n, T).transpose(1, 0, 2))
            ),
            "Inputs and targets have changed places: the target comes after the input": lambda ids, T, B: (
                tracks(ids, T, B)[::-1]
            ),
            "The tracks come first here: the first axis is the batch, in the order of training": both(
                lambda part, n, T, B: part.reshape(B, n, T)
            ),
        },
    )
)


# tempered


def tempered(logits: Float[Array, "B V"], temperature: float) -> Float[Array, "B V"]:
    """softmax(logits / temperature), and its limit at 0: all for the largest."""
    if temperature == 0:
        return (np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]).astype(
            float
        )
    return softmax(logits / temperature)


def temperature_inputs(rng: np.random.Generator) -> list[tuple]:
    """A low, a high and no temperature, and logits whose exponentials are too large for
    a float.
    """
    sizes = [((3, 5), 0.5, 2), ((4, 6), 2.0, 2), ((2, 7), 0.0, 2), ((3, 4), 1.5, 1000)]
    return [(size * rng.standard_normal(shape), T) for shape, T, size in sizes]


def without_care(a):
    """The softmax as it is written, which overflows for large numbers."""
    return np.exp(a) / np.exp(a).sum(axis=-1, keepdims=True)


def when_warm(p):
    """A mistake that is made at temperatures above 0 only."""
    return lambda logits, T: tempered(logits, T) if T == 0 else p(logits, T)


register(
    Exercise(
        name="tempered",
        reference=tempered,
        inputs=temperature_inputs,
        outputs=("p",),
        mistakes={
            "A low temperature should favour the likely symbols: yours favours the others": when_warm(
                lambda logits, T: softmax(logits * T)
            ),
            "The logits are divided, not the probabilities: do the rows still add up to 1?": when_warm(
                lambda logits, T: softmax(logits) / T
            ),
            "The temperature makes no difference above 0": when_warm(
                lambda logits, T: softmax(logits)
            ),
            "The rows share one total: each row is a distribution of its own": (
                when_warm(
                    lambda logits, T: softmax((logits / T).ravel()).reshape(
                        logits.shape
                    )
                )
            ),
            "These are the divided logits: turn them into probabilities": when_warm(
                lambda logits, T: logits / T
            ),
            "At temperature 0 the largest logit gets everything, and nothing may be divided by 0": lambda logits, T: (
                softmax(logits / (T or 1.0))
            ),
            "The exponential of a large logit is infinite: what may be subtracted from a row without a change of p?": when_warm(
                lambda logits, T: without_care(logits / T)
            ),
        },
    )
)
