"""The exercises of chapter 7, the Clockwork RNN: right answers, and mistakes that are
easily made.
"""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Exercise, register

# clockwork-mask


def mask(H: int, g: int) -> Array:
    """True where W_h may differ from 0: row i is read by column j if i's module is j's
    own or a slower one.
    """
    module = np.arange(H) // (H // g)
    return module[:, None] >= module[None, :]


register(
    Exercise(
        name="clockwork-mask",
        reference=mask,
        inputs=lambda rng: [(6, 3), (8, 2), (5, 5), (4, 1)],
        outputs=("the mask",),
        mistakes={
            "Rows are read, columns read: here the slow modules read the fast ones": (
                lambda H, g: mask(H, g).T
            ),
            "Within a module every unit reads every other: compare modules, not units": (
                lambda H, g: np.arange(H)[:, None] >= np.arange(H)[None, :]
            ),
            "A module reads itself, too": lambda H, g: ~mask(H, g).T,
            "A module reads itself and all slower ones": (
                lambda H, g: mask(H, g) & mask(H, g).T
            ),
            "There are g modules of H / g units, not H / g modules of g": (
                lambda H, g: np.arange(H)[:, None] // g >= np.arange(H)[None, :] // g
            ),
        },
    )
)

# clockwork-cost


def cost(H: int, periods: tuple[int, ...]) -> float:
    """Multiplications of h W_h for one sequence, the mean over steps: k (H - i k) for
    module i, each T_i-th step.
    """
    k = H // len(periods)
    return float(sum(k * (H - i * k) / period for i, period in enumerate(periods)))


register(
    Exercise(
        name="clockwork-cost",
        reference=cost,
        inputs=lambda rng: [
            (512, (1, 2, 4, 8, 16, 32, 64, 128)),
            (6, (1, 2, 4)),
            (3, (1, 2, 4)),
            (12, (2, 6)),
            (5, (1,)),
        ],
        outputs=("multiplications",),
        mistakes={
            "A slow module reads fewer rows than a fast one: its own and those of slower modules": lambda H, periods: (
                float(sum(H // len(periods) * H / period for period in periods))
            ),
            "The mean over steps need not be a whole number: divide by the period with /, not //": lambda H, periods: (
                float(
                    sum(
                        H // len(periods) * (H - i * (H // len(periods))) // T
                        for i, T in enumerate(periods)
                    )
                )
            ),
            "A module that does not move is not computed": lambda H, periods: cost(
                H, (1,) * len(periods)
            ),
            "A network without clock and without empty blocks needs as much": (
                lambda H, periods: float(H * H)
            ),
            "The mean over steps is wanted, not the sum over a whole turn of the clock": (
                lambda H, periods: cost(H, periods) * periods[-1]
            ),
            "Here each module reads itself and the faster ones: round the other way": lambda H, periods: (
                float(
                    sum(
                        (H // len(periods)) ** 2 * (i + 1) / period
                        for i, period in enumerate(periods)
                    )
                )
            ),
        },
    )
)

# clockwork-known

register(
    Exercise(
        name="clockwork-known",
        reference=(1, 3, 5, 1),
        outputs=("of x_5", "of x_12", "of x_48", "steps"),
        mistakes={
            "No path leads from a fast module to a slow one, however long you wait": (
                7,
                7,
                7,
                64,
            ),
            "Period 1 divides every step: the fastest module hears all": (0, 2, 4, 1),
            "The slowest module that moves is not the only one: what divides by 4 divides by 2 and 1": (
                1,
                1,
                1,
                1,
            ),
            "The clock starts at t = 0, and there every module moves": (1, 3, 5, 0),
            "From step 64 on the clock would tick again, but the last step is 63": (
                1,
                3,
                5,
                2,
            ),
        },
    )
)

# clockwork-back


def back(
    dh: Float[Array, "B H"],
    h: Float[Array, "B H"],
    t: int,
    W_h: Float[Array, "H H"],
    periods: tuple[int, ...],
) -> Float[Array, "B H"]:
    """dL/dh_{t-1} from dL/dh_t and h_t: copied where nothing moved, through tanh and
    the blocks that are read elsewhere.
    """
    moves = ticking(t, periods, h.shape[1])
    da = np.where(moves, dh * (1 - h**2), 0)
    return np.where(moves, 0, dh) + da @ (W_h * mask(h.shape[1], len(periods))).T


def ticking(t: int, periods: tuple[int, ...], H: int) -> Array:
    """For each unit whether it moves at step t."""
    return np.repeat([t % period == 0 for period in periods], H // len(periods))


def back_inputs(rng: np.random.Generator) -> list[tuple]:
    """Steps at which one, two and all modules move; W_h has numbers in the blocks that
    must not be read.
    """
    cases = [
        (3, 6, 3, (1, 2, 4)),
        (2, 6, 2, (1, 2, 4)),
        (4, 4, 8, (2, 4)),
        (2, 6, 5, (2, 4, 8)),
    ]
    return [
        (
            rng.standard_normal((B, H)),
            np.tanh(rng.standard_normal((B, H))),
            t,
            rng.standard_normal((H, H)),
            periods,
        )
        for B, H, t, periods in cases
    ]


register(
    Exercise(
        name="clockwork-back",
        reference=back,
        inputs=back_inputs,
        outputs=("dh_prev",),
        mistakes={
            "What was copied forward is copied backward: the units that did not move pass dh on": lambda dh, h, t, W_h, periods: (
                back(dh, h, t, W_h, periods)
                - np.where(ticking(t, periods, h.shape[1]), 0, dh)
            ),
            "A unit that moved was overwritten: nothing of its dh is copied": (
                lambda dh, h, t, W_h, periods: (
                    back(dh, h, t, W_h, periods)
                    + np.where(ticking(t, periods, h.shape[1]), dh, 0)
                )
            ),
            "A unit that did not move has no pre-activation: its da is 0": (
                lambda dh, h, t, W_h, periods: (
                    np.where(ticking(t, periods, h.shape[1]), 0, dh)
                    + (dh * (1 - h**2)) @ (W_h * mask(h.shape[1], len(periods))).T
                )
            ),
            "Some blocks of W_h are never read: forward h did not pass them, so dh does not": lambda dh, h, t, W_h, periods: (
                np.where(ticking(t, periods, h.shape[1]), 0, dh)
                + np.where(ticking(t, periods, h.shape[1]), dh * (1 - h**2), 0) @ W_h.T
            ),
            "The mask looks transposed: rows are read, columns read": (
                lambda dh, h, t, W_h, periods: (
                    np.where(ticking(t, periods, h.shape[1]), 0, dh)
                    + np.where(ticking(t, periods, h.shape[1]), dh * (1 - h**2), 0)
                    @ (W_h * mask(h.shape[1], len(periods)).T).T
                )
            ),
            "W_h looks transposed: the gradient goes from t back to t-1": (
                lambda dh, h, t, W_h, periods: (
                    np.where(ticking(t, periods, h.shape[1]), 0, dh)
                    + np.where(ticking(t, periods, h.shape[1]), dh * (1 - h**2), 0)
                    @ (W_h * mask(h.shape[1], len(periods)))
                )
            ),
            "The slope of the tanh is missing": lambda dh, h, t, W_h, periods: back(
                dh, np.zeros_like(h), t, W_h, periods
            ),
        },
    )
)
