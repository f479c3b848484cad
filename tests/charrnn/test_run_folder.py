"""A run in its folder: whole or not there, and every bit is looked at."""

import errno
import json
import os
import random
from pathlib import Path

import pytest
import torch

from rnncourse.charrnn import Explosion, Refusal, Run, Settings, Trainer, sample, stream
from rnncourse.charrnn import files as files_of_runs
from rnncourse.charrnn.run import OURS

TEXT = "the cat sat on the mat. a dog ate the cat!\n" * 40
SMALL = Settings(
    model="gru", layers=2, hidden=8, dropout=0.3, batch=4, window=20, epochs=1.0
)


@pytest.fixture(autouse=True)
def fast_disk(monkeypatch):
    """Tests are not about power cuts."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def make(text, name="run", **changes):
    folder = text.parent / name
    return Run.create([text], folder, Settings(**(SMALL.plain() | changes)))


def weights(run, file="model.safetensors"):
    return files_of_runs.read_tensors(run.folder / file)[0]


def assert_same(one, other):
    for file in ("model.safetensors", "best.safetensors", "training.safetensors"):
        first, second = weights(one, file), weights(other, file)
        assert first.keys() == second.keys()
        for name, each in first.items():
            assert torch.equal(each, second[name]), f"{file}: {name}"


def train(run, stop=None, **given):
    """Train to the end, or break after `stop` updates."""
    for report in Trainer(run, sampled=3, device="cpu", **given):
        if report.update == stop:
            break


@pytest.fixture
def trained(text):
    run = make(text)
    train(run)
    return run


def test_three_lines_of_python_do_what_the_command_does(text):
    run = make(text)
    losses = [report.loss for report in Trainer(run, sampled=3, device="cpu")]
    assert len(losses) == 19
    assert len("".join(sample(run, run.model(device="cpu"), length=5))) == 5
    last = run.model("last", "cpu").state_dict()
    assert all(torch.equal(each, last[name]) for name, each in weights(run).items())
    with pytest.raises(Refusal, match="use best or last"):
        run.model("first")


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "model", ["gru", pytest.param("lstm", marks=SLOW), pytest.param("rnn", marks=SLOW)]
)
def test_a_training_broken_off_goes_on_to_the_same_bits(text, model):
    whole, parts = make(text, "whole", model=model), make(text, "parts", model=model)
    train(whole)
    for stop in (1, 7, 13, None):
        train(Run.open(parts.folder), stop)
    assert_same(whole, parts)


def test_what_the_caller_draws_and_what_is_validated_do_not_matter(text, monkeypatch):
    one, other = make(text, "one"), make(text, "other")
    train(one)
    before = torch.get_rng_state()
    for _ in Trainer(other, sampled=0, device="cpu"):
        torch.rand(3)
        monkeypatch.setattr("rnncourse.charrnn.training.VALIDATED", 20)
    first, second = weights(one), weights(other)
    assert all(torch.equal(each, second[name]) for name, each in first.items())
    assert not torch.equal(before, torch.get_rng_state())  # only the caller's draws


def test_training_leaves_the_generator_of_torch_as_it_was(text):
    before = torch.get_rng_state()
    train(make(text), 3)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.slow
@pytest.mark.parametrize(
    "file", ["config.json", "stream.bin", "metrics.jsonl", "training", "best", "model"]
)
def test_a_flipped_bit_is_one_line(trained, file):
    path = next(trained.folder.glob(f"{file}*"))
    data, rng = path.read_bytes(), random.Random(0)
    places = {
        0,
        len(data) // 2,
        len(data) - 2,
        len(data) - 1,
        *rng.sample(range(len(data)), 4),
    }
    for at in places:
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(Refusal) as caught:
            train(Run.open(trained.folder))
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(Refusal, match=path.name):
        train(Run.open(trained.folder))


@pytest.mark.slow
def test_a_flipped_bit_anywhere_in_the_small_files_is_seen(trained):
    rng, names = random.Random(0), {path.name for path in trained.folder.iterdir()}
    assert names == OURS
    for name in ("config.json", "metrics.jsonl"):
        path = trained.folder / name
        data = path.read_bytes()
        for at in range(0, len(data) - 1, 5):
            changed = bytearray(data)
            changed[at] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            with pytest.raises(Refusal, match=name):
                Run.open(trained.folder).metrics()
        path.write_bytes(data)


def test_a_run_that_is_missing_foreign_or_newer_is_one_line(trained, tmp_path):
    with pytest.raises(Refusal, match="holds no run"):
        Run.open(tmp_path / "nowhere")
    config = trained.folder / "config.json"
    content = files_of_runs.read_json(config)
    files_of_runs.write_json(config, content | {"rnncourse": 2})
    with pytest.raises(Refusal, match="later rnncourse"):
        Run.open(trained.folder)
    files_of_runs.write_json(config, content | {"rnncourse": "x"})
    with pytest.raises(Refusal, match="not of a run"):
        Run.open(trained.folder)
    config.write_text(json.dumps({"model": "gpt"}), encoding="utf-8")
    with pytest.raises(Refusal, match=r"config.json is no file of a run"):
        Run.open(trained.folder)


def test_a_folder_that_holds_something_is_left_alone(trained, text, tmp_path):
    before = {path: path.read_bytes() for path in trained.folder.iterdir()}
    with pytest.raises(Refusal, match="holds another run"):
        make(text)
    assert before == {path: path.read_bytes() for path in trained.folder.iterdir()}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Refusal, match=r"thesis.txt"):
        make(text, "other")
    with pytest.raises(Refusal, match="is a file"):
        make(text, "text.txt")


def test_a_text_that_is_refused_leaves_no_folder(text):
    with pytest.raises(Refusal, match="need 1,601"):
        make(text, window=400)
    assert not (text.parent / "run").exists()


def test_a_full_disk_loses_nothing(text, monkeypatch):
    run = make(text)
    train(run, 3)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Refusal, match="the disk is full"):
            train(Run.open(run.folder))
        with pytest.raises(Refusal, match="the disk is full"):
            make(text, "new")
    assert not (text.parent / "new").exists()
    for name in ("config.json", "stream.bin", "training.safetensors"):
        assert (run.folder / name).read_bytes() == before[name]
    assert not list(run.folder.glob("*.tmp"))
    train(Run.open(run.folder))
    assert_same(make_whole(text), run)


def test_a_folder_has_one_writer(text):
    run = make(text)
    training = iter(Trainer(run, sampled=3, device="cpu"))
    next(training)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    other = Run.open(run.folder)
    with pytest.raises(Refusal, match="written to by another rnncourse") as caught:
        train(other)
    assert "\n" not in str(caught.value)
    with pytest.raises(Refusal, match="written to by another"), other.held():
        pass
    assert before == {path.name: path.read_bytes() for path in run.folder.iterdir()}
    training.close()
    train(other)
    assert len(other.metrics()) == len(make_whole(text).metrics())


def make_whole(text):
    whole = make(text, "whole")
    train(whole)
    return whole


def test_two_that_begin_in_one_folder_do_not_meet(text, monkeypatch):
    encode = stream.encode

    def meanwhile(*given, **options):
        with pytest.raises(Refusal, match="written to by another"):
            make(text)
        return encode(*given, **options)

    monkeypatch.setattr(stream, "encode", meanwhile)
    assert make(text).encoded.length == len(TEXT)


def test_an_explosion_stops_with_one_line_and_keeps_the_best(text):
    run = make(text, epochs=2.0)
    trainer = Trainer(run, sampled=0, device="cpu")
    reports = iter(trainer)
    for _ in range(10):
        report = next(reports)
    best = weights(run, "best.safetensors")
    with torch.no_grad():
        trainer.model.read_out.bias[0] = float("nan")
    with pytest.raises(Explosion, match=r"--lr 0\.001") as caught:
        next(reports)
    assert "\n" not in str(caught.value)
    after = weights(run, "best.safetensors")
    assert all(torch.equal(each, after[name]) for name, each in best.items())
    again = Run.open(run.folder)
    again.settings = Settings(**(run.settings.plain() | {"lr": 1e-3}))
    train(again)
    assert again.best_loss() <= report.best


def test_no_file_is_pickled(trained):
    for path in trained.folder.iterdir():
        assert not path.read_bytes().startswith((b"\x80\x04", b"PK"))
    names = {path.name for path in Path(files_of_runs.__file__).parent.glob("*.py")}
    for name in names:
        source = Path(files_of_runs.__file__).with_name(name).read_text("utf-8")
        assert "import pickle" not in source
        assert "torch.load" not in source
