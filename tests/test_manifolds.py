"""Manifolds: exact identities, floats near the dangerous pairs, and pymanopt as a second opinion."""

from fractions import Fraction

import numpy as np
import pytest
import sympy

from theory.arithmetic import arithmetic_of, ball, is_zero, precision, rational, symbols, to_float
from theory.calculus.tolerance import rounding
from theory.errors import Degenerate, NotExact, Undecided
from theory.manifolds.euclidean import Euclidean, dot
from theory.manifolds.sphere import Sphere

RADII = [1, 5, Fraction(1, 4), 2.5]


def sphere_points(sphere, count, seed=0):
    """Points, second points and tangent vectors at the first."""
    rng = np.random.default_rng(seed)
    x, y = sphere.random_point(rng, (count,)), sphere.random_point(rng, (count,))
    return x, y, sphere.projection(x, rng.standard_normal(x.shape))


def near(a, b, terms, scale=1.0):
    """Equality of floats up to the rounding of ``terms`` operations on numbers of size ``scale``."""
    np.testing.assert_allclose(a, b, rtol=0, atol=rounding(np.asarray(a).dtype, terms, scale))


def rational_points():
    """Points of the sphere <x, x> = 9 in R^3 with rational coordinates."""
    return rational([[1, 2, 2], [-3, 0, 0], ["9/5", 0, "12/5"], [0, 0, 3]])


# --- exact -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("manifold", [Euclidean(3), Sphere(3, 9)])
def test_rational_projection_is_an_orthogonal_projection_onto_the_frame(manifold):
    x, u, v = rational_points(), rational([[1, -2, "1/3"]] * 4), rational([[4, 0, 5]] * 4)
    Pu, Pv = manifold.projection(x, u), manifold.projection(x, v)
    assert (manifold.projection(x, Pu) == Pu).all()
    assert (manifold.inner(x, Pu, v) == manifold.inner(x, u, Pv)).all()
    F = manifold.tangent_frame(x)
    assert F.shape == (4, 3, manifold.dimension) and arithmetic_of(F) == arithmetic_of(x)
    assert (manifold.projection(x[:, None], F.swapaxes(-1, -2)) == F.swapaxes(-1, -2)).all()
    assert is_zero((u - Pu)[:, None, :] @ F).all()


def test_tangent_frame_decides_ranks_for_every_pivot():
    from theory.calculus.exact_linalg import rank

    sphere = Sphere(4, 1)
    for x in rational(np.vstack([np.eye(4, dtype=int), -np.eye(4, dtype=int), [[1, -5, 2, 0]]])):
        F = sphere.tangent_frame(x)
        assert rank(F) == 3 and is_zero(x @ F).all()


def test_sphere_identities_hold_in_a_polynomial_ring():
    """P H P - <g, x> P / r^2 written out with matrices, off the sphere too, is what the rank-2 update computes."""
    x, g, h = symbols(x=3, g=3, h=(3, 3))
    kind, H = arithmetic_of(x), h + h.T
    P = kind.eye(3) - np.outer(x, x) * kind.fraction(2, 7)
    sphere = Sphere(3, Fraction(7, 2))
    assert is_zero(sphere.riemannian_gradient(x, g) - P @ g).all()
    want = P @ H @ P - P * (g @ x * kind.fraction(2, 7))
    got = sphere.riemannian_hessian(x, g, H)
    assert is_zero(got - want).all() and is_zero(got - got.T).all()
    assert not is_zero(got - P @ H @ P).all()
    assert is_zero(x @ sphere.tangent_frame(x)).all()


def test_riemannian_hessian_annihilates_the_normal_and_restricts_to_the_tangent_space():
    x, sphere = rational_points(), Sphere(3, 9)
    g, H = rational([[1, 2, 3]] * 4), rational([[[1, 2, 0], [2, -1, 4], [0, 4, "1/3"]]] * 4)
    R = sphere.riemannian_hessian(x, g, H)
    assert is_zero(R @ x[..., None]).all()
    F = sphere.tangent_frame(x)
    T = F.swapaxes(-1, -2)
    normal_part = (sphere.inner(x, g, x) * rational(["1/9"]))[:, None, None] * (T @ F)
    assert (T @ R @ F == T @ H @ F - normal_part).all()


def test_transport_is_an_exact_isometry_of_tangent_spaces():
    sphere, x = Sphere(3, 9), rational_points()
    y = np.roll(x, 1, axis=0)
    u = sphere.projection(x, rational([[1, -2, "1/3"]] * 4))
    v = sphere.transport(x, y, u)
    assert is_zero(sphere.inner(y, y, v)).all()
    assert (sphere.inner(y, v, v) == sphere.inner(x, u, u)).all()
    assert (sphere.transport(y, x, v) == u).all()


def test_balls_enclose_the_rational_answers():
    sphere, x, v = Sphere(3, 9), rational_points(), rational([[1, -2, "1/3"]] * 4)
    with precision(64):
        enclosures = sphere.projection(ball(x), ball(v)), sphere.tangent_frame(ball(x)), sphere.norm(ball(x), ball(x))
    exact = sphere.projection(x, v), sphere.tangent_frame(x), rational([3] * 4)
    with precision(256):  # the rational itself is a much smaller ball here
        for balls, rationals in zip(enclosures, exact, strict=True):
            assert all(b.contains(q) for b, q in zip(balls.flat, rationals.flat, strict=True))


def test_float_radius_is_enclosed_by_balls_and_refused_by_rationals():
    with precision(128):
        enclosure = Sphere(2, 0.1).projection(ball(["1/3", 0]), ball([1, 0]))[0]
    with precision(256):
        assert enclosure.contains(1 - rational(["1/9"])[0] / rational([Fraction(0.1)])[0])
    with pytest.raises(NotExact):
        Sphere(2, 0.1).projection(rational([1, 0]), rational([1, 0]))


def test_the_radius_may_lie_within_the_floats_where_its_square_does_not():
    sphere = Sphere(2, 10**320)
    assert sphere.radius == 1e160
    assert Sphere(2, Fraction(1, 10**320)).radius == 1e-160
    x = rational([3 * 10**159, 0]) + rational([0, 10**150])
    F = sphere.tangent_frame(x)
    assert F.shape == (2, 1) and is_zero(x @ F).all() and not is_zero(F).all()
    x, y = np.array([1e160, 0.0]), np.array([0.0, 1e160])
    near(sphere.distance(x, y), 1e160 * np.pi / 2, 20, 1e160)
    beyond = Sphere(2, 10**700)
    assert is_zero(rational([10**350, 1]) @ beyond.tangent_frame(rational([10**350, 1]))).all()
    with pytest.raises(ValueError, match="finite"):
        beyond.distance(x, y)


@pytest.mark.parametrize("exponent", [-400, 0, 320])
def test_transport_does_not_depend_on_the_radius(exponent):
    sphere, r = Sphere(2, Fraction(10) ** exponent), float(f"1e{exponent // 2}")
    moved = sphere.transport(np.array([r, 0]), np.array([0, r]), np.array([0, 1.0]))
    near(moved, np.array([-1.0, 0]), 10)


def test_the_pivot_of_a_frame_is_the_largest_entry_in_every_arithmetic():
    """Column j of the frame carries x_k in the row of j; k is read off without floats."""
    x = rational([["1/3", -(10**400), 10**399], [5, 0, -7]])
    F = Sphere(3).tangent_frame(x)
    assert (F[0][[0, 2], [0, 1]] == x[0, 1]).all() and (F[1][[0, 1], [0, 1]] == x[1, 2]).all()
    with precision(64):
        enclosure = Sphere(3).tangent_frame(ball(x))
    with precision(2048):
        assert all(b.contains(q) for b, q in zip(enclosure.flat, F.flat, strict=True))


# --- floats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("r2", RADII)
@pytest.mark.parametrize("N", [2, 3, 20])
def test_exp_log_distance_and_transport_fit_together(N, r2):
    sphere = Sphere(N, r2)
    x, y, _ = sphere_points(sphere, 50)
    r, v = sphere.radius, sphere.log(x, y)
    near(sphere.inner(x, y, y), np.full(50, float(r2)), 4 * N, r * r)
    near(sphere.inner(x, x, v), np.zeros(50), 8 * N, np.pi * r * r)
    near(sphere.norm(x, v), sphere.distance(x, y), 8 * N, np.pi * r)
    # an arccos, and the direction from one point to the other, lose accuracy like 1 / sin of the angle
    lost = np.pi * r / np.sin(sphere.distance(x, y) / r).min()
    near(sphere.distance(x, y), r * np.arccos(np.clip(sphere.inner(x, x, y) / float(r2), -1, 1)), 8 * N, lost)
    near(sphere.transport(x, y, v), -sphere.log(y, x), 8 * N, lost)
    near(sphere.exp(x, v), y, 8 * N, lost)


def test_exp_along_a_basis_vector_is_the_great_circle():
    sphere, t = Sphere(3, 4), np.linspace(-4, 4, 17)[:, None]
    got = sphere.exp(np.array([2.0, 0, 0]), t * np.array([0, 0, 2.0]))
    near(got, np.concatenate([2 * np.cos(t), 0 * t, 2 * np.sin(t)], -1), 10, 4)


@pytest.mark.parametrize("angle", [0.0, 1e-150, 1e-12, 1e-5, 1.0, np.pi - 1e-5, np.pi - 1e-12])
def test_small_and_large_distances_keep_their_relative_accuracy(angle):
    """At x = r e_1 the small coordinate of a point near x or -x carries its full relative accuracy."""
    sphere, x = Sphere(2, 4), np.array([2.0, 0.0])
    y = 2 * np.array([np.cos(angle), np.sin(angle)])
    near(sphere.distance(x, y), 2 * angle, 20, 2 * angle)
    near(sphere.log(x, y), np.array([0.0, 2 * angle]), 20, 2 * angle)


def test_points_too_close_for_their_squares_are_at_distance_zero():
    sphere, x = Sphere(2, 4), np.array([2.0, 0.0])
    y = np.array([2.0, np.finfo(float).tiny])
    assert sphere.distance(x, y) == 0 and (sphere.log(x, y) == 0).all()


@pytest.mark.parametrize("size", [1e-200, 1e-20, 1.0, 1e15, 1e17, 1e50, 1e200])
def test_vectors_whose_squares_leave_the_floats(size):
    sphere, x, v = Sphere(3), np.array([1.0, 0, 0]), size * np.array([0, 3.0, 4.0])
    for manifold in (sphere, Euclidean(3)):
        near(manifold.norm(x, v), 5 * size, 6, 5 * size)
    near(Euclidean(3).distance(v, 0 * v), 5 * size, 6, 5 * size)
    y = sphere.exp(x, v)
    near(dot(y, y), 1.0, 20)
    if size < 1:  # beyond, the angle is known up to many turns only
        near(y[1:], np.sin(5 * size) * np.array([0.6, 0.8]), 20, 5 * size)
    short = sphere.norm(x.astype(np.float32), np.array([0, 3e30, 4e30], np.float32))
    near(short, np.float32(5e30), 6, 5e30)


@pytest.mark.parametrize("N", [1, 2, 7])
def test_tangent_basis_is_orthonormal_and_tangent(N):
    sphere = Sphere(N, 3)
    x, _, _ = sphere_points(sphere, 20)
    x[0] = 0
    x[0, 0] = -np.sqrt(3)
    Q = sphere.tangent_basis(x)
    assert Q.shape == (20, N, N - 1)
    near(Q.swapaxes(-1, -2) @ Q, np.broadcast_to(np.eye(N - 1), (20, N - 1, N - 1)), 8 * N)
    near((x[:, None, :] @ Q)[:, 0], np.zeros((20, N - 1)), 8 * N, 3)
    assert np.linalg.matrix_rank(sphere.tangent_frame(x)).min(initial=N - 1) == N - 1


@pytest.mark.parametrize("manifold", [Euclidean(4), Sphere(4, 4)])
def test_batches_equal_loops_and_float32_stays(manifold):
    rng = np.random.default_rng(1)
    x, y = manifold.random_point(rng, (3, 2)), manifold.random_point(rng, (3, 2))
    v = manifold.projection(x, rng.standard_normal(x.shape))
    H = rng.standard_normal((3, 2, 4, 4))
    H = H + H.swapaxes(-1, -2)
    calls = {
        "inner": (x, v, y), "norm": (x, v), "projection": (x, y), "exp": (x, v), "log": (x, y), "distance": (x, y),
        "transport": (x, y, v), "riemannian_gradient": (x, y), "riemannian_hessian": (x, v, H),
        "tangent_basis": (x,), "tangent_frame": (x,),
    }  # fmt: skip
    for name, arguments in calls.items():
        method = getattr(manifold, name)
        whole = method(*arguments)
        for i in np.ndindex(3, 2):
            near(whole[i], method(*(a[i] for a in arguments)), 40, 10.0)
        assert method(*(a.astype(np.float32) for a in arguments)).dtype == np.float32, name


def test_riemannian_hessian_writes_into_out_even_in_place():
    rng = np.random.default_rng(2)
    for manifold in (Euclidean(5), Sphere(5, 2)):
        x, g, H = manifold.random_point(rng), rng.standard_normal(5), np.diag(rng.standard_normal(5))
        want, out = manifold.riemannian_hessian(x, g, H), np.empty((5, 5))
        assert manifold.riemannian_hessian(x, g, H, out=out) is out and (out == want).all()
        assert manifold.riemannian_hessian(x, g, H, out=H) is H and (H == want).all()


def test_random_points_are_uniform_in_their_first_two_moments():
    x = Sphere(3, 6).random_point(np.random.default_rng(0), (40000,))
    # |mean| and |second moments| of 40000 independent points: six standard deviations, variances 2 and at most 36
    assert np.abs(x.mean(0)).max() < 6 * np.sqrt(2 / 40000)
    assert np.abs(x.T @ x / 40000 - 2 * np.eye(3)).max() < 6 * np.sqrt(36 / 40000)


# --- refusals --------------------------------------------------------------------------------------------------------


def test_antipodes_have_no_logarithm():
    sphere = Sphere(3, 9)
    x = rational_points()
    with pytest.raises(Degenerate, match="antipode"):
        sphere.transport(x, -x, x)
    x, _, v = sphere_points(sphere, 5)
    for method in (sphere.log, lambda x, y: sphere.transport(x, y, v)):
        with pytest.raises(Degenerate, match="antipode"):
            method(x, -x * (1 + np.finfo(float).eps))
    near(sphere.distance(x, -x), np.full(5, 3 * np.pi), 20, 3 * np.pi)


@pytest.mark.parametrize("manifold", [Euclidean(2), Sphere(2, 25)])
def test_hessians_and_batches_of_other_shapes_are_refused_in_words(manifold):
    x, name = rational([3, 4]), type(manifold).__name__
    for H in (rational([[1]]), rational([1, 2]), rational(np.ones((2, 2, 3), int)), 1):
        with pytest.raises(ValueError, match=rf"{name}\.riemannian_hessian: H needs shape \(\.\.\., 2, 2\)"):
            manifold.riemannian_hessian(x, x, H)
    with pytest.raises(ValueError, match=r"\(3,\) of H"):
        manifold.riemannian_hessian(np.ones((2, 2)), np.ones(2), np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match=rf"{name}: .* \(2,\) of x, \(3,\) of vector 1"):
        manifold.projection(np.ones((2, 2)), np.ones((3, 2)))
    with pytest.raises(NotExact):
        manifold.riemannian_hessian(x, x, np.eye(2))
    with pytest.raises(ValueError, match="out must be"):
        manifold.riemannian_hessian(np.ones(2), np.ones(2), np.eye(2), out=np.empty((3, 3)))


@pytest.mark.parametrize("manifold", [Euclidean(2), Sphere(2, 25)])
def test_hessians_are_promoted_and_broadcast_like_vectors(manifold):
    H, g = [[2, 1], [1, 0]], [1, 5]
    exact = manifold.riemannian_hessian([3, 4], g, H)
    assert arithmetic_of(exact) == arithmetic_of(rational(H))
    x = np.array([[3.0, 4.0], [5.0, 0.0]])
    many = manifold.riemannian_hessian(x, g, np.broadcast_to(rational(H), (3, 1, 2, 2)))
    assert many.shape == (3, 2, 2, 2) and many.dtype == float
    near(many[:, 0], np.broadcast_to(to_float(exact), (3, 2, 2)), 20, 10.0)


def test_transport_is_no_polynomial():
    x = symbols(x=2)
    with pytest.raises(NotExact, match="ring"):
        Sphere(2).transport(x, x, x)
    a = np.array([sympy.Symbol("a"), sympy.Integer(1)], object)
    assert is_zero(Sphere(2).transport(a, a, a) + a)[1]


def test_impossible_questions_are_refused_in_words():
    sphere = Sphere(2, 25)
    x = rational([3, 4])
    for question in (sphere.exp, sphere.log, sphere.distance, sphere.norm):
        with pytest.raises(NotExact, match="needs"):
            question(x, x)
    with pytest.raises(TypeError, match="real points"):
        sphere.exp(np.array([3 + 0j, 4]), np.array([0j, 0]))
    with pytest.raises(ValueError, match="lie on the sphere"):
        sphere.tangent_frame(rational([0, 0]))
    with precision(64), pytest.raises(Undecided):
        sphere.tangent_frame(ball([0, 0]) + type(ball([0])[0])(0, 1))
    with pytest.raises(ValueError, match="2 parameters"):
        sphere.projection([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    for bad in (0, -1, np.inf, 1j):
        with pytest.raises(ValueError):
            Sphere(2, bad)
    for bad in (0, 1.5, True):
        with pytest.raises(ValueError, match="integer"):
            Euclidean(bad)


# --- second opinion --------------------------------------------------------------------------------------------------


def test_pymanopt_agrees_on_the_unit_sphere():
    manifolds = pytest.importorskip("pymanopt.manifolds")
    peer, ours = manifolds.Sphere(6), Sphere(6)
    x, y, v = sphere_points(ours, 20)
    g, H = y, np.diag(np.arange(6.0))
    assert ours.dimension == peer.dim
    R = ours.riemannian_hessian(x, g, np.broadcast_to(H, (20, 6, 6)))
    for k in range(20):
        near(ours.exp(x[k], v[k]), peer.exp(x[k], v[k]), 40)
        near(ours.projection(x[k], g[k]), peer.projection(x[k], g[k]), 40)
        near(ours.projection(y[k], v[k]), peer.transport(x[k], y[k], v[k]), 40, 4.0)
        near(ours.riemannian_gradient(x[k], g[k]), peer.euclidean_to_riemannian_gradient(x[k], g[k]), 40)
        near(R[k] @ v[k], peer.euclidean_to_riemannian_hessian(x[k], g[k], H @ v[k], v[k]), 40, 20.0)
        # pymanopt's distance is an arccos, which loses half of the digits near 0 and pi only
        lost = 1 / np.sin(ours.distance(x[k], y[k]))
        near(ours.distance(x[k], y[k]), peer.dist(x[k], y[k]), 40, lost)
        near(ours.log(x[k], y[k]), peer.log(x[k], y[k]), 40, np.pi * lost)


def test_pymanopt_agrees_on_flat_space():
    manifolds = pytest.importorskip("pymanopt.manifolds")
    peer, ours, rng = manifolds.Euclidean(4), Euclidean(4), np.random.default_rng(0)
    x, y, v = rng.standard_normal((3, 4))
    near(ours.exp(x, v), peer.exp(x, v), 4, 4.0)
    near(ours.log(x, y), peer.log(x, y), 4, 4.0)
    near(ours.distance(x, y), peer.dist(x, y), 40, 4.0)
    near(ours.transport(x, y, v), peer.transport(x, y, v), 4, 4.0)
    near(ours.riemannian_gradient(x, v), peer.euclidean_to_riemannian_gradient(x, v), 4, 4.0)
    assert ours.dimension == peer.dim
