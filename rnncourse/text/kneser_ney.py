"""The n-gram model with Kneser-Ney smoothing: the best that counting does."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from rnncourse.arrays import Array, Float, Int
from rnncourse.text.ngram import Grams, NGram, Table, count


@dataclass(frozen=True, eq=False)
class KneserNey(NGram):
    """A model of text that counts what followed each context, with modified Kneser-Ney
    interpolation.

        w(context v) = c(context v) - D(c(context v))
        s(context) = sum over the v that followed the context of D(c(context v))

    A discount D is taken from every count and given to the shorter context; it is D_1,
    D_2 or D_3, for counts of 1, 2, and 3 or more. c is how often v followed the context
    where that has n - 1 symbols. A shorter context is asked only where a longer one
    does not know, so there c is how many different symbols stand in the text before
    `context v`. The beginning of the text counts as one such symbol, so every gram of
    the text has a count. Source: Kneser and Ney 1995, as modified by Chen and Goodman
    1998.

    Since tables of shorter contexts count otherwise, the first k tables are *not* the
    k-gram model of the same text; `shorter(k)` is.
    """

    longest: tuple[Table, ...]  # for each k the table of the model that ends with it

    @classmethod
    def fit(cls, ids: Int[Array, " N"], n: int, V: int) -> Self:
        """The n-gram model of a text, whose contexts have up to n - 1 symbols.

        Raises ValueError for n below 1, a text of fewer than n symbols, and a number
        that is not in 0..V-1.
        """
        grams = list(count(ids, n, V))
        longest = tuple(discounted(table, table.times) for table in grams)
        below = (
            discounted(table, continuations(table, longer))
            for table, longer in zip(grams, grams[1:], strict=False)
        )
        return cls(V, (*below, longest[-1]), longest)

    def shorter(self, n: int) -> "KneserNey":
        """The n-gram model of the same text, for an n up to this model's."""
        self._require_shorter(n)
        counts = (*self.counts[: n - 1], self.longest[n - 1])
        return KneserNey(self.V, counts, self.longest[:n])


def continuations(grams: Grams, longer: Grams) -> Int[Array, " grams"]:
    """How many different symbols stand before each gram: its longer grams, and the
    beginning of the text for the gram that stands there.
    """
    before = np.bincount(longer.suffixes, minlength=len(grams.codes))
    before[grams.first] += 1
    return before


def discounted(grams: Grams, counts: Int[Array, " grams"]) -> Table:
    """The table of these grams, each with its count less a discount, which goes to the
    shorter context.
    """
    taken = discounts(counts)[np.minimum(counts, 3) - 1]
    return grams.table(counts - taken, taken)


def discounts(counts: Int[Array, " grams"]) -> Float[Array, "3"]:
    """The discounts of counts of 1, 2, and 3 or more.

        D_i = i - (i + 1) Y n_{i+1} / n_i,    Y = n_1 / (n_1 + 2 n_2)

    where n_i is how many of the counts are i. In a short text these numbers may be 0, or
    as they come by chance. Where they give no D_i between 0 and i, it is i / 2.
    """
    n = [int((counts == i).sum()) for i in range(5)]
    D = np.array([0.5, 1, 1.5])
    for i in (1, 2, 3):
        if n[1] and n[i]:
            D_i = i - (i + 1) * n[1] / (n[1] + 2 * n[2]) * n[i + 1] / n[i]
            D[i - 1] = D_i if 0 < D_i < i else i / 2
    return D
