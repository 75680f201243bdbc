r"""A certified saddle that filter-normalised slices show as a bowl: two layers, one hidden unit, two outputs.

Data X = I_n, Y = U diag(s, 1) (e_1, e_2)^T with s > 1 and a rotation U = (u_1, u_2); the net W_2 W_1 with W_1 (1, n)
and W_2 (2, 1) has the saddle W_1 = e_2^T, W_2 = u_2, which fits the smaller singular value. Along d = (p, z) the loss
is s^2 + |p + (u_2.z) e_2 - s (u_1.z) e_1|^2 - (s^2 - 1) (u_1.z)^2 plus terms of higher order.

Filters are the rows of the layers: one of length 1, and the two single weights of u_2. A filter-normalised direction
has a random unit vector p and z = (+-|u_21|, +-|u_22|) with random signs: up to its sign z is u_2, which does not see
the better direction u_1, or, with probability 1/2, its mirror image, with u_1.z = sin 2 phi and u_2.z = cos 2 phi up to
sign, phi the angle of the rotation. Then d^T H d = 4 (1 + p.m) for m = (u_2.z) e_2 - s (u_1.z) e_1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import rank
from theory.calculus.inertia import Inertia, inertia
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.critical.classify import classify
from theory.landscape import Kind
from theory.models.deep_linear import DeepLinearNet
from theory.slices.random_curvature import bowl_probability

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class HiddenSaddle(Case):
    """The saddle for n inputs, the singular value s, and the rotation with u_1 = (1 - t^2, 2t)/(1 + t^2).

    Attributes
    ----------
    first, second : two directions (y, pole, signs): the unit vector with the coordinates 2y/(1 + |y|^2) beside its
        pole, and the signs of the two output weights.
    """

    n: int
    s: Any
    t: Any
    first: tuple = ()
    second: tuple = ()

    @cached_property
    def rotation(self) -> tuple[np.ndarray, np.ndarray]:
        """u_1 and u_2."""
        t = Fraction(self.t)
        c, r = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        return rational([c, r]), rational([-r, c])

    @cached_property
    def net(self) -> DeepLinearNet:
        """The squared loss."""
        u1, u2 = self.rotation
        X = rational(np.eye(self.n, dtype=int))
        Y = rational([self.s])[0] * np.outer(u1, X[0]) + np.outer(u2, X[1])
        return DeepLinearNet((self.n, 1, 2), X, Y)

    @cached_property
    def theta(self) -> np.ndarray:
        """The saddle (n + 2,)."""
        return np.concatenate([rational(np.eye(self.n, dtype=int))[1], self.rotation[1]])

    @cached_property
    def hessian(self) -> np.ndarray:
        """The Hessian at the saddle."""
        return self.net.hessian(self.theta)

    def direction(self, y: tuple, pole: int, signs: tuple) -> np.ndarray:
        """A filter-normalised direction: each row has the length of that row of the saddle."""
        base = rational(y)
        square = (base * base).sum()
        p = np.insert(2 * base / (1 + square), pole, (square - 1) / (square + 1))
        return np.concatenate([p, rational(signs) * abs(self.rotation[1])])

    @cached_property
    def frame(self) -> np.ndarray:
        """Both directions (2, n + 2)."""
        return np.stack([self.direction(*self.first), self.direction(*self.second)])


def hidden_saddles(axes: bool, largest: int = 7) -> Callable[[], Any]:
    """A callable that gives the strategy: saddles with two filter-normalised directions, along the ``axes`` or not."""

    def build(choose: Choose) -> HiddenSaddle:
        n = choose(range(3, largest + 1))

        def direction() -> tuple:
            y = tuple(choose((0, 1, -1, 2, -2, 3, 4)) for _ in range(n - 1))
            return y, choose(range(n)), (choose((1, -1)), choose((1, -1)))

        t = 0 if axes else choose((HALF, Fraction(1, 3), Fraction(-2, 3), 2, 1))
        return HiddenSaddle(n, choose((2, 3, Fraction(3, 2), 10)), t, direction(), direction())

    return lambda: chosen(build)


# -- the saddle ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SaddleLaw:
    """The signs, the eigenvalues with multiplicities, and the square of a bound of P(a Gaussian slice is no bowl)."""

    signs: Callable[[int], tuple]
    spectrum: Callable[[int, Any], dict]
    square: Callable[[int, Any], Any]


def _check_saddle(case: HiddenSaddle, law: SaddleLaw) -> Verdict:
    """Exact inertia and classification; each eigenvalue by the rank of H - lam; the bound from these eigenvalues."""
    found, n = classify(case.net, case.theta), case.n
    same = found.kind is Kind.STRICT_SADDLE and tuple(found.inertia) == law.signs(n)
    one = rational(np.eye(n + 2, dtype=int))
    spectrum = law.spectrum(n, Fraction(case.s))
    for value, count in spectrum.items():
        same = same and rank(case.hessian - rational([value])[0] * one) == n + 2 - count
    nu, positive = -min(spectrum), {value: count for value, count in spectrum.items() if value > 0}
    square = (
        (1 + max(positive) / nu) / prod((1 + value / nu) ** count for value, count in positive.items()) if nu > 0 else 1
    )
    same = same and sum(spectrum.values()) == n + 2 and square == law.square(n, Fraction(case.s))
    bowl = bowl_probability([value for value, count in spectrum.items() for _ in range(count)])
    detail = f"{found.kind}, signs {tuple(found.inertia)}; a Gaussian slice is a bowl with {float(bowl.mid()):.6f}"
    return verdict(bool(same), detail=f"{detail} +- {float(bowl.rad()):.1g}")


def _spectrum(n: int, s: Fraction) -> dict:
    out: dict = {}
    for value, count in ((2 * (1 + s), 1), (2 * (1 - s), 1), (Fraction(4), 1), (Fraction(0), 1), (Fraction(2), n - 2)):
        if count:
            out[value] = out.get(value, 0) + count
    return out


def _square(n: int, s: Fraction) -> Fraction:
    return 1 / ((1 + 1 / (s - 1)) ** (n - 2) * (1 + 2 / (s - 1)))


SADDLE_LAW = SaddleLaw(lambda n: (1, 1, n), _spectrum, _square)

SADDLE = Claim(
    id="slice_honesty.saddle",
    title="A strict saddle with one negative eigenvalue among any number of positive ones",
    statement=r"For all $n \ge 2$, $s > 1$ and rotations $U = (u_1, u_2)$, $W_1 = e_2^T$, $W_2 = u_2$ is a strict "
    r"saddle of $\|W_2W_1 - U\,\mathrm{diag}(s, 1)(e_1, e_2)^T\|_F^2$: its Hessian has the eigenvalues $2(1 + s)$, "
    "$2(1 - s)$, $4$, $0$ and $n - 2$ times $2$. So a Gaussian slice is no bowl with probability at most $((1 + "
    r"\frac1{s-1})^{n-2}(1 + \frac2{s-1}))^{-1/2}$.",
    source="own derivation",
    case_type=HiddenSaddle,
    cases=tuple(HiddenSaddle(n, s, t) for n in (2, 3, 5, 8) for s in (2, Fraction(3, 2), 5) for t in (0, HALF)),
    law=SADDLE_LAW,
    check=_check_saddle,
    hypotheses=(Hypothesis("larger", "$s > 1$", lambda case: case.s > 1),),
    counterexamples=(Counterexample("larger", HiddenSaddle(3, HALF, HALF), "the larger singular value is fitted"),),
    false_laws={
        "no zero eigenvalue": SaddleLaw(lambda n: (1, 0, n + 1), _spectrum, _square),
        "two negative eigenvalues": SaddleLaw(lambda n: (2, 0, n), _spectrum, _square),
        "half the spectrum (the loss without its factor 2)": SaddleLaw(
            SADDLE_LAW.signs, lambda n, s: {value / 2: count for value, count in _spectrum(n, s).items()}, _square
        ),
        "the squared singular value": SaddleLaw(SADDLE_LAW.signs, lambda n, s: _spectrum(n, s * s), _square),
        "the factor of the mean left out of the bound": SaddleLaw(
            SADDLE_LAW.signs, _spectrum, lambda n, s: _square(n, s) * (s - 1) / (2 * s)
        ),
        "half the exponent": SaddleLaw(SADDLE_LAW.signs, _spectrum, lambda n, s: _square(n - 1, s)),
    },
    uses=("deep_linear.two_layers_strict", "slice_probability.one_negative"),
)

# -- along the axes --------------------------------------------------------------------------------------------------


def _check_axes(case: HiddenSaddle, law: Callable[[Inertia, bool, Inertia], bool]) -> Verdict:
    """Exact signs; and the slice on a 5 x 5 grid, which knows a polynomial of degree 4 in each coordinate.

    It is compared with |e_2 - (1 + b) (e_2 + v)|^2 + s^2, (v, b) the movement of W_1 and of the second output weight.
    """
    D = case.frame
    seen = inertia(D @ case.hessian @ D.T)
    grid = rational([[i, j] for i in range(-2, 3) for j in range(-2, 3)])
    moves = grid @ D
    e2 = case.theta[: case.n]
    b = moves[:, -1:] * case.rotation[1][1]
    squares = ((e2 - (1 + b) * (e2 + moves[:, : case.n])) ** 2).sum(-1)
    least = bool(is_zero(case.net.loss(case.theta + moves) - case.net.loss(case.theta) - squares).all())
    detail = f"slice {tuple(seen)} of a saddle {tuple(inertia(case.hessian))}, its centre least everywhere: {least}"
    return verdict(bool(law(seen, least, inertia(case.hessian))), detail=detail)


def _is_plane(case: HiddenSaddle) -> bool:
    """The vectors p + b e_2 of both directions are independent: the slice cannot be flat in the outputs."""
    D = case.frame
    moved = D[:, : case.n] + np.outer(D[:, -1] * case.rotation[1][1], case.theta[: case.n])
    return rank(moved) == 2


AXES = Claim(
    id="slice_honesty.blind_filters",
    title="Filters that are zero hide a strict saddle from every filter-normalised slice",
    statement=r"Let $n \ge 3$, $s > 1$ and $U = I$: the saddle $W_1 = e_2^T$, $W_2 = e_2$ has an output filter that "
    "is zero, and every filter-normalised direction vanishes there. On every slice along two such directions the "
    "saddle is a global minimum; for random ones the slice is a bowl with probability 1, though the surface has a "
    "direction of negative curvature.",
    source="own derivation",
    case_type=HiddenSaddle,
    cases=hidden_saddles(axes=True),
    law=lambda seen, least, signs: tuple(seen) == (0, 0, 2) and least and signs.negative == 1,
    check=_check_axes,
    hypotheses=(
        Hypothesis("axes", "$U = I$: a filter is zero", lambda case: case.t == 0),
        Hypothesis("general", "the outputs move in two ways (true almost surely)", _is_plane),
    ),
    counterexamples=(
        Counterexample(
            "axes",
            HiddenSaddle(3, 2, HALF, ((-1, 0), 2, (1, 1)), ((0, 1), 2, (1, 1))),
            "no filter is zero: both output weights move, and the first direction sees the negative curvature",
        ),
        Counterexample(
            "general", HiddenSaddle(3, 2, 0, ((1, 0), 1, (1, 1)), ((1, 0), 1, (1, 1))), "one direction twice"
        ),
    ),
    false_laws={
        "the slice shows the saddle": lambda seen, least, signs: seen.negative > 0,
        "a bowl near the centre only": lambda seen, least, signs: seen.positive == 2 and not least,
        "a flat direction remains": lambda seen, least, signs: seen.zero > 0,
        "a bowl because the surface is one": lambda seen, least, signs: seen.positive == 2 and signs.negative == 0,
    },
    examples=(
        HiddenSaddle(3, 2, 0, ((1, 0), 2, (1, 1)), ((0, 1), 2, (1, -1))),
        HiddenSaddle(4, 10, 0, ((1, 2, 0), 3, (-1, 1)), ((2, 0, 1), 0, (1, 1))),
    ),
    exercises=("slices.hidden-saddle",),
    uses=("slice_honesty.saddle",),
)

CLAIMS = (SADDLE, AXES)
