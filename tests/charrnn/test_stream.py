"""A text as numbers: any text, in blocks, on parallel tracks."""

import numpy as np
import pytest
import torch

from rnncourse.charrnn import Refusal, Run, Settings, sources, stream
from rnncourse.charrnn.evaluation import loss_of
from rnncourse.charrnn.sampling import Reader, drawn, longest_copy, sample
from rnncourse.charrnn.settings import parameters
from rnncourse.charrnn.symbols import Symbols

ANY = "Zoë saw 漢字, 🙂👩‍🔬 and “quotes” — naïve\tcafé.\n" * 30


def encoded(tmp_path, data, name="t.txt", **given):
    path = tmp_path / name
    path.write_bytes(data)
    found = stream.encode([path], tmp_path / "ids", **given)
    return found.symbols, stream.opened(tmp_path / "ids", found)


@pytest.mark.parametrize("unit", ["char", "word", "byte"])
@pytest.mark.parametrize("block", [1, 7, 1000, 1 << 20])
def test_any_text_survives_in_blocks_of_any_size(tmp_path, unit, block, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK", block)
    symbols, ids = encoded(tmp_path, ANY.encode(), unit=unit)
    assert symbols.decode(ids) == ANY
    assert ids.dtype == np.uint8
    assert (symbols.encode(ANY) == ids).all()


@pytest.mark.parametrize("block", [1, 3, 1000])
def test_marks_and_line_ends_are_mended(tmp_path, block, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK", block)
    symbols, ids = encoded(tmp_path, "\ufeffa\r\nb\rc\n".encode())
    assert symbols.decode(ids) == "a\nb\nc\n"
    data = "na\u00efve caf\u00e9"
    symbols, ids = encoded(tmp_path, data.encode("latin-1"), encoding="latin-1")
    assert symbols.decode(ids) == data
    symbols, ids = encoded(tmp_path, data.encode("utf-16"), encoding="utf-16")
    assert symbols.decode(ids) == data


def test_more_symbols_need_wider_numbers(tmp_path):
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    symbols, ids = encoded(tmp_path, text.encode())
    assert (symbols.decode(ids), ids.dtype) == (text, np.uint16)


def test_rare_symbols_become_one(tmp_path):
    symbols, ids = encoded(tmp_path, b"aabbbc?", min_count=2)
    assert symbols.known == ("a", "b")
    assert symbols.decode(ids) == "aabbb\ufffd\ufffd"
    assert len(symbols) == 3
    with pytest.raises(Refusal, match="--min-count"):
        encoded(tmp_path, b"abc", min_count=9)


def test_several_files_are_one_stream_with_a_boundary(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name * 5, encoding="utf-8")
    for unit in ("char", "byte", "word"):
        texts = [tmp_path / "a", tmp_path / "b"]
        found = stream.encode(texts, tmp_path / "ids", unit=unit)
        ids = list(stream.opened(tmp_path / "ids", found))
        assert ids.count(found.symbols.boundary_number) == 1
        assert found.symbols.decode(ids) == "aaaaa\n\n\nbbbbb"


BAD = {
    "empty": (b"", "is empty"),
    "binary": (b"ab\0cd", "zero byte"),
    "not utf-8": (b"abc\xff", "byte 0xff at offset 3 is not utf-8"),
    "cut": ("é".encode()[:1], "is not utf-8"),
    "only a mark": ("\ufeff".encode(), "no text in it"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_text_is_one_line(tmp_path, what):
    data, message = BAD[what]
    with pytest.raises(Refusal, match=message) as caught:
        encoded(tmp_path, data)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ids").exists()


def test_a_text_that_is_not_there_is_one_line(tmp_path):
    for given, message in [
        ([], "no text is given"),
        ([tmp_path], "is a folder"),
        ([tmp_path / "x"], "does not exist"),
    ]:
        with pytest.raises(Refusal, match=message):
            sources.require_texts(given)
    with pytest.raises(Refusal, match="encoding 'klingon' is unknown"):
        encoded(tmp_path, b"abc", encoding="klingon")


@pytest.mark.parametrize(
    ("symbol", "near"), [("é", "e"), ("“", '"'), ("Q", "q"), ("—", "-"), ("7", "1")]
)
def test_an_unknown_symbol_names_the_nearest_known_form(symbol, near):
    symbols = Symbols("char", tuple(sorted('abeqz"-1')))
    with pytest.raises(Refusal, match="is not among") as caught:
        symbols.encode("ab" + symbol)
    assert str(caught.value).endswith(f"{near!r}")
    assert symbol in str(caught.value)


def test_tracks_meet_every_symbol_of_a_pass_once_and_in_order():
    ids = np.arange(101)
    tracks = stream.Tracks(ids, T=5, B=4)
    assert (tracks.L, tracks.windows) == (25, 5)
    seen = [tracks.window(k) for k in range(6)]
    assert [fresh for *_, fresh in seen] == [True, *[False] * 4, True]
    xs = np.concatenate([x for x, _, _ in seen[:5]])
    assert (xs == np.arange(100).reshape(4, 25).T).all()
    assert all((y == x + 1).all() for x, y, _ in seen)
    assert (seen[5][0] == seen[0][0]).all()
    assert (tracks.window(2, slice(1, 3))[0] == seen[2][0][:, 1:3]).all()


@pytest.fixture
def run(tmp_path):
    (tmp_path / "t.txt").write_text("abcd efgh\n" * 300, encoding="utf-8")
    settings = Settings(model="lstm", hidden=8, layers=2, batch=4, window=20, epochs=1)
    return Run.create([tmp_path / "t.txt"], tmp_path / "run", settings)


def test_settings_are_of_the_order_of_the_text():
    for N in (10_000, 1_000_000, 5_000_000):
        s = Settings(epochs=1.0).chosen(N, 65)
        size = parameters(s.model, s.layers or 0, s.hidden or 0, 65, s.embedding or 0)
        assert size <= max(N, 100_000)
        assert size > N / 4 or s.hidden == 1024
    quick = Settings(minutes=5.0).chosen(1_000_000, 65)
    assert (quick.layers, quick.hidden) == (1, 192)


@pytest.mark.parametrize("model", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("embedding", [0, 5])
def test_parameters_are_counted_right(run, model, embedding):
    given = run.settings.plain() | {"model": model, "embedding": embedding}
    run.settings = Settings(**given)
    V = len(run.symbols)
    assert run.new_model().size == parameters(model, 2, 8, V, embedding)


WRONG = [
    {"model": "gpt"},
    {"unit": "line"},
    {"layers": 0},
    {"batch": -1},
    {"dropout": 1.0},
    {"lr": 0.0},
    {"lr": float("nan")},
    {"val_fraction": 1.0},
    {"epochs": 1.0, "minutes": 1.0},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_setting_that_can_not_be_meant_is_one_line(wrong):
    with pytest.raises(Refusal, match="--"):
        Settings(**wrong)


def test_a_network_without_room_is_one_line(run):
    run.settings = Settings(**(run.settings.plain() | {"hidden": 10**7}))
    with pytest.raises(Refusal, match="does not fit into memory"):
        run.new_model()


def test_a_loss_on_many_tracks_is_nearly_that_on_one(run):
    model, ids = run.new_model(), np.tile(run.parts[0], 3)
    assert loss_of(model, ids, tracks=8) == pytest.approx(loss_of(model, ids, tracks=1))
    assert loss_of(model, ids[:7]) == pytest.approx(loss_of(model, ids[:7], tracks=1))


def test_two_halves_read_are_the_whole(run):
    model, ids = run.new_model().eval(), np.array(run.parts[0][:50], dtype=np.int64)
    whole, halves = Reader(model), Reader(model)
    halves.read(ids[:20])
    np.testing.assert_allclose(whole.read(ids), halves.read(ids[20:]), atol=1e-6)


def test_a_sample_is_the_same_again_and_follows_its_options(run):
    model = run.new_model()
    one = "".join(sample(run, model, prompt="ab", length=30, seed=1))
    assert one == "".join(sample(run, model, prompt="ab", length=30, seed=1))
    assert one != "".join(sample(run, model, prompt="ab", length=30, seed=2))
    cold = [
        "".join(sample(run, model, length=20, temperature=0.0, seed=k)) for k in (1, 2)
    ]
    narrow = "".join(sample(run, model, length=20, top_p=1e-6))
    assert cold[0] == cold[1] == narrow
    for wrong in ({"temperature": -1.0}, {"top_p": 0.0}):
        given = {"length": 1, "temperature": 1.0, "top_p": 1.0, "seed": 0} | wrong
        with pytest.raises(Refusal, match="--"):
            list(drawn(run, model, np.array([0]), **given))


def test_a_sample_does_not_read_its_prompt_again(run, monkeypatch):
    model, read = run.new_model(), []
    hidden = model.hidden

    def counted(xs, state=None):
        read.append(len(xs))
        return hidden(xs, state)

    monkeypatch.setattr(model, "hidden", counted)
    list(sample(run, model, prompt="abcd efgh", length=4))
    assert read == [9, 1, 1, 1]
    assert torch.is_grad_enabled()


def test_the_longest_copy_is_found(run):
    ids = run.symbols.encode("hhh" + "d efgh\nabc" + "aaa")
    assert longest_copy(run, ids) == "d efgh\nabc"
