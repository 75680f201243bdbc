"""Slices drawn, and the command line: pictures of whatever can be sliced, mistakes in one line."""

import json
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from theory.arithmetic import rational
from theory.cli.main import run
from theory.io import Problem, save
from theory.io.slices import load_slice
from theory.models import Quadratic, ReluNeuron, ShallowNet
from theory.plots.saving import picture
from theory.plots.slices import draw, draw_contours, draw_line, levels_of
from theory.slices.directions import random_frame
from theory.slices.frame import Frame
from theory.slices.slice import Slice

E = np.eye(2)


# Pictures


def piece_of(values):
    values = np.asarray(values, float)
    axes = (np.arange(float(values.shape[1])), np.arange(float(values.shape[0])))
    return Slice(axes, values, Frame([0.0, 0.0], E), "direct", None)


SPREAD = np.random.default_rng(0).random((6, 7))


@pytest.mark.parametrize("scale", [0.0, 1e-323, 1e-300, 1e-16, 1e-15, 1e-12, 1.0, 1e150])
@pytest.mark.parametrize("base", [0.0, 1.0, -1e9])
def test_levels_increase_however_flat_the_plane(scale, base):
    for values in (base + scale * SPREAD, base + scale * SPREAD**40):
        levels = levels_of(values)
        assert (np.diff(levels) > 0).all() and len(levels) >= 2 and levels[0] <= values.min()
        assert picture(lambda fig, values=values: draw(fig, piece_of(values)), "svg")


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1)])
def test_a_plane_of_one_row_is_drawn_as_a_curve(shape):
    values = np.arange(float(np.prod(shape))).reshape(shape)
    figure = Figure()
    draw(figure, piece_of(values))
    (curve,) = figure.axes[0].lines
    assert list(curve.get_ydata()) == list(values.ravel()) == list(curve.get_xdata())
    assert figure.axes[0].get_xlabel() == ("$y$" if shape == (5, 1) else "$x$")
    with pytest.raises(ValueError, match="draw_line"):
        draw_contours(figure.add_subplot(), piece_of(values))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="smaller window"):
        draw(Figure(), piece_of((SPREAD - 0.5) * 1e308))
    with pytest.raises(ValueError, match="draw_contours"):
        draw_line(Figure().add_subplot(), piece_of(SPREAD))


def test_large_grids_are_thinned_with_their_ends(monkeypatch):
    monkeypatch.setattr("theory.plots.slices.DRAWN", 4)
    seen, axes = [], Figure().add_subplot()
    monkeypatch.setattr(axes, "contourf", lambda *a, **style: seen.extend(a))
    draw_contours(axes, piece_of(SPREAD), mark_lowest=True)
    x, y, values = seen
    assert list(x) == [0, 2, 4, 6] and list(y) == [0, 2, 3, 5]
    assert (values == SPREAD[np.ix_([0, 2, 3, 5], [0, 2, 4, 6])]).all()
    (dot,) = axes.lines
    assert SPREAD[int(dot.get_ydata()[0]), int(dot.get_xdata()[0])] == SPREAD.min()


# The command line


@pytest.fixture
def problem(tmp_path):
    model = ReluNeuron([[-1, 0, 1]], [0, 3, 1], output_weight=True, bias=True, output_bias=True)
    save(tmp_path / "p.json", Problem(model, rational([1, 1, 1, 0])))
    return tmp_path / "p.json"


def test_the_command_writes_numbers_and_pictures(problem, tmp_path, capsys):
    for suffix in ("npz", "png", "svg", "pdf"):
        out = tmp_path / f"a.{suffix}"
        arguments = ["slice", problem, "--directions", "filter", "--seed", "0", "--x", "-1:1:21", "--y", "-1:1:11"]
        assert run([*map(str, arguments), "--out", str(out)]) == 0, capsys.readouterr().err
        first = out.read_bytes()
        assert run([*map(str, arguments), "--out", str(out)]) == 0 and out.read_bytes() == first
    piece = load_slice(tmp_path / "a.npz")
    assert piece.values.shape == (11, 21) and piece.frame.kind == "filter"
    frame = random_frame(ReluNeuron([[-1.0, 0, 1]], [0.0, 3, 1], output_weight=True, bias=True, output_bias=True),
                         [1.0, 1, 1, 0], normalise="filter", seed=0)  # fmt: skip
    assert (piece.frame.directions == frame.directions).all()


def test_the_command_takes_every_kind_of_direction(problem, tmp_path, capsys):
    other, third = tmp_path / "q.json", tmp_path / "r.json"
    for path, theta in ((other, [2, 1, 1, 0]), (third, [1, 1, 3, 1])):
        text = json.loads(problem.read_text())
        path.write_text(json.dumps({**text, "theta": theta}))
    for more in (
        ["--directions", "random"],
        ["--directions", "eigen", "--which", "0"],
        ["--directions", "coordinate", "--which", "a", "b", "--y", "0:1:5"],
        ["--directions", "through", "--points", str(other), str(third), "--y", "0:1:5"],
        ["--directions", "layer", "--y", "0:1:5", "--quality", "plot", "--tol", "1e-6"],
    ):
        assert run(["slice", str(problem), "--x", "0:1:5", "--json", *more]) == 0, capsys.readouterr().err
        answer = json.loads(capsys.readouterr().out)
        assert np.shape(answer["values"]) == ((5, 5) if "--y" in more else (5,))


@pytest.mark.parametrize(
    "words, more",
    [
        ("low < high", ["--x", "1:-1:5"]),
        ("low:high:count", ["--x", "a:b:c"]),
        ("--points", ["--directions", "through"]),
        ("--which", ["--which", "a"]),
        ("npz", ["--out", "a.gif"]),
        ("cannot be written", ["--out", "none/a.npz"]),
        ("cannot be written: Is a directory", ["--out", "folder.png"]),
        ("at most 1000000 values, got 1001000; write them", ["--json", "--x", "0:1:1001", "--y", "0:1:1000"]),
        ("needs a parameter of the model, got '\u00b2'", ["--directions", "coordinate", "--which", "\u00b2"]),
        ("needs a parameter of the model, got '--5'", ["--directions", "coordinate", "--which=--5"]),
        ("one file, got 2", ["--directions", "through", "--points", "other", "other"]),
        ("standard input twice", ["--directions", "through", "--points", "-", "-"]),
        ("nothing.json: needs the key 'theta'", ["--directions", "through", "--points", "nothing.json"]),
        ("got other data", ["--directions", "through", "--points", "data.json"]),
        ("got another model", ["--directions", "through", "--points", "model.json"]),
        ("got another architecture", ["--directions", "through", "--points", "architecture.json"]),
        ("smaller window", ["--directions", "coordinate", "--x", "0:1e130:9", "--y", "0:1e130:9", "--out", "a.png"]),
        ("--which", ["--directions", "eigen", "--which", "0", "1"]),
        ("seed", ["--seed", "-1"]),
    ],
)
def test_mistakes_of_the_command_are_told_in_one_line(problem, words, more, capsys, monkeypatch):
    monkeypatch.chdir(problem.parent)
    (problem.parent / "folder.png").mkdir()
    X, kind = [[-1, 0, 1]], {"output_weight": True, "bias": True}
    theta = rational([1, 1, 2, 0])
    for name, model, point in (
        ("nothing", ReluNeuron(X, [0, 3, 1], **kind, output_bias=True), None),
        ("data", ReluNeuron(X, [0, 3, 2], **kind, output_bias=True), theta),
        ("architecture", ReluNeuron([*X, [1, 2, 3]], [0, 3, 1], **kind), theta),
        ("model", Quadratic(np.eye(4, dtype=int)), theta),
    ):
        save(f"{name}.json", Problem(model, point))
    assert run(["slice", str(problem), *more]) == 2
    message = capsys.readouterr().err
    assert words in message and message.count("\n") == 1


def test_the_command_leaves_no_file_where_it_fails(problem, tmp_path, capsys):
    out = tmp_path / "new.npz"
    assert run(["slice", str(problem), "--x", "1:-1:5", "--out", str(out)]) == 2 and not out.exists()


def test_the_command_says_what_is_known_of_the_error(tmp_path, capsys):
    net = ShallowNet(1, [[1.0, -1.0]], [0.0, 1.0], "tanh")
    save(tmp_path / "net.json", Problem(net, np.ones(net.dim)))
    arguments = ["slice", str(tmp_path / "net.json"), "--x", "-1:1:60", "--y", "-1:1:60"]
    assert run([*arguments, "--tol", "1e-3"]) == 0 and "(checked at random points)" in capsys.readouterr().out
    assert run(arguments) == 0 and "at most" in capsys.readouterr().out
    save(tmp_path / "long.json", Problem(Quadratic([["2/7"]]), rational([f"1/{10**30}"])))
    assert run(["slice", str(tmp_path / "long.json"), "--directions", "coordinate", "--x", "0:1:2"]) == 0
    assert "about 1.428571429e-61" in capsys.readouterr().out


def test_the_command_as_it_is_typed(problem, tmp_path):
    command = [sys.executable, "-m", "theory", "slice", str(problem), "--x", "-1:1:201", "--y", "-1:1:201"]
    done = subprocess.run([*command, "--out", str(tmp_path / "a.npz")], capture_output=True, text=True)
    assert done.returncode == 0 and "201 x 201" in done.stdout, done.stderr
