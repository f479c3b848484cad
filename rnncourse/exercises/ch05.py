"""The exercises of chapter 5, LSTM."""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import edited, register
from rnncourse.functions import sigmoid

States = Float[Array, "B H"]

# forget-bias


def forget_bias(n: int) -> float:
    """The b with sigmoid(b)^n = 1/2."""
    f = 0.5 ** (1 / n)
    return float(np.log(f / (1 - f)))


register(
    "forget-bias",
    forget_bias,
    inputs=lambda rng: [(2,), (10,), (35,), (100,)],
    outputs=("the bias",),
    mistakes={
        "This is what the gate has to be: the bias is on the other side of the"
        " sigmoid": edited(forget_bias, "float(np.log(f / (1 - f)))", "f"),
        "With this bias the share is 1/e after n steps, not a half": edited(
            forget_bias, "0.5 ** (1 / n)", "np.exp(-1 / n)"
        ),
        "This gate is 1 - 1/n: after n steps it leaves about 1/e": edited(
            forget_bias, "0.5 ** (1 / n)", "1 - 1 / n"
        ),
        "Right for large n only: undo the sigmoid exactly": edited(
            forget_bias, "f / (1 - f)", "n / np.log(2)"
        ),
        "The sign is wrong: this gate forgets nearly all at each step": edited(
            forget_bias, "np.log", "-np.log"
        ),
        "n steps multiply the share n times, they do not subtract from it": edited(
            forget_bias, "0.5 ** (1 / n)", "1 - 0.5 / n"
        ),
        "This is ln f: the bias is the number whose sigmoid is f": edited(
            forget_bias, "f / (1 - f)", "f"
        ),
    },
)

# lstm-step


def lstm_step(
    x: Float[Array, "B D"],
    h_prev: States,
    c_prev: States,
    W_x: Float[Array, "D G"],
    W_h: Float[Array, "H G"],
    b: Float[Array, " G"],
) -> tuple[States, States]:
    """h and c after the step."""
    i, f, g, o = np.split(x @ W_x + h_prev @ W_h + b, 4, axis=1)
    c = sigmoid(f) * c_prev + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, c


def step_inputs(rng: np.random.Generator) -> list[tuple]:
    """B, D and H all different."""
    return [
        (
            rng.standard_normal((B, D)),
            rng.uniform(-1, 1, (B, H)),
            rng.standard_normal((B, H)),
            rng.standard_normal((D, 4 * H)),
            rng.standard_normal((H, 4 * H)),
            rng.standard_normal(4 * H),
        )
        for B, D, H in [(3, 4, 6), (5, 3, 2), (2, 6, 4)]
    ]


register(
    "lstm-step",
    lstm_step,
    inputs=step_inputs,
    outputs=("h", "c"),
    mistakes={
        "This is the order of cs231n: here the candidate stands before the output"
        " gate": edited(lstm_step, "i, f, g, o", "i, f, o, g"),
        "Input gate and forget gate have changed places": edited(
            lstm_step, "i, f, g, o", "f, i, g, o"
        ),
        "The candidate may be negative: it has another nonlinearity than the"
        " gates": edited(lstm_step, "np.tanh(g)", "sigmoid(g)"),
        "A gate lies between 0 and 1: which function brings it there?": edited(
            lstm_step, "sigmoid(f)", "f", "sigmoid(i)", "i", "sigmoid(o)", "o"
        ),
        "The bias is left out": edited(lstm_step, " + b,", ","),
        "The gates read the output of the step before, too: x alone is not"
        " enough": edited(lstm_step, " + h_prev @ W_h", ""),
        "Nothing is forgotten here: that is the cell of 1997": edited(
            lstm_step, "sigmoid(f) * ", ""
        ),
        "The old memory is lost: two terms meet in c": edited(
            lstm_step, "sigmoid(f) * c_prev + ", ""
        ),
        "The memory goes through a nonlinearity before it is shown": edited(
            lstm_step, "np.tanh(c)", "c"
        ),
        "What is shown is the memory after this step, not the one before": edited(
            lstm_step, "np.tanh(c)", "np.tanh(c_prev)"
        ),
        "The output gate comes after the tanh": edited(
            lstm_step, "sigmoid(o) * np.tanh(c)", "np.tanh(sigmoid(o) * c)"
        ),
        "Two things are returned, and h is the first": edited(
            lstm_step, "return h, c", "return c, h"
        ),
    },
)

# lstm-backward


def lstm_backward(
    dh: States,
    dc: States,
    i: States,
    f: States,
    g: States,
    o: States,
    c_prev: States,
    c: States,
) -> tuple[Float[Array, "B G"], States]:
    """da, its four blocks in the order i, f, g, o, and what goes on to c_{t-1}."""
    tanh_c = np.tanh(c)
    total = dc + dh * o * (1 - tanh_c**2)
    da_i = total * g * i * (1 - i)
    da_f = total * c_prev * f * (1 - f)
    da_g = total * i * (1 - g**2)
    da_o = dh * tanh_c * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), total * f


def backward_inputs(rng: np.random.Generator) -> list[tuple]:
    """Gates between 0 and 1, a candidate between -1 and 1, c = f c_prev + i g."""
    cases = []
    for shape in [(3, 4), (5, 2), (2, 7)]:
        dh, dc, c_prev = (rng.standard_normal(shape) for _ in range(3))
        i, f, o = (rng.uniform(0, 1, shape) for _ in range(3))
        g = rng.uniform(-1, 1, shape)
        cases.append((dh, dc, i, f, g, o, c_prev, f * c_prev + i * g))
    return cases


NO_SLOPE = {gate: (f" * {gate} * (1 - {gate})", "") for gate in "ifo"}

register(
    "lstm-backward",
    lstm_backward,
    inputs=backward_inputs,
    outputs=("da", "dc_prev"),
    mistakes={
        "What the loss says through h does not reach the memory: two terms meet in"
        " dc": edited(lstm_backward, "dc + dh * o * (1 - tanh_c**2)", "dc"),
        "What comes back along the memory is lost: two terms meet in dc": edited(
            lstm_backward, "dc + dh", "dh"
        ),
        "The tanh between memory and output has a slope": edited(
            lstm_backward, " * (1 - tanh_c**2)", ""
        ),
        "The slope of the tanh is written by its value, and that is not c": edited(
            lstm_backward, "tanh_c**2", "c**2"
        ),
        "Only what the output gate shows has an effect through h: it is missing in"
        " dc": edited(lstm_backward, "dh * o * (1 - tanh", "dh * (1 - tanh"),
        "The candidate has the slope of a tanh, not of a sigmoid": edited(
            lstm_backward, "(1 - g**2)", "g * (1 - g)"
        ),
        "The forget gate acts on the memory before this step, not on the one"
        " after": edited(lstm_backward, "c_prev * f", "c * f"),
        "The input gate is multiplied by the candidate, so that is what its gradient"
        " has": edited(lstm_backward, "total * g * i", "total * i * i"),
        "The candidate is multiplied by the input gate, so that is what its gradient"
        " has": edited(lstm_backward, "total * i * (1 - g", "total * g * (1 - g"),
        "The output gate is multiplied by the tanh of the memory: its gradient has the"
        " memory itself": edited(lstm_backward, "dh * tanh_c", "dh * c"),
        "A gate has the slope of a sigmoid on the way to da": edited(
            lstm_backward, *NO_SLOPE["i"], *NO_SLOPE["f"], *NO_SLOPE["o"]
        ),
        "The input gate is a sigmoid of a_i: where is its slope?": edited(
            lstm_backward, *NO_SLOPE["i"]
        ),
        "The forget gate is a sigmoid of a_f: where is its slope?": edited(
            lstm_backward, *NO_SLOPE["f"]
        ),
        "The output gate is a sigmoid of a_o: where is its slope?": edited(
            lstm_backward, *NO_SLOPE["o"]
        ),
        "The candidate is a tanh of a_g: where is its slope?": edited(
            lstm_backward, " * (1 - g**2)", ""
        ),
        "g has been through its tanh already: write the slope by its value": edited(
            lstm_backward, "g**2", "np.tanh(g) ** 2"
        ),
        "Input gate and forget gate have changed places": edited(
            lstm_backward, "[da_i, da_f", "[da_f, da_i"
        ),
        "The output gate acts on h only: no error of the memory reaches it": edited(
            lstm_backward, "dh * tanh_c", "total * tanh_c"
        ),
        "The forget gate stands between c and the memory before": edited(
            lstm_backward, "total * f\n", "total\n"
        ),
        "What came through h goes on along the memory, too": edited(
            lstm_backward, "total * f\n", "dc * f\n"
        ),
        "The blocks stand in the order of cs231n": edited(
            lstm_backward, "da_g, da_o]", "da_o, da_g]"
        ),
    },
)

# lstm-layout


def lstm_layout(
    W: Float[Array, "G S"], D: int
) -> tuple[Float[Array, "D G"], Float[Array, "H G"]]:
    """W_x and W_h from one matrix for columns [h, x], four blocks of rows."""
    i, f, o, g = np.split(W, 4)
    rows = np.concatenate([i, f, g, o]).T  # (H + D, 4H)
    return rows[-D:], rows[:-D]


register(
    "lstm-layout",
    lstm_layout,
    inputs=lambda rng: [
        (rng.standard_normal((4 * H, H + D)), D) for H, D in [(3, 5), (4, 2), (2, 7)]
    ],
    outputs=("W_x", "W_h"),
    mistakes={
        "The gates are still in the order i, f, o, g": edited(
            lstm_layout, "i, f, o, g", "i, f, g, o"
        ),
        "The state stands before the input in [h, x]": edited(
            lstm_layout, "rows[-D:], rows[:-D]", "rows[:D], rows[D:]"
        ),
        "The gates were moved the wrong way round: which block is the"
        " candidate's?": edited(lstm_layout, "i, f, o, g", "i, g, o, f"),
        "Order of the gates and order of h and x are both still to be changed": edited(
            lstm_layout,
            "f, o, g",
            "f, g, o",
            "rows[-D:], rows[:-D]",
            "rows[:D], rows[D:]",
        ),
        "These are the right numbers, but rows and columns are as they were": edited(
            lstm_layout, "rows[-D:], rows[:-D]", "rows[-D:].T, rows[:-D].T"
        ),
        "Two things are returned, and W_x is the first": edited(
            lstm_layout, "rows[-D:], rows[:-D]", "rows[:-D], rows[-D:]"
        ),
    },
)
