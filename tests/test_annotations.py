"""The shapes in annotations are executed, see conftest; a wrong one does not pass."""

import importlib
import sys
from inspect import unwrap
from textwrap import dedent
from typing import get_type_hints

import jaxtyping
import numpy as np
import pytest
from beartype.door import is_bearable
from judges import CELLS, NETWORKS, problem

from rnncourse import LSTM, forward
from rnncourse.arrays import rows
from rnncourse.functions import softmax, softmax_derivative
from rnncourse.recurrence import Cell, State

CELL = LSTM.init(4, 6, rng=np.random.default_rng(0))


zeros = np.zeros
CALLS = {
    "dtype": (softmax, zeros((3, 4), complex)),
    "two arguments of one shape": (softmax_derivative, zeros((3, 4)), zeros((3, 5))),
    "axes": (rows, zeros((3, 4))),
    "field": (State, zeros((3, 4, 5))),
    "method": (CELL.recurrent_backward, zeros(24)),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_call_with_another_shape_is_stopped_by_the_annotation(what):
    function, *given = CALLS[what]
    with pytest.raises(jaxtyping.TypeCheckError):
        function(*given)


def test_functions_of_the_package_are_checked():
    for function in (softmax, rows, LSTM.step, Cell.zero_state, forward, LSTM.gates):
        name = function.__qualname__
        assert unwrap(function) is not function, f"{name} runs without its annotation"


# What an annotation on a NamedTuple says, nothing runs by itself


def assert_fields_are_as_annotated(record):
    """Every field has the shape in its annotation, and one letter is one length."""
    kind = type(record)
    with jaxtyping.jaxtyped("context"):
        for name, hint in get_type_hints(kind).items():
            value = getattr(record, name)
            what = f"{kind.__qualname__}.{name}"
            assert is_bearable(value, hint), f"{what} is {np.shape(value)}, not {hint}"


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("given", [{}, {"symbols": True}, {"ragged": True}], ids=str)
def test_runs_gradients_and_tapes_are_as_annotated(name, given):
    p = problem(name, **given)
    run = p.run()
    assert_fields_are_as_annotated(run)
    assert_fields_are_as_annotated(p.gradients())
    if name in CELLS:
        assert_fields_are_as_annotated(run.tapes[0])


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("method", ["gates", "gates_backward"])
def test_gates_have_annotations_of_their_own(name, method):
    hints = unwrap(getattr(type(problem(name).net), method)).__annotations__
    assert len(hints) == (4 if method == "gates" else 3), f"{hints}"


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


WRONG = {
    "result": ('-> Float[Array, "B H"]', '-> Float[Array, "B D"]'),
    "argument": ('x: Float[Array, "B D"]', 'x: Float[Array, "T B D"]'),
    "field": ('b: Float[Array, " H"]', 'b: Float[Array, " D"]'),
    "none is wrong": ("", ""),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_annotation_is_found_by_running_the_code(what, tmp_path, monkeypatch):
    right, wrong = WRONG[what]
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
