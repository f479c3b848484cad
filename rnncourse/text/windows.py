"""A text cut into batches for training, and into stretches for testing."""

from collections.abc import Iterator
from itertools import chain, count

import numpy as np

from rnncourse.arrays import Array, Batch, Int
from rnncourse.checks import require_sizes
from rnncourse.text.vocabulary import require_symbols


def windows(ids: Int[Array, " N"], *, T: int, B: int) -> Iterator[Batch]:
    """One pass over a text in batches of T symbols on B parallel tracks, each symbol's
    target the one after it.

        xs[t, b] = ids[b n T + i T + t],    targets[t, b] = ids[b n T + i T + t + 1]
        n = floor((N - 1) / (T B))

    for the batches i = 0 .. n-1: track b reads the b-th of B equal stretches of the
    text from its start to its end. Only the first batch is fresh; a state carried from
    batch to batch meets each stretch without a gap. The last (N - 1) mod T B targets
    are left out, fewer than one batch. Raises ValueError where that leaves none.
    """
    require_sizes("windows", T=T, B=B)
    T, B = int(T), int(B)  # a product of narrow integers could overflow
    ids = require_symbols(ids)
    n = (len(ids) - 1) // (T * B)
    if n < 1:
        raise ValueError(
            f"{len(ids)} symbols are too few; T = {T} and B = {B} expect {T * B + 1} or"
            " more"
        )
    xs, targets = (
        ids[start : start + n * T * B].reshape(B, n, T).transpose(1, 2, 0).copy()
        for start in (0, 1)
    )
    return (Batch(xs[i], targets[i], fresh=i == 0) for i in range(n))


def passes(ids: Int[Array, " N"], *, T: int, B: int) -> Iterator[Batch]:
    """`windows` over a text again and again, without end; the first batch of each pass
    is fresh. Raises what `windows` raises.
    """
    first = windows(ids, T=T, B=B)
    return chain(first, chain.from_iterable(windows(ids, T=T, B=B) for _ in count()))


def stretches(
    ids: Int[Array, " N"], *, T: int, B: int, step: int | None = None
) -> tuple[Int[Array, "T B"], Int[Array, "T B"]]:
    """B stretches of T symbols of a text side by side, and for each symbol the next.

        xs[t, b] = ids[b step + t],    targets[t, b] = ids[b step + t + 1]

    One stretch follows the other where `step` is None (it is T then);
    `step=len(ids) // B` spreads them over the text, and below T they overlap. Raises
    ValueError for a text that is too short. Not `windows`, whose batches go on where
    the last one ended.
    """
    step = T if step is None else step
    require_sizes("stretches", T=T, B=B, step=step)
    T, B, step = int(T), int(B), int(step)
    ids, needed = require_symbols(ids), (B - 1) * step + T + 1
    if len(ids) < needed:
        raise ValueError(
            f"{len(ids)} symbols are too few; {B} stretches of {T}, {step} apart, expect"
            f" {needed} or more"
        )
    at = np.arange(T)[:, None] + step * np.arange(B)
    return ids[at], ids[at + 1]
