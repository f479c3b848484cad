"""The exercises of chapter 8, attention."""

import numpy as np

from rnncourse.arrays import Array, Bool, Float
from rnncourse.exercises import edited, register

# masked-weights


def masked_weights(
    scores: Float[Array, "T B S"], mask: Bool[Array, "S B"]
) -> Float[Array, "T B S"]:
    """The softmax over the places where the mask is True; exactly 0 elsewhere."""
    scores = np.where(mask.T, scores, -np.inf)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def scores_and_mask(rng: np.random.Generator) -> list[tuple]:
    """Scores, some of them large, and sequences of several lengths."""
    cases = []
    for T, B, S, scale in [(3, 4, 5, 1.0), (2, 3, 6, 1.0), (2, 4, 3, 1000.0)]:
        lengths = rng.integers(1, S, B)
        mask = np.arange(S)[:, None] < lengths
        draws = (
            rng.standard_normal((T, B, S)) + 5 * ~mask.T
        )  # what is not there is ahead
        cases.append((scale * draws, mask))
    return cases


register(
    "masked-weights",
    masked_weights,
    inputs=scores_and_mask,
    outputs=("the weights",),
    mistakes={
        "Where the mask is False something is read: the mask has no effect": edited(
            masked_weights, "np.where(mask.T, scores, -np.inf)", "scores + 0"
        ),
        "A score of 0 is not a weight of 0: what does the exponential make of it": edited(
            masked_weights, "-np.inf", "0.0"
        ),
        "Masked after the softmax: what is left does not add up to 1": edited(
            masked_weights,
            "np.where(mask.T, scores, -np.inf)",
            "scores + 0",
            "return e / e.sum(axis=-1, keepdims=True)",
            "return np.where(mask.T, e / e.sum(axis=-1, keepdims=True), 0)",
        ),
        "Where what is not there has the largest score, 0 / 0 is left: mask first": edited(
            masked_weights,
            "np.where(mask.T, scores, -np.inf)",
            "scores + 0",
            "return e / e.sum(axis=-1, keepdims=True)",
            "return e * mask.T / (e * mask.T).sum(axis=-1, keepdims=True)",
        ),
        "The weights of one query over the places add up to 1: this is another axis": edited(
            masked_weights,
            "e.sum(axis=-1, keepdims=True)",
            "e.sum(axis=0, keepdims=True)",
        ),
        "Large scores overflow: what may be subtracted from all of them": edited(
            masked_weights, "scores - scores.max(axis=-1, keepdims=True)", "scores"
        ),
        "The mask is turned round: True is a place that is there": edited(
            masked_weights, "mask.T, scores, -np.inf", "mask.T, -np.inf, scores"
        ),
    },
)

# dot-product-attention


def dot_product_attention(
    queries: Float[Array, "T K"], keys: Float[Array, "S K"], values: Float[Array, "S N"]
) -> tuple[Float[Array, "T N"], Float[Array, "T S"]]:
    """Contexts and weights of scaled dot products, of one sequence."""
    scores = queries @ keys.T / np.sqrt(queries.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = e / e.sum(axis=1, keepdims=True)
    return weights @ values, weights


def one_sequence(rng: np.random.Generator) -> list[tuple]:
    """Queries, keys and values in three sizes."""
    return [
        tuple(rng.standard_normal(shape) for shape in [(T, K), (S, K), (S, N)])
        for T, S, K, N in [(3, 5, 4, 2), (4, 4, 9, 4), (1, 6, 3, 3)]
    ]


register(
    "dot-product-attention",
    dot_product_attention,
    inputs=one_sequence,
    outputs=("the context", "the weights"),
    mistakes={
        "The scores are not scaled: a root is missing": edited(
            dot_product_attention, " / np.sqrt(queries.shape[1])", ""
        ),
        "Scaled by K: a sum of K products of size 1 grows more slowly than that": edited(
            dot_product_attention, "np.sqrt(queries.shape[1])", "queries.shape[1]"
        ),
        "Scaled by the number of places: how many products does one score add up": edited(
            dot_product_attention, "np.sqrt(queries.shape[1])", "np.sqrt(len(keys))"
        ),
        "The weights of one query add up to 1: this is a softmax over queries": edited(
            dot_product_attention,
            "scores.max(axis=1, keepdims=True)",
            "scores.max(axis=0, keepdims=True)",
            "e.sum(axis=1, keepdims=True)",
            "e.sum(axis=0, keepdims=True)",
        ),
        "These are scores: nothing makes them add up to 1 yet": edited(
            dot_product_attention, "e / e.sum(axis=1, keepdims=True)", "scores"
        ),
    },
)

# attention-backward


def attention_backward(
    dcontext: Float[Array, " N"],
    weights: Float[Array, " S"],
    values: Float[Array, "S N"],
) -> tuple[Float[Array, " S"], Float[Array, "S N"]]:
    """From the context's gradient to those of the scores and of the values."""
    dweights = values @ dcontext
    dscores = weights * (dweights - weights @ dweights)
    return dscores, np.outer(weights, dcontext)


def one_look(rng: np.random.Generator) -> list[tuple]:
    """A gradient, weights that add up to 1, and values, in three sizes."""
    return [
        (rng.standard_normal(N), rng.dirichlet(np.ones(S)), rng.standard_normal((S, N)))
        for S, N in [(5, 3), (4, 4), (7, 2)]
    ]


register(
    "attention-backward",
    attention_backward,
    inputs=one_look,
    outputs=("dscores", "dvalues"),
    mistakes={
        "A score moves all weights, since they add up to 1: a mean is missing": edited(
            attention_backward, "(dweights - weights @ dweights)", "dweights"
        ),
        "This is the slope of a sigmoid: each score has an effect on every weight": edited(
            attention_backward,
            "(dweights - weights @ dweights)",
            "dweights * (1 - weights)",
        ),
        "Which mean is subtracted? The places do not count alike": edited(
            attention_backward, "weights @ dweights", "dweights.mean()"
        ),
        "The softmax passes little on where a weight is small: a factor is missing": edited(
            attention_backward, "weights * (dweights", "(dweights"
        ),
        "The values have their share of the context in proportion to their weights": edited(
            attention_backward,
            "np.outer(weights, dcontext)",
            "np.outer(np.ones(len(weights)), dcontext)",
        ),
        "These are the gradients of the weights: the softmax is still to come": edited(
            attention_backward, "weights * (dweights - weights @ dweights)", "dweights"
        ),
    },
)

# score-parameters


def score_parameters(Q: int, M: int, K: int) -> tuple[int, int]:
    """How many numbers an additive score learns, and one of dot products."""
    return Q * K + M * K + K, Q * K + M * K


register(
    "score-parameters",
    score_parameters,
    inputs=lambda rng: [(32, 64, 32), (5, 7, 3), (10, 4, 6)],
    outputs=("additive", "dot product"),
    mistakes={
        "The additive score has one thing more to learn than two matrices": edited(
            score_parameters, "M * K + K,", "M * K,"
        ),
        "The vector v belongs to the additive score only": edited(
            score_parameters, "Q * K + M * K\n", "Q * K + M * K + K\n"
        ),
        "Keys are mapped, too: count both matrices": edited(
            score_parameters, "Q * K + M * K + K, Q * K + M * K", "Q * K + K, Q * K"
        ),
        "Both are mapped to K columns: no matrix joins Q to M": edited(
            score_parameters, "Q * K + M * K + K, Q * K + M * K", "Q * M + K, Q * M"
        ),
    },
)

# steps-back


def steps_back(weights: Float[Array, "T S"]) -> float:
    """Of the steps from one peak to the next, the share that goes back in the source."""
    peaks = weights.argmax(axis=1)
    return float((np.diff(peaks) < 0).mean())


register(
    "steps-back",
    steps_back,
    inputs=lambda rng: [
        (rng.dirichlet(0.1 * np.ones(S), T),) for T, S in [(9, 6), (12, 4), (20, 9)]
    ],
    outputs=("the share",),
    mistakes={
        "To stay is not to go back: two peaks may have the same place": edited(
            steps_back, "< 0", "<= 0"
        ),
        "This is the share that goes forward or stays": edited(
            steps_back, "< 0", ">= 0"
        ),
        "A share is wanted: how many steps are there between T peaks": edited(
            steps_back, ".mean()", ".sum()"
        ),
        "Between T peaks there are T - 1 steps": edited(
            steps_back,
            "(np.diff(peaks) < 0).mean()",
            "(np.diff(peaks) < 0).sum() / len(peaks)",
        ),
        "A row is a step of the decoder: the peak is looked for along it": edited(
            steps_back, "axis=1", "axis=0"
        ),
        "Is this the share that goes forward? The peak at t + 1 stands before that at"
        " t": edited(steps_back, "< 0", "> 0"),
    },
)
