"""The spherical spin glass: proofs against the definition, exact rationals, and what is particular to the sphere."""

import pickle
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from theory.arithmetic import arithmetic_of, ball, is_zero, precision, rational, symbols, to_float
from theory.calculus.tolerance import rounding
from theory.definitions import spin_glass as definition
from theory.errors import NotExact, TooLarge
from theory.landscape import Kind
from theory.models.spin_glass import SphericalSpinGlass, orderings

SIZES = [(1, 1), (1, 4), (3, 1), (2, 2), (3, 2), (2, 3), (3, 3), (2, 4), (3, 4), (2, 6)]
INSTANCES = list(SphericalSpinGlass.instances())
instances = pytest.mark.parametrize("model", [m for _, m in INSTANCES], ids=[name for name, _ in INSTANCES])


def rationals(rng, *shape):
    """Small rationals with denominators 1, 2, 3."""
    p, q = rng.integers(-5, 6, shape), rng.integers(1, 4, shape)
    return rational(np.array([Fraction(int(a), int(b)) for a, b in zip(p.flat, q.flat, strict=True)]).reshape(shape))


def rational_sphere_points(rng, N, count):
    """Rational points of |s|^2 = N: reflections of (1, ..., 1)."""
    z = rationals(rng, count, N) + rational(["1/7"])
    return 1 - z * (2 * z.sum(-1) / (z * z).sum(-1))[:, None]


def size_of_terms(model, s):
    """sum |c| |s|^B, the scale of the rounding error of the loss, and of s times its derivatives up to p^2."""
    modulus = SphericalSpinGlass(model.N, model.p, np.abs(to_float(model.coefficients)))
    return modulus.loss(np.abs(s).astype(float)) * model.p**2 * max(1, 1 / np.abs(s).min()) ** 2


# --- the definition --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("N", "p"), SIZES)
def test_closed_forms_are_the_derivatives_of_the_definition(N, p):
    """A proof at these sizes, for all coefficients and all points at once."""
    s, c = symbols(s=N, c=comb(N + p - 1, p))
    model, H = SphericalSpinGlass(N, p, c), definition.loss(N, p, c, s)
    first = np.array([H.diff(x) for x in s])
    second = np.array([[g.diff(x) for x in s] for g in first])
    assert model.loss(s) - H == 0
    assert is_zero(model.gradient(s) - first).all()
    assert is_zero(model.hessian(s) - second).all()
    assert is_zero(model.hvp(s, s[::-1]) - second @ s[::-1]).all()
    assert not is_zero(model.gradient(s) - 2 * first).any()


@pytest.mark.parametrize(("N", "p"), [(7, 3), (5, 4), (4, 5), (12, 2)])
def test_random_rationals_agree_exactly_with_the_definition(N, p):
    import sympy

    rng = np.random.default_rng([N, p])
    c, s = rationals(rng, comb(N + p - 1, p)), rationals(rng, 3, N)
    got = SphericalSpinGlass(N, p, c).loss(s)
    as_sympy = np.vectorize(lambda q: sympy.Rational(int(q.p), int(q.q)), otypes=[object])
    assert (as_sympy(got) == [definition.loss(N, p, as_sympy(c), x) for x in as_sympy(s)]).all()


@pytest.mark.parametrize(("N", "p"), [(3, 1), (2, 2), (3, 3), (2, 4)])
def test_from_tensor_is_the_sum_over_ordered_tuples(N, p):
    J, s = symbols(J=(N,) * p, s=N)
    model = SphericalSpinGlass.from_tensor(J)
    assert model.loss(s) - definition.energy({i: J[i] for i in np.ndindex(J.shape)}, s) == 0
    floats = np.random.default_rng(0).standard_normal((N,) * p)
    x = np.random.default_rng(1).standard_normal(N)
    want = np.einsum(floats, range(p), *(a for i in range(p) for a in (x, [i])))
    glass = SphericalSpinGlass.from_tensor(floats)
    assert abs(glass.loss(x) - want) <= rounding(float, 4 * N**p) * size_of_terms(glass, x)


# --- the Gaussian model ----------------------------------------------------------------------------------------------


class Ones:
    """A generator whose normal deviates are all 1: the coefficients are then the standard deviations."""

    def standard_normal(self, size):
        return np.ones(size)


@pytest.mark.parametrize(("N", "p"), SIZES)
def test_covariance_is_N_R_to_the_p(N, p):
    """The sum of variance s^B t^B is the polynomial N (s.t / N)^p, as is the expectation written out over tuples."""
    s, t = symbols(s=N, t=N)
    kind, count = arithmetic_of(s), comb(N + p - 1, p)
    variances = np.array([kind.fraction(int(m), N ** (p - 1)) for m in orderings(N, p)])
    want = (s @ t) ** p * kind.fraction(1, N ** (p - 1))
    assert SphericalSpinGlass(N, p, variances).loss(s * t) - want == 0
    assert definition.covariance(N, p, s, t) - want == 0
    drawn = SphericalSpinGlass.random(N, p, rng=Ones()).coefficients ** 2
    exact = np.array([m / N ** (p - 1) for m in orderings(N, p).tolist()])
    assert drawn.shape == (count,) and (abs(drawn - exact) <= rounding(float, 2) * exact).all()
    if p > 1 and N > 1:
        unweighted = SphericalSpinGlass(N, p, np.array([kind.fraction(1, N ** (p - 1))] * count))
        assert unweighted.loss(s * t) - want != 0


def test_random_draws_independent_normals_in_the_order_of_the_coefficients():
    model = SphericalSpinGlass.random(4, 3, rng=np.random.default_rng(7))
    normals = np.random.default_rng(7).standard_normal(20)
    assert (model.coefficients == SphericalSpinGlass.random(4, 3, rng=Ones()).coefficients * normals).all()


def test_numbers_of_orderings_survive_int64():
    assert orderings(2, 70).tolist() == [comb(70, k) for k in range(71)]
    assert orderings(3, 2).tolist() == [1, 2, 2, 1, 2, 1]


# --- the sphere ------------------------------------------------------------------------------------------------------


@instances
def test_riemannian_derivatives_are_those_of_the_manifold_and_tangent(model):
    rng = np.random.default_rng(0)
    if arithmetic_of(model.coefficients).is_exact:
        s = rational_sphere_points(rng, model.N, 4)
        assert ((s * s).sum(-1) == model.N).all()
        g, H = model.gradient(s), model.hessian(s)
        P = arithmetic_of(s).eye(model.N) - s[..., :, None] * s[..., None, :] * rational([Fraction(1, model.N)])
        radial = (g * s).sum(-1)[:, None, None] * rational([Fraction(1, model.N)])
        R = model.riemannian_hessian(s)
        assert (R == P @ H @ P - radial * P).all()
        assert (model.riemannian_gradient(s) == (P @ g[..., None])[..., 0]).all()
        assert is_zero(R @ s[..., None]).all() and (R == R.swapaxes(-1, -2)).all()
    else:
        s = model.manifold.random_point(rng, (4,))
        R, scale = model.riemannian_hessian(s), size_of_terms(model, s).max()
        assert np.abs(R @ s[..., None]).max() <= rounding(float, 40 * model.N) * scale * model.N
        assert np.abs(R - R.swapaxes(-1, -2)).max() <= rounding(float, 40) * scale


@pytest.mark.parametrize(("N", "p"), [(3, 1), (4, 2), (5, 3), (4, 4)])
def test_riemannian_derivatives_are_those_along_geodesics(N, p):
    """At the three distances h, h/2, h/4 the error of the second difference falls like h^2."""
    rng = np.random.default_rng([N, p])
    model = SphericalSpinGlass.random(N, p, rng=rng)
    s = model.manifold.random_point(rng)
    v = model.manifold.projection(s, rng.standard_normal(N))
    slope, curvature = model.riemannian_gradient(s) @ v, v @ model.riemannian_hessian(s) @ v
    h = np.array([2.0**-4, 2.0**-5, 2.0**-6])
    ahead, here, behind = (model.loss(model.manifold.exp(s, t[:, None] * v)) for t in (h, 0 * h, -h))
    for error in ((ahead - behind) / (2 * h) - slope, (ahead - 2 * here + behind) / h**2 - curvature):
        ratios = error[:-1] / error[1:]
        assert (abs(ratios - 4) < 1).all(), ratios
    wrong = (ahead - 2 * here + behind) / h**2 - v @ model.hessian(s) @ v
    assert (abs(wrong[:-1] / wrong[1:] - 4) > 1).all()


def test_quadratic_glass_has_two_critical_points_of_each_index():
    model = SphericalSpinGlass.random(6, 2, rng=np.random.default_rng(5))
    values, vectors = np.linalg.eigh(model.hessian(np.ones(6)) / 2)
    s = np.sqrt(6) * np.concatenate([vectors.T, -vectors.T])
    scale = rounding(float, 200) * size_of_terms(model, np.ones(6)) * 6
    assert np.abs(model.riemannian_gradient(s)).max() <= scale
    assert np.abs(model.loss(s) - 6 * np.tile(values, 2)).max() <= scale
    Q = model.manifold.tangent_basis(s)
    spectrum = np.linalg.eigvalsh(Q.swapaxes(-1, -2) @ model.riemannian_hessian(s) @ Q)
    assert ((spectrum < 0).sum(-1) == np.tile(np.arange(6), 2)).all()
    assert abs(model.minimum_value() - 6 * values[0]) <= scale


def test_minimum_values_are_exact_for_exact_coefficients():
    diagonal = SphericalSpinGlass(4, 2, [1, 0, 0, 0, 2, 0, 0, 3, 0, -1])
    assert diagonal.minimum_value() == -4
    with precision(64):
        linear = SphericalSpinGlass(2, 1, [3, 1]).minimum_value()
        oblique = SphericalSpinGlass(2, 2, [0, 1, 1]).minimum_value()  # eigenvalues (1 +- sqrt 2) / 2
    with precision(256):
        assert linear.contains(-ball([20])[0].sqrt())
        assert oblique.contains(1 - ball([2])[0].sqrt())
    assert SphericalSpinGlass(3, 3, [0] * 10).minimum_value() is None
    assert abs(SphericalSpinGlass(2, 1, [3.0, 4.0]).minimum_value() + 5 * np.sqrt(2)) <= rounding(float, 4, 8.0)


@instances
def test_known_points_are_what_they_say(model):
    from theory.calculus.inertia import inertia

    for point in model.known_points():
        s = point.theta
        assert (s * s).sum() == model.N and model.loss(s) == point.loss
        assert is_zero(model.riemannian_gradient(s)).all()
        F = model.manifold.tangent_frame(s)
        if F.size:
            n = inertia(F.T @ model.riemannian_hessian(s) @ F)
            assert (n.negative > 0) == (point.kind in (Kind.STRICT_SADDLE, Kind.LOCAL_MAXIMUM))
            assert (n.positive > 0) <= (point.kind in (Kind.STRICT_SADDLE, Kind.GLOBAL_MINIMUM))
        if point.kind == Kind.GLOBAL_MINIMUM and model.p == 2:
            assert model.minimum_value() == point.loss


def test_some_instances_have_known_points():
    kinds = {point.kind for _, model in INSTANCES for point in model.known_points()}
    assert kinds == {Kind.GLOBAL_MINIMUM, Kind.STRICT_SADDLE, Kind.LOCAL_MAXIMUM}


@instances
def test_even_degrees_are_symmetric_and_odd_ones_antisymmetric(model):
    s = model.manifold.random_point(np.random.default_rng(0), (3,))
    images = model.symmetry_images(s)
    assert images.shape == ((1 - model.p % 2, 3, model.N))
    assert (images == -s).all() and (model.loss(-s) == (-1) ** model.p * model.loss(s)).all()
    assert model.traits.symmetry == ("" if model.p % 2 else "s -> -s")


# --- arithmetics, batches, memory ------------------------------------------------------------------------------------


@instances
def test_batch_equals_loop_and_out_is_honoured(model):
    s = model.manifold.random_point(np.random.default_rng(0), (2, 3))
    v = np.random.default_rng(1).standard_normal((3, model.N))
    tolerance = rounding(float, 200) * size_of_terms(model, s).max()
    loss, gradient, hessian = model.loss(s), model.gradient(s), model.riemannian_hessian(s)
    assert (loss.shape, gradient.shape, hessian.shape) == ((2, 3), s.shape, (*s.shape, model.N))
    hvp = model.hvp(s, v)
    for i in np.ndindex(2, 3):
        assert np.abs(model.loss(s[i]) - loss[i]) <= tolerance
        assert np.abs(model.gradient(s[i]) - gradient[i]).max() <= tolerance
        assert np.abs(model.riemannian_hessian(s[i]) - hessian[i]).max() <= tolerance
        assert np.abs(model.hessian(s[i]) @ v[i[1]] - hvp[i]).max() <= tolerance * np.abs(v).sum()
    assert np.abs(model.hvp(s[0, 0], v) - v @ model.hessian(s[0, 0])).max() <= tolerance * np.abs(v).sum()
    out = np.empty_like(hessian)
    assert model.riemannian_hessian(s, out=out) is out and (out == hessian).all()
    for wrong in (out[0], out.swapaxes(0, 1), out.astype(np.float32)):
        with pytest.raises(ValueError, match="out must be"):
            model.hessian(s, out=wrong)


@pytest.mark.parametrize(("N", "p"), [(5, 1), (5, 3), (4, 4)])
def test_results_do_not_depend_on_the_memory_bound(N, p):
    rng = np.random.default_rng(0)
    c, s = rationals(rng, comb(N + p - 1, p)), rational_sphere_points(rng, N, 7)
    ample, tight = SphericalSpinGlass(N, p, c), SphericalSpinGlass(N, p, c, max_bytes=1000)
    assert len(list(tight._blocks(s))) > 1 == len(list(ample._blocks(s)))
    for name in ("loss", "gradient", "hessian", "riemannian_hessian"):
        assert (getattr(ample, name)(s) == getattr(tight, name)(s)).all()


@instances
def test_floats_balls_and_float32_agree_with_rationals(model):
    if not arithmetic_of(model.coefficients).is_exact:
        with pytest.raises(NotExact):
            model.loss(rational([1] * model.N))
        return
    s = rational_sphere_points(np.random.default_rng(0), model.N, 5)
    exact = {name: getattr(model, name)(s) for name in ("loss", "gradient", "hessian", "riemannian_hessian")}
    with precision(64):
        balls = {name: getattr(model, name)(ball(s)) for name in exact}
    scale = size_of_terms(model, to_float(s)).max()
    for name, want in exact.items():
        with precision(256):
            assert all(b.contains(q) for b, q in zip(balls[name].flat, want.flat, strict=True))
        for dtype in (np.float64, np.float32):
            got = getattr(model, name)(to_float(s).astype(dtype))
            assert got.dtype == dtype
            assert np.abs(got - to_float(want)).max() <= rounding(dtype, 100) * scale


def test_relative_error_against_rationals_at_fifty_spins():
    """The acceptance bound 1e-14 of the benchmark, relative to the norm of the whole Hessian."""
    model = SphericalSpinGlass.random(50, 3, rng=np.random.default_rng(0))
    s = model.manifold.random_point(np.random.default_rng(1))
    extended = np.longdouble(1) * model.hessian(np.eye(50)) * s.astype(np.longdouble)[:, None, None]
    H = extended.sum(0)
    P = np.eye(50) - np.outer(s, s).astype(np.longdouble) / 50
    g = H @ s / 2
    want = P @ H @ P - (g @ s) / 50 * P
    assert np.linalg.norm((model.riemannian_hessian(s) - want).astype(float)) <= rounding(
        float, 45, np.linalg.norm(want.astype(float))
    )
    assert rounding(float, 45) <= 1e-14


@instances
def test_complex_step(model):
    s = model.manifold.random_point(np.random.default_rng(0))
    step = np.finfo(float).tiny ** 0.5
    tolerance = rounding(float, 200) * size_of_terms(model, s)
    for i in range(model.N):
        moved = s + 1j * step * np.eye(model.N)[i]
        assert abs(model.loss(moved).imag / step - model.gradient(s)[i]) <= tolerance
        assert np.abs(model.gradient(moved).imag / step - model.hessian(s)[i]).max() <= tolerance


@instances
def test_pickling_keeps_the_arrays_read_only(model):
    model.loss(np.ones(model.N))
    twin = pickle.loads(pickle.dumps(model))
    assert (twin.coefficients == model.coefficients).all() and (twin.N, twin.p) == (model.N, model.p)
    for a in (twin.coefficients, twin._second_derivatives, model._second_derivatives):
        with pytest.raises(ValueError, match="read-only"):
            a[...] = a


def test_the_caller_keeps_the_coefficients():
    c = np.ones(3)
    model = SphericalSpinGlass(np.int64(2), 2, c)
    c[:] = 5
    assert model.loss([1.0, 1.0]) == 3 and type(model.N) is int


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("N", "p", "coefficients", "words"),
    [
        (2, 2.0, [1, 0, 1], "p must be an integer"),
        (2, True, [1, 1], "p must be an integer"),
        (0, 2, [1], "N must be an integer"),
        (2, 2, [1, 0, 1, 0], r"shape \(3,\)"),
        (2, 2, [[1, 0, 1]], r"shape \(3,\)"),
        (2, 2, [1, np.nan, 1], "finite"),
        (2, 2, [], "at least one"),
    ],
)
def test_bad_sizes_and_coefficients_are_refused_in_words(N, p, coefficients, words):
    with pytest.raises(ValueError, match=words):
        SphericalSpinGlass(N, p, coefficients)


def test_complex_coefficients_and_uneven_tensors_are_refused():
    with pytest.raises(TypeError, match="real"):
        SphericalSpinGlass(2, 1, [1j, 0])
    for J in (np.ones((2, 3)), np.float64(1)):
        with pytest.raises(ValueError, match="equal axes"):
            SphericalSpinGlass.from_tensor(J)


def test_what_cannot_fit_is_refused_before_any_work():
    for make in (lambda: SphericalSpinGlass.random(5000, 3, rng=Ones()), lambda: SphericalSpinGlass(5000, 4, [1.0])):
        with pytest.raises(TooLarge, match="GiB"):
            make()
    with pytest.raises(TooLarge, match="max_bytes"):
        SphericalSpinGlass(10, 3, np.ones(220), max_bytes=100)


def test_one_spin_of_degree_two_is_constant():
    glass = SphericalSpinGlass(1, 2, [3])
    (point,) = glass.known_points()
    assert point.loss == glass.minimum_value() == glass.loss(point.theta) == 3
    assert point.kind is Kind.GLOBAL_MINIMUM
