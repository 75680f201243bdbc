"""ShallowNet: proofs against its definition at small sizes, agreement of arithmetics, Proposition 12.5, refusals."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import sympy
from arithmetics import require_floats_near_balls
from sympy_balls import to_ball

import theory
from theory import arrays
from theory.arithmetic import arithmetic_of, ball, precision, rational, to_float
from theory.calculus.tolerance import rounding
from theory.definitions import shallow_net as definition
from theory.errors import NotExact, Undecided, UnknownName
from theory.landscape import Kind
from theory.losses import Squared, Weighted
from theory.models.hidden_layer import second_moments
from theory.models.shallow_net import ShallowNet

INSTANCES = dict(ShallowNet.instances())
TRANSCENDENTAL = ("tanh", "logistic", "softplus", "erf")


def small_net(rng, activation, **options):
    X, y = rng.integers(-2, 3, (2, 3)), rng.choice([-1, 1], 3)
    net = ShallowNet(2, X, y, activation, **options)
    return net, X, y, rational(rng.integers(-8, 9, net.dim)) * theory.arithmetic.Arithmetic("rational").fraction(1, 4)


def defined(net, activation, **options):
    """The definition with symbols for theta, the data of the net in it."""
    theta = sympy.symbols(f"t:{net.dim}")
    X = [[sympy.Rational(str(x)) for x in row] for row in net.X]
    y = [sympy.Rational(str(x)) for x in net.y]
    return theta, definition.loss(net.width, X, y, theta, activation, net.output_bias, **options)


def values_at(theta, point):
    return {t: sympy.Rational(int(x.p), int(x.q)) for t, x in zip(theta, point, strict=True)}


@pytest.mark.parametrize("activation", ["square", "identity"])
@pytest.mark.parametrize("output_bias", [True, False])
def test_the_model_is_its_definition_for_all_weights_and_data(activation, output_bias):
    width, d, m = 2, 1, 2
    theta, X, y = theory.symbols(theta=width * (d + 2) + output_bias, X=(d, m), y=m)
    net = ShallowNet(width, X, y, activation, output_bias=output_bias)
    L = definition.loss(width, X, y, theta, activation, output_bias)
    g, H = net.gradient(theta), net.hessian(theta)
    assert net.loss(theta) == L
    for i, t in enumerate(theta):
        assert g[i] == L.diff(t)
        assert [H[i, j] for j in range(net.dim)] == [L.diff(t).diff(u) for u in theta]
    v = H[0] * 0 + np.arange(1, net.dim + 1)
    assert list(net.hvp(theta, v)) == list(H @ v)
    assert net.loss(theta) != definition.loss(width, X, y, theta[::-1], activation, output_bias)


@pytest.mark.parametrize("activation", ["square", "identity"])
def test_proposition_12_5_for_all_weights_and_data(activation):
    theta, X, y = theory.symbols(theta=7, X=(1, 2), y=2)
    net = ShallowNet(2, X, y, activation)
    H0, H1 = net.hessian_parts(theta)
    assert (H0 + H1 == net.hessian(theta)).all()
    f = net.outputs(theta)
    assert all(h.diff(t) == 0 for h in H0.flat for t in y), "H_0 depends on y"
    assert all(h.diff(s).diff(t) == 0 for h in H1.flat for s in y for t in y), "H_1 is not affine in e"
    exact_fit = ShallowNet(2, X, f, activation)
    assert all(h == 0 for h in exact_fit.hessian_parts(theta)[1].flat), "H_1 does not vanish with e"
    assert any(h != 0 for h in H1.flat)


@pytest.mark.parametrize("activation", TRANSCENDENTAL)
def test_balls_meet_the_derivatives_of_the_definition(activation):
    net, _, _, point = small_net(np.random.default_rng(1), activation)
    theta, L = defined(net, activation)
    at = values_at(theta, point)
    with precision(192):
        theta_ball = ball(point)
        g, H = net.gradient(theta_ball), net.hessian(theta_ball)
        narrow = theory.arithmetic.flint().arb(2) ** -128
        for i in range(net.dim):
            gap = g[i] - to_ball(L.diff(theta[i]).subs(at))
            assert gap.contains(0) and gap.rad() < narrow
            for j in range(i + 1):
                gap = H[i, j] - to_ball(L.diff(theta[i], theta[j]).subs(at))
                assert gap.contains(0) and gap.rad() < narrow
        H0, H1 = net.hessian_parts(theta_ball)
        assert not (H0[0, 0] - H1[0, 0] - H[0, 0]).contains(0), "a wrong sign of H_1 must not pass"


def test_logistic_loss_meets_its_definition():
    net, _, _, point = small_net(np.random.default_rng(2), "tanh", loss="logistic")
    theta, L = defined(net, "tanh", output_loss=lambda f, y: sympy.log(1 + sympy.exp(-y * f)))
    at = values_at(theta, point)
    with precision(192):
        H = net.hessian(ball(point))
        for i, j in ((0, 0), (0, 6), (4, 7), (8, 8), (2, 5)):
            assert (H[i, j] - to_ball(L.diff(theta[i], theta[j]).subs(at))).contains(0)


def test_relu_equals_the_derivatives_of_the_definition_on_rationals():
    rng = np.random.default_rng(3)
    for _ in range(3):
        net, _, _, point = small_net(rng, "relu")
        if not net.smooth_at(point):
            continue
        theta, L = defined(net, "relu")
        at = values_at(theta, point)
        g, H = net.gradient(point), net.hessian(point)
        assert [str(x) for x in g] == [str(L.diff(t).subs(at)) for t in theta]
        assert str(H[0, 5]) == str(L.diff(theta[0], theta[5]).subs(at))
        assert str(H[6, 7]) == str(L.diff(theta[6], theta[7]).subs(at))
        break
    else:
        pytest.fail("no smooth point was drawn")


def magnitudes(net, theta):
    """A bound of the sums of moduli behind each entry of the Hessian."""
    J = np.abs(net.sample_gradients(theta)).max()
    return (1 + J) ** 2 + np.abs(net.hessian(theta)).max()


@pytest.mark.parametrize("name", INSTANCES)
def test_floats_agree_with_balls_and_rationals(name):
    net = INSTANCES[name]
    theta = np.random.default_rng(4).integers(-4, 5, (2, net.dim)) / 8 + 1 / 16
    bound = rounding(float, 8 * net.y.size + net.dim, magnitudes(net, theta))
    with precision(128):
        exact = ball(theta)
        v = exact[:1] * 3 + exact[1:]
        require_floats_near_balls(net, theta, exact, v, bound)
    if net.activation.name not in TRANSCENDENTAL and arithmetic_of(net.X).name == "rational":
        if net.output_loss.name != "logistic":
            rationals = rational([[f"{int(16 * t)}/16" for t in row] for row in theta])
            H, g = net.hessian(rationals), net.gradient(rationals)
            assert arithmetic_of(H).name == arithmetic_of(g).name == "rational"
            assert np.abs(net.hessian(theta) - to_float(H)).max() <= bound


def test_the_float_hessian_is_exact_to_1e14_at_the_size_of_the_benchmark():
    rng = np.random.default_rng(5)
    net = ShallowNet(20, rng.standard_normal((5, 40)), rng.standard_normal(40))
    theta = rng.standard_normal(net.dim)
    with precision(96):
        H = to_float(net.hessian(ball(theta)))
    # 1e-14 is 45 rounding units, far less than the worst case of sums over 40 samples and 20 neurons
    assert np.abs(net.hessian(theta) - H).max() <= rounding(float, 45, np.abs(H).max())


@pytest.mark.parametrize("name", INSTANCES)
def test_batches_equal_loops_across_chunks(name):
    net = INSTANCES[name]
    theta = np.random.default_rng(6).standard_normal((2, 2500, net.dim))
    loss, g, Hv = net.loss(theta), net.gradient(theta), net.hvp(theta, theta[:, :1])
    assert loss.shape == (2, 2500) and g.shape == Hv.shape == theta.shape
    H = net.hessian(theta[0])
    assert np.array_equal(H, H.swapaxes(-1, -2))
    out = np.full_like(H, np.nan)
    assert net.hessian(theta[0], out=out) is out and np.array_equal(out, H)
    for i in (0, 1299, 2499):
        one = theta[0, i]
        bound = rounding(float, 8 * net.y.size + net.dim, magnitudes(net, one))
        assert abs(loss[0, i] - net.loss(one)) <= bound
        assert np.abs(g[0, i] - net.gradient(one)).max() <= bound
        assert np.abs(H[i] - net.hessian(one)).max() <= bound
        assert np.abs(Hv[0, i] - H[i] @ theta[0, 0]).max() <= bound * np.abs(theta[0, 0]).sum()


@pytest.mark.parametrize("name", [n for n, net in INSTANCES.items() if net.traits.analytic])
def test_complex_step_gives_gradient_and_hessian(name):
    net = INSTANCES[name]
    theta = np.random.default_rng(7).standard_normal(net.dim)
    h = np.finfo(float).tiny ** 0.25  # its square vanishes beside 1, so only rounding is left
    steps = theta + 1j * h * np.eye(net.dim)
    bound = rounding(float, 16 * net.y.size + net.dim, magnitudes(net, theta))
    assert np.abs(net.loss(steps).imag / h - net.gradient(theta)).max() <= bound
    assert np.abs(net.gradient(steps).imag / h - net.hessian(theta)).max() <= bound
    assert np.abs(2 * net.gradient(steps).imag / h - net.hessian(theta)).max() > bound, "a wrong factor must not pass"


def test_weighted_loss_is_the_sum_of_weighted_squares():
    X, y, theta = [[1, 2, -1]], [1, 0, 2], rational(["1/2", 1, -1, 0, 2, 1, 3])
    net = ShallowNet(2, X, y, "square", loss=Weighted([1, 2, 3]))
    squares = ShallowNet(2, X, y, "square").sample_losses(theta)
    assert list(net.sample_losses(theta)) == list(squares * rational([1, 2, 3]))
    one_by_one = [ShallowNet(2, [[x]], [t], "square").hessian(theta) for x, t in zip(X[0], y, strict=True)]
    weights = rational(["1/3", "2/3", 1])
    assert (net.hessian(theta) == sum(w * H for w, H in zip(weights, one_by_one, strict=True))).all()


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_autograd_agrees(activation):
    autograd = pytest.importorskip("autograd")
    import autograd.numpy as anp

    rng = np.random.default_rng(8)
    net = ShallowNet(3, rng.standard_normal((2, 5)), rng.standard_normal(5), activation)
    s = {"tanh": anp.tanh, "logistic": lambda u: 1 / (1 + anp.exp(-u))}[activation]

    def risk(t):
        f = anp.dot(t[9:12], s(anp.dot(t[:6].reshape(3, 2), net.X) + t[6:9][:, None])) + t[12]
        return anp.mean((f - net.y) ** 2)

    theta = rng.standard_normal(net.dim)
    bound = rounding(float, 100, magnitudes(net, theta))
    assert np.abs(autograd.hessian(risk)(theta) - net.hessian(theta)).max() <= bound


@pytest.mark.parametrize("name", ["square 2-3-1", "identity 2-3-1", "relu 2-3-1"])
def test_gauss_newton_part_is_semidefinite_exactly(name):
    net = INSTANCES[name]
    theta = rational(np.random.default_rng(9).integers(-3, 4, net.dim))
    H0, H1 = net.hessian_parts(theta)
    assert theory.inertia(H0).negative == 0 and theory.inertia(H0).positive > 0
    assert theory.inertia(H1).negative > 0, "the residual part has no sign, or this test could not fail"
    doubled = ShallowNet(net.width, net.X, 2 * net.y - net.outputs(theta), net.activation)  # e becomes 2 e
    assert (doubled.hessian_parts(theta)[0] == H0).all() and (doubled.hessian_parts(theta)[1] == 2 * H1).all()


@pytest.mark.parametrize("name", ["square 2-3-1", "relu 2-3-1", "identity 2-3-1", "square, Huber loss"])
def test_samples_and_symmetries_exactly(name):
    net = INSTANCES[name]
    theta = rational(np.random.default_rng(10).integers(-3, 4, (2, net.dim)))
    w = theory.arithmetic.Arithmetic("rational").fraction(*net.sample_weight.as_integer_ratio())
    assert list(net.loss(theta)) == list(w * net.sample_losses(theta).sum(-1))
    assert (net.gradient(theta) == w * net.sample_gradients(theta).sum(-2)).all()
    images = net.symmetry_images(theta)
    assert len(images) and (net.loss(images) == net.loss(theta)).all()
    directions = net.symmetry_directions(theta)
    assert directions.shape[-2] > 0
    assert ((directions * net.gradient(theta)[:, None]).sum(-1) == 0).all()
    scaled = theta * 2
    assert (net.loss(scaled) != net.loss(theta)).any(), "scaling everything is no symmetry"


def test_odd_activation_flips_signs():
    net = INSTANCES["tanh 2-3-1"]
    theta = np.random.default_rng(11).standard_normal(net.dim)
    images = net.symmetry_images(theta)
    assert images.shape == (2, net.dim)
    assert np.abs(net.loss(images) - net.loss(theta)).max() <= rounding(float, 100, magnitudes(net, theta))


def test_float32_stays_float32():
    net = INSTANCES["tanh 5-4-1, floats"]
    theta = np.random.default_rng(12).standard_normal((3, net.dim)).astype(np.float32)
    bound = rounding(np.float32, 8 * net.y.size + net.dim, magnitudes(net, theta.astype(float)))
    for method in (net.loss, net.gradient, net.hessian, net.sample_losses, net.sample_gradients):
        assert method(theta).dtype == np.float32
        assert np.abs(method(theta) - method(theta.astype(float))).max() <= bound
    assert net.hvp(theta, theta).dtype == np.float32


@pytest.mark.parametrize("name", [n for n, net in INSTANCES.items() if list(net.known_points())])
def test_known_points_are_critical_and_of_their_kind(name):
    net = INSTANCES[name]
    for point in net.known_points():
        with precision(128):
            theta = ball(point.theta)
            assert all(g.contains(0) and g.rad() < 2**-64 for g in net.gradient(theta)), "half of the bits are right"
            assert net.loss(theta).contains(point.loss)
        inertia = theory.inertia(net.hessian(to_float(point.theta)))
        assert (inertia.negative > 0) == (point.kind is Kind.STRICT_SADDLE)
        assert inertia.positive > 0


def test_layout_is_that_of_torch():
    net = ShallowNet(2, [[1, 2]], [0, 1], "identity")
    W, b, a, c = [[1], [2]], [3, 4], [5, 6], 7
    theta = net.pack(W, b, a, c)
    assert list(theta) == [1, 2, 3, 4, 5, 6, 7]
    assert list(net.outputs(theta)) == [5 * (1 + 3) + 6 * (2 + 4) + 7, 5 * (2 + 3) + 6 * (4 + 4) + 7]
    assert net.unpack(theta)[0].shape == (2, 1) and net.unpack(theta)[3].shape == ()


def test_kinks_are_seen():
    net = ShallowNet(2, [[1, -1]], [0, 1], "relu")
    theta = rational([[1, 1, 1, 0, 1, 1, 0], [1, 1, 2, 3, 1, 1, 0]])
    assert net.smooth_at(theta).tolist() == [False, True]
    assert net.activation_pattern(theta)[0].tolist() == [[True, False], [True, False]]
    with precision(64), pytest.raises(Undecided):
        net.gradient(ball(["1/3", 1, "1/3", 0, 1, 1, 0]) * ball(["1/3"]))
    absolute = ShallowNet(1, [[1, 2]], [1, 0], "square", loss="absolute")
    assert absolute.smooth_at([[1, 0, 1, 0], [1, 1, 1, 0]]).tolist() == [False, True]
    huber = ShallowNet(1, [[1, 2]], [0, 0], "square", loss="huber")
    assert huber.smooth_at([[1, 0, 1, 0], [1, 1, 1, 0]]).tolist() == [False, True]


def test_minimum_value_is_given_only_where_it_is_known():
    assert ShallowNet(1, [[1, 2]], [3, 3]).minimum_value() == 0
    assert ShallowNet(1, [[1, 2]], [3, 3], output_bias=False).minimum_value() is None
    assert ShallowNet(1, [[1, 2]], [0, 0], output_bias=False).minimum_value() == 0
    assert ShallowNet(1, [[1, 2]], [1, 1], loss="logistic").minimum_value() is None
    assert ShallowNet(1, [[1, 2]], [3, 4]).minimum_value() is None


@pytest.mark.parametrize("name", INSTANCES)
def test_pickling_keeps_everything_read_only(name):
    net = INSTANCES[name]
    copy = pickle.loads(pickle.dumps(net))
    assert not (copy.X.flags.writeable or copy.y.flags.writeable)
    theta = np.random.default_rng(13).standard_normal(net.dim)
    assert copy.loss(theta) == net.loss(theta) and copy.traits == net.traits


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((0, [[1]], [1]), ValueError, "width must be an integer of at least 1"),
        ((1, [1, 2], [1, 2]), ValueError, r"X\[None, :\]"),
        ((1, [[1, 2]], [1]), ValueError, r"y needs shape \(2,\)"),
        ((1, [[1, float("nan")]], [1, 2]), ValueError, "finite"),
        ((1, [[1, 2]], [1, 2], "sigmoid"), UnknownName, "one of tanh"),
        ((1, [[1, 2]], [1, 2], "tanh", True, Weighted([1, 2, 3])), ValueError, "one a target"),
    ],
)
def test_bad_data_are_refused_in_words(arguments, error, words):
    with pytest.raises(error, match=words):
        ShallowNet(*arguments)


def test_bad_points_are_refused_in_words():
    net = INSTANCES["tanh 2-3-1"]
    with pytest.raises(ValueError, match="needs 13 parameters"):
        net.loss(np.zeros(12))
    with pytest.raises(NotExact, match=r"theory\.ball"):
        net.loss([1] * 13)
    with pytest.raises(NotExact, match="float data"):
        INSTANCES["tanh 5-4-1, floats"].loss([1] * 29)
    with pytest.raises(ValueError, match="out must be"):
        net.hessian(np.zeros(13), out=np.zeros((13, 12)))


class OtherLoss(Squared):
    """Three times the squares, under the name of the squares."""

    def value(self, f, y):
        return 3 * (f - y) * (f - y)

    def gradient(self, f, y):
        return 6 * (f - y)

    def hessian(self, f, y):
        return 0 * (f - y) + 6


def test_a_loss_is_known_by_its_type_and_not_by_its_name():
    for y in ([1, 0, 2], [1, 1, 1]):
        own, squares = (ShallowNet(1, [[1, 2, -1]], y, "identity", loss=loss) for loss in (OtherLoss(), "squared"))
        assert own.minimum_value() is None and list(own.known_points()) == []
        assert own.traits.polynomial_degree is None and squares.traits.polynomial_degree == 4
        theta = rational([1, 2, 3, -1])
        assert own.loss(theta) == 3 * squares.loss(theta) and (own.hessian(theta) == 3 * squares.hessian(theta)).all()


def test_replace_keeps_the_loss():
    net = ShallowNet(2, [[1, 2]], [1, -1], "square", loss="logistic")
    wider = replace(net, width=3)
    assert wider.width == 3 and wider.output_loss is net.output_loss and wider.activation is net.activation


def test_labels_of_the_logistic_loss_are_signs():
    with pytest.raises(ValueError, match="ShallowNet: labels"):
        ShallowNet(1, [[1, 2]], [0, 1], loss="logistic")


def test_moments_in_blocks_are_the_moments(monkeypatch):
    X1, w = rational([[1, 2, "1/3"], [0, -1, 2], [1, 1, 1]]), rational([[[1, 2, 3], [0, 1, "1/2"]]])
    want = [[sum(w[0, j] * X1[p] * X1[q]) for p in range(3) for q in range(p, 3)] for j in range(2)]
    for limit in (8, 2**30):
        monkeypatch.setattr(arrays, "MAX_BYTES", limit)
        assert second_moments(X1)(w).tolist() == [want]
