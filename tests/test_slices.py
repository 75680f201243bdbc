"""Lines and planes: the grid self-test, every fast way against direct evaluation, and bad input."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.arithmetic import rational
from theory.calculus.tolerance import rounding
from theory.errors import Degenerate, NotExact, TooLarge
from theory.models import (
    DeepLinearNet,
    DeepNet,
    LinearResNet,
    Quadratic,
    RegularisedNet,
    ReluNeuron,
    ShallowNet,
    SphericalSpinGlass,
)
from theory.slices import direct, polynomial, relu_rows
from theory.slices.frame import Frame
from theory.slices.slice import MAX_BYTES, cut, line, plane
from theory.slices.spans import span

POLYNOMIAL = (DeepLinearNet, LinearResNet, RegularisedNet, Quadratic, SphericalSpinGlass, ShallowNet, DeepNet)


def asymmetric(theta):
    """100 u + v: the value names its place."""
    return 100 * theta[..., 0] + theta[..., 1]


def sheared(values):
    """The defect of a known tool: every other row is one step off."""
    out = values.copy()
    out[::2] = np.roll(out[::2], 1, axis=1)
    return out


# The grid self-test


def test_each_value_stands_at_its_coordinates():
    grid = plane(asymmetric, [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], x=range(5), y=range(3))
    expected = np.array([[100 * x + y for x in range(5)] for y in range(3)])
    assert (grid.values == expected).all()
    assert not (sheared(grid.values) == expected).all() and grid.values.T.shape != expected.shape
    assert (asymmetric(grid.points()) == grid.values).all()


def test_a_model_slice_has_the_same_order_in_every_way():
    model = Quadratic([[2, 0], [0, 0]], [0, 1])  # u^2 + v
    want = np.array([[x * x + y for x in (0, 1, 2, 3)] for y in (0, 1)])
    for options in ({}, {"quality": "plot"}):
        grid = plane(model, [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], x="0:3:4", y="0:1:2", **options)
        assert abs(grid.values - want).max() <= grid.error
    exact = plane(model.loss, [0, 0], [1, 0], [0, 1], x="0:3:4", y="0:1:2")
    assert (exact.values == want).all() and exact.error == 0


def test_the_ends_of_a_line_are_the_points():
    model = Quadratic([[2, 0], [0, 4]])
    cut_ = line(model, ["1/3", 0], [0, "1/7"], 3)
    assert [cut_.values[0], cut_.values[-1]] == [model.loss(["1/3", 0]), model.loss([0, "1/7"])]
    assert list(cut_.x) == list(rational(["0", "1/2", "1"]))
    assert (line(model, [1.0, 0.0], [0.0, 1.0], "-1:2:4").x == [-1, 0, 1, 2]).all()


def test_three_points_stand_at_their_corners():
    net = DeepLinearNet((1, 1, 1), [[1]], [[1]])
    a, b, c = rational([[1, 1], [2, "1/2"], [0, 3]])
    grid = plane(net, a, b - a, c - a, "0:1:2", "0:1:2")
    assert [grid.values[0, 0], grid.values[0, 1], grid.values[1, 0]] == [net.loss(a), net.loss(b), net.loss(c)]


def test_lowest_has_its_coordinates():
    grid = plane(Quadratic([[2.0, 0], [0, 2.0]], [-1.0, -2.0]), [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], "-1:1:5", "-1:1:3")
    assert grid.lowest()[0] == (0.5, 1.0)


# Fast ways


def directly(model, frame, spans):
    rows = np.concatenate([frame.center[None], frame.directions, 0 * frame.directions])[:3]
    x, y = (*(span(s, "x") for s in spans), np.zeros(1))[:2]
    out = np.empty((len(y), len(x)))
    direct.fill(model.loss, rows, x, y, out)
    return out[0] if frame.count == 1 else out


@settings(max_examples=20, deadline=None)
@given(st.data())
@pytest.mark.parametrize("cls", POLYNOMIAL)
def test_polynomial_slices_equal_direct_evaluation_to_their_bound(cls, data):
    models = [m for _, m in cls.instances() if polynomial.applies(m)]
    model = data.draw(st.sampled_from(models))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    count = data.draw(st.integers(1, min(2, model.dim)))
    frame = Frame(rng.standard_normal(model.dim), rng.standard_normal((count, model.dim)))
    spans = [f"{-data.draw(st.integers(1, 5))}:{data.draw(st.integers(1, 50))}/7:9" for _ in range(count)]
    want = directly(model, frame, spans)
    for quality in ("exact", "plot"):
        got = cut(model, frame, *spans, quality=quality)
        assert got.error >= abs(got.values - want).max()
        assert got.way == ("expanded" if quality == "plot" else "polynomial")


def test_the_bound_of_polynomial_slices_holds_against_exact_values_and_is_no_excuse():
    """Rational data give the true loss; a degree too low is far outside the bound."""
    rng = np.random.default_rng(0)
    X, Y = rng.integers(-3, 4, (3, 5)), rng.integers(-3, 4, (2, 5))
    center, d1, d2 = rng.integers(-2, 3, (3, 3 * 3 + 3 * 2 + 2 * 2))
    spans = "-1:1:5", "-1/2:3/2:5"
    exact = plane(DeepLinearNet((3, 3, 2, 2), X, Y), center, d1, d2, *spans).values.astype(str)
    exact = np.vectorize(lambda s: float(Fraction(s)))(exact)
    model = DeepLinearNet((3, 3, 2, 2), X.astype(float), Y.astype(float))
    got = plane(model, *np.array([center, d1, d2], float), *spans)
    assert abs(got.values - exact).max() <= got.error <= rounding(float, 10**6, exact.max())
    rows, (x, y) = np.array([center, d1, d2], float), (span(s, "x") for s in spans)
    low = polynomial._Nodes(x, y, 2)
    C, _ = low.coefficients(model.residuals(low.points(rows)))
    ((_, Tx),), ((_, Ty),) = low.across.blocks(), low.down.blocks()
    low = np.einsum("jik,ix,jy->yxk", C, Tx, Ty)
    assert abs((low**2).sum(-1) - exact).max() > 10**6 * got.error


def test_squares_keep_their_digits_at_a_minimum_off_the_centre():
    """Near a global minimum of value 0 the squares stay relative; the expanded form loses them."""
    net = DeepLinearNet((1, 1, 1), [[1.0]], [[1.0]])
    theta, h = np.array([2.0, 0.5]), 2.0**-20
    x, y = np.array([*np.arange(-1.0, 1.0, 1 / 32), 1.0, 1.0 + h]), np.array([-1.0, 0.0])
    d1 = np.array([1.0, 0.0])
    frame = (theta - d1, d1, np.array([0.0, 1.0]))
    true = (0.5 * h) ** 2
    squares, expanded = (plane(net, *frame, x, y, quality=q).values[1, -1] for q in ("exact", "plot"))
    assert abs(squares - true) <= 1e-6 * true < abs(expanded - true)


def test_results_do_not_depend_on_the_block_of_rows(monkeypatch):
    rng = np.random.default_rng(1)
    net = DeepLinearNet((4, 4, 4, 4), rng.standard_normal((4, 9)), rng.standard_normal((4, 9)))
    frame = Frame(rng.standard_normal(net.dim), rng.standard_normal((2, net.dim)))
    whole = cut(net, frame, "-1:1:40", "-1:1:30")
    monkeypatch.setattr(polynomial, "_BLOCK", 1)
    rows = cut(net, frame, "-1:1:40", "-1:1:30")
    assert abs(whole.values - rows.values).max() <= whole.error


class Decayed(DeepLinearNet):
    """A subclass with another loss, and the residuals and the degree of its parent."""

    def loss(self, theta):
        return super().loss(theta) + (np.asarray(theta) ** 2).sum(-1)


def test_a_subclass_with_another_loss_is_not_taken_for_its_parent():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((2, 2, 3))
    model, same = Decayed((2, 2, 2), X, Y), type("Same", (DeepLinearNet,), {"__doc__": "Nothing new."})((2, 2, 2), X, Y)
    frame = rng.standard_normal((3, model.dim))
    for quality in ("exact", "plot"):
        for other in (model, RegularisedNet(model, 1.0)):
            piece = plane(other, *frame, quality=quality)
            assert piece.way == "direct" and (piece.values == directly(other, piece.frame, piece.axes)).all()
        assert plane(same, *frame, quality=quality).error is not None


@pytest.mark.parametrize("depth", [12, 20, 80])
def test_bounds_of_long_chains_say_something_or_are_none(depth):
    """Small grids are evaluated themselves; where the bound exceeds the largest value, the slice is direct."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 4, 20))
    net = DeepLinearNet((4,) * (depth + 1), X, Y)
    frame = Frame(rng.standard_normal(net.dim) / 2, rng.standard_normal((2, net.dim)) / 4)
    for count in (3, 40):
        for quality in ("exact", "plot"):
            piece = cut(net, frame, *2 * (f"-1:1:{count}",), quality=quality)
            difference = abs(piece.values - directly(net, frame, piece.axes)).max()
            assert (piece.way == "direct") == (piece.error is None) == (depth == 80)
            assert depth == 80 or difference <= piece.error <= piece.values.max()
    assert depth > 12 or piece.error < 1e-3 * piece.values.max()


def test_polynomials_take_little_memory():
    """Many residuals at many nodes, and long lines."""
    rng = np.random.default_rng(0)
    wide = DeepNet((3, 3, 3, 3, 10), rng.standard_normal((3, 4000)), rng.standard_normal((10, 4000)), "square")
    chain = DeepLinearNet((2, 2, 2), *rng.standard_normal((2, 2, 3)))
    for net, shape, ways in ((wide, (18, 18), 1), (chain, (1, 2**20), 2), (chain, (2**20, 1), 2)):
        frame, out = rng.standard_normal((3, net.dim)) / 10, np.zeros(shape)
        y, x = (np.linspace(-1, 1, n) for n in shape)
        tracemalloc.start()
        done = [fill(net, frame, x, y, out) for fill in (polynomial.fill, polynomial.fill_expanded)[:ways]]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 64 * 2**20 and (done[0] is None) == (net is wide)


def test_a_users_callable_is_sliced_directly():
    piece = plane(lambda t: (t**4).sum(-1), np.zeros(3), [1.0, 0, 0], [0, 1.0, 0])
    assert piece.way == "direct" and piece.error is None and piece.values.shape == (51, 51)


def test_a_mere_callable_gets_floats_and_a_models_method_what_was_given():
    model, frame = Quadratic([[2, 0], [0, 4]]), ([0, 0], [1, 0], [0, 1])
    sine = plane(lambda t: np.sin(t).sum(-1), *frame, "0:1:2", "0:1:3")
    assert (sine.error, sine.values.dtype, sine.x.dtype, sine.frame.center.dtype) == (None, *[np.dtype(float)] * 3)
    for exact in (model, model.loss):
        piece = plane(exact, *frame, "0:1:2", "0:1:3")
        assert piece.error == 0 and (piece.values == rational([[0, 1], ["1/2", "3/2"], [2, 3]])).all()


class Own:
    """A user's model, with the answer that it is told."""

    dim = 2

    def __init__(self, answer):
        self.loss = answer


@pytest.mark.parametrize("answer", [lambda t: np.ones(t.shape[:-1]), lambda t: np.ones(t.shape[:-1], complex)])
def test_what_is_called_exact_is_rational(answer):
    with pytest.raises(NotExact, match="rational losses at rational parameters"):
        plane(Own(answer), [0, 0], [1, 0], [0, 1])
    ones = plane(Own(lambda t: np.ones(t.shape[:-1], int)), [0, 0], [1, 0], [0, 1], "0:1:2", "0:1:2")
    assert ones.error == 0 and (ones.values == rational([[1, 1], [1, 1]])).all()


def test_values_are_read_only_unless_the_memory_is_the_callers():
    exact = plane(Quadratic([[2, 0], [0, 2]]), [0, 0], [1, 0], [0, 1], "0:1:2", "0:1:2")
    for piece in (plane(NET, [0.0, 0.0], *E), line(NET, *E), exact):
        assert not piece.values.flags.writeable
    out = np.empty((51, 51))
    assert plane(NET, [0.0, 0.0], *E, out=out).values.flags.writeable and not np.isnan(out).any()


def test_a_finite_bound_does_not_hide_values_that_overflow(monkeypatch):
    """The bound of a neuron is formed from the frame alone."""
    neuron = ReluNeuron([[1.0, -2, 0]], [1.0, 2, 3], output_weight=True)
    honest = relu_rows.fill

    def overflowing(*arguments):
        error = honest(*arguments)
        arguments[-1][-1, -1] = np.inf
        return error

    monkeypatch.setattr(relu_rows, "fill", overflowing)
    with pytest.raises(ValueError, match="overflow"):
        plane(neuron, [1.0, 1.0], *E)


def test_points_that_cannot_be_held_are_refused(monkeypatch):
    piece = plane(NET, [0.0, 0.0], *E)
    monkeypatch.setattr("theory.memory.physical", lambda: 51 * 51 * 2 * 8 - 1)
    with pytest.raises(TooLarge, match=r"Slice\.points"):
        piece.points()


# Bad input, each in one line

NET = Quadratic(np.eye(2))
E = np.eye(2)


def line_to(out):
    return cut(NET, Frame([0.0, 0.0], E[:1]), "-1:1:51", out=out)


@pytest.mark.parametrize(
    "error, words, call",
    [
        (ValueError, "zero", lambda: plane(NET, [0.0, 0.0], [0.0, 0.0], E[1])),
        (ValueError, "finite", lambda: plane(NET, [0.0, 0.0], [float("nan"), 0.0], E[1])),
        (Degenerate, "independent", lambda: plane(NET, [0.0, 0.0], [1.0, 1.0], [2.0, 2.0])),
        (ValueError, "zero", lambda: line(NET, [1.0, 2.0], [1.0, 2.0])),
        (ValueError, "same shape", lambda: line(NET, [1.0, 2.0], [1.0])),
        (ValueError, "same shape", lambda: plane(NET, [0.0, 0.0], [1.0], [0.0, 1.0])),
        (ValueError, "2 parameters", lambda: plane(NET, [0.0] * 3, [1.0, 0, 0], [0, 1.0, 0])),
        (ValueError, "low:high:count", lambda: plane(NET, [0.0, 0.0], *E, x="")),
        (ValueError, "at least one", lambda: plane(NET, [0.0, 0.0], *E, x=np.array([]))),
        (ValueError, "low < high", lambda: plane(NET, [0.0, 0.0], *E, x="1:-1:5")),
        (ValueError, "low < high", lambda: plane(NET, [0.0, 0.0], *E, x="-1:1:0")),
        (ValueError, "low < high", lambda: plane(NET, [0.0, 0.0], *E, x="-1:1:1")),
        (ValueError, "low:high:count", lambda: plane(NET, [0.0, 0.0], *E, x="-1:1")),
        (ValueError, "low:high:count", lambda: plane(NET, [0.0, 0.0], *E, x="nan:1:3")),
        (ValueError, "increase", lambda: plane(NET, [0.0, 0.0], *E, x=[1, 0])),
        (ValueError, "increase", lambda: plane(NET, [0.0, 0.0], *E, x=[0, 0])),
        (ValueError, "at least 2", lambda: line(NET, E[0], E[1], 1)),
        (ValueError, "tol", lambda: plane(NET, [0.0, 0.0], *E, tol=0)),
        (ValueError, "quality", lambda: plane(NET, [0.0, 0.0], *E, quality="best")),
        (ValueError, "batches", lambda: plane(lambda t: float(t.sum()), [0.0, 0.0], *E)),
        (ValueError, "overflow", lambda: plane(NET, [0.0, 0.0], *(E * 1e200))),
        (TypeError, "an instance", lambda: plane(Quadratic, [0.0, 0.0], *E)),
        (TypeError, "callable", lambda: plane(3, [0.0, 0.0], *E)),
        (ValueError, "points of this window overflow", lambda: plane(NET, [0.0, 0.0], *E, x="-1e308:1e308:5")),
        (ValueError, "tol", lambda: plane(NET, [0.0, 0.0], *E, tol="a")),
        (TypeError, "got None", lambda: plane(NET, [0.0, 0.0], *E, x=None)),
        (TypeError, r"write \[2.0\]", lambda: line(NET, *E, 2.0)),
        (TypeError, "real numbers, got complex", lambda: plane(lambda t: t.sum(-1) * 1j, [0.0, 0.0], *E)),
        (TypeError, "array or memmap, got list", lambda: line_to([0] * 51)),
        (TypeError, "array or memmap, got MaskedArray", lambda: line_to(np.ma.zeros(51))),
        (TypeError, "array or memmap, got matrix", lambda: line_to(np.zeros((1, 51)).view(np.matrix))),
        (TooLarge, "out=", lambda: plane(NET, [0.0, 0.0], *E, "0:1:20000", "0:1:20000")),
        (ValueError, "float64", lambda: plane(NET, [0.0, 0.0], *E, out=np.empty((51, 51), np.float32))),
        (ValueError, "1 or 2 directions", lambda: cut(NET, Frame([0.0, 0.0], E), "0:1:2")),
    ],
)
def test_mistakes_are_told_in_one_line(error, words, call):
    with np.errstate(all="ignore"), pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_grid_beyond_the_budget_goes_to_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("theory.slices.slice.MAX_BYTES", MAX_BYTES // 2**20)
    with pytest.raises(TooLarge):
        plane(NET, [0.0, 0.0], *E, "0:1:100", "0:1:100")
    out = np.memmap(tmp_path / "grid", float, "w+", shape=(100, 100))
    piece = plane(NET, [0.0, 0.0], *E, "0:1:100", "0:1:100", out=out)
    assert piece.values.base is not None and abs(out[-1, -1] - 1) <= piece.error
