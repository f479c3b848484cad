"""Verdicts on a reader's answers: `check("rnn-step", my_step)` as the last line of a
cell.

A verdict begins with ✓ (right), ✗ (not yet) or ○ (no answer yet). It names what differs
and, for a known mistake, where to look; it does not contain the right answer. Inputs
are random numbers seeded by the exercise's name: always the same.
"""

import difflib
import inspect
import pkgutil
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from numbers import Real
from typing import Any

import numpy as np


@dataclass(frozen=True, repr=False)
class Verdict:
    """Whether an answer is right, and the one or two lines that a notebook shows."""

    ok: bool
    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Exercise:
    """The right answer to a question, the wrong ones that are expected, and how to tell
    them apart.

    With `inputs` an answer is a function, called with a copy of each tuple of
    arguments. Without, it is a value: a number, a string, an array, or a tuple of
    these. `outputs` names what is returned (each part of a tuple); `mistakes` maps a
    hint to the wrong answer that earns it; `tolerance` bounds max |difference| / max
    |right| of each part. Where many answers are right, `judge(answer, rng)` decides
    instead: it sees only answers that have the reference's form (type, shape, dtype,
    finite) and returns a verdict, or None for right. `seconds` limits all calls
    together.
    """

    name: str
    reference: Any
    mistakes: Mapping[str, object]
    outputs: tuple[str, ...] = ("the answer",)
    inputs: Callable[[np.random.Generator], list[tuple]] | None = None
    judge: Callable[[object, np.random.Generator], Verdict | None] | None = None
    tolerance: float = 1e-6
    seconds: float = 5.0

    def check(self, answer: object) -> Verdict:
        """The verdict on `answer`; nothing that the answer does is raised here, except
        an interruption by Ctrl-C.
        """
        rng = np.random.default_rng(list(self.name.encode()))
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                np.errstate(all="ignore"),
                _time_limit(self.seconds),
            ):
                text = self._text(answer, rng)
        except _TimeIsUp:
            text = (
                f"✗ No result after {self.seconds:g} seconds: does every loop come to"
                " an end?"
            )
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            text = _crash(error, answer)
        return Verdict(text.startswith("✓"), text)

    def _text(self, answer, rng: np.random.Generator) -> str:
        """What `check` says, if the answer lets it; the hints left at the end are those
        that fit on all inputs.
        """
        if _is_blank(answer):
            return "○ No answer yet"
        names = [*inspect.signature(self.reference).parameters] if self.inputs else []
        if self.inputs and _kind(answer) != "a function":
            return f"✗ Expected a function of ({', '.join(names)}), got {_kind(answer)}"
        cases = self.inputs(rng) if self.inputs else [()]
        tolerance = (
            np.inf if self.judge else self.tolerance
        )  # infinite: any values that have the right form
        complaint, hints = "", list(self.mistakes)
        for args in cases:
            given = deepcopy(args)
            shown = [
                getattr(
                    arg, "shape", arg if isinstance(arg, Real | str) else _kind(arg)
                )
                for arg in args
            ]
            called = "\n  called with " + ", ".join(
                f"{name} {value}" for name, value in zip(names, shown, strict=True)
            )
            try:
                got = answer(*given) if self.inputs else answer
            except Exception as error:
                return _crash(error, answer, called)
            for name, before, after in zip(names, args, given, strict=True):
                if _complaint((name,), before, after, tolerance=0.0):
                    return (
                        f"✗ {name} was changed in place: leave the arguments as they"
                        " came"
                    )
            if args is cases[0] and _is_blank(got):
                return f"○ No answer yet: the function returns {got}"
            if not complaint and (
                complaint := self._compare(self.reference, args, got, tolerance)
            ):
                complaint += called if names else ""
            hints = [
                hint
                for hint in hints
                if not self._compare(self.mistakes[hint], args, got, self.tolerance)
            ]
        judged = self.judge(answer, rng) if self.judge and not complaint else None
        if judged and judged.ok:
            return judged.text
        complaint = judged.text.removeprefix("✗ ") if judged else complaint
        if complaint:
            return (
                f"✗ {complaint.splitlines()[0]}. {hints[0]}"
                if hints
                else f"✗ {complaint}"
            )
        return f"✓ Right on all {len(cases)} inputs" if self.inputs else "✓ Right"

    def _compare(self, known, args: tuple, got, tolerance: float) -> str:
        return _complaint(
            self.outputs,
            known(*deepcopy(args)) if self.inputs else known,
            got,
            tolerance,
        )


_registered: dict[str, Exercise] = {}


def register(exercise: Exercise) -> None:
    """Make an exercise known to `check`; raises ValueError for a name that is taken."""
    if exercise.name in _registered:
        raise ValueError(
            f"an exercise {exercise.name!r} is registered already; each expects a name"
            " of its own"
        )
    _registered[exercise.name] = exercise


def catalogue() -> dict[str, Exercise]:
    """All exercises by name. The modules beside this file, one for a chapter, are
    imported when this is first called.
    """
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return dict(_registered)


def check(name: str, answer: object) -> Verdict:
    """The verdict on an answer to the exercise `name`; raises ValueError for an unknown
    name, but for no answer.
    """
    if name not in (known := catalogue()):
        near = difflib.get_close_matches(str(name), known, cutoff=0.4) or sorted(known)
        raise ValueError(
            f"no exercise is called {name!r}; near names: {', '.join(near)}"
        )
    return known[name].check(answer)


def _kind(value: object) -> str:
    kinds = {
        "bool": bool,
        "a number": Real,
        "an array": np.ndarray,
        "a class": type,
        "a function": Callable,
    }
    return next(
        (kind for kind, types in kinds.items() if isinstance(value, types)),
        type(value).__name__,
    )


def _is_blank(value: object) -> bool:
    return (
        value is None
        or value is ...
        or (isinstance(value, tuple) and value != () and all(map(_is_blank, value)))
    )


def _complaint(names: tuple[str, ...], want, got, tolerance: float) -> str:
    """How `got` differs from `want`, or "". By how much is said of arrays only: it
    would give a number away.
    """
    name = ", ".join(names)
    if (
        _kind(want) == "tuple"
        and _kind(got) == "an array"
        and got.shape == (len(want),)
    ):
        return _complaint(
            names, want, tuple(got), tolerance
        )  # numbers may come as an array
    if all(isinstance(value, tuple | list) for value in (want, got)):
        if len(got) != len(want):
            return f"{name}: expected {len(want)} parts, got {len(got)}"
        parts = zip(
            names if len(names) == len(want) else [name] * len(want),
            want,
            got,
            strict=True,
        )
        return next(
            filter(
                None, (_complaint((part,), w, g, tolerance) for part, w, g in parts)
            ),
            "",
        )
    kind = _kind(want)
    without_axes = (
        kind == "a number" and _kind(got) == "an array" and np.ndim(got) == 0
    )  # a number, too
    if kind != _kind(got) and not without_axes:
        return f"{name}: expected {kind}, got {_kind(got)}"
    if (
        hasattr(want, "__dict__")
        and kind not in ("an array", "a class")
        and type(want).__name__ != "function"
    ):
        return _complaint(
            tuple(vars(want)), [*vars(want).values()], [*vars(got).values()], tolerance
        )
    if kind not in ("a number", "an array"):
        same = (
            want.casefold().split() == got.casefold().split()
            if isinstance(want, str)
            else want == got
        )
        return (
            ""
            if same or np.isinf(tolerance) or isinstance(want, np.random.Generator)
            else f"{name} differs"
        )
    if np.shape(got) != np.shape(want):
        return f"{name}: expected shape {np.shape(want)}, got {np.shape(got)}"
    if (
        kind == "an array"
        and got.dtype != want.dtype
        and {got.dtype.kind, want.dtype.kind} - {"i", "u"}
    ):
        return f"{name}: expected dtype {want.dtype}, got {got.dtype}"
    wants, gots = np.asarray(want, float), np.asarray(got, float)
    finite = np.isfinite(wants)
    if not np.isfinite(gots[finite]).all():
        return f"{name}: expected finite numbers, got NaN or infinity"
    same = (gots == wants) | (
        np.isnan(gots) & np.isnan(wants)
    )  # a known mistake may be one that gives NaN
    gap = np.abs(np.where(same, 0.0, gots - wants)).max(initial=0.0)
    error = gap / (np.abs(wants[finite]).max(initial=0.0) or 1.0)
    return (
        ""
        if error <= tolerance
        else f"{name} differs" + (f": relative error {error:.0e}" if wants.ndim else "")
    )


def _crash(error: BaseException, answer: object, called: str = "") -> str:
    """An exception, its message, and where in the reader's cell it was raised, in the
    words of Python's own reports.
    """
    message = traceback.format_exception_only(error)[-1].partition("\n")[0][:200]
    cell = getattr(getattr(answer, "__code__", None), "co_filename", None)
    steps = [
        step
        for step in traceback.extract_tb(error.__traceback__)
        if step.filename == cell
    ]
    message += f" (line {steps[-1].lineno}, in {steps[-1].name})" if steps else ""
    unfinished = (
        isinstance(error, NotImplementedError) or "ellipsis" in message
    )  # a `...` is still in a formula
    return f"○ No answer yet: {message}" if unfinished else f"✗ {message}{called}"


class _TimeIsUp(BaseException):
    """Not an Exception: an answer's `except Exception` must not stop it."""


def _stop(*_: object) -> None:
    raise _TimeIsUp


def _time_limit(seconds: float) -> ExitStack:
    """A block with a limit: _TimeIsUp is raised after `seconds` and, as an `except:`
    may swallow it, again and again.

    One long call into C, such as a large product, ends first. No limit on Windows, in a
    browser, outside the main thread.
    """
    stack = ExitStack()
    if (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
    ):
        stack.callback(
            signal.signal,
            signal.SIGALRM,
            signal.signal(signal.SIGALRM, _stop) or signal.SIG_DFL,
        )
        stack.callback(
            signal.setitimer,
            signal.ITIMER_REAL,
            *signal.setitimer(signal.ITIMER_REAL, seconds, 0.05),
        )
    return stack
