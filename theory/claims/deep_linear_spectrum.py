"""Deep linear nets: the whole spectrum of the Hessian at balanced critical points on white inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.backends import flint
from theory.calculus.exact_linalg import integer_matrix
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import chosen
from theory.models.deep_linear import DeepLinearNet


@dataclass(frozen=True)
class Balanced(Case):
    """X = x I, Y X^+ = diag(c_q^H), and W_i with diagonal c_s for the kept s, W_1 times g and W_2 over g.

    For g = 1 the layers are balanced, W_{i+1}^T W_{i+1} = W_i W_i^T; for x = 1 the inputs are white.
    """

    widths: tuple
    c: tuple
    kept: tuple
    x: Any = 1
    g: Any = 1

    def net_and_point(self) -> tuple[DeepLinearNet, np.ndarray]:
        """The net and theta."""
        d, H = self.widths, len(self.widths) - 1
        x, g = rational([self.x, self.g])
        Y = rational(np.zeros((d[-1], d[0]), int))
        for q, c in enumerate(self.c):
            Y[q, q] = rational([c])[0] ** H * x
        layers = [rational(np.zeros((b, a), int)) for a, b in pairwise(d)]
        for at, s in enumerate(self.kept):
            for i, W in enumerate(layers):
                W[s if i == H - 1 else at, s if i == 0 else at] = rational([self.c[s]])[0]
        if H > 1:
            layers[0], layers[1] = layers[0] * g, layers[1] / g
        net = DeepLinearNet(d, rational(np.eye(d[0], dtype=int)) * x, Y)
        return net, net.pack(*layers)


def balanced() -> Any:
    """H = 2, 3, 4 and widths up to 3; c among 0, 1, 2, 3, with ties."""

    def build(choose: Any) -> Balanced:
        d = tuple(choose((2, 1, 3, 2)) for _ in range(choose((3, 4, 5))))
        c = tuple(choose((1, 2, 0, 3)) for _ in range(min(d[0], d[-1])))
        positive = [q for q, x in enumerate(c) if x]
        sets = [kept for r in range(min(len(positive), *d), -1, -1) for kept in combinations(positive, r)]
        return Balanced(d, c, choose(sets))

    return chosen(build)


def balanced_spectrum(case: Balanced, pairs: bool = True, geometric: bool = False) -> list[Any]:
    """The non-zero eigenvalues, with multiplicity, from c = sigma^{1/H}."""
    d, H = case.widths, len(case.widths) - 1
    c = [*rational(case.c)] if case.c else []
    kept, left = case.kept, [q for q in range(len(c)) if q not in case.kept]
    out = [2 * sum(c[s] ** (2 * (H - j)) * c[t] ** (2 * (j - 1)) for j in range(1, H + 1)) for s in kept for t in kept]
    if geometric:
        out = [2 * H * (c[s] * c[t]) ** (H - 1) for s in kept for t in kept]
    out += [2 * c[s] ** (H - 2) * (c[s] ** H + sign * c[q] ** H) for s in kept for q in left for sign in (1, -1)]
    out += [2 * c[s] ** (2 * H - 2) for s in kept for _ in range(abs(d[-1] - d[0]))]
    if H == 2 and pairs:
        out += [sign * 2 * c[q] ** 2 for q in left for sign in (1, -1) for _ in range(d[1] - len(kept))]
    return [x for x in out if x != 0]


def _is_balanced(case: Balanced) -> bool:
    net, theta = case.net_and_point()
    W = net.unpack(theta)
    return all(is_zero(V.T @ V - U @ U.T).all() for U, V in pairwise(W))


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
    r"S$, $q \notin S$, $q \le \min(d_0, d_H)$; $|d_H - d_0|$ times $2\sigma_s^{2-2/H}$; for $H = 2$ also "
    r"$\pm2\sigma_q$ for each unused hidden unit; all others are zero.",
    source="own derivation",
    case_type=Balanced,
    cases=balanced,
    law=balanced_spectrum,
    check=_check_spectrum,
    hypotheses=(
        Hypothesis("depth", r"$H \ge 2$", lambda case: len(case.widths) >= 3),
        Hypothesis("white", "$XX^T = I$", lambda case: rational([case.x])[0] ** 2 == 1),
        Hypothesis("balanced", r"$W_{i+1}^TW_{i+1} = W_iW_i^T$", lambda case: _is_balanced(case)),
    ),
    counterexamples=(
        Counterexample("depth", Balanced((1, 1), (0,), ()), "one layer: the eigenvalue is 2, whatever is kept"),
        Counterexample("white", Balanced((1, 1, 1), (1,), (0,), 2), "X = 2: the eigenvalue 4 becomes 16"),
        Counterexample("balanced", Balanced((1, 1, 1), (1,), (0,), 1, 2), "w = (2, 1/2): 2 (4 + 1/4) in place of 4"),
    ),
    false_laws={
        "without the unused hidden units": lambda case: balanced_spectrum(case, pairs=False),
        "half of it (the loss with 1/2)": lambda case: [x * rational(["1/2"])[0] for x in balanced_spectrum(case)],
        "geometric means for kept pairs": lambda case: balanced_spectrum(case, geometric=True),
    },
    examples=(
        Balanced((2, 2, 2), (1, 2), (0, 1)),
        Balanced((2, 2, 2), (1, 2), (1,)),
        Balanced((2, 1, 1, 3), (2, 1), (0,)),
        Balanced((1, 1, 1), (1,), ()),
    ),
    uses=("deep_linear.derivatives", "deep_linear.inertia"),
)

CLAIMS = (SPECTRUM,)
