"""Attention: a mean of a memory's places, weighted by how well each fits a query.

    T queries   S places of the memory   K columns in which the two are compared
    Q size of a query   M size of a key   N size of a value

Time comes first: queries are (T, B, Q), a memory (S, B, M), as `forward` gives it. The
weights are (T, B, S): computed for each query, never parameters.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Bool, Float, Record, rows, times
from rnncourse.checks import (
    floats,
    reals,
    require_one_dtype,
    require_rng,
    require_shape,
    require_sizes,
    shown,
)
from rnncourse.functions import glorot, softmax, softmax_derivative, tanh_derivative


@dataclass(frozen=True, eq=False)
class Score(Record):
    """How well a key fits a query: both are mapped to K columns, and compared there."""

    W_q: Float[Array, "Q K"]
    W_k: Float[Array, "M K"]

    def __post_init__(self) -> None:
        name = type(self).__name__
        require_shape("W_q", self.W_q, ("Q", "K"), name)
        require_shape("W_k", self.W_k, ("M", self.W_q.shape[1]), name)
        require_one_dtype(self)

    @property
    def Q(self) -> int:
        """Size of a query."""
        return self.W_q.shape[0]

    @property
    def M(self) -> int:
        """Size of a key."""
        return self.W_k.shape[0]

    @classmethod
    def init(
        cls,
        Q: int,
        M: int,
        K: int,
        *,
        rng: np.random.Generator,
        dtype: type = np.float64,
    ) -> Self:
        """Glorot weights."""
        require_rng(rng, cls.__name__)
        require_sizes(cls.__name__, Q=Q, M=M, K=K)
        return cls(*(leaf.astype(dtype) for leaf in cls._drawn(Q, M, K, rng)))

    @classmethod
    def _drawn(cls, Q: int, M: int, K: int, rng: np.random.Generator) -> list[Array]:
        return [glorot(Q, K, rng=rng), glorot(M, K, rng=rng)]

    def compare(
        self, q: Float[Array, "T B K"], k: Float[Array, "S B K"]
    ) -> Float[Array, "T B S"]:
        """The scores, from queries and keys in their K columns."""
        raise NotImplementedError

    def compare_backward(
        self,
        dscores: Float[Array, "T B S"],
        q: Float[Array, "T B K"],
        k: Float[Array, "S B K"],
    ) -> tuple[dict[str, Array], Float[Array, "T B K"], Float[Array, "S B K"]]:
        """Its derivative: by parameters that `compare` reads, by q, by k."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class DotProduct(Score):
    """score = (q W_q) · (k W_k) / √K.

    The mean of K products of numbers of size 1 is kept at size 1 by the root. (Vaswani et
    al. 2017; without the root it is the "general" score of Luong et al. 2015)
    """

    def compare(
        self, q: Float[Array, "T B K"], k: Float[Array, "S B K"]
    ) -> Float[Array, "T B S"]:
        products = q.swapaxes(0, 1) @ k.transpose(1, 2, 0)  # (B, T, S)
        return products.swapaxes(0, 1) / np.sqrt(q.shape[-1]).astype(q.dtype)

    def compare_backward(
        self,
        dscores: Float[Array, "T B S"],
        q: Float[Array, "T B K"],
        k: Float[Array, "S B K"],
    ) -> tuple[dict[str, Array], Float[Array, "T B K"], Float[Array, "S B K"]]:
        d = dscores.swapaxes(0, 1) / np.sqrt(q.shape[-1]).astype(q.dtype)  # (B, T, S)
        dq = d @ k.swapaxes(0, 1)
        dk = d.swapaxes(1, 2) @ q.swapaxes(0, 1)
        return {}, dq.swapaxes(0, 1), dk.swapaxes(0, 1)


@dataclass(frozen=True, eq=False)
class Additive(Score):
    """score = tanh(q W_q + k W_k) · v. (Bahdanau, Cho and Bengio 2015)"""

    v: Float[Array, " K"]

    def __post_init__(self) -> None:
        super().__post_init__()
        require_shape("v", self.v, (self.W_q.shape[1],), "Additive")

    @classmethod
    def _drawn(cls, Q: int, M: int, K: int, rng: np.random.Generator) -> list[Array]:
        return [*super()._drawn(Q, M, K, rng), glorot(K, 1, rng=rng)[:, 0]]

    def compare(
        self, q: Float[Array, "T B K"], k: Float[Array, "S B K"]
    ) -> Float[Array, "T B S"]:
        return (np.tanh(q[:, None] + k) @ self.v).swapaxes(1, 2)

    def compare_backward(
        self,
        dscores: Float[Array, "T B S"],
        q: Float[Array, "T B K"],
        k: Float[Array, "S B K"],
    ) -> tuple[dict[str, Array], Float[Array, "T B K"], Float[Array, "S B K"]]:
        u = np.tanh(q[:, None] + k)  # (T, S, B, K)
        d = dscores.swapaxes(1, 2)[..., None]  # (T, S, B, 1)
        da = d * self.v * tanh_derivative(u)
        return {"v": (d * u).sum(axis=(0, 1, 2))}, da.sum(axis=1), da.sum(axis=0)


class Attended(NamedTuple):
    """What a look into a memory gives, and what its derivative reads."""

    context: Float[Array, "T B N"]
    weights: Float[Array, "T B S"]
    score: Score
    queries: Float[Array, "T B Q"]
    keys: Float[Array, "S B M"]
    values: Float[Array, "S B N"]
    q: Float[Array, "T B K"]  # queries W_q
    k: Float[Array, "U B K"]  # keys W_k, up to the last of the U places that are read


class AttendedGradients(NamedTuple):
    """dL/d each parameter of the score, by the queries, the keys and the values."""

    score: Any
    queries: Float[Array, "T B Q"]
    keys: Float[Array, "S B M"]
    values: Float[Array, "S B N"]


def attend(
    score: Score,
    queries: Float[Array, "T B Q"],
    keys: Float[Array, "S B M"],
    values: Float[Array, "S B N"] | None = None,
    mask: Bool[Array, "S B"] | None = None,
) -> Attended:
    """weights = softmax over the S places of the scores; context = the sum over s of
    weights_s · value_s.

    The values are the keys where they are None. Where the mask is False nothing is read:
    the weight is 0 and so is every gradient; what stands there, and how much of it, does
    not matter to the last bit.

    Raises TypeError or ValueError for what does not fit, for NaN or infinity where the
    mask is True, and where a sequence has no place that is True.
    """
    if not isinstance(score, Score):
        raise TypeError(f"score is {shown(score)}; attend expects a score, as Additive")
    dtype, owner = score.W_q.dtype, f"attend with {type(score).__name__}"
    require_shape("queries", queries, ("T", "B", score.Q), owner)
    require_shape("keys", keys, ("S", queries.shape[1], score.M), owner)
    values = keys if values is None else values
    require_shape("values", values, (*keys.shape[:2], "N"), owner)
    mask = _checked(mask, keys.shape[:2], owner)
    queries = floats("queries", queries, dtype)
    keys, values = (
        floats(name, np.where(mask[..., None], given, 0), dtype)
        for name, given in (("keys", keys), ("values", values))
    )
    used = last_used(mask)
    q, k = times(queries, score.W_q), times(keys[:used], score.W_k)
    weights = np.zeros((*queries.shape[:2], len(keys)), dtype)
    weights[..., :used] = normalised(score.compare(q, k), mask[:used])
    context = mean(weights[..., :used], values[:used])
    return Attended(context, weights, score, queries, keys, values, q, k)


def attend_backward(
    dcontext: Float[Array, "T B N"],
    attended: Attended,
    dweights: Float[Array, "T B S"] | None = None,
) -> AttendedGradients:
    """The gradients of any loss whose derivative by the context is dcontext, and by the
    weights, beside what passes through the context, dweights.
    """
    if not isinstance(attended, Attended):
        raise TypeError(
            f"attended is {shown(attended)}; attend_backward expects what attend gave"
        )
    context, weights, score, queries, keys, values, q, k = attended
    require_shape("dcontext", dcontext, context.shape, "attend_backward")
    dcontext = reals("dcontext", dcontext, context.dtype)
    used = len(k)
    alphas = weights[..., :used]
    dalphas, dvalues = mean_backward(dcontext, alphas, values[:used])
    if dweights is not None:
        require_shape("dweights", dweights, weights.shape, "attend_backward")
        dalphas = dalphas + reals("dweights", dweights, context.dtype)[..., :used]
    dscores = softmax_derivative(dalphas, alphas)
    own, dq, dk = score.compare_backward(dscores, q, k)
    dscore = replace(
        score, W_q=rows(queries).T @ rows(dq), W_k=rows(keys[:used]).T @ rows(dk), **own
    )
    dkeys, all_dvalues = np.zeros_like(keys), np.zeros_like(values)
    dkeys[:used], all_dvalues[:used] = times(dk, score.W_k.T), dvalues
    return AttendedGradients(dscore, times(dq, score.W_q.T), dkeys, all_dvalues)


def _checked(mask: Any, shape: tuple[int, int], owner: str) -> Bool[Array, "S B"]:
    if mask is None:
        return np.ones(shape, bool)
    require_shape("mask", mask, shape, owner)
    if mask.dtype.kind != "b":
        raise TypeError(f"mask has dtype {mask.dtype}; {owner} expects bool")
    if not mask.any(axis=0).all():
        empty = int(np.argmin(mask.any(axis=0)))
        raise ValueError(
            f"the mask of sequence {empty} is False everywhere; {owner} expects one place"
            " or more to read"
        )
    return mask


def last_used(mask: Bool[Array, "S B"]) -> int:
    """How many places there are up to the last that any sequence reads."""
    return int(np.flatnonzero(mask.any(axis=1))[-1]) + 1


def normalised(
    scores: Float[Array, "T B S"], mask: Bool[Array, "S B"]
) -> Float[Array, "T B S"]:
    return softmax(np.where(mask.T, scores, -np.inf))


def mean(
    weights: Float[Array, "T B S"], values: Float[Array, "S B N"]
) -> Float[Array, "T B N"]:
    return (weights.swapaxes(0, 1) @ values.swapaxes(0, 1)).swapaxes(0, 1)


def mean_backward(
    dmean: Float[Array, "T B N"],
    weights: Float[Array, "T B S"],
    values: Float[Array, "S B N"],
) -> tuple[Float[Array, "T B S"], Float[Array, "S B N"]]:
    d = dmean.swapaxes(0, 1)  # (B, T, N)
    dweights = d @ values.transpose(1, 2, 0)
    dvalues = weights.transpose(1, 2, 0) @ d
    return dweights.swapaxes(0, 1), dvalues.swapaxes(0, 1)
