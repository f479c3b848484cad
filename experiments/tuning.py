"""A fair comparison: each contestant at its own best learning rate."""

import numpy as np


def tune(loss, rates, factor=2, most=np.inf):
    """The rate of the lowest `loss(rate)`, and the losses of all rates tried.

    While the best rate stands at an edge of the grid, a further rate is tried there,
    `factor` away, until `most` were tried. Rates that are added have six decimals.
    """
    tried = {rate: loss(rate) for rate in rates}
    while (best := min(tried, key=tried.get)) in (
        low := min(tried),
        high := max(tried),
    ) and len(tried) < most:
        further = round(low / factor if best == low else high * factor, 6)
        tried[further] = loss(further)
    return best, dict(sorted(tried.items()))


def geometric_mean(values, axis=None):
    """exp of the mean of ln: a run that fails counts, but does not hide how the others
    did.
    """
    return np.exp(np.mean(np.log(values), axis=axis))
