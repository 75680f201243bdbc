"""Deep linear nets: the second variation, orbits in its kernel, spectra at balanced points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.backends import flint
from theory.calculus.exact_linalg import integer_matrix
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, composed, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import critical_points
from theory.claims.linear_points import LossPoint, at_point
from theory.critical.deep_linear.fibres import orbit_dimension
from theory.definitions import deep_linear as definition
from theory.models.deep_linear import DeepLinearNet

# -- the quadratic form ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form(Case):
    """Layer widths and the number of samples; weights, directions and data are symbols."""

    widths: tuple
    m: int


def second_variation(net: DeepLinearNet, theta: np.ndarray, v: np.ndarray, cross: int = 4) -> Any:
    """2 ||sum_i A_i d_i B_i||^2 + 4 sum_{i > j} <E, A_i d_i C_ij d_j B_j>, the chains multiplied out literally."""
    W, D, X, Y = net.unpack(theta), net.unpack(v), np.asarray(net.X), np.asarray(net.Y)

    def chain(changed: tuple[int, ...]) -> np.ndarray:
        R = X
        for i, w in enumerate(W):
            R = (D[i] if i in changed else w) @ R
        return R

    H = range(len(W))
    first = sum((chain((i,)) for i in H[1:]), start=chain((0,)))
    E = chain(()) - Y
    second = sum(((E * chain((i, j))).sum() for i in H for j in range(i)), start=0 * theta[0])
    return (first * first).sum() * 2 + second * cross


def _check_form(case: Form, law: Callable[[DeepLinearNet, np.ndarray, np.ndarray], Any]) -> Verdict:
    """Against the second derivative of the definition in t at theta + t v, and the model's own Hessian."""
    d, m = case.widths, case.m
    n = sum(a * b for a, b in pairwise(d))
    theta, v, t, X, Y = symbols(w=n, v=n, t=1, x=(d[0], m), y=(d[-1], m))
    net = DeepLinearNet(d, X, Y)
    moved = definition.loss(d, X, Y, theta + v * t[0])
    expected = moved.diff(t[0]).diff(t[0]).subs(t[0], 0)
    same = law(net, theta, v) - expected == 0 and (net.hvp(theta, v) * v).sum() - expected == 0
    return verdict(same, "proof", f"zero polynomials in {2 * n} weights and directions")


FORM = Claim(
    id="deep_linear.quadratic_form",
    title="The second variation in closed form",
    statement=r"For all weights, directions and data, with $E = RX - Y$, $A_i = W_H \cdots W_{i+1}$, $B_j = W_{j-1} "
    r"\cdots W_1X$ and $C_{ij} = W_{i-1} \cdots W_{j+1}$: $v^T \nabla^2 L\,v = 2\|\sum_i A_i\delta_iB_i\|_F^2 + 4 "
    r"\sum_{i > j} \langle E, A_i\delta_iC_{ij}\delta_jB_j \rangle$.",
    source="own derivation",
    case_type=Form,
    cases=tuple(
        Form(d, 1)
        for d in ((1, 1), (2, 2), (1, 1, 1), (2, 1, 2), (2, 3, 2), (1, 1, 1, 1), (1, 2, 1, 2), (1, 1, 1, 1, 1))
    ),
    sizes="widths <= 3, depth <= 4, m = 1",
    law=second_variation,
    check=_check_form,
    false_laws={
        "the cross terms once": lambda net, theta, v: second_variation(net, theta, v, cross=2),
        "without cross terms": lambda net, theta, v: second_variation(net, theta, v, cross=0),
    },
    uses=("deep_linear.derivatives",),
)

# -- orbits ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OrbitLaw:
    """What is said of the orbit: whether H D = 0 for its tangent vectors D, and how many zero eigenvalues there are."""

    in_kernel: Callable[[bool], bool]
    zeros: Callable[[int], int]


def _check_orbit(case: LossPoint, law: OrbitLaw) -> Verdict:
    net, theta = case.net, case.point
    D, H = net.symmetry_directions(theta), net.hessian(theta)
    in_kernel = bool(is_zero(D @ H).all()) if len(D) else True
    enough = inertia(H).zero >= law.zeros(orbit_dimension(net, theta))
    return verdict(in_kernel == law.in_kernel(True) and enough, detail="exact Hessian times exact tangent vectors")


def _is_critical(case: LossPoint) -> bool:
    return bool(is_zero(case.net.gradient(case.point)).all())


ORBIT = Claim(
    id="deep_linear.orbit_in_kernel",
    title="At critical points the orbit of GL lies in the kernel of the Hessian",
    statement=r"At every critical point the vectors $W_i \to \xi W_i$, $W_{i+1} \to -W_{i+1}\xi$, $\xi \in "
    r"\mathfrak{gl}(d_i)$, lie in the kernel of the Hessian, which therefore has at least as many zero eigenvalues as "
    r"the orbit has dimensions.",
    source="own derivation",
    case_type=LossPoint,
    cases=lambda: critical_points(2, 3)().map(at_point),
    law=OrbitLaw(lambda always: True, lambda dimension: dimension),
    check=_check_orbit,
    hypotheses=(Hypothesis("critical", "the gradient vanishes", _is_critical),),
    counterexamples=(
        Counterexample(
            "critical", LossPoint((1, 1, 1), ((1,),), ((1,),), "squared", (1, 2)), "Hess D = -xi . grad != 0"
        ),
    ),
    false_laws={
        "never in the kernel": OrbitLaw(lambda always: False, lambda dimension: dimension),
        "one zero eigenvalue more": OrbitLaw(lambda always: True, lambda dimension: dimension + 1),
    },
    examples=(LossPoint((1, 1, 1), ((1,),), ((1,),), "squared", (1, 1)),),
    uses=("deep_linear.gauge",),
)

# -- balanced points -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Balanced(Case):
    """X = I, Y = diag(c_q^H), and W_i with diagonal c_s for the kept s: then W_{i+1}^T W_{i+1} = W_i W_i^T."""

    widths: tuple
    c: tuple
    kept: tuple

    def net_and_point(self) -> tuple[DeepLinearNet, np.ndarray]:
        """The net and theta."""
        d, H = self.widths, len(self.widths) - 1
        Y = rational(np.zeros((d[-1], d[0]), int))
        for q, c in enumerate(self.c):
            Y[q, q] = rational([c])[0] ** H
        layers = [rational(np.zeros((b, a), int)) for a, b in pairwise(d)]
        for at, s in enumerate(self.kept):
            for i, W in enumerate(layers):
                W[s if i == H - 1 else at, s if i == 0 else at] = rational([self.c[s]])[0]
        net = DeepLinearNet(d, np.eye(d[0], dtype=int), Y)
        return net, net.pack(*layers)


@composed
def balanced(draw: Any) -> Balanced:
    """H = 2, 3, 4 and widths up to 3; c among 0, 1, 2, with ties."""
    from hypothesis import strategies as st

    d = draw(vectors(draw(st.sampled_from((3, 4, 5))), st.integers(1, 3)))
    c = draw(vectors(min(d[0], d[-1]), st.sampled_from((1, 2, 0, 3))))
    positive = [q for q, x in enumerate(c) if x]
    return Balanced(d, c, tuple(draw(st.permutations(positive))[: draw(st.integers(0, min(d)))]))


def balanced_spectrum(case: Balanced, pairs: bool = True) -> list[Any]:
    """The non-zero eigenvalues, with multiplicity, from c = sigma^{1/H}."""
    d, H = case.widths, len(case.widths) - 1
    c = [*rational(case.c)] if case.c else []
    kept, left = case.kept, [q for q in range(len(c)) if q not in case.kept]
    out = [2 * sum(c[s] ** (2 * (H - j)) * c[t] ** (2 * (j - 1)) for j in range(1, H + 1)) for s in kept for t in kept]
    out += [2 * c[s] ** (H - 2) * (c[s] ** H + sign * c[q] ** H) for s in kept for q in left for sign in (1, -1)]
    out += [2 * c[s] ** (2 * H - 2) for s in kept for _ in range(abs(d[-1] - d[0]))]
    if H == 2 and pairs:
        out += [sign * 2 * c[q] ** 2 for q in left for sign in (1, -1) for _ in range(d[1] - len(kept))]
    return [x for x in out if x != 0]


def _check_spectrum(case: Balanced, law: Callable[[Balanced], list[Any]]) -> Verdict:
    """The characteristic polynomial is the product of x - lambda over the law's values, the rest zeros."""
    net, theta = case.net_and_point()
    N, denominator = integer_matrix(net.hessian(theta))
    values, x = law(case), flint().fmpq_poly([0, 1])
    expected = x ** max(net.dim - len(values), 0)
    for value in values:
        expected = expected * (x - value * denominator)
    critical = is_zero(net.gradient(theta)).all()
    return verdict(
        critical and flint().fmpq_poly(N.charpoly()) == expected, detail="characteristic polynomials, exactly"
    )


SPECTRUM = Claim(
    id="deep_linear.balanced_spectrum",
    title="The spectrum of the Hessian at balanced critical points",
    statement=r"For $XX^T = I$ at a balanced critical point that keeps $S$ ($H \ge 2$): the eigenvalues are $2\sum_j "
    r"\sigma_s^{2(H-j)/H}\sigma_t^{2(j-1)/H}$ for $s, t \in S$; $2\sigma_s^{1-2/H}(\sigma_s \pm \sigma_q)$ for $s \in "
    r"S$, $q \notin S$; $|d_H - d_0|$ times $2\sigma_s^{2-2/H}$; for $H = 2$ also $\pm2\sigma_q$ for each unused "
    r"hidden unit; all others are zero.",
    source="own derivation",
    case_type=Balanced,
    cases=balanced,
    law=balanced_spectrum,
    check=_check_spectrum,
    false_laws={
        "without the unused hidden units": lambda case: balanced_spectrum(case, pairs=False),
        "H times the last power on the diagonal blocks": lambda case: [
            x * rational(["1/2"])[0] for x in balanced_spectrum(case)
        ],
    },
    examples=(Balanced((2, 2, 2), (1, 2), (1,)), Balanced((2, 1, 1, 3), (2, 1), (0,)), Balanced((1, 1, 1), (1,), ())),
    uses=("deep_linear.derivatives", "deep_linear.inertia"),
)

CLAIMS = (FORM, ORBIT, SPECTRUM)
