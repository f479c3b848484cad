"""The figures show their data: on one Axes, returned, with nothing cut off."""

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


def draw_all(rng):
    hs = np.tanh(rng.standard_normal((5, 3)))
    steps = [("x", "h", None), (None, "h", "y")]
    norms = np.tril(np.abs(hs) @ np.abs(hs.T)) + 1e-3
    flow = {"one": hs[:, 0] ** 2, "two": hs[:, 1] ** 2}
    curves, baselines = {"one": (np.arange(5), hs.T)}, {"chance": 0.5}
    ends, colours = {"one": (1, 0.2), "two": (1, 0.8)}, {"one": "C0", "two": "C1"}
    return [
        lambda ax: plots.hidden_states(hs, text="a b\n$", ax=ax),
        lambda ax: plots.coloured_text("a b\n$", hs[:, 0], ax=ax),
        lambda ax: plots.gradient_flow(flow, ax=ax),
        lambda ax: plots.learning_curves(curves, baselines=baselines, ax=ax),
        lambda ax: plots.unrolled(steps, ax=ax),
        lambda ax: plots.both_ways(steps, ax=ax),
        lambda ax: plots.gradient_pairs(norms, ax=ax),
        lambda ax: plots.name_ends(ends, colours, ax=ax),
        lambda ax: plots.attention_map(norms[:2], [*"abcde"], ["x", "y"], ax=ax),
    ]


@pytest.mark.parametrize("index", range(9))
def test_a_plot_draws_on_the_axes_it_is_given_or_the_current_one(index, rng):
    _, (other, mine) = plt.subplots(1, 2)
    assert draw_all(rng)[index](mine) is mine
    assert not other.has_data() and not other.texts, "drew on another Axes"
    assert mine.has_data() or mine.texts
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


def ground(ax):
    """The values under the characters, as rows; None where no character is."""
    (image,) = ax.images
    assert image.get_extent() == [0, image.get_size()[1], image.get_size()[0], 0]
    return image.get_array().tolist()


def letters(ax):
    """Each character's place and outline."""
    (letters,) = ax.collections
    outlines = [path.vertices.tolist() for path in letters.get_paths()]
    return letters.get_offsets().tolist(), outlines


def test_each_character_stands_on_its_value():
    ax = plots.coloured_text("ab\na", np.array([1.0, -1.0, 0.0, 5.0]), width=4)
    assert ground(ax) == [[1, -1, 0, None], [1, None, None, None]], "a line end breaks"
    assert ax.images[0].get_clim() == (-1, 1)
    places, (a, b, end, again) = letters(ax)
    assert places == [[0.5, 0.54], [1.5, 0.54], [2.5, 0.54], [0.5, 1.54]]
    assert a == again != b
    assert end == letters(plots.coloured_text("↵", np.zeros(1), ax=new()))[1][0]


def new():
    return plt.subplots()[1]


def test_letters_are_white_on_dark_ground_and_dark_on_light():
    ax = plots.coloured_text("abcd", np.array([-1.0, 0.0, 1.0, np.nan]))
    brightness = ax.collections[0].get_facecolors()[:, :3].mean(axis=1)
    assert (brightness > 0.5).tolist() == [True, False, True, False]


def test_text_wraps_at_the_width_and_no_text_is_no_letter():
    ax = plots.coloured_text("abcde", np.zeros(5), width=2)
    assert ground(ax) == [[0, 0], [0, 0], [0, None]]
    ax = plots.coloured_text("", np.zeros(0), ax=new())
    ax.figure.canvas.draw()
    assert letters(ax) == ([], [])


def test_a_letter_stands_in_the_middle_of_its_ground():
    """A bar, which is as high as a line, on a ground of one place."""
    fig, ax = plt.subplots(figsize=(1, 1), layout="none")
    plots.coloured_text("|", np.zeros(1), width=1, ax=ax)
    fig.canvas.draw()
    dark = np.asarray(fig.canvas.buffer_rgba())[..., 0] < 128
    middle = [np.flatnonzero(dark.any(axis=axis)).mean() for axis in (1, 0)]
    box = ax.get_window_extent()
    expected = (fig.bbox.height - (box.y0 + box.y1) / 2, (box.x0 + box.x1) / 2)
    assert middle == pytest.approx(expected, abs=0.04 * box.height + 1)


def test_a_long_text_is_two_artists():
    """One artist for each character took 20 seconds for 4,000 of them."""
    ax = plots.coloured_text("abcd" * 1000, np.zeros(4000))
    assert (len(ax.images), len(ax.collections)) == (1, 1)
    assert not ax.patches and not ax.texts


STRANGE = "\ud800\U0001f600\x00\u200b\r\t $ é"


def test_characters_that_the_font_lacks_are_drawn_as_one_sign():
    ax = plots.coloured_text(STRANGE, np.zeros(len(STRANGE)))
    ax.figure.canvas.draw()
    outlines = letters(ax)[1]
    assert outlines[0] == outlines[1] == outlines[2] == outlines[4] != outlines[5]
    ax = plots.hidden_states(np.zeros((len(STRANGE), 2)), text=STRANGE, ax=new())
    ax.figure.canvas.draw()
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels[:3] == ["�"] * 3 and labels[4:] == ["�", *"→·", r"\$", *"·é"]


def test_gradient_flow_is_logarithmic_and_floored():
    ax = plots.gradient_flow({"RNN": np.array([1.0, 1e-3, 1e-30, 0.0])}, floor=1e-9)
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_ydata().tolist() == [1.0, 1e-3, 1e-9, 1e-9]
    assert [text.get_text() for text in ax.texts] == ["RNN"]


def test_learning_curves_show_the_median_and_the_range_of_the_seeds():
    runs = np.array([[3.0, 1.0], [5.0, 2.0], [4.0, 9.0]])
    curves = {"RNN": (np.array([0, 1]), runs)}
    ax = plots.learning_curves(curves, baselines={"uniform": 2.5})
    assert ax.lines[0].get_ydata().tolist() == [4.0, 2.0]
    band = ax.collections[0].get_paths()[0].vertices
    assert {3.0, 5.0, 1.0, 9.0} <= set(band[:, 1])
    assert set(ax.lines[1].get_ydata()) == {2.5}
    assert [text.get_text() for text in ax.texts] == ["RNN", "uniform"]


def test_names_stand_at_their_points_in_their_colours():
    ends, colours = {"low": (1, 0.2), "high": (0.5, 0.8)}, {"low": "C0", "high": "C1"}
    ax = plots.name_ends(ends, colours, light=["high"])
    low, high = ax.texts
    for text, name, weight in [(low, "low", "bold"), (high, "high", "normal")]:
        assert (text.get_text(), text.xy) == (name, ends[name])
        assert (text.get_color(), text.get_weight()) == (colours[name], weight)
    assert low.xyann == (6, 0) == high.xyann, "nothing is moved where nothing overlaps"


def test_names_at_the_ends_do_not_overlap():
    norms = {name: np.full(3, 1.0 + 1e-6 * i) for i, name in enumerate("abc")}
    ax = plots.gradient_flow(norms)
    ax.figure.canvas.draw()
    boxes = sorted(text.get_window_extent().intervaly.tolist() for text in ax.texts)
    for (_, top), (bottom, _) in zip(boxes, boxes[1:], strict=False):
        assert bottom >= top - 4


@pytest.mark.parametrize("index", range(4))
def test_nothing_is_cut_off(index, rng):
    fig, ax = plt.subplots()
    draw_all(rng)[index](ax)
    fig.canvas.draw()
    edge = fig.bbox
    for text in ax.texts + [ax.xaxis.label, ax.yaxis.label]:
        box = text.get_window_extent()
        if text.get_text() and ax.axison:
            inside = box.x0 >= edge.x0 - 1 and box.x1 <= edge.x1 + 1
            assert inside, f"{text.get_text()} is cut off"


def test_unrolled_joins_states_and_leaves_out_what_is_none():
    ax = plots.unrolled([("x", "h", None), (None, "h", "y")])
    assert [text.get_text() for text in ax.texts if text.get_text()] == list("xhhy")
    arrows = [text for text in ax.texts if not text.get_text()]
    assert len(arrows) == 3, "x to h, h to h, h to y"


def test_both_ways_adds_the_arrows_back():
    steps = [("x", "h", "y"), (None, "h", "y")]
    ahead, both = (
        sum(not text.get_text() for text in draw(steps, ax=new()).texts)
        for draw in (plots.unrolled, plots.both_ways)
    )
    assert both == ahead + 3, "y to h twice, h to h once"


def test_gradient_pairs_are_logarithmic_and_floored_and_leave_the_future_out():
    norms = np.array([[1.0, 7.0], [1e-30, 0.1]])
    (image,) = plots.gradient_pairs(norms, floor=1e-6, top=10.0).images
    shown = image.get_array()
    assert shown.mask.tolist() == [[False, True], [False, False]]
    assert shown.compressed().tolist() == [1.0, 1e-6, 0.1]
    assert (image.norm.vmin, image.norm.vmax) == (1e-6, 10.0)
    light, dark = (sum(image.cmap(value)[:3]) for value in (0.0, 1.0))
    assert light > dark


# zeros, below the floor, near it, and large
SCALES = [(0.0, 1e-5), (1e-9, 1e-5), (2e-6, 1e-5), (3.0, 3.0)]


@pytest.mark.parametrize(("size", "top"), SCALES)
def test_the_scale_of_gradient_pairs_reaches_up_from_the_floor(size, top):
    norms = np.array([[size, 7.0], [0.0, size]])  # 7 lies in the future: left out
    ax = plots.gradient_pairs(norms, floor=1e-6)
    ax.figure.canvas.draw()
    norm = ax.images[0].norm
    assert (norm.vmin, norm.vmax) == pytest.approx((1e-6, top))


def test_a_scale_upside_down_and_text_of_another_length_are_errors():
    with pytest.raises(ValueError, match=r"floor is 0.1 and top is 0.01; .* expects"):
        plots.gradient_pairs(np.eye(2), floor=0.1, top=0.01)
    with pytest.raises(ValueError, match=r"2 characters; hidden_states .* 3 steps"):
        plots.hidden_states(np.zeros((3, 2)), text="ab")
    with pytest.raises(ValueError, match=r"2 values; coloured_text .* 3 characters"):
        plots.coloured_text("abc", np.zeros(2))


def test_an_attention_map_has_a_row_for_each_word_written_and_runs_from_0_to_1(rng):
    weights = rng.dirichlet(np.ones(3), 2)
    ax = plots.attention_map(weights, ["two", "words", "."], ["zwei", "Worte"])
    (image,) = ax.images
    assert np.array_equal(image.get_array(), weights)
    assert image.get_clim() == (0, 1) and image.cmap(0.0)[:3] == (1, 1, 1)
    words = [
        [each.get_text() for each in labels]
        for labels in (ax.get_xticklabels(), ax.get_yticklabels())
    ]
    assert words == [["two", "words", "."], ["zwei", "Worte"]]
    with pytest.raises(ValueError, match="one for each of 1 words written and 3 read"):
        plots.attention_map(weights, ["two", "words", "."], ["zwei"])
