"""A fair start: for each contestant its best learning rate, found on text and with a seed that no comparison uses."""


def tune(loss, rates):
    """The rate of the lowest `loss(rate)`, and the losses of all rates tried.

    The grid has factors of two. While its best rate stands at an edge, a further rate is tried there.
    """
    tried = {rate: loss(rate) for rate in rates}
    while (best := min(tried, key=tried.get)) in (low := min(tried), high := max(tried)):
        further = low / 2 if best == low else high * 2
        tried[further] = loss(further)
    return best, dict(sorted(tried.items()))
