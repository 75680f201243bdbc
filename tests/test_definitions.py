"""Models against their literal definitions: equal polynomials for symbolic weights and data, equal numbers beyond.

A zero polynomial is a proof at that size, for all weights and all data at once. At larger sizes the definition is
expanded around a random rational point: the coefficients of theta + s u + t e_j give its gradient and Hessian times u.
"""

import math
import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import sympy

from theory.arithmetic import rational, symbols
from theory.definitions import deep_linear, linear_resnet, quadratic
from theory.losses import Weighted
from theory.models import DeepLinearNet, LinearResNet, Quadratic

SHALLOW = [(1, 1), (2, 1), (1, 2), (2, 3)]
DEEP = [(1, 1, 1), (2, 1, 2), (1, 2, 1), (2, 2, 2), (2, 3, 1), (1, 1, 1, 1), (2, 1, 2, 1), (1, 2, 2, 1)]
DEEPER = [(1, 1, 1, 1, 1), (1, 2, 1, 2, 1)]


def parameters(widths):
    return sum(p * q for p, q in pairwise(widths))


def rationals(rng, *shape):
    entries = [Fraction(rng.randint(-9, 9), rng.randint(1, 5)) for _ in range(math.prod(shape))]
    return rational(entries).reshape(shape)


def prove(model, definition, theta):
    """loss, gradient, Hessian and Hessian-vector product equal the derivatives of the definition, as polynomials."""
    gradient, hessian, hvp = model.gradient(theta), model.hessian(theta), model.hvp(theta, theta)
    assert model.loss(theta) - definition == 0
    for i, t in enumerate(theta):
        first = definition.diff(t)
        seconds = [first.diff(s) for s in theta]
        assert gradient[i] - first == 0, i
        assert all(hessian[i, j] - second == 0 for j, second in enumerate(seconds)), i
        assert hvp[i] - sum(s * second for s, second in zip(theta, seconds, strict=True)) == 0, i


def agree(model, definition, rng):
    """The same at one random rational point; ``definition`` maps a list of weights to the loss."""
    theta, u = rationals(rng, model.dim), rationals(rng, model.dim)
    gradient, Hu = model.gradient(theta), model.hvp(theta, u)
    assert (model.hessian(theta) @ u == Hu).all()
    _, s, t = sympy.ring("s, t", sympy.QQ)
    for j in range(model.dim):
        moved = [s.ring(sympy.Rational(str(a))) + sympy.Rational(str(b)) * s for a, b in zip(theta, u, strict=True)]
        moved[j] += t
        series = definition(moved)
        loss, first, mixed = (rational([sympy.QQ.to_sympy(series.coeff(m))])[0] for m in (1, t, s * t))
        assert (loss, first, mixed) == (model.loss(theta), gradient[j], Hu[j]), j


def in_sympy(a):
    return [[sympy.Rational(str(x)) for x in row] for row in a]


@pytest.mark.parametrize("widths", SHALLOW + DEEP + DEEPER, ids=str)
def test_deep_linear_net_is_its_definition(widths):
    m = 2 if len(widths) <= 3 else 1
    theta, X, Y = symbols(theta=parameters(widths), X=(widths[0], m), Y=(widths[-1], m))
    prove(DeepLinearNet(widths, X, Y), deep_linear.loss(widths, X, Y, theta), theta)


@pytest.mark.parametrize(("d", "depth"), [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2), (2, 3)])
def test_linear_resnet_is_its_definition(d, depth):
    theta, X, Y = symbols(theta=depth * d * d, X=(d, 1), Y=(d, 1))
    prove(LinearResNet(depth, X, Y), linear_resnet.loss(depth, X, Y, theta), theta)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_quadratic_is_its_definition(n):
    theta, entries, b, c = symbols(theta=n, A=n * (n + 1) // 2, b=n, c=1)
    A = np.empty((n, n), object)
    A[np.triu_indices(n)] = entries
    A.T[np.triu_indices(n)] = entries
    prove(Quadratic(A, b, c[0]), quadratic.loss(A, b, c[0], theta), theta)


@pytest.mark.parametrize("widths", [(2, 1, 2), (1, 2, 1, 2), (2, 2, 2)], ids=str)
def test_weighted_squares_are_weighted_sums_of_the_definition(widths):
    m, weights = 2, [["1/2", 3], [0, "2/7"]]
    theta, X, Y = symbols(theta=parameters(widths), X=(widths[0], m), Y=(widths[-1], m))
    last = widths[-2]
    first_layers, rows = theta[: -2 * last], theta[-2 * last :].reshape(2, last)
    one_output = (*widths[:-1], 1)
    definition = sum(
        sympy.QQ(*Fraction(weights[a][s]).as_integer_ratio())
        * deep_linear.loss(one_output, X[:, [s]], Y[[a], s][None], [*first_layers, *rows[a]])
        for a in range(2)
        for s in range(m)
    )
    prove(DeepLinearNet(widths, X, Y, Weighted(weights)), definition, theta)


@pytest.mark.parametrize("widths", [(2, 2), (2, 1, 2), (1, 2, 1, 1)], ids=str)
def test_population_loss_is_the_definition_on_any_data_with_these_moments(widths):
    rng = random.Random(str(widths))
    X, Y, theta = rationals(rng, widths[0], 3), rationals(rng, widths[-1], 3), symbols(theta=parameters(widths))
    model = DeepLinearNet.from_moments(widths, X @ X.T, Y @ X.T, Y @ Y.T)
    prove(model, deep_linear.loss(widths, in_sympy(X), in_sympy(Y), theta), theta)


@pytest.mark.parametrize("widths", [(4, 4, 4, 4), (3, 5, 2, 4), (2, 2, 2, 2, 2)], ids=str)
def test_deep_linear_net_agrees_with_its_definition_at_larger_sizes(widths):
    rng = random.Random(str(widths))
    X, Y = rationals(rng, widths[0], 3), rationals(rng, widths[-1], 3)
    rows = in_sympy(X), in_sympy(Y)
    agree(DeepLinearNet(widths, X, Y), lambda theta: deep_linear.loss(widths, *rows, theta), rng)


@pytest.mark.parametrize(("d", "depth"), [(2, 4), (3, 3)])
def test_linear_resnet_agrees_with_its_definition_at_larger_sizes(d, depth):
    rng = random.Random(d * depth)
    X, Y = rationals(rng, d, 3), rationals(rng, d, 3)
    rows = in_sympy(X), in_sympy(Y)
    agree(LinearResNet(depth, X, Y), lambda theta: linear_resnet.loss(depth, *rows, theta), rng)


@pytest.mark.parametrize("wrong", ["loss", "gradient", "hessian", "hvp"])
def test_a_wrong_closed_form_is_not_proved(wrong):
    theta, X, Y = symbols(theta=3, X=(1, 1), Y=(2, 1))

    class Doubled(DeepLinearNet):
        pass

    setattr(Doubled, wrong, lambda self, *args: 2 * getattr(DeepLinearNet, wrong)(self, *args))
    with pytest.raises(AssertionError):
        prove(Doubled((1, 1, 2), X, Y), deep_linear.loss((1, 1, 2), X, Y, theta), theta)


@pytest.mark.parametrize("wrong", ["loss", "gradient", "hessian", "hvp"])
def test_a_wrong_closed_form_does_not_agree(wrong):
    class Off(DeepLinearNet):
        pass

    setattr(Off, wrong, lambda self, *args: getattr(DeepLinearNet, wrong)(self, *args) + 1)
    rng = random.Random(wrong)
    X = rationals(rng, 1, 2)
    with pytest.raises(AssertionError):
        agree(Off((1, 2, 1), X, X), lambda theta: deep_linear.loss((1, 2, 1), in_sympy(X), in_sympy(X), theta), rng)
