"""Slices in files: what is written comes back, and what does not fit is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from theory.errors import BadFile, TooLarge
from theory.io import Problem
from theory.io.problem import to_plain
from theory.io.slices import load_slice, save_slice
from theory.models import Quadratic, ShallowNet
from theory.slices.directions import random_frame
from theory.slices.frame import Frame
from theory.slices.slice import cut, line, plane

NET = Quadratic(np.eye(2))
E = np.eye(2)


@pytest.mark.parametrize("center", [[1.0, 2.0], ["1/3", 2]])
def test_a_slice_survives_its_file(tmp_path, center):
    model = Quadratic([[2, 0], [0, 4]])
    frame = Frame(center, [[1, 0], [0, 1]], "coordinate", {"names": ["u", "v"]})
    piece, path = cut(model, frame, "0:1:3", "0:1:2"), tmp_path / "a.npz"
    save_slice(path, piece, model)
    first = path.read_bytes()
    save_slice(path, piece, model)
    assert path.read_bytes() == first
    back = load_slice(path, model=model, frame=frame, x=piece.x, y=piece.y)
    assert (back.values == piece.values).all() and back.values.dtype == piece.values.dtype
    assert (back.way, back.error) == (piece.way, piece.error)
    assert (back.frame.kind, back.frame.about) == (frame.kind, frame.about)


def test_a_file_with_other_parameters_is_refused(tmp_path):
    model, other = Quadratic([[2.0, 0], [0, 4.0]]), Quadratic([[2.0, 0], [0, 5.0]])
    piece, path = line(model, [0.0, 1.0], [1.0, 1.0]), tmp_path / "a.npz"
    save_slice(path, piece, model)
    for words, wrong in [
        ("another", {"model": other}),
        ("center", {"frame": Frame([0.5, 1.0], piece.frame.directions)}),
        ("directions", {"frame": Frame(piece.frame.center, [[0.0, 1.0]])}),
        ("given x", {"x": np.linspace(0, 2, 51)}),
        ("coordinates x", {"y": np.zeros(1)}),
    ]:
        with pytest.raises(BadFile, match=words):
            load_slice(path, **wrong)
    save_slice(path, piece)
    with pytest.raises(BadFile, match="without a model"):
        load_slice(path, model=model)
    for name in ("a.json", "a"):
        with pytest.raises(BadFile, match="npz"):
            save_slice(tmp_path / name, piece)
    with pytest.raises(BadFile, match="cannot be written"):
        save_slice(tmp_path / "none" / "a.npz", piece)


def changed(path, **entries):
    """The file with other entries; None drops one."""
    with np.load(path) as archive:
        content = {**archive, **entries}
    np.savez(path, **{name: value for name, value in content.items() if value is not None})


@pytest.mark.parametrize(
    "words, entries",
    [
        ("finite", {"values": np.full((2, 3), np.nan)}),
        ("values: needs float64", {"values": np.full((2, 3), "1/2")}),
        ("values of shape", {"values": np.ones((3, 2))}),
        ("increase", {"x": np.array([2.0, 1.0, 0.0])}),
        ("increase", {"x": np.zeros(3)}),
        ("shape", {"x": np.zeros((3, 1))}),
        ("shape", {"y": np.array(1.0)}),
        ("1 coordinates", {"y": None}),
        ("at least 0", {"error": np.array("abc")}),
        ("at least 0", {"error": np.array(-1.0)}),
        ("at least 0", {"error": np.array(np.nan)}),
        ("at least 0", {"error": np.ones(2)}),
        ("way: needs one of", {"way": np.array("zzz")}),
        ("way: needs text", {"way": np.array(3.0)}),
        ("about: needs a JSON object", {"about": np.array("[1]")}),
        ("about: needs text", {"about": np.array(3)}),
        ("model: needs valid JSON", {"model": np.array("junk")}),
        ("model: needs the 2 parameters", {"model": np.array(json.dumps(to_plain(Problem(Quadratic([[2]])))))}),
        ("schema", {"schema": np.array("s/2")}),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_in_one_line(tmp_path, words, entries):
    path = tmp_path / "a.npz"
    save_slice(path, plane(NET, [0.0, 0.0], *E, "0:1:3", "0:1:2"), NET)
    load_slice(path, model=NET)
    changed(path, **entries)
    with pytest.raises(BadFile, match=words) as caught:
        load_slice(path)
    assert "\n" not in str(caught.value)


def test_a_rational_file_holds_rationals_point_by_point(tmp_path):
    path = tmp_path / "a.npz"
    for words, entries in (("way", {"way": np.array("polynomial")}), ("x: needs rationals", {"x": np.arange(3.0)})):
        save_slice(path, line(Quadratic([[2]]), [0], [1], 3))
        changed(path, **entries)
        with pytest.raises(BadFile, match=words):
            load_slice(path)


def test_coordinates_and_the_way_can_be_demanded(tmp_path):
    path, net = tmp_path / "a.npz", ShallowNet(1, [[1.0, -1.0]], [0.0, 1.0], "tanh")
    save_slice(path, cut(net, random_frame(net, np.ones(net.dim), seed=0), "-1:1:60", "-1:1:60", tol=1e-3), net)
    assert load_slice(path, x="-1:1:60", y="-1:1:60", way=("chebyshev", "direct")).way == "chebyshev"
    assert not load_slice(path).values.flags.writeable
    for words, wrong in (("given x", {"x": "-1:1:61"}), ("by direct, got chebyshev", {"way": "direct"})):
        with pytest.raises(BadFile, match=words):
            load_slice(path, **wrong)
    with pytest.raises(ValueError, match="way needs one of"):
        load_slice(path, way="best")
    with pytest.raises(TypeError, match="needs a Frame"):
        load_slice(path, frame=np.eye(2))
    exact = line(Quadratic([[2]]), [0], [1], 3)
    save_slice(path, exact)
    assert load_slice(path, x="0:1:3", way="direct").error == 0


def test_nothing_is_saved_that_cannot_be_loaded(tmp_path, monkeypatch):
    path, piece = tmp_path / "a.npz", plane(NET, [0.0, 0.0], *E, "0:1:3", "0:1:2")
    for error, words, broken, model in (
        (ValueError, "model: needs the 2 parameters", piece, Quadratic([[2]])),
        (ValueError, "finite", replace(piece, values=piece.values * np.nan), None),
        (ValueError, "way", replace(piece, way="guess"), None),
        (TypeError, "needs a Slice", piece.values, None),
    ):
        with pytest.raises(error, match=words):
            save_slice(path, broken, model)
    large = plane(NET, [0.0, 0.0], *E, "0:1:100", "0:1:100")
    monkeypatch.setattr("theory.io.slices.MAX_BYTES", 100 * 100 * 8)
    with pytest.raises(TooLarge, match="coarser"):
        save_slice(path, large)
    assert not path.exists()
