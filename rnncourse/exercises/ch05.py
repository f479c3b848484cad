"""The exercises of chapter 5, LSTM: right answers, and mistakes that are easily made."""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Exercise, register
from rnncourse.functions import sigmoid

States = Float[Array, "B H"]

# forget-bias


def forget_bias(n: int) -> float:
    """The b with sigmoid(b)^n = 1/2."""
    f = 0.5 ** (1 / n)
    return float(np.log(f / (1 - f)))


register(
    Exercise(
        name="forget-bias",
        reference=forget_bias,
        inputs=lambda rng: [(2,), (10,), (35,), (100,)],
        outputs=("the bias",),
        mistakes={
            "This is what the gate has to be: the bias is on the other side of the sigmoid": (
                lambda n: 0.5 ** (1 / n)
            ),
            "With this bias the share is 1/e after n steps, not a half": (
                lambda n: float(-np.log(np.expm1(1 / n)))
            ),
            "This gate is 1 - 1/n: after n steps it leaves about 1/e": lambda n: float(
                np.log(n - 1)
            ),
            "Right for large n only: undo the sigmoid exactly": lambda n: float(
                np.log(n / np.log(2))
            ),
            "The sign is wrong: this gate forgets nearly all at each step": (
                lambda n: -forget_bias(n)
            ),
            "n steps multiply the share n times, they do not subtract from it": lambda n: (
                float(np.log(2 * n - 1))
            ),
        },
    )
)

# lstm-step and lstm-backward


def step(x, h_prev, c_prev, W_x, W_h, b, *, order="ifgo", mistake=""):
    """One step of an LSTM; `mistake` changes one line of it."""
    H = h_prev.shape[1]
    a = x @ W_x + (mistake != "deaf") * (h_prev @ W_h) + (mistake != "biasless") * b
    part = {gate: a[:, k * H : (k + 1) * H] for k, gate in enumerate(order)}
    i, f, o = sigmoid(part["i"]), sigmoid(part["f"]), sigmoid(part["o"])
    g = sigmoid(part["g"]) if mistake == "sigmoid" else np.tanh(part["g"])
    c = {"keep": c_prev + i * g, "overwrite": i * g}.get(mistake, f * c_prev + i * g)
    h = {"linear": o * c, "old": o * np.tanh(c_prev), "late": np.tanh(o * c)}.get(
        mistake, o * np.tanh(c)
    )
    return h, c


def lstm_step(
    x: Float[Array, "B D"],
    h_prev: States,
    c_prev: States,
    W_x: Float[Array, "D G"],
    W_h: Float[Array, "H G"],
    b: Float[Array, " G"],
) -> tuple[States, States]:
    """h and c after the step."""
    return step(x, h_prev, c_prev, W_x, W_h, b)


def step_with(**change: str):
    """The step with a mistake."""
    return lambda x, h_prev, c_prev, W_x, W_h, b: step(
        x, h_prev, c_prev, W_x, W_h, b, **change
    )


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
    Exercise(
        name="lstm-step",
        reference=lstm_step,
        inputs=step_inputs,
        outputs=("h", "c"),
        mistakes={
            "This is the order of cs231n: here the candidate stands before the output gate": step_with(
                order="ifog"
            ),
            "Input gate and forget gate have changed places": step_with(order="figo"),
            "The candidate may be negative: it has another nonlinearity than the gates": step_with(
                mistake="sigmoid"
            ),
            "The bias is left out": step_with(mistake="biasless"),
            "The gates read the output of the step before, too: x alone is not enough": step_with(
                mistake="deaf"
            ),
            "Nothing is forgotten here: that is the cell of 1997": step_with(
                mistake="keep"
            ),
            "The old memory is lost: two terms meet in c": step_with(
                mistake="overwrite"
            ),
            "The memory goes through a nonlinearity before it is shown": step_with(
                mistake="linear"
            ),
            "What is shown is the memory after this step, not the one before": (
                step_with(mistake="old")
            ),
            "The output gate comes after the tanh": step_with(mistake="late"),
            "Two things are returned, and h is the first": lambda *args: lstm_step(
                *args
            )[::-1],
        },
    )
)


def gates_backward(dh, dc, i, f, g, o, c_prev, c, *, mistake=""):
    """da, its four blocks in the order i, f, g, o, and what goes on to c_{t-1};
    `mistake` changes one line.
    """
    tanh_c = np.tanh(c)
    inner = {"flat": 1.0, "value": 1 - c**2}.get(mistake, 1 - tanh_c**2)
    total = {"memory": dc, "output": dh * o * inner}.get(mistake, dc + dh * o * inner)
    slopes = {
        letter: y * (1 - y) for letter, y in zip("ifo", (i, f, o), strict=True)
    } | {"g": 1 - g**2}
    slopes |= {letter: np.ones_like(g) for letter in mistake.partition("no slope ")[2]}
    slopes |= {"g": (1 - g) * g} if mistake == "slope" else {}
    slopes |= {"g": 1 - np.tanh(g) ** 2} if mistake == "twice" else {}
    da_i = total * g * slopes["i"]
    da_f = total * (c if mistake == "now" else c_prev) * slopes["f"]
    da_g = total * i * slopes["g"]
    da_o = (total if mistake == "gate" else dh) * tanh_c * slopes["o"]
    dc_prev = {"open": total, "direct": dc * f}.get(mistake, total * f)
    blocks = [da_i, da_f, da_g, da_o]
    if mistake in ("order", "swap"):
        blocks = (
            [da_i, da_f, da_o, da_g] if mistake == "order" else [da_f, da_i, da_g, da_o]
        )
    return np.concatenate(blocks, axis=1), dc_prev


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
    """da and dc_prev."""
    return gates_backward(dh, dc, i, f, g, o, c_prev, c)


def backward_with(mistake: str):
    """The same with a mistake."""
    return lambda *args: gates_backward(*args, mistake=mistake)


def backward_inputs(rng: np.random.Generator) -> list[tuple]:
    """Gates between 0 and 1, a candidate between -1 and 1, a memory that is c = f
    c_prev + i g.
    """
    cases = []
    for shape in [(3, 4), (5, 2), (2, 7)]:
        dh, dc, c_prev = (rng.standard_normal(shape) for _ in range(3))
        i, f, o = (rng.uniform(0, 1, shape) for _ in range(3))
        g = rng.uniform(-1, 1, shape)
        cases.append((dh, dc, i, f, g, o, c_prev, f * c_prev + i * g))
    return cases


register(
    Exercise(
        name="lstm-backward",
        reference=lstm_backward,
        inputs=backward_inputs,
        outputs=("da", "dc_prev"),
        mistakes={
            "What the loss says through h does not reach the memory: two terms meet in dc": backward_with(
                "memory"
            ),
            "What comes back along the memory is lost: two terms meet in dc": (
                backward_with("output")
            ),
            "The tanh between memory and output has a slope": backward_with("flat"),
            "The slope of the tanh is written by its value, and that is not c": (
                backward_with("value")
            ),
            "The candidate has the slope of a tanh, not of a sigmoid": backward_with(
                "slope"
            ),
            "The forget gate acts on the memory before this step, not on the one after": backward_with(
                "now"
            ),
            "A gate has the slope of a sigmoid on the way to da": backward_with(
                "no slope ifo"
            ),
            "The input gate is a sigmoid of a_i: where is its slope?": backward_with(
                "no slope i"
            ),
            "The forget gate is a sigmoid of a_f: where is its slope?": backward_with(
                "no slope f"
            ),
            "The output gate is a sigmoid of a_o: where is its slope?": backward_with(
                "no slope o"
            ),
            "The candidate is a tanh of a_g: where is its slope?": backward_with(
                "no slope g"
            ),
            "g has been through its tanh already: write the slope by its value": (
                backward_with("twice")
            ),
            "Input gate and forget gate have changed places": backward_with("swap"),
            "The output gate acts on h only: no error of the memory reaches it": (
                backward_with("gate")
            ),
            "The forget gate stands between c and the memory before": backward_with(
                "open"
            ),
            "What came through h goes on along the memory, too": backward_with(
                "direct"
            ),
            "The blocks stand in the order of cs231n": backward_with("order"),
        },
    )
)

# lstm-layout


def layout(
    W: Float[Array, "G S"], D: int, *, order="ifog", first="h"
) -> tuple[Array, Array]:
    """W_x and W_h in our letters, from one matrix for columns [h, x] with four blocks
    of rows.
    """
    H = len(W) // 4
    blocks = {gate: W[k * H : (k + 1) * H] for k, gate in enumerate(order)}
    rows = np.concatenate([blocks[gate] for gate in "ifgo"]).T  # (H + D, 4H)
    W_h, W_x = (rows[:H], rows[H:]) if first == "h" else (rows[D:], rows[:D])
    return W_x, W_h


def lstm_layout(
    W: Float[Array, "G S"], D: int
) -> tuple[Float[Array, "D G"], Float[Array, "H G"]]:
    """W_x, W_h."""
    return layout(W, D)


register(
    Exercise(
        name="lstm-layout",
        reference=lstm_layout,
        inputs=lambda rng: [
            (rng.standard_normal((4 * H, H + D)), D)
            for H, D in [(3, 5), (4, 2), (2, 7)]
        ],
        outputs=("W_x", "W_h"),
        mistakes={
            "The gates are still in the order i, f, o, g": lambda W, D: layout(
                W, D, order="ifgo"
            ),
            "The state stands before the input in [h, x]": lambda W, D: layout(
                W, D, first="x"
            ),
            "The gates were moved the wrong way round: which block is the candidate's?": lambda W, D: (
                layout(W, D, order="igof")
            ),
            "Order of the gates and order of h and x are both still to be changed": (
                lambda W, D: layout(W, D, order="ifgo", first="x")
            ),
            "These are the right numbers, but rows and columns are as they were": (
                lambda W, D: tuple(part.T for part in layout(W, D))
            ),
            "Two things are returned, and W_x is the first": lambda W, D: layout(W, D)[
                ::-1
            ],
        },
    )
)
