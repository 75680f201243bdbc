"""Figures: the plotted data are the claimed ones, and every run writes the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paper_figures.__main__ import main
from paper_figures.rendering import all_rendered, load, message, names, render, sentence
from theory.arithmetic import flint
from theory.critical.relu_neuron import line_landscape
from theory.plots.relu_neuron import sections
from theory.plots.saving import FORMATS

ROOT = Path(__file__).parent.parent


def q(p, r=1):
    return flint().fmpq(p, r)


def run(*arguments, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-m", "paper_figures", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", names())
def test_a_figure_states_its_message_its_claims_and_its_size(name):
    figure = load(name)
    message = figure.__doc__.splitlines()[0]
    assert message.endswith(".") and message.count(".") == 1
    assert figure.CLAIMS and all(claim in figure.__doc__ for claim in figure.CLAIMS)
    assert len(figure.SIZE) == 2


@pytest.mark.parametrize("format", ["svg", *(pytest.param(f, marks=pytest.mark.slow) for f in FORMATS if f != "svg")])
def test_two_runs_write_the_same_bytes(format, tmp_path):
    """With other hash seeds, working directories and numbers of processes; and the format is what it says."""
    for seed, cwd in (("1", ROOT), ("2", tmp_path)):
        options = ("--quick", "--format", format, "--out", tmp_path / seed, "--jobs", seed)
        done = run(*options, cwd=cwd, PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
    for name in names():
        first, second = ((tmp_path / seed / f"{name}.{format}").read_bytes() for seed in ("1", "2"))
        assert first == second
        assert first.startswith({"pdf": b"%PDF", "svg": b"<?xml", "png": b"\x89PNG"}[format])
        assert not any(word in first for word in (b"CreationDate", b"dc:date", b"Software"))


def test_the_style_does_not_depend_on_what_was_set_before():
    import matplotlib

    figure = load("single_relu_valleys")
    expected = render(figure, "svg")
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": "other", "lines.linewidth": 9}):
        assert render(figure, "svg") == expected
        assert matplotlib.rcParams["font.size"] == 20


def test_other_data_are_other_bytes(monkeypatch):
    """The comparison of bytes must be able to fail."""
    figure = load("single_relu_valleys")
    expected, honest = render(figure, "svg"), figure.line_landscape
    monkeypatch.setattr(figure, "line_landscape", lambda x, y: honest(x, [0, 3, 2]))
    assert render(figure, "svg") != expected


def test_the_valleys_are_those_of_the_exercise():
    data = load("fig_single_relu_valleys").data()
    assert data.landscape.best_constant == q(14, 9)
    lowest = {section.quadrant: min(section.heights) for section in data.walk}
    assert lowest == {(1, 1): q(25, 18), (-1, 1): q(3, 2), (-1, -1): q(2, 3), (1, -1): q(14, 9)}
    assert max(height for section in data.walk for height in section.heights) == q(14, 9)
    losses = [data.landscape.loss(theta) for theta in data.networks]
    assert losses == [lowest[section.quadrant] for section in data.walk]


@pytest.mark.parametrize("x, y", [([-1, 0, 1], [0, 3, 1]), ([2, 4, 3, -3, -2], [1, -3, 1, 4, -2]), ([1, 1], [0, 1])])
def test_sections_are_the_exact_profile(x, y):
    landscape = line_landscape(x, y)
    for section in sections(landscape, pieces=5):
        h = landscape.profiles[section.quadrant]
        wrong = [(t, height) for t, height in zip(section.kinks, section.heights, strict=True) if h(t) != height]
        assert set(wrong) <= {h.edge}  # only the limit at the jump is no value of h
        assert list(section.kinks) == sorted(section.kinks)
        assert {f.value for f in section.floors} <= set(section.heights)
        assert set(h.breakpoints) <= set(section.kinks)


def test_mistakes_are_one_line_and_status_2(tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("")
    (tmp_path / "fig_linear_ladder.pdf").mkdir()
    for arguments in (
        ["no_such_figure"],
        ["--out", str(blocked)],
        ["--out", str(blocked / "deeper"), "linear_ladder"],
        ["--out", str(tmp_path), "linear_ladder"],
    ):
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("paper_figures: ") and err.count("\n") == 1
    with pytest.raises(SystemExit) as stop:
        main(["--format", "gif"])
    assert stop.value.code == 2


def test_names_with_and_without_prefix(capsys):
    assert load("single_relu_valleys") is load("fig_single_relu_valleys")
    assert main(["--list"]) == 0
    assert "fig_single_relu_valleys" in capsys.readouterr().out.split()


def test_the_list_says_what_the_figures_say_and_loads_none():
    assert [sentence(name) for name in names()] == [message(load(name)) for name in names()]
    code = (
        "import sys; from paper_figures.__main__ import main; main(['--list'])\n"
        "assert not any('fig_' in name for name in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0


def test_what_no_experiment_has_left_is_told_apart_from_where_to_write(tmp_path, capsys, monkeypatch):
    for name, module in (("trained_planes", "trained_planes"), ("bowl_probability", "fig_bowl_probability")):
        monkeypatch.setattr(f"paper_figures.{module}.RESULTS", tmp_path / "nothing.npz")
        assert main([name, "--quick", "--out", str(tmp_path)]) == 2
        error = capsys.readouterr().err
        assert "nothing." in error and "run python -m experiments" in error and error.count("\n") == 1
    assert main(["trained_planes", "--out", str(tmp_path / "no" / "\0")]) == 2


def test_a_figure_is_announced_before_it_is_drawn(monkeypatch):
    told = []
    monkeypatch.setattr("paper_figures.rendering.rendered", lambda *a: told.append("drawn") or (a[0], b"", 0.0))
    list(all_rendered(["a", "b"], "pdf", False, 1, told.append))
    assert told == ["a ...", "drawn", "b ...", "drawn"]


def test_the_ladder_shows_what_depth_changes():
    data = load("fig_linear_ladder").data()
    assert [row.value for row in data.two_layers if row.value == 100 or row.value == 150] == [100, 150]
    assert all(row.index[0] == row.index[1] for row in data.two_layers)
    best = {row.S: str(row.kinds[0]) for row in data.four_layers if not row.swaps}
    assert best == {
        (0, 1, 2): "global minimum",
        (0, 1): "non-strict saddle",
        (0,): "non-strict saddle",
        (): "non-strict saddle",
    }


def test_the_descent_from_the_bad_saddle_ends_at_the_global_minimum():
    data = load("fig_bad_saddle_descent").data()
    assert data.depth == -1 and data.descent.change == (0, 0, 0, 0, 0, -4, 0, 0, 0, 0, 4)
    x = q(1, 2)  # s^5
    assert 4 * x * x - 4 * x == data.depth
    assert (data.ascent.order, data.fibre.leading) == (2, 0)
