"""The exercises of chapter 7, the Clockwork RNN."""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import edited, register

# clockwork-mask


def mask(H: int, g: int) -> Array:
    """True where row i, the unit that is read, is in column j's module or a slower one."""
    module = np.arange(H) // (H // g)
    return module[:, None] >= module[None, :]


register(
    "clockwork-mask",
    mask,
    inputs=lambda rng: [(6, 3), (8, 2), (5, 5), (4, 1)],
    outputs=("the mask",),
    # zeros and ones of any kind are the same mistake
    canonical=lambda answer, H, g: 1.0 * answer if answer.dtype.kind == "i" else answer,
    mistakes={
        "The row is the unit that is read, the column the one that reads: here the slow"
        " modules read the fast ones": edited(mask, ">=", "<="),
        "Within a module every unit reads every other: compare modules, not"
        " units": edited(mask, " // (H // g)", ""),
        "A module reads itself, too": edited(mask, ">=", ">"),
        "A module reads itself and all slower ones": edited(mask, ">=", "=="),
        "There are g modules of H / g units, not H / g modules of g": edited(
            mask, "(H // g)", "g"
        ),
        "These are zeros and ones: a mask is True where a number exists, as a comparison"
        " is": lambda H, g: 1.0 * mask(H, g),
    },
)

# clockwork-cost


def cost(H: int, periods: tuple[int, ...]) -> float:
    """Multiplications of h W_h for one sequence, the mean over steps."""
    k = H // len(periods)
    return float(sum(k * (H - i * k) / T_i for i, T_i in enumerate(periods)))


register(
    "clockwork-cost",
    cost,
    inputs=lambda rng: [
        (512, (1, 2, 4, 8, 16, 32, 64, 128)),
        (6, (1, 2, 4)),
        (3, (1, 2, 4)),
        (12, (2, 6)),
        (5, (1,)),
    ],
    outputs=("multiplications",),
    mistakes={
        "A slow module reads fewer rows than a fast one: its own and those of slower"
        " modules": edited(cost, "(H - i * k)", "H"),
        "The mean over steps need not be a whole number: divide by the period with /,"
        " not //": edited(cost, "/ T_i", "// T_i"),
        "A module that does not move is not computed": edited(cost, " / T_i", ""),
        "A network without clock and without empty blocks needs as much": (
            lambda H, periods: float(H * H)
        ),
        "The mean over steps is wanted, not the sum over a whole turn of the clock": (
            lambda H, periods: cost(H, periods) * periods[-1]
        ),
        "A module reads the slower ones, too: this is each module's own block": edited(
            cost, "(H - i * k)", "k"
        ),
        "A module reads itself, too": edited(cost, "(H - i * k)", "(H - (i + 1) * k)"),
        "Here each module reads itself and the faster ones: round the other way": edited(
            cost, "(H - i * k)", "k * (i + 1)"
        ),
    },
)

# clockwork-known

register(
    "clockwork-known",
    (1, 3, 5, 1),
    outputs=("of x_5", "of x_12", "of x_48", "known to period 64"),
    mistakes={
        "No path leads from a fast module to a slow one, however long you wait": (
            7,
            7,
            7,
            64,
        ),
        "Period 64 hears only what is there when it moves, and nobody faster can tell it of"
        " the rest": (1, 3, 5, 64),
        "These are the periods of the slowest modules that hear it: count the modules": (
            1,
            4,
            16,
            1,
        ),
        "Period 1 divides every step: the fastest module hears all": (0, 2, 4, 1),
        "The slowest module that moves is not the only one: what divides by 4 divides by"
        " 2 and 1": (1, 1, 1, 1),
        "The clock starts at t = 0, and there every module moves": (1, 3, 5, 0),
        "From step 64 on the clock would tick again, but the last step is 63": (
            1,
            3,
            5,
            2,
        ),
    },
)

# clockwork-back


def back(
    dh: Float[Array, "B H"],
    h: Float[Array, "B H"],
    t: int,
    W_h: Float[Array, "H H"],
    periods: tuple[int, ...],
) -> Float[Array, "B H"]:
    """dL/dh_{t-1} from dL/dh_t and h_t: copied where nothing moved."""
    H, g = h.shape[1], len(periods)
    moves = t % np.repeat(periods, H // g) == 0
    da = np.where(moves, dh * (1 - h**2), 0)
    return np.where(moves, 0, dh) + da @ (W_h * mask(H, g)).T


def back_inputs(rng: np.random.Generator) -> list[tuple]:
    """Steps at which one, two and all modules move; the blocks not read hold numbers."""
    return [
        (
            rng.standard_normal((B, H)),
            np.tanh(rng.standard_normal((B, H))),
            t,
            rng.standard_normal((H, H)),
            periods,
        )
        for B, H, t, periods in [
            (3, 6, 3, (1, 2, 4)),
            (2, 6, 2, (1, 2, 4)),
            (4, 4, 8, (2, 4)),
            (2, 6, 5, (2, 4, 8)),
        ]
    ]


register(
    "clockwork-back",
    back,
    inputs=back_inputs,
    outputs=("dh_prev",),
    mistakes={
        "What was copied forward is copied backward: the units that did not move pass dh"
        " on": edited(back, "np.where(moves, 0, dh) + ", ""),
        "A unit that moved was overwritten: nothing of its dh is copied": edited(
            back, "np.where(moves, 0, dh)", "dh"
        ),
        "A unit that did not move has no pre-activation: its da is 0": edited(
            back, "np.where(moves, dh * (1 - h**2), 0)", "dh * (1 - h**2)"
        ),
        "Some blocks of W_h are never read: forward h did not pass them, so dh does"
        " not": edited(back, " * mask(H, g)", ""),
        "The mask looks transposed: the row is the unit that is read, the column the one"
        " that reads": edited(back, "mask(H, g)", "mask(H, g).T"),
        "W_h looks transposed: the gradient goes from t back to t-1": edited(
            back, "mask(H, g)).T", "mask(H, g))"
        ),
        "The slope of the tanh is missing": edited(back, " * (1 - h**2)", ""),
        "Only the copies go back here: a unit that moved hands back to those that it"
        " read": edited(back, " + da @ (W_h * mask(H, g)).T", ""),
        "Moves and copies look swapped": edited(back, "== 0", "!= 0"),
    },
)
