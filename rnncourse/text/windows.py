"""A text cut into batches for training, and into stretches for testing."""

from collections.abc import Iterator

from rnncourse.arrays import Array, Batch, Int
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
    if T < 1 or B < 1:
        raise ValueError(f"T is {T} and B is {B}; windows expects 1 or more of each")
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
