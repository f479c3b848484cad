"""The figures show the data that they are given: on one Axes, returned, with nothing
cut off.
"""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnncourse import plots


@pytest.fixture(autouse=True)
def book():
    """The book's style, and every figure closed at the end."""
    with plt.style.context("rnncourse.book"):
        yield
    plt.close("all")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def draw_all(rng, ax=None):
    hs = np.tanh(rng.standard_normal((5, 3)))
    return [
        lambda ax: plots.hidden_states(hs, text="a b\n$", ax=ax),
        lambda ax: plots.coloured_text("a b\n$", hs[:, 0], ax=ax),
        lambda ax: plots.gradient_flow(
            {"one": hs[:, 0] ** 2, "two": hs[:, 1] ** 2}, ax=ax
        ),
        lambda ax: plots.learning_curves(
            {"one": (np.arange(5), hs.T)}, baselines={"chance": 0.5}, ax=ax
        ),
        lambda ax: plots.unrolled([("x", "h", None), (None, "h", "y")], ax=ax),
        lambda ax: plots.both_ways([("x", "h", None), (None, "h", "y")], ax=ax),
        lambda ax: plots.gradient_pairs(
            np.tril(np.abs(hs) @ np.abs(hs.T)) + 1e-3, ax=ax
        ),
        lambda ax: plots.name_ends(
            {"one": (1, 0.2), "two": (1, 0.8)}, {"one": "C0", "two": "C1"}, ax=ax
        ),
    ]


@pytest.mark.parametrize("index", range(8))
def test_a_plot_draws_on_the_axes_it_is_given_and_returns_it(index, rng):
    _, (other, mine) = plt.subplots(1, 2)
    assert draw_all(rng)[index](mine) is mine
    assert not other.has_data() and not other.texts, (
        "drew on an Axes that it was not given"
    )
    assert mine.has_data() or mine.texts


@pytest.mark.parametrize("index", range(8))
def test_without_axes_the_current_one_is_used(index, rng):
    _, ax = plt.subplots()
    assert draw_all(rng)[index](None) is ax


def test_hidden_states_are_units_by_time_on_a_diverging_map_centred_on_0(rng):
    hs = np.tanh(rng.standard_normal((7, 3)))
    ax = plots.hidden_states(hs, text="abc d\ne")
    (image,) = ax.images
    assert np.array_equal(image.get_array(), hs.T)
    assert image.get_clim() == (-1, 1)
    assert [label.get_text() for label in ax.get_xticklabels()] == list("abc·d↵e")
    low, middle, high = (np.array(image.cmap(value)[:3]) for value in (0.0, 0.5, 1.0))
    assert middle.min() > 0.9, "0 is the colour of the page"
    assert low[2] > low[0] and high[0] > high[2], "blue below, red above"


def test_each_character_has_the_colour_of_its_value():
    ax = plots.coloured_text("ab\nc", np.array([1.0, -1.0, 0.0, 5.0]), width=10)
    places = [(patch.get_x(), patch.get_y()) for patch in ax.patches]
    assert places == [(0, 0), (1, 0), (2, 0), (0, 1)], "a line end starts a new line"
    assert [text.get_text() for text in ax.texts] == ["a", "b", "↵", "c"]
    colours = [patch.get_facecolor() for patch in ax.patches]
    assert colours[0] == colours[3] != colours[1], "values beyond 1 are drawn as 1"


def test_text_wraps_at_the_width():
    ax = plots.coloured_text("abcde", np.zeros(5), width=2)
    assert [patch.get_y() for patch in ax.patches] == [0, 0, 1, 1, 2]


def test_gradient_flow_is_logarithmic_and_floored():
    ax = plots.gradient_flow({"RNN": np.array([1.0, 1e-3, 1e-30, 0.0])}, floor=1e-9)
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_ydata().tolist() == [1.0, 1e-3, 1e-9, 1e-9]
    assert [text.get_text() for text in ax.texts] == ["RNN"]


def test_learning_curves_show_the_median_and_the_range_of_the_seeds():
    runs = np.array([[3.0, 1.0], [5.0, 2.0], [4.0, 9.0]])
    ax = plots.learning_curves(
        {"RNN": (np.array([0, 1]), runs)}, baselines={"uniform": 2.5}
    )
    assert ax.lines[0].get_ydata().tolist() == [4.0, 2.0]
    band = ax.collections[0].get_paths()[0].vertices
    assert {3.0, 5.0, 1.0, 9.0} <= set(band[:, 1])
    assert set(ax.lines[1].get_ydata()) == {2.5}
    assert [text.get_text() for text in ax.texts] == ["RNN", "uniform"]


def test_names_stand_at_their_points_in_their_colours():
    ax = plots.name_ends(
        {"low": (1, 0.2), "high": (0.5, 0.8)},
        {"low": "C0", "high": "C1"},
        light=["high"],
    )
    low, high = ax.texts
    assert (low.get_text(), low.xy, low.get_color(), low.get_weight()) == (
        "low",
        (1, 0.2),
        "C0",
        "bold",
    )
    assert (high.get_text(), high.xy, high.get_color(), high.get_weight()) == (
        "high",
        (0.5, 0.8),
        "C1",
        "normal",
    )
    assert low.xyann == (6, 0) == high.xyann, "nothing is moved where nothing overlaps"


def test_names_at_the_ends_do_not_overlap():
    ax = plots.gradient_flow(
        {name: np.full(3, 1.0 + 1e-6 * i) for i, name in enumerate("abc")}
    )
    ax.figure.canvas.draw()
    boxes = sorted(
        (text.get_window_extent() for text in ax.texts), key=lambda box: box.y0
    )
    assert all(
        above.y0 >= below.y1 - 4 for below, above in zip(boxes, boxes[1:], strict=False)
    )


@pytest.mark.parametrize("index", range(4))
def test_nothing_is_cut_off(index, rng):
    fig, ax = plt.subplots()
    draw_all(rng)[index](ax)
    fig.canvas.draw()
    edge = fig.bbox
    for text in ax.texts + [ax.xaxis.label, ax.yaxis.label]:
        box = text.get_window_extent()
        if text.get_text() and ax.axison:
            assert box.x0 >= edge.x0 - 1 and box.x1 <= edge.x1 + 1, (
                f"{text.get_text()} is cut off"
            )


def test_unrolled_joins_states_and_leaves_out_what_is_none():
    ax = plots.unrolled([("x", "h", None), (None, "h", "y")])
    assert [text.get_text() for text in ax.texts if text.get_text()] == [
        "x",
        "h",
        "h",
        "y",
    ]
    arrows = [text for text in ax.texts if not text.get_text()]
    assert len(arrows) == 3, "x to h, h to h, h to y"


def test_both_ways_adds_the_arrows_back():
    ahead, back = plots.unrolled, plots.both_ways
    steps = [("x", "h", "y"), (None, "h", "y")]
    counts = [
        sum(not text.get_text() for text in draw(steps, ax=plt.subplots()[1]).texts)
        for draw in (ahead, back)
    ]
    assert counts[1] == counts[0] + 3, "y to h twice, h to h once"


def test_gradient_pairs_are_logarithmic_and_floored_and_leave_the_future_out():
    ax = plots.gradient_pairs(
        np.array([[1.0, 7.0], [1e-30, 0.1]]), floor=1e-6, top=10.0
    )
    (image,) = ax.images
    shown = image.get_array()
    assert shown.mask.tolist() == [[False, True], [False, False]]
    assert shown.compressed().tolist() == [1.0, 1e-6, 0.1]
    assert (image.norm.vmin, image.norm.vmax) == (1e-6, 10.0)
    light, dark = (sum(image.cmap(value)[:3]) for value in (0.0, 1.0))
    assert light > dark


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: plots.hidden_states(np.zeros((3, 2)), text="ab"),
            "2 characters; hidden_states expects .* 3 steps",
        ),
        (
            lambda: plots.coloured_text("abc", np.zeros(2)),
            "2 values; coloured_text expects .* 3 characters",
        ),
    ],
)
def test_text_of_another_length_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()
