"""arrays: the laws of records, and the errors that everything else raises through it."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rnncourse.arrays import Record, columns
from rnncourse.checks import floats, reals, require_shape


@dataclass(frozen=True, eq=False)
class Leaf(Record):
    """An array, and something that is none."""

    a: Any
    label: str = "kept"


@dataclass(frozen=True, eq=False)
class Node(Record):
    """Records in fields and in tuples."""

    first: Any
    rest: tuple
    W: Any


shapes = array_shapes(max_dims=3, max_side=3)
some_array = arrays(np.float64, shapes, elements=st.floats(-1e6, 1e6))
leaf = st.builds(Leaf, some_array, st.text(max_size=2))


def node(inside):
    """Any Node of such records."""
    return st.builds(Node, inside, st.lists(inside, max_size=3).map(tuple), some_array)


part = st.recursive(leaf, node, max_leaves=6)


def same(one, other):
    """Two records have equal arrays under equal names."""
    ours, theirs = one.leaves(), other.leaves()
    return ours.keys() == theirs.keys() and all(
        np.array_equal(ours[name], theirs[name]) for name in ours
    )


@given(part)
def test_map_with_the_identity_changes_nothing(record):
    mapped = record.map(lambda a: a)
    assert type(mapped) is type(record)
    assert same(mapped, record)


@given(part)
def test_map_twice_is_map_with_both_functions(record):
    once = record.map(lambda a: np.cos(np.tanh(a)))
    assert same(record.map(np.tanh).map(np.cos), once)


@given(part)
def test_map_over_several_pairs_arrays_of_one_name(record):
    double, nothing = record.map(lambda a: 2 * a), record.map(np.zeros_like)
    assert same(record.map(np.add, record), double)
    assert same(double.map(lambda d, a, b: d - a - b, record, record), nothing)


@given(part)
def test_size_and_names_are_those_of_the_leaves(record):
    assert record.size == sum(a.size for a in record.leaves().values())
    for name, a in record.leaves().items():
        found = record
        for step in name.split("."):
            found = found[int(step)] if step.isdigit() else getattr(found, step)
        assert found is a, f"{name} does not lead to its array"


def test_names_of_a_nested_record_are_joined_by_dots_in_the_order_of_the_fields():
    a = np.zeros(2)
    record = Node(Leaf(a), (Leaf(a), Node(Leaf(a), (), a)), a)
    names = ["first.a", "rest.0.a", "rest.1.first.a", "rest.1.W", "W"]
    assert list(record.leaves()) == names
    assert record.size == 10


def test_map_keeps_what_is_no_array_and_refuses_another_shape_of_record():
    a = np.zeros(2)
    assert Leaf(a, "x").map(np.cos).label == "x"
    with pytest.raises(ValueError, match="zip"):
        Node(a, (Leaf(a),), a).map(np.add, Node(a, (), a))


def test_a_record_can_not_be_changed():
    with pytest.raises(AttributeError, match="cannot assign"):
        Leaf(np.zeros(2)).a = 1


def test_columns_are_views_of_the_gates_in_order():
    a = np.arange(24.0).reshape(2, 12)
    i, f, g = columns(a, 3)
    assert np.array_equal(np.hstack([i, f, g]), a)
    assert all(np.shares_memory(gate, a) for gate in (i, f, g))


@pytest.mark.parametrize(
    ("array", "shape", "message"),
    [
        (np.zeros((1, 6)), (24,), "b has shape (1, 6); LSTM expects (24,)"),
        (np.zeros(6), ("B", 6), "b has shape (6,); LSTM expects (B, 6)"),
        (np.zeros((0, 6)), ("B", 6), "b has shape (0, 6); LSTM expects (B, 6)"),
        (np.zeros(()), ("B",), "b has shape (); LSTM expects (B,)"),
        (np.zeros((2, 3)), (), "b has shape (2, 3); LSTM expects ()"),
    ],
)
def test_another_shape_is_named_beside_the_expected_one(array, shape, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        require_shape("b", array, shape, "LSTM")


def test_a_letter_stands_for_any_length_of_one_or_more():
    require_shape("b", np.zeros((3, 6)), ("B", 6), "LSTM")
    require_shape("b", np.zeros((1, 6)), ("B", "H"), "LSTM")


def test_what_is_no_array_is_named():
    message = re.escape("b is a list; LSTM expects an array of shape (24,)")
    with pytest.raises(TypeError, match=message):
        require_shape("b", [1.0], (24,), "LSTM")


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8", "float16"])
def test_real_numbers_of_any_kind_become_floats(dtype):
    for numbers in (np.array([0, 1], dtype), np.array([0, 1], dtype).tolist()):
        assert floats("xs", numbers, np.dtype("float32")).dtype == np.float32
        assert floats("xs", numbers, np.dtype("float64")).tolist() == [0.0, 1.0]


def test_floats_of_the_right_dtype_are_not_copied():
    a = np.zeros(3)
    assert floats("xs", a, a.dtype) is a


@pytest.mark.parametrize("bad", [[1j], ["1"], [None], [[1], [2, 3]]], ids=str)
def test_other_kinds_are_refused(bad):
    given = np.array(bad, object) if bad == [[1], [2, 3]] else np.array(bad)
    message = re.escape(f"xs has dtype {given.dtype}; real numbers were expected")
    for function in (floats, reals):
        with pytest.raises(TypeError, match=message):
            function("xs", given, np.dtype("float64"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300], ids=str)
def test_only_finite_numbers_are_floats(bad):
    given = np.zeros((2, 3))
    given[1, 2] = bad
    message = r"^xs is (nan|inf|-inf) at \(1, 2\); every value must be finite$"
    with pytest.raises(ValueError, match=message):
        floats("xs", given, np.dtype("float32"))  # where 1e300 is too large
    assert not np.isfinite(reals("xs", given, np.dtype("float32"))[1, 2])
