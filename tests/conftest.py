"""In the test run the shapes in the annotations are executed: a wrong one is an error."""

import sys
from pathlib import Path
from typing import Any

import jaxtyping
import matplotlib
import pytest
from beartype import BeartypeConf, beartype
from browsing import book, browser, site
from hypothesis import settings

__all__ = ["book", "browser", "check", "site"]


def check(function):
    """beartype: an int is a float too, and `Self`, unknown on a method, is anything."""
    function.__annotations__ = {
        name: Any if "Self" in str(hint) else hint
        for name, hint in function.__annotations__.items()
    }
    return beartype(function, conf=BeartypeConf(is_pep484_tower=True))


jaxtyping.install_import_hook("rnncourse", "conftest.check")
matplotlib.use("agg")  # figures are drawn and shown to nobody
settings.register_profile("laws", derandomize=True, deadline=None)  # always the same
settings.register_profile("fast", settings.get_profile("laws"), max_examples=20)


def pytest_configure(config):
    """A law has 100 examples in the whole run, 20 in the fast one."""
    settings.load_profile("fast" if "not slow" in config.getoption("-m") else "laws")


@pytest.fixture
def unchecked():
    """Annotations are silent: they would complain before the package does."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def hidden(tmp_path, monkeypatch):
    """The teacher's module of the graded cells can be imported."""
    source = Path(__file__).parent.parent / "classroom" / "hidden.py"
    (tmp_path / "hidden.py").write_text(source.read_text("utf-8"), "utf-8")
    (tmp_path / "seed.txt").write_text("20")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("hidden", None)
