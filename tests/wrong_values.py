"""Values of the wrong kind, shape, dtype or size, thrown at a call."""

import dis
from pathlib import Path

import numpy as np

import rnncourse

PACKAGE = Path(rnncourse.__file__).parent

VALUES = [
    *(None, True, -1, 0, 3, 2.5, np.nan, np.inf, 1j, 10**30, np.int8(100)),
    *("", "hello", "\ud800", b"hello", (), [], {}, {"a": 1}, {1, 2}, [1, 2], [0.5]),
    *(object(), int, len, range(3), slice(3), (1, "a"), ["a", None]),
    *(np.float32(0.5), np.array(1), np.array("x"), np.array([None, "a"], dtype=object)),
    *(np.array([True, False]), np.array([1j]), np.array(["a", "b"])),
    *(np.array([np.nan]), np.array([1.0, np.inf]), np.array(["2000"], "datetime64[D]")),
    *(np.zeros(shape, dtype) for shape in [0, 3, (3, 0), (3, 2)] for dtype in "?bqQfd"),
    *(np.zeros((3, 2, 2)), np.array([-1, 0]), np.array([2**63], np.uint64)),
    *(np.ma.masked_array([1, 0, 1], [0, 1, 0]), np.ma.masked_array([[0.5]], [[True]])),
    np.random.RandomState(0),
    [[1, 2], [3]],
]


def assert_clear(call, also=()):
    """Run a call; what it raises is a TypeError, a ValueError, or one of `also`, of one
    line, by a `raise` in the package: not from inside numpy, nor by an operation.
    """
    try:
        return call()
    except (TypeError, ValueError, *also) as error:
        last = error.__traceback__
        while last.tb_next:
            last = last.tb_next
        code = last.tb_frame.f_code
        if PACKAGE not in Path(code.co_filename).parents:
            raise AssertionError(f"raised in {code.co_filename}: {error!r}") from error
        if dis.opname[code.co_code[last.tb_lasti]] != "RAISE_VARARGS":
            raise AssertionError(f"raised by no `raise`: {error!r}") from error
        if "\n" in str(error):
            raise AssertionError(f"more than one line: {error!r}") from error
