"""Forward + backward of each cell against its torch twin, side by side in one run:
`make bench`.

Each line is one cell, float type and shape (T, B, D, H); for attention T queries look
into S places, (T, B, S, H). Ours and torch's take turns;
the ratio of each pair of neighbours is one observation, below 1 where ours is faster.
Printed: the median ratio, the middle half of the ratios, and our median time. Both
compute the gradients of the parameters, of the inputs and of the first state.
Clockwork, which torch has not, is set against our dense RNN of the same size.

Both may use two threads, and threads that wait sleep. By default torch's go on spinning
for some milliseconds, on the core that numpy's need in its turn, and then the ratio
measures that: a program that uses both libraries should set OMP_WAIT_POLICY=passive, as
this one does. On one thread each the ratios differ: torch's fused LSTM in float32 then
takes about half of our time.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

os.environ["OMP_WAIT_POLICY"] = "passive"  # read when torch is imported

import numpy as np
import torch

from rnncourse import GRU, LSTM, RNN, Clockwork, backward, forward
from rnncourse.attention import Additive, DotProduct, attend, attend_backward
from rnncourse.twins import to_torch

SHAPES = [(25, 1, 65, 100), (50, 16, 32, 64), (100, 32, 64, 128), (100, 100, 128, 512)]


def ours(cell, xs, dhs):
    """One forward and backward pass, to be timed."""
    return lambda: backward(cell, dhs, forward(cell, xs))


def theirs(cell, xs, dhs):
    """The same of the torch twin."""
    module, x, dh = (
        to_torch(cell),
        torch.from_numpy(xs).requires_grad_(),
        torch.from_numpy(dhs),
    )
    start = [
        torch.zeros(1, xs.shape[1], cell.H, dtype=x.dtype, requires_grad=True)
        for _ in cell.zero_state(1).leaves()
    ]

    def once():
        module.zero_grad(set_to_none=True)
        x.grad = None
        hs, _ = module(x, tuple(start) if len(start) == 2 else start[0])
        hs.backward(dh)

    return once


def looking(score, queries, keys, dcontext):
    """A look into a memory, forward and backward, ours and torch's."""
    leaves = {name: torch.tensor(leaf) for name, leaf in score.leaves().items()}
    given = [torch.from_numpy(a) for a in (queries, keys)]
    for leaf in (*leaves.values(), *given):
        leaf.requires_grad_()

    def torchs():
        for leaf in (*leaves.values(), *given):
            leaf.grad = None
        q, k = given[0] @ leaves["W_q"], given[1] @ leaves["W_k"]
        if "v" in leaves:
            scores = (q[:, :, None] + k.swapaxes(0, 1)).tanh() @ leaves["v"]
        else:
            scores = torch.einsum("tbk,sbk->tbs", q, k) / k.shape[2] ** 0.5
        context = torch.einsum("tbs,sbm->tbm", scores.softmax(dim=2), given[1])
        context.backward(torch.from_numpy(dcontext))

    return lambda: attend_backward(dcontext, attend(score, queries, keys)), torchs


def seconds(run):
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(one, other, budget):
    """Ratios of neighbouring runs and times of `one`, for `budget` seconds or 8 pairs,
    whichever is more.
    """
    for _ in range(2):
        one()
        other()
    pairs, end = [], time.perf_counter() + budget
    while len(pairs) < 8 or time.perf_counter() < end:
        pairs.append((seconds(one), seconds(other)))
    return [a / b for a, b in pairs], [a for a, _ in pairs]


def line(name, dtype, shape, ratios, times):
    """One row of the table."""
    low, middle, high = statistics.quantiles(ratios, n=4)
    millis = 1000 * statistics.median(times)
    print(
        f"{name:<18} {dtype:<8} {shape!s:<20} {middle:6.2f}   {low:5.2f} to {high:5.2f}"
        f" {millis:10.2f} ms {len(ratios):6d}"
    )


def importing():
    """Seconds of the processor for `import rnncourse`: the least of five fresh starts."""
    program = "import time, rnncourse; print(time.process_time())"
    command = [sys.executable, "-c", program]
    return min(float(subprocess.check_output(command)) for _ in range(5))


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="Forward + backward of each cell against its torch twin."
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=2.0,
        help="seconds for each line, at least (default 2)",
    )
    budget = parser.parse_args().budget
    print(f"import rnncourse, with Python's start: {importing():.2f} s")
    torch.set_num_threads(2)
    rng = np.random.default_rng(0)
    print(
        f"{'cell':<18} {'dtype':<8} {'(T, B, D, H)':<20}  ratio   middle half         "
        " ours        n"
    )
    T, B, D, H = 100, 32, 1, 512
    for dtype in (np.float64, np.float32):
        xs, dhs = (
            rng.standard_normal((T, B, D)).astype(dtype),
            rng.standard_normal((T, B, H)).astype(dtype),
        )
        clock = Clockwork.init(
            D, H, periods=(1, 2, 4, 8, 16, 32, 64, 128), rng=rng, dtype=dtype
        )
        found = compare(
            ours(clock, xs, dhs),
            ours(RNN.init(D, H, rng=rng, dtype=dtype), xs, dhs),
            budget,
        )
        line("Clockwork / RNN", np.dtype(dtype).name, (T, B, D, H), *found)
    for dtype in (np.float64, np.float32):
        T, B, S, H = 30, 32, 30, 128
        queries, keys, dcontext = (
            rng.standard_normal((n, B, H)).astype(dtype) for n in (T, S, T)
        )
        for kind in (Additive, DotProduct):
            score = kind.init(H, H, H, rng=rng, dtype=dtype)
            found = compare(*looking(score, queries, keys, dcontext), budget)
            name = f"{kind.__name__} / torch"
            line(name, np.dtype(dtype).name, (T, B, S, H), *found)
    for dtype in (np.float64, np.float32):
        for T, B, D, H in SHAPES:
            xs, dhs = (
                rng.standard_normal((T, B, D)).astype(dtype),
                rng.standard_normal((T, B, H)).astype(dtype),
            )
            for kind in (RNN, LSTM, GRU):
                cell = kind.init(D, H, rng=rng, dtype=dtype)
                found = compare(ours(cell, xs, dhs), theirs(cell, xs, dhs), budget)
                line(
                    f"{kind.__name__} / torch",
                    np.dtype(dtype).name,
                    (T, B, D, H),
                    *found,
                )


if __name__ == "__main__":
    main()
