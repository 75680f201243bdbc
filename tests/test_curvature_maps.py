"""Extreme eigenvalues and curvature maps: against every point alone, exact inertia, wrong variants, bad input."""

import tracemalloc

import numpy as np
import pytest
from matplotlib.figure import Figure

from theory.arithmetic import rational, to_float
from theory.calculus import extreme_eigenvalues
from theory.calculus.extreme_eigenvalues import count_below, error_bounds, extremes, norms, tridiagonal
from theory.calculus.inertia import inertia
from theory.calculus.tolerance import eigenvalue_error, frobenius
from theory.errors import Degenerate, TooLarge
from theory.models import DeepLinearNet, DeepNet, Quadratic, ShallowNet, SphericalSpinGlass
from theory.plots.curvature import draw_ratio_and_index
from theory.slices import curvature
from theory.slices.curvature import QUANTITIES, curvature_map


def symmetric(n, count, seed):
    """Standard normal symmetric matrices (count, n, n)."""
    A = np.random.default_rng(seed).standard_normal((count, n, n))
    return A + A.swapaxes(-1, -2)


def with_spectrum(values, seed):
    """A symmetric matrix with these eigenvalues up to rounding, in a random basis."""
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))[0]
    A = (Q * np.asarray(values)) @ Q.T
    return (A + A.T) / 2


# --- extreme eigenvalues ----------------------------------------------------------------------------------------------

MATRICES = {
    "random": symmetric(60, 5, 0),
    "one": symmetric(1, 3, 1),
    "two": symmetric(2, 4, 2),
    "zero": np.zeros((2, 30, 30)),
    "identity": np.stack([np.eye(40), -3 * np.eye(40)]),
    "rank one": np.ones((1, 50, 50)),
    "repeated ends": with_spectrum(np.repeat([-2.0, 0.5, 7.0], 20), 3)[None],
    "clustered lower end": with_spectrum([*(-1 - 1e-9 * np.arange(30.0)), *np.linspace(0, 50, 30)], 4)[None],
    "negative definite": -np.eye(30) - symmetric(30, 2, 5) @ symmetric(30, 2, 5),
    "tiny": 1e-200 * symmetric(30, 2, 6),
    "huge": 1e200 * symmetric(30, 2, 7),
    "batch of batches": symmetric(20, 6, 8).reshape(2, 3, 20, 20),
}


@pytest.mark.parametrize("name", MATRICES)
def test_both_ends_are_right_within_the_bound(name):
    H = MATRICES[name]
    smallest, largest, error = extremes(H)
    values = np.linalg.eigvalsh(H)
    room = 3 * error / 2  # the reference is rounded too
    assert smallest.shape == largest.shape == error.shape == H.shape[:-2]
    assert (np.abs(smallest - values[..., 0]) <= room).all()
    assert (np.abs(largest - values[..., -1]) <= room).all()


@pytest.mark.parametrize("name", MATRICES)
def test_counts_are_those_of_the_eigenvalues(name):
    """Just below and above each eigenvalue, clear of rounding, and on it, where the count is between."""
    H = MATRICES[name].reshape(-1, *MATRICES[name].shape[-2:])
    d, e = tridiagonal(H)
    values, error = np.linalg.eigvalsh(H), error_bounds(H)
    for k in range(H.shape[-1]):
        for x in (values[:, k] - 3 * error, values[:, k], values[:, k] + 3 * error):
            clear = np.stack([values < x[:, None] - 2 * error[:, None], values < x[:, None] + 2 * error[:, None]])
            least, most = clear.sum(-1)
            counts = count_below(d, e, x)
            assert (least <= counts).all() and (counts <= most).all()


def test_eigenvalues_known_in_closed_form():
    """The second difference: 2 - 2 cos(k pi / (n + 1)); its ends to the last bits, not only to the bound."""
    n = 60
    H = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    smallest, largest, error = extremes(H[None])
    exact = 2 - 2 * np.cos(np.array([1, n]) * np.pi / (n + 1))
    assert abs(smallest[0] - exact[0]) <= error[0] and abs(largest[0] - exact[1]) <= error[0]


def test_zero_pivots_are_no_obstacle():
    """T - x I whose first pivots are exactly 0, also with a zero beside the diagonal."""
    for H in (
        [[0.0, 1], [1, 0]],
        [[0.0, 0], [0, 0]],
        [[0.0, 1, 0], [1, 0, 0], [0, 0, 0]],
        [[0.0, 1, 0], [1, 0, 1], [0, 1, 0]],
        [[1.0, 1, 0], [1, 1, 1], [0, 1, 0]],
    ):
        d, e = np.diag(H)[None], np.diag(H, 1)[None]
        exact = inertia(rational(np.array(H, int)))
        tiny = 8 * np.finfo(float).eps
        assert count_below(d, e, np.array([-tiny])) == exact.negative
        assert count_below(d, e, np.array([tiny])) == exact.negative + exact.zero
        assert exact.negative <= count_below(d, e, np.array([0.0])) <= exact.negative + exact.zero


def test_batches_do_not_change_the_answers(monkeypatch):
    H = MATRICES["random"]
    whole = extremes(H)
    for name in ("parts", "groups"):
        monkeypatch.setattr(extreme_eigenvalues, name, lambda count, *_: [slice(k, k + 1) for k in range(count)])
    alone = extremes(H)
    assert (np.abs(np.subtract(alone, whole)) <= whole[2] / 2).all() and (alone[2] == whole[2]).all()


def test_one_matrix_without_a_batch_and_an_empty_batch():
    H = symmetric(7, 1, 10)[0]
    smallest, largest, error = extremes(H)
    assert np.isscalar(smallest) and np.isscalar(largest) and error == 2 * eigenvalue_error(H)
    assert all(a.shape == (0,) for a in extremes(np.zeros((0, 3, 3))))
    assert extremes(H.astype(np.float32))[0].dtype == float


def test_norms_and_bounds_are_those_of_each_matrix():
    for H in MATRICES.values():
        one_by_one = [frobenius(A) for A in H.reshape(-1, *H.shape[-2:])]
        np.testing.assert_allclose(norms(H).ravel(), one_by_one, rtol=H.shape[-1] ** 2 * np.finfo(float).eps)


def test_asymmetry_up_to_rounding_belongs_to_the_error():
    H = symmetric(30, 2, 11)
    skewed = H * (1 + np.finfo(float).eps * np.triu(np.ones((30, 30))))
    assert (error_bounds(skewed) > error_bounds(H)).all()
    assert (np.abs(extremes(skewed)[0] - extremes(H)[0]) <= error_bounds(skewed) + error_bounds(H)).all()


@pytest.mark.parametrize(
    ("H", "error", "words"),
    [
        (np.zeros((3, 4)), ValueError, "square"),
        (np.zeros(3), ValueError, "square"),
        (np.zeros((2, 0, 0)), ValueError, "n >= 1"),
        (np.eye(3, dtype=int), TypeError, "real floats"),
        (1j * np.eye(3), TypeError, "real floats"),
        (rational([[1, 0], [0, 1]]), TypeError, "inertia"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), ValueError, "finite"),
        (np.array([[1.0, np.inf], [np.inf, 1.0]]), ValueError, "finite"),
        (np.array([[1.0, 2.0], [0.0, 1.0]]), ValueError, "symmetric"),
    ],
)
def test_what_is_no_symmetric_float_matrix_is_refused(H, error, words):
    with pytest.raises(error, match=words) as caught:
        extremes(H)
    assert "\n" not in str(caught.value)


# --- maps -------------------------------------------------------------------------------------------------------------


def tanh_net():
    rng = np.random.default_rng(1)
    return ShallowNet(3, rng.standard_normal((2, 9)), rng.standard_normal(9))


def linear_net():
    rng = np.random.default_rng(2)
    return DeepLinearNet((2, 3, 2), rng.standard_normal((2, 6)), rng.standard_normal((2, 6)))


def deep_net():
    rng = np.random.default_rng(3)
    return DeepNet((2, 3, 2, 1), rng.standard_normal((2, 5)), rng.standard_normal((1, 5)))


class Plain:
    """A user's own model: sum_k k theta_k^4 / 12 + theta_0 theta_1, with hessian and nothing else beside the loss."""

    dim = 5

    def loss(self, theta):
        return (np.arange(5) * theta**4).sum(-1) / 12 + theta[..., 0] * theta[..., 1]

    def hessian(self, theta):
        H = np.zeros((*theta.shape, 5))
        np.einsum("...ii->...i", H)[...] = np.arange(5) * theta**2
        H[..., 0, 1] = H[..., 1, 0] = 1
        return H


MODELS = {"tanh": tanh_net, "deep linear": linear_net, "deep": deep_net, "a user's own": Plain}
X, Y = np.linspace(-1.5, 1, 7), np.array([-1.0, -0.2, 0.1, 2.0])


def frame_of(model, seed=4):
    """Center and two directions that are neither orthogonal nor of the same length."""
    center, d1, d2 = np.random.default_rng(seed).standard_normal((3, model.dim))
    return center, 3 * d1, d1 + d2


@pytest.mark.parametrize("name", MODELS)
def test_a_map_is_every_point_alone(name):
    model = MODELS[name]()
    center, d1, d2 = frame_of(model)
    found = curvature_map(model, center, d1, d2, X, Y)
    Q = np.linalg.qr(np.stack([d1, d2], axis=1))[0]
    assert found.smallest.shape == found.index.shape == (len(Y), len(X)) and found.projected.shape == (
        len(Y),
        len(X),
        2,
    )
    for j, i in np.ndindex(len(Y), len(X)):
        H = model.hessian(center + X[i] * d1 + Y[j] * d2)
        values, error = np.linalg.eigvalsh(H), 3 * found.error[j, i] / 2
        assert 2 * eigenvalue_error(H) <= error
        assert abs(found.smallest[j, i] - values[0]) <= error and abs(found.largest[j, i] - values[-1]) <= error
        assert found.index[j, i] <= (values < 0).sum() + (abs(values) <= error).sum()
        assert found.index[j, i] + found.undecided[j, i] >= (values < -error).sum()
        assert abs(found.trace[j, i] - np.trace(H)) <= np.sqrt(len(H)) * error
        assert (abs(found.projected[j, i] - np.linalg.eigvalsh(Q.T @ H @ Q)) <= 4 * error).all()
    room = 5 * found.error  # Poincaré separation, up to the errors of both
    assert (found.smallest - room <= found.projected[..., 0]).all()
    assert (found.projected[..., 1] <= found.largest + room).all()


def test_the_coordinates_are_not_swapped_nor_shifted():
    """f = x^4/12 + y^3: Hessian diag(x^2, 6 y), an asymmetric function of known curvature."""

    class Asymmetric:
        dim = 2

        def hessian(self, theta):
            H = np.zeros((*theta.shape, 2))
            H[..., 0, 0], H[..., 1, 1] = theta[..., 0] ** 2, 6 * theta[..., 1]
            return H

    found = curvature_map(Asymmetric(), [0, 0], [1, 0], [0, 1], "1:3:5", "-2:-1:3")
    x, y = found.x, found.y[:, None]
    right = np.broadcast_to(6 * y, (3, 5)), np.broadcast_to(x**2, (3, 5))
    assert (found.smallest == right[0]).all() and (found.largest == right[1]).all()
    assert (found.ratio == -6 * y / x**2).all() and (found.trace == x**2 + 6 * y).all() and (found.index == 1).all()
    for swapped in (found.smallest.T.reshape(3, 5), found.smallest[::-1], np.roll(found.smallest, 1, axis=0)):
        assert not (swapped == right[0]).all()
    turned = curvature_map(Asymmetric(), [0, 0], [0, 1], [1, 0], "-2:-1:3", "1:3:5")
    assert (turned.smallest == found.smallest.T).all()


@pytest.mark.parametrize(
    "model",
    [
        DeepLinearNet((2, 2, 1), [[1, 2, 0], [0, 1, -1]], [[1, 0, 3]]),
        ShallowNet(2, [[0, 1, -1]], [1, 0, 2], "square"),
        Quadratic([[1, 2, 0], [2, 1, 0], [0, 0, 0]]),
    ],
    ids=["deep linear", "square", "singular quadratic"],
)
def test_the_index_brackets_the_exact_one(model):
    """Rational grid points, by exact congruence; where all signs are clear the index is the exact one."""
    axis = ["-1", "-1/2", "0", "1/4", "2"]
    center, d1, d2 = rational(np.random.default_rng(5).integers(-3, 4, (3, model.dim)))
    found = curvature_map(model, center, d1, d2, rational(axis), rational(axis))
    exact = np.empty((5, 5, 2), int)
    for (j, i), x in np.ndenumerate(np.broadcast_to(rational(axis), (5, 5))):
        signs = inertia(model.hessian(center + x * d1 + rational(axis)[j] * d2))
        exact[j, i] = signs.negative, signs.zero
    assert (found.index <= exact[..., 0]).all() and (exact[..., 0] <= found.index + found.undecided).all()
    assert (found.undecided == exact[..., 1]).all()  # no other eigenvalue is so small here


def test_a_wrong_error_or_threshold_is_seen():
    """Singular Hessians: with threshold 0 the zeros of the quadratic count as negative by rounding."""
    H = with_spectrum([-1.0, *np.zeros(30), 2.0], 6)
    model = Quadratic(H)
    found = curvature_map(model, *frame_of(model), X, Y)
    assert (found.index == 1).all() and (found.undecided == 30).all()
    assert ((np.linalg.eigvalsh(H) < 0).sum() > 1) and (found.ratio == found.smallest / -found.largest).all()


def test_the_ratio_where_curvature_vanishes():
    def ratio(*diagonal):
        return curvature_map(Quadratic(np.diag(diagonal)), [0, 0], [1, 0], [0, 1], [0], [0]).ratio[0, 0]

    assert ratio(4.0, -1.0) == 1 / 4 and ratio(-4.0, -1.0) == 4 and ratio(2.0, 0.0) == 0
    assert ratio(-1.0, 0.0) == np.inf and np.isnan(ratio(0.0, 0.0))


def test_only_what_was_asked_for_is_computed(monkeypatch):
    model = linear_net()
    everything = curvature_map(model, *frame_of(model), X, Y)

    def never(*_):
        raise AssertionError("eigenvalues were computed")

    for asked in (("smallest", "largest"), ("ratio",), ("index",)):
        found = curvature_map(model, *frame_of(model), X, Y, quantities=asked)
        kept = {name for name in (*QUANTITIES, "undecided") if getattr(found, name) is not None}
        assert kept == {"index": {"index", "undecided"}}.get(asked[0], {"smallest", "largest", "ratio"})
        for name in kept:
            np.testing.assert_array_equal(getattr(found, name), getattr(everything, name))
    monkeypatch.setattr(curvature, "tridiagonal", never)
    found = curvature_map(model, *frame_of(model), X, Y, quantities=("trace", "projected"))
    np.testing.assert_array_equal(found.trace, everything.trace)
    np.testing.assert_array_equal(found.projected, everything.projected)
    assert found.ratio is None and curvature_map(model, *frame_of(model), X, Y, quantities="trace").projected is None


def test_chunks_do_not_change_the_map(monkeypatch):
    model = tanh_net()
    whole = curvature_map(model, *frame_of(model), X, Y)
    monkeypatch.setattr(curvature, "MATRIX_BYTES", 1)
    monkeypatch.setattr(curvature, "GROUP_BYTES", 1)
    alone = curvature_map(model, *frame_of(model), X, Y)
    for name in ("smallest", "largest", "trace"):
        assert (np.abs(getattr(whole, name) - getattr(alone, name)) <= 2 * whole.error * np.sqrt(model.dim)).all()
    np.testing.assert_array_equal(whole.index, alone.index)


def test_temporaries_do_not_grow_with_the_grid(monkeypatch):
    for name in ("MATRIX_BYTES", "GROUP_BYTES"):
        monkeypatch.setattr(curvature, name, 2**18)
    model = Plain()
    line = np.linspace(-1, 1, 200)
    tracemalloc.start()
    found = curvature_map(model, *frame_of(model), line, line)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    results = sum(a.nbytes for a in vars(found).values() if isinstance(a, np.ndarray))
    assert peak - results < 2**22


def test_the_map_is_read_only_input_is_left_alone_and_rationals_are_taken():
    model = Quadratic(np.diag([2.0, -4.0, 1.0]))
    center, d1, d2 = np.eye(3)
    found = curvature_map(model, center, d1, d2, x=["0", "1/2"], y=[0, 1])
    assert (found.x == [0, 0.5]).all() and not found.x.flags.writeable and center.flags.writeable
    assert (to_float(rational(["1/2"])) == found.x[1]).all() and found.frame.dim == 3


class Without:
    dim = 3

    def loss(self, theta):
        return theta.sum(-1)


def answering(H):
    """A model with this answer for all Hessians."""
    model = Without()
    model.hessian = lambda theta: H(theta)
    return model


CENTER, D1, D2 = np.zeros(3), *np.eye(3)[:2]
GOOD = Quadratic(np.eye(3))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((Without(), CENTER, D1, D2), TypeError, "hessian.*got Without"),
        ((Quadratic, CENTER, D1, D2), TypeError, "got Quadratic"),
        ((answering(lambda t: np.eye(3)), CENTER, D1, D2), TypeError, "must take batches"),
        ((answering(lambda t: np.zeros((*t.shape, 3), int)), CENTER, D1, D2), TypeError, "floats"),
        ((answering(lambda t: np.full((*t.shape, 3), np.nan)), CENTER, D1, D2), ValueError, "finite"),
        ((answering(lambda t: np.ones(t.shape)[..., None] * np.arange(3.0)), CENTER, D1, D2), ValueError, "symmetric"),
        ((SphericalSpinGlass(3, 2, [1, 0, 0, 2, 0, 3]), CENTER, D1, D2), TypeError, "Sphere"),
        ((GOOD, CENTER, 0 * D1, D2), ValueError, "zero"),
        ((GOOD, CENTER, D1, D1), Degenerate, "independent"),
        ((GOOD, CENTER, np.nan * D1, D2), ValueError, "d1.*finite"),
        ((GOOD, CENTER, D1, 1j * D2), TypeError, "real"),
        ((GOOD, CENTER[:2], D1, D2), ValueError, "shape"),
        ((GOOD, CENTER, D1, D2[:2]), ValueError, "shape"),
        ((GOOD, CENTER, D1, D2, "1:-1:5"), ValueError, "reversed"),
        ((GOOD, CENTER, D1, D2, []), ValueError, "at least one"),
        ((GOOD, CENTER, D1, D2, [1, 0]), ValueError, "increase"),
        ((GOOD, CENTER, D1, D2, "0:1:9999999", "0:1:9999999"), TooLarge, "memory"),
        ((DeepLinearNet((1, 1, 1), [[1.0]], [[1.0]]), [0, 0], [1e160, 0], [0, 1], [1e9], [0]), ValueError, "finite"),
    ],
)
def test_bad_input_is_refused_in_words(arguments, error, words):
    with pytest.raises(error, match=words) as caught:
        curvature_map(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"quantities": ("trase",)}, ValueError, "got 'trase'"),
        ({"quantities": ()}, ValueError, "got none"),
        ({"quantities": 5}, ValueError, "got 5"),
        ({"max_bytes": 100}, TooLarge, "max_bytes = 100"),
        ({"max_bytes": -1}, ValueError, "max_bytes"),
    ],
)
def test_bad_options_are_refused_in_words(options, error, words):
    with pytest.raises(error, match=words):
        curvature_map(GOOD, CENTER, D1, D2, **options)


# --- the drawing ------------------------------------------------------------------------------------------------------


def drawn(model, quantities=QUANTITIES):
    """The drawing of a map: the axes and the indices shown."""
    fig = Figure()
    axes = fig.subplots(1, 2)
    found = curvature_map(model, *frame_of(model), X, Y, quantities=quantities)
    return found, axes, draw_ratio_and_index(*axes, found)


def test_the_drawing_names_every_index_that_occurs():
    found, (ratio, index), shown = drawn(tanh_net())
    texts = [text.get_text() for text in index.get_legend().get_texts()]
    assert shown == sorted(set(found.index.ravel().tolist())) and texts == [str(k) for k in reversed(shown)]
    cells = index.collections[0].get_array().reshape(found.index.shape)
    assert (np.array(shown)[cells] == found.index).all()
    colours = ratio.collections[0].get_array().reshape(found.ratio.shape)
    inside = (found.ratio > 1e-3) & (found.ratio < 1)
    assert inside.any() and (colours[inside] == found.ratio[inside]).all()


def test_the_drawing_marks_what_is_open():
    _, (_, index), shown = drawn(Quadratic(np.diag([1.0, 0.0, -1.0])))
    assert shown == [] and [text.get_text() for text in index.get_legend().get_texts()] == ["open"]


def test_a_map_without_an_index_is_not_drawn():
    with pytest.raises(ValueError, match="ratio and index"):
        drawn(tanh_net(), ("ratio",))


@pytest.mark.parametrize("H", [[[1e308]], [[0, 1e308], [1e308, 0]], [[1.2e308, 0], [0, 1.2e308]]])
def test_norms_whose_sums_overflow_are_refused(H):
    with pytest.raises(ValueError, match="overflow"):
        extremes(H)
