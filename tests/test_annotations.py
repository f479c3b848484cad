"""The shapes in annotations are executed by this whole test run (see conftest), and a
wrong one does not pass.
"""

import importlib
import sys
from inspect import unwrap
from textwrap import dedent
from types import FunctionType
from typing import get_type_hints

import jaxtyping
import numpy as np
import pytest
from beartype import beartype
from beartype.door import is_bearable
from judges import CELLS, NETWORKS, problem

from rnncourse import LSTM, backward, forward
from rnncourse.functions import softmax, softmax_derivative
from rnncourse.recurrence import Cell, State, rows

CELL = LSTM.init(4, 6, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    "call",
    [
        lambda: softmax(np.zeros((3, 4), complex)),
        lambda: softmax_derivative(np.zeros((3, 4)), np.zeros((3, 5))),
        lambda: rows(np.zeros((3, 4))),
        lambda: State(np.zeros((3, 4, 5))),
        lambda: CELL.recurrent_backward(np.zeros(24)),
    ],
    ids=["dtype", "two arguments of one shape", "axes", "field", "method"],
)
def test_a_call_with_another_shape_is_stopped_by_the_annotation(call):
    with pytest.raises(jaxtyping.TypeCheckError):
        call()


def test_functions_of_the_package_are_checked():
    for function in (
        softmax,
        rows,
        LSTM.step,
        Cell.zero_state,
        forward.dispatch(object),
    ):
        assert unwrap(function) is not function, (
            f"{function.__qualname__} runs without its annotation"
        )


# What an annotation on a contract says (forward, backward, Cell.gates), and on a
# NamedTuple, nothing runs by itself


def under(contract, function):
    """A function with the annotations of the contract that it fulfils, if it has none
    of its own, executed.
    """
    function = unwrap(function)
    copy = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__annotations__ = dict(
        function.__annotations__ or unwrap(contract).__annotations__
    )
    return jaxtyping.jaxtyped(copy, typechecker=beartype)


def assert_fields_are_as_annotated(record):
    """Every field of a NamedTuple has the shape in its annotation, and one letter is
    one length.
    """
    with jaxtyping.jaxtyped("context"):
        for name, hint in get_type_hints(type(record)).items():
            value = getattr(record, name)
            assert is_bearable(value, hint), (
                f"{type(record).__qualname__}.{name} is {np.shape(value)}, not {hint}"
            )


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("symbols", [False, True], ids=["vectors", "symbols"])
def test_forward_and_backward_do_what_their_annotations_say(name, symbols):
    p = problem(name, symbols=symbols)
    run = under(forward.dispatch(object), forward.dispatch(type(p.net)))(
        p.net, p.xs, p.state
    )
    gradients = under(backward.dispatch(object), backward.dispatch(type(p.net)))(
        p.net, p.dhs, run, p.dstate
    )
    for result in (run, gradients):
        assert_fields_are_as_annotated(result)


@pytest.mark.parametrize("name", CELLS)
def test_gates_do_what_the_annotations_of_the_contract_say(name):
    p = problem(name)
    kind = type(p.net)
    state, tape = under(Cell.gates, kind.gates)(
        p.net, p.state, p.xs[0] @ p.net.W_x + p.net.b, p.net.recurrent(p.state)
    )
    assert_fields_are_as_annotated(tape)
    under(Cell.gates_backward, kind.gates_backward)(p.net, state, tape)
    da_hs = np.zeros((*p.xs.shape[:2], len(p.net.b)))
    under(Cell.recurrent, kind.recurrent)(p.net, state)
    under(Cell.recurrent_backward, kind.recurrent_backward)(p.net, da_hs[0])
    under(Cell.recurrent_gradient, kind.recurrent_gradient)(p.net, p.run(), da_hs)


# And a wrong one is found


RIGHT = dedent('''
    from dataclasses import dataclass
    from typing import Self

    import numpy as np
    from rnncourse.arrays import Array, Float, Record

    @dataclass(frozen=True, eq=False)
    class Pair(Record):
        """Two arrays."""

        W: Float[Array, "D H"]
        b: Float[Array, " H"]

        def step(self, x: Float[Array, "B D"]) -> Float[Array, "B H"]:
            """A step."""
            return x @ self.W + self.b

        def same(self) -> Self:
            """Itself."""
            return self
''')


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('-> Float[Array, "B H"]', '-> Float[Array, "B D"]'),
        ('x: Float[Array, "B D"]', 'x: Float[Array, "T B D"]'),
        ('b: Float[Array, " H"]', 'b: Float[Array, " D"]'),
        ("", ""),
    ],
    ids=["result", "argument", "field", "none is wrong"],
)
def test_a_wrong_annotation_is_found_by_running_the_code(
    right, wrong, tmp_path, monkeypatch
):
    (tmp_path / "planted.py").write_text(RIGHT.replace(right, wrong), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted", raising=False)
    with jaxtyping.install_import_hook("planted", "conftest.check"):
        Pair = importlib.import_module("planted").Pair

    def use():
        return Pair(np.zeros((4, 6)), np.zeros(6)).same().step(np.zeros((3, 4)))

    if right == wrong:
        assert use().shape == (3, 6)
    else:
        with pytest.raises(jaxtyping.TypeCheckError):
            use()
    sys.modules.pop("planted")
