"""The n-gram model: counting, which a neural model of text must beat before it is
praised.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnncourse.arrays import Array, Float, Int
from rnncourse.text.vocabulary import require_symbols


class Counts(NamedTuple):
    """What followed each context of k symbols; one such table for each k = 0 .. n-1.

    A context and the symbol after it are a gram, and a gram of this table is a context
    of the next, k + 1 symbols long: its row here is its number there. So a gram is one
    integer whatever k is, its context's number V + symbol.
    """

    grams: Int[Array, " grams"]  # context's number V + symbol, ascending
    times: Int[Array, " grams"]  # c(context symbol): how often this symbol followed
    totals: Int[Array, " contexts"]  # c(context): how often any symbol followed
    kinds: Int[Array, " contexts"]  # d(context): how many different symbols followed


@dataclass(frozen=True, eq=False)
class NGram:
    """A model of text that counts what followed each context, with Witten-Bell
    interpolation.

        p_k(v | context) = (c(context v) + d(context) p_{k-1}(v | context'))
                           / (c(context) + d(context))

    context' is the context without its first symbol, d how many different symbols
    followed it, and p_{-1} = 1/V. Where a context was never followed p_k = p_{k-1}, so
    every symbol has a positive probability after any context. Source: Witten and Bell
    1991 (their method C), interpolated as in Chen and Goodman 1998. The first k tables
    of an n-gram model are a k-gram model: `NGram(model.V, model.counts[:k])`.
    """

    V: int
    counts: tuple[Counts, ...]

    @classmethod
    def fit(cls, ids: Int[Array, " N"], n: int, V: int) -> "NGram":
        """The n-gram model of a text, whose contexts have up to n - 1 symbols.

        Raises ValueError for n below 1, a text of fewer than n symbols, and a number
        that is not in 0..V-1.
        """
        ids = require_symbols(ids, V)
        if not 1 <= n <= len(ids):
            raise ValueError(
                f"n is {n} and the text has {len(ids)} symbols; expected n from 1 to"
                " the text's length"
            )
        counts, contexts, how_many = [], np.zeros(len(ids), dtype=np.int64), 1
        for k in range(n):
            grams, rows, times = np.unique(
                contexts * V + ids[k:], return_inverse=True, return_counts=True
            )
            kinds = np.bincount(grams // V, minlength=how_many)
            totals = np.bincount(contexts, minlength=how_many)
            counts.append(Counts(grams, times, totals, kinds))
            contexts, how_many = rows[:-1].astype(np.int64), len(grams)
        return cls(V, tuple(counts))

    def nats(self, ids: Int[Array, " N"]) -> float:
        """The mean of -ln p(symbol | the n - 1 before it) over every symbol of a text,
        in nats per symbol.

        The first n - 1 symbols have shorter contexts: the first none, the second one
        symbol, and so on. Not bits (nats / ln 2) and not perplexity (exp nats). Raises
        ValueError for an empty text and numbers not in 0..V-1.
        """
        ids = require_symbols(ids, self.V)
        if len(ids) == 0:
            raise ValueError("the text is empty; nats expects one symbol or more")
        p, numbers = np.full(len(ids), 1 / self.V), self._numbers(ids)
        for k, (_, times, totals, kinds) in enumerate(self.counts[: len(ids)]):
            contexts, grams = numbers[k][:-1], numbers[k + 1]
            known = (contexts >= 0) & (totals[contexts] > 0)
            contexts, grams = contexts[known], grams[known]
            c = np.where(grams >= 0, times[grams], 0)
            p[k:][known] = (c + kinds[contexts] * p[k:][known]) / (
                totals[contexts] + kinds[contexts]
            )
        return float(-np.log(p).mean())

    def probabilities(self, context: Int[Array, " N"]) -> Float[Array, " V"]:
        """p(v | context) for every symbol v, from the last n - 1 symbols of the context
        or as many as there are.
        """
        context = require_symbols(context, self.V)[-len(self.counts) :]
        p = np.full(self.V, 1 / self.V)
        for numbers, (grams, times, totals, kinds) in zip(
            self._numbers(context), self.counts, strict=False
        ):
            if len(numbers) == 0 or (h := numbers[-1]) < 0 or totals[h] == 0:
                break
            followers = slice(*np.searchsorted(grams, [h * self.V, (h + 1) * self.V]))
            c = np.zeros(self.V)
            c[grams[followers] % self.V] = times[followers]
            p = (c + kinds[h] * p) / (totals[h] + kinds[h])
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
