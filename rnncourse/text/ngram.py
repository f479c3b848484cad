"""n-gram models: counting, which a neural model of text must beat before it is praised.

Both models here ask the longest context that the text contains, and mix its answer with
that of the context one symbol shorter, down to 1/V:

    p_k(v | context) = (w(context v) + s(context) p_{k-1}(v | context'))
                       / (sum over u of w(context u) + s(context))

for a context of k symbols, where context' is the context without its first symbol. They
differ in the weight w of a gram and in what it adds to its context's share s for the
shorter context, in nothing else. Where a context was never followed p_k = p_{k-1};
elsewhere s is positive, so every symbol has a positive probability after any context.
(Chen and Goodman 1998)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, Int
from rnncourse.checks import require_sizes
from rnncourse.text.vocabulary import require_symbols


class Grams(NamedTuple):
    """The grams of k + 1 symbols that a text contains; one such table for each k = 0 ..
    n-1.

    A context of k symbols and the symbol after it are a gram, and a gram of this table
    is a context of the next: its place here is its number there. So a gram is one
    integer whatever k is, its context's number V + symbol. Its context' with the same
    symbol is a gram of the table before this one, its suffix.
    """

    codes: Int[Array, " grams"]  # context's number V + symbol, ascending
    times: Int[Array, " grams"]  # how often each stands in the text
    contexts: Int[Array, " grams"]  # the number of its context
    suffixes: Int[Array, " grams"]  # the number of its suffix
    first: int  # the number of the gram that the text begins with
    how_many: int  # contexts: one that ends the text may have no gram

    def table(self, weights: Array, shares: Array) -> "Table":
        """The table in which each gram has this weight and adds this to its context's
        share.
        """
        s, totals = (
            np.bincount(self.contexts, parts, minlength=self.how_many)
            for parts in (shares, weights + shares)
        )
        return Table(self.codes, weights, s, totals)


class Table(NamedTuple):
    """What a model says after contexts of k symbols, in the numbers of `Grams`."""

    grams: Int[Array, " grams"]  # context's number V + symbol, ascending
    weights: Float[Array, " grams"]  # w(context symbol)
    shares: Float[Array, " contexts"]  # s(context)
    totals: Float[Array, " contexts"]  # weights and share together; 0: never followed


@dataclass(frozen=True, eq=False)
class NGram:
    """A model of text that counts what followed each context, with Witten-Bell
    interpolation.

        w(context v) = how often v followed the context
        s(context) = how many different symbols followed it

    Source: Witten and Bell 1991 (their method C). `shorter(k)` is the k-gram model of
    the same text: the first k tables of this one.
    """

    V: int
    counts: tuple[Table, ...]

    @classmethod
    def fit(cls, ids: Int[Array, " N"], n: int, V: int) -> Self:
        """The n-gram model of a text, whose contexts have up to n - 1 symbols.

        Raises ValueError for n below 1, a text of fewer than n symbols, and a number
        that is not in 0..V-1.
        """
        tables = (g.table(g.times, np.ones(len(g.times))) for g in count(ids, n, V))
        return cls(V, tuple(tables))

    def shorter(self, n: int) -> "NGram":
        """The n-gram model of the same text, for an n up to this model's."""
        self._require_shorter(n)
        return NGram(self.V, self.counts[:n])

    def nats(self, ids: Int[Array, " N"]) -> float:
        """The mean of -ln p(symbol | the n - 1 before it) over every symbol of a text,
        in nats per symbol.

        Not bits (nats / ln 2) and not perplexity (exp nats). Raises ValueError for an
        empty text and numbers not in 0..V-1.
        """
        ids = require_symbols(ids, self.V)
        if len(ids) == 0:
            raise ValueError("the text is empty; nats expects one symbol or more")
        return float(-np.log(self.along(ids)).mean())

    def along(self, ids: Int[Array, " N"]) -> Float[Array, " N"]:
        """p(symbol | the n - 1 before it) for every symbol of a text.

        The first n - 1 symbols have shorter contexts: the first none, the second one
        symbol, and so on. Raises ValueError for numbers not in 0..V-1.
        """
        ids = require_symbols(ids, self.V)
        p, numbers = np.full(len(ids), 1 / self.V), self._numbers(ids)
        for k, (_, weights, shares, totals) in enumerate(self.counts[: len(ids)]):
            contexts, grams = numbers[k][:-1], numbers[k + 1]
            known = (contexts >= 0) & (totals[contexts] > 0)
            contexts, grams = contexts[known], grams[known]
            w = np.where(grams >= 0, weights[grams], 0)
            p[k:][known] = (w + shares[contexts] * p[k:][known]) / totals[contexts]
        return p

    def probabilities(self, context: Int[Array, " N"]) -> Float[Array, " V"]:
        """p(v | context) for every symbol v, from the last n - 1 symbols of the context
        or as many as there are.
        """
        context = require_symbols(context, self.V)[-len(self.counts) :]
        p = np.full(self.V, 1 / self.V)
        for numbers, (grams, weights, shares, totals) in zip(
            self._numbers(context), self.counts, strict=False
        ):
            if len(numbers) == 0 or (h := int(numbers[-1])) < 0 or totals[h] == 0:
                break
            followers = slice(*np.searchsorted(grams, [h * self.V, (h + 1) * self.V]))
            w = np.zeros(self.V)
            w[grams[followers] % self.V] = weights[followers]
            p = (w + shares[h] * p) / totals[h]
        return p

    def _numbers(self, ids: Int[Array, " N"]) -> list[Array]:
        """For k = 0 .. n: the numbers of the k symbols before places k, k + 1, ... N of
        a text, -1 where never seen.
        """
        numbers = [np.zeros(len(ids) + 1, dtype=np.int64)]
        for k, (grams, *_) in enumerate(self.counts[: len(ids)]):
            codes = numbers[k][:-1] * self.V + ids[k:]
            rows = np.searchsorted(grams, codes).clip(max=len(grams) - 1)
            numbers.append(np.where(grams[rows] == codes, rows, -1).astype(np.int64))
        return numbers

    def _require_shorter(self, n: int) -> None:
        require_sizes("shorter", n=n)
        if n > len(self.counts):
            most = len(self.counts)
            raise ValueError(f"n is {n}; a {most}-gram model expects 1 to {most}")


def count(ids: Int[Array, " N"], n: int, V: int) -> Iterator[Grams]:
    """The grams of a text of 1, 2, ... n symbols.

    Raises ValueError for n below 1, a text of fewer than n symbols, and a number that
    is not in 0..V-1.
    """
    require_sizes("an n-gram model", n=n, V=V)
    ids = require_symbols(ids, V)
    if len(ids) * V >= 2**63:
        raise ValueError(
            f"V is {V}; codes of {len(ids)} symbols expect less than 2^63 / N"
        )
    if n > len(ids):
        raise ValueError(
            f"n is {n}; a text of {len(ids)} symbols expects 1 to {len(ids)}"
        )
    contexts = suffixes = np.zeros(len(ids), dtype=np.int64)  # at each place: number 0
    how_many = 1
    for k in range(n):
        codes, numbers, times = np.unique(
            contexts.astype(np.int64) * V + ids[k:],
            return_inverse=True,
            return_counts=True,
        )
        suffix = np.empty(len(codes), dtype=np.intp)
        suffix[numbers] = suffixes  # the same wherever the gram stands
        context = (codes // V).astype(np.intp)
        yield Grams(codes, times, context, suffix, int(numbers[0]), how_many)
        contexts, suffixes, how_many = numbers[:-1], numbers[1:], len(codes)
