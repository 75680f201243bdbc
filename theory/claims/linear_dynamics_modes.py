"""Deep linear nets under gradient flow: the equation of the product, and that of a single mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, is_zero, rational, symbols
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_dynamics import derivative_along, literal_gradient, net_with_gradient
from theory.claims.linear_modes import ALIGNED, BALANCED, COUPLED, PLAIN, WHITENED, Modes, modes, rectangular
from theory.dynamics.conservation import end_to_end_velocity, gradient_of_product
from theory.models.matrix_chain import partial_products, product

# -- the product -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outputs(Case):
    """A loss of the outputs RX with symbols for the weights, the inputs and the gradient in the outputs."""

    widths: tuple
    m: int


def _check_end_to_end(case: Outputs, law: Callable[..., np.ndarray]) -> Verdict:
    """The law and the shipped velocity against the derivative of the product along the literal flow."""
    d, m = case.widths, case.m
    theta, X, N = symbols(theta=sum(a * b for a, b in pairwise(d)), x=(d[0], m), n=(d[-1], m))
    M = N @ X.T
    net = net_with_gradient(d, M)
    W = net.unpack(theta)
    R = product(W)
    velocity = derivative_along(R, theta, -literal_gradient((N * (R @ X)).sum(), theta))
    A, B = partial_products(W, arithmetic_of(theta))
    said = (law(A, B, M, X), end_to_end_velocity(net, theta))
    return verdict(
        all(is_zero(velocity - v).all() for v in said), "proof", f"zero polynomials in {net.dim} weights, data, grad f"
    )


def _over_layers(term: Callable[..., Any]) -> Callable[..., Any]:
    """Minus the sum over the layers of term(A_j, B_j, M, X)."""
    return lambda A, B, M, X: -sum(term(a, b, M, X) for a, b in zip(A, B, strict=True))


END_TO_END = Claim(
    id="linear_dynamics.end_to_end",
    title="The product obeys a preconditioned gradient flow",
    statement=r"Under gradient flow of $f(W_H \cdots W_1)$ the product $R$ obeys $\dot R = -\sum_j A_jA_j^T\,\nabla "
    r"f(R)\,B_j^TB_j$ with $A_j = W_H \cdots W_{j+1}$ and $B_j = W_{j-1} \cdots W_1$ without the inputs, for every "
    r"differentiable $f$ and all weights.",
    source="arora2018, proof of Theorem 1, in the form of",
    case_type=Outputs,
    cases=(
        *(Outputs(widths, 1) for widths in ((1, 1), (1, 1, 1), (2, 2, 2), (1, 2, 3), (1, 2, 1, 2), (1, 1, 1, 1, 1))),
        *(Outputs(widths, 2) for widths in ((2, 1), (2, 1, 2))),
    ),
    sizes="widths <= 3, depth <= 4, m <= 2",
    law=_over_layers(lambda a, b, M, X: a @ a.T @ M @ b.T @ b),
    check=_check_end_to_end,
    false_laws={
        "gradient flow of R alone": _over_layers(lambda a, b, M, X: M),
        "uphill": _over_layers(lambda a, b, M, X: -(a @ a.T @ M @ b.T @ b)),
        "without the factors on the right": _over_layers(lambda a, b, M, X: a @ a.T @ M),
        "without the factors on the left": _over_layers(lambda a, b, M, X: M @ b.T @ b),
        "with the inputs in B as well": _over_layers(lambda a, b, M, X: a @ a.T @ M @ X @ X.T @ b.T @ b),
    },
    uses=("deep_linear.derivatives",),
)

# -- the product of balanced layers ----------------------------------------------------------------------------------


def _check_balanced_product(case: Modes, law: Callable[..., np.ndarray]) -> Verdict:
    """The law, from the singular values of R alone, against the product rule; all in the frames Q_H and Q_0."""
    M = case.frames[-1].T @ gradient_of_product(case.net, product(case.layers)) @ case.frames[0]
    left, right = (np.append(case.radii, rational(np.zeros(n, int)))[:n] for n in M.shape)
    return verdict(is_zero(case.velocity() - law(left, right, M, case.depth)).all(), detail="product rule, exactly")


def _by_powers(left: Callable[[int, int], int], right: Callable[[int, int], int]) -> Callable[..., np.ndarray]:
    """-sum_j diag(r^left(H, j)) M diag(r^right(H, j)) for the H-th roots r of the singular values."""

    def law(rows: np.ndarray, columns: np.ndarray, M: np.ndarray, H: int) -> np.ndarray:
        return -sum(rows[:, None] ** left(H, j) * M * columns ** right(H, j) for j in range(1, H + 1))

    return law


BALANCED_PRODUCT = Claim(
    id="linear_dynamics.end_to_end_balanced",
    title="For balanced layers the product flows by itself",
    statement=r"If the layers are balanced, gradient flow of $f(W_H \cdots W_1)$ moves the product by $\dot R = "
    r"-\sum_j (RR^T)^{(H-j)/H}\,\nabla f(R)\,(R^TR)^{(j-1)/H}$, with zeroth powers equal to $I$: a flow of $R$ alone.",
    source="arora2018, Theorem 1, in the form of",
    case_type=Modes,
    cases=modes(2, 3, 4, aligned=False),
    law=_by_powers(lambda H, j: 2 * (H - j), lambda H, j: 2 * (j - 1)),
    check=_check_balanced_product,
    hypotheses=(BALANCED, PLAIN),
    counterexamples=(
        Counterexample("balanced", Modes((1, 1, 1), ((1,), (4,)), (0,)), "the layers 1 and 4 move faster than 2 and 2"),
        Counterexample("plain", Modes((1, 1, 1), ((1,), (1,)), (0,), decay=1), "weight decay moves R as well"),
    ),
    false_laws={
        "powers of R in place of R R^T": _by_powers(lambda H, j: H - j, lambda H, j: j - 1),
        "H times the geometric mean": lambda rows, columns, M, H: -H * (rows[:, None] * columns) ** (H - 1) * M,
        "one factor more on the left": _by_powers(lambda H, j: 2 * (H - j + 1), lambda H, j: 2 * (j - 1)),
    },
    examples=(
        Modes((1, 2), ((2,),), (1,)),
        Modes((1, 1, 2), ((2,), (2,)), (1,), tilt=1),  # two different radii
        Modes((2, 2, 2, 2), ((1, 2), (1, 2), (1, 2)), (1, 1), (1, 0, 0), tilt=1),
    ),
    uses=("linear_dynamics.end_to_end", "linear_dynamics.balancedness"),
)

# -- one mode --------------------------------------------------------------------------------------------------------


def _diagonal(a: np.ndarray) -> np.ndarray | None:
    """The diagonal of a diagonal matrix, else None: the modes are coupled."""
    d = np.diagonal(a)
    return d if is_zero(a - rectangular(d, *a.shape)).all() else None


def _check_mode(case: Modes, law: Callable[..., Any]) -> Verdict:
    """No coupling, of the product and of no layer, and the law for each singular value."""
    Q, velocity = case.frames, _diagonal(case.velocity())
    layers = [_diagonal(Q[i + 1].T @ v @ Q[i]) for i, v in enumerate(case.flow())]
    if velocity is None or any(v is None for v in layers):
        return verdict(False, detail="the modes are coupled")
    lam = rational([case.decay])[0]
    said = [law(u, r, s, case.depth, lam) for u, r, s in zip(case.u, case.radii, rational(case.s), strict=True)]
    return verdict(all(v == x for v, x in zip(velocity, said, strict=True)), detail="product rule, exactly")


MODE = Claim(
    id="linear_dynamics.mode_equation",
    title="Balanced, aligned, whitened: every singular value learns alone",
    statement=r"Let $XX^T = I$, $YX^T = Q_H\,\mathrm{diag}(s)\,Q_0^T$ and $W_i = Q_i\,\mathrm{diag}(w_i)\,Q_{i-1}^T$ "
    r"with rotations $Q_i$ and balanced layers. Then gradient flow of $\|Y - W_H \cdots W_1X\|_F^2 + \lambda\sum_i"
    r"\|W_i\|_F^2$ keeps this form, and each mode $u = w_H \cdots w_1$ obeys $\dot u = 2H(u^2)^{1-1/H}(s - u) - "
    r"2H\lambda u$.",
    source="saxe2014, dynamics of deep linear networks, in the form of; the weight decay: own derivation",
    case_type=Modes,
    cases=modes(2, 3, 4),
    law=lambda u, r, s, H, lam: 2 * H * r ** (2 * H - 2) * (s - u) - 2 * H * lam * u,
    check=_check_mode,
    hypotheses=(WHITENED, ALIGNED, BALANCED),
    counterexamples=(
        *COUPLED,
        Counterexample("balanced", Modes((1, 1, 1), ((1,), (4,)), (2,)), "u = 4 by the layers 1 and 4"),
    ),
    false_laws={
        "u^{2-1/H}": lambda u, r, s, H, lam: 2 * H * r ** (2 * H - 1) * (s - u) - 2 * H * lam * u,
        "for the loss with 1/2": lambda u, r, s, H, lam: H * r ** (2 * H - 2) * (s - u) - 2 * H * lam * u,
        "without the depth": lambda u, r, s, H, lam: 2 * r ** (2 * H - 2) * (s - u) - 2 * H * lam * u,
        "the decay of one layer": lambda u, r, s, H, lam: 2 * H * r ** (2 * H - 2) * (s - u) - 2 * lam * u,
    },
    examples=(
        Modes((1, 1, 1), ((2,), (2,)), (1,)),
        Modes((2, 2, 2), ((2, 1), (2, 1)), (1, 3), (1, 0, 0)),  # two modes
        Modes((1, 1), ((2,),), (1,)),  # one layer
        Modes((1, 1, 1), ((2,), (-2,)), (1,), decay=1),
        Modes((1, 1, 1, 1), ((2,), (2,), (2,)), (1,), decay=1),
    ),
    uses=("linear_dynamics.end_to_end_balanced", "linear_dynamics.weight_decay"),
    deviations="Saxe et al. have 1/2 of the loss and a time constant; negative products and weight decay are added.",
)


def _check_unbalanced(case: Modes, law: Callable[..., Any]) -> Verdict:
    """The square of the law, and the sign, for each singular value; c from the first and the last layer."""
    velocity = _diagonal(case.velocity())
    if velocity is None:
        return verdict(False, detail="the modes are coupled")
    rest = rational([0] * (len(case.s) - len(case.strengths[0])))
    first, last = (np.append(rational(case.strengths[i]), rest) for i in (0, -1))
    values = zip(velocity, case.u, last**2 - first**2, rational(case.s), strict=True)
    said = all(v * v == law(u, c, s) and v * (s - u) >= 0 for v, u, c, s in values)
    return verdict(said, detail="product rule, exactly")


UNBALANCED = Claim(
    id="linear_dynamics.unbalanced_mode",
    title="Two layers: the imbalance of a mode speeds it up",
    statement=r"Let $H = 2$, $XX^T = I$ and the layers be aligned, balanced or not: each mode $u = w_2w_1$ has a "
    r"conserved $c = w_2^2 - w_1^2$ and obeys $\dot u = 2(s - u)\sqrt{c^2 + 4u^2}$ under gradient flow.",
    source="saxe2014, dynamics of shallow linear networks, in the form of",
    case_type=Modes,
    cases=modes(2, balanced=False),
    law=lambda u, c, s: 4 * (s - u) ** 2 * (c * c + 4 * u * u),
    check=_check_unbalanced,
    hypotheses=(WHITENED, ALIGNED, PLAIN, Hypothesis("two layers", "$H = 2$", lambda case: case.depth == 2)),
    counterexamples=(
        *COUPLED,
        Counterexample("plain", Modes((1, 1, 1), ((1,), (2,)), (3,), decay=1), "weight decay slows the mode down"),
        Counterexample("two layers", Modes((1, 1, 1, 1), ((1,), (1,), (2,)), (1,)), "H = 3, w = (1, 1, 2)"),
    ),
    false_laws={
        "the balanced equation": lambda u, c, s: 4 * (s - u) ** 2 * (4 * u * u),
        "c^2 + u^2": lambda u, c, s: 4 * (s - u) ** 2 * (c * c + u * u),
        "for the loss with 1/2": lambda u, c, s: (s - u) ** 2 * (c * c + 4 * u * u),
    },
    examples=(Modes((1, 1, 1), ((1,), (2,)), (1,)), Modes((1, 1, 1), ((1,), (1,)), (2,))),
    uses=("linear_dynamics.end_to_end", "linear_dynamics.balancedness"),
)

CLAIMS = (END_TO_END, BALANCED_PRODUCT, MODE, UNBALANCED)
