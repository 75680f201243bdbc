"""Regularised deep linear nets: balancedness, parity, the Morse sum, the real critical points of scalar nets."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.deep_linear import Sizes
from theory.claims.penalised import Penalised, all_positive, isotropic, penalised, scalar_chains, simple
from theory.critical.regularised import determinant
from theory.definitions import regularised as definition
from theory.models.deep_linear import DeepLinearNet
from theory.models.regularised import RegularisedNet

# -- balancedness ------------------------------------------------------------------------------------------------------


def _check_balanced(case: Sizes, law: Callable[..., np.ndarray]) -> Verdict:
    """2 law = W_{i+1}^T G_{i+1} - G_i W_i^T with the gradient G of the whole loss: so it vanishes where G does."""
    d, m = case.widths, case.m
    n = sum(a * b for a, b in pairwise(d))
    theta, X, Y, Lambda = symbols(theta=n, x=(d[0], m), y=(d[-1], m), a=n)
    model = RegularisedNet(DeepLinearNet(d, X, Y), Lambda)
    L = definition.loss(d, X, Y, model.Lambda, theta)
    G, W = model.unpack(np.array([L.diff(t) for t in theta], object)), model.unpack(theta)
    layers = list(zip(W, G, model.Lambda, strict=True))
    same = all(is_zero(V.T @ K - G @ W.T - 2 * law(W, V, a, b)).all() for (W, G, a), (V, K, b) in pairwise(layers))
    return verdict(same, "proof", f"zero polynomials in {n} weights, {n} penalties and the data")


BALANCED = Claim(
    id="regularised.balanced",
    title="Critical points of regularised nets are balanced",
    statement=r"For all data, widths and penalties, at every critical point $W_{i+1}^T(\Lambda_{i+1} \circ W_{i+1}) = "
    r"(\Lambda_i \circ W_i)W_i^T$; for penalties $\lambda_i$ constant on each layer $\lambda_{i+1}W_{i+1}^TW_{i+1} = "
    r"\lambda_iW_iW_i^T$, so all layers have the same nonzero singular values up to factors $\sqrt{\lambda_i}$.",
    source="own derivation",
    case_type=Sizes,
    cases=(Sizes((1, 1, 1), 2), Sizes((2, 1, 2), 2), Sizes((1, 2, 1), 1), Sizes((2, 2, 1), 1), Sizes((1, 2, 2, 1), 1)),
    law=lambda W, V, a, b: V.T @ (b * V) - (a * W) @ W.T,
    check=_check_balanced,
    false_laws={
        "balanced without the penalties": lambda W, V, a, b: V.T @ V - W @ W.T,
        "the penalties exchanged": lambda W, V, a, b: (V.T @ V) * a.flat[0] - (W @ W.T) * b.flat[0],
        "the first entry for the whole layer": lambda W, V, a, b: (V.T @ V) * b.flat[0] - (W @ W.T) * a.flat[0],
    },
    sizes="widths <= 2, depth <= 3",
    uses=("deep_linear.derivatives",),
    deviations="The identity W_{i+1}^T G_{i+1} = G_i W_i^T for the loss without penalty holds at all points.",
)

# -- parity ------------------------------------------------------------------------------------------------------------


def _check_parity(case: Penalised, law: Callable[[int, int, int], bool]) -> Verdict:
    algebra = case.algebra()
    if algebra is None:
        return verdict(False, detail="infinitely many critical points")
    points, real = algebra.distinct(), sum(algebra.real())
    return verdict(law(points, real, case.depth), detail="distinct complex and real critical points, exactly")


PARITY = Claim(
    id="regularised.parity",
    title="The signs of the layers fix the number of critical points modulo a power of two",
    statement=r"If a deep linear net with $H$ layers and penalties $\Lambda_i \ge 0$ has finitely many critical "
    r"points, then their numbers satisfy $N_{\mathbb C} \equiv N_{\mathbb R} \equiv 1 \pmod{2^{H-1}}$, for all data "
    r"and widths. Checked for up to 4 weights.",
    source="own derivation",
    case_type=Penalised,
    cases=penalised(
        (1, 1, 1), (1, 1, 2), (2, 1, 1), (1, 1, 1, 1), m=2, data=(1, 2, 3, -1, 0), weights=(1, 2, 3, Fraction(1, 2))
    ),
    law=lambda points, real, H: (points - 1) % 2 ** (H - 1) == 0 and (real - 1) % 2 ** (H - 1) == 0,
    check=_check_parity,
    hypotheses=(Hypothesis("finite", "finitely many critical points", lambda case: case.algebra() is not None),),
    counterexamples=(
        Counterexample(
            "finite",
            Penalised((1, 2, 1), ((1,),), ((3,),), isotropic((1, 2, 1), 1, 1)),
            "equal penalties of two units: a circle of critical points",
        ),
    ),
    false_laws={
        "one factor 2 for each layer": lambda points, real, H: (real - 1) % 2**H == 0,
        "the origin does not count": lambda points, real, H: real % 2 ** (H - 1) == 0 and points % 2 ** (H - 1) == 0,
        "real points in pairs only": lambda points, real, H: (points - real) % 2 == 0 and real == 1,
    },
    examples=(
        Penalised((1, 1, 1), ((1,),), ((3,),), isotropic((1, 1, 1), 1, 2)),
        Penalised((1, 1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1, 1), *[Fraction(1, 10)] * 3)),
        Penalised((1, 2, 1), ((1,),), ((3,),), (((1,), (2,)), ((1, 1),))),
        Penalised((2, 1, 2), ((1, 0), (0, 1)), ((3, 0), (1, 2)), (((1, 2),), ((1,), (3,)))),
        Penalised((1, 1), ((1,),), ((3,),), isotropic((1, 1), 1)),  # one layer, one point
    ),
    uses=("deep_linear.derivatives",),
    deviations="Proof: signs e_i with product 1 act on the critical points; e fixes W only if the layers with e_i = -1 "
    "vanish. Points with a vanishing layer form a cone, hence are the origin alone, if they are finitely many.",
)

REAL_ERRATUM = erratum(
    "regularised.printed_real_count",
    "The scalar net with three layers can have 9 real critical points, never 8",
    statement=r"Printed: for one sample and generic penalties at most $N_{\mathbb R} = 8$ of the critical points of "
    "the net of widths $(1, 1, 1, 1)$ are real.",
    source="bharadwajhosten2023, Table 3.2, row 1 (numbering of the first author's thesis)",
    corrects=PARITY,
    printed=lambda points, real, H: real <= 8,
    witness=Penalised(
        (1, 1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1, 1), Fraction(1, 10), Fraction(1, 9), Fraction(1, 8))
    ),
    hypotheses=(*PARITY.hypotheses, Hypothesis("generic", "all critical points nondegenerate", simple)),
    deviations="8, 64, 72 and 312 for three layers (rows 1-3 and 7-12) are not 1 modulo 4, and 4 for two layers "
    "(Table 3.1, row 10) is not odd: real points, such as the origin, were missed.",
)

# -- the Morse sum -----------------------------------------------------------------------------------------------------


def _real_counts(case: Penalised) -> tuple[int, int, int] | None:
    """Real critical points: all, with det Hessian > 0, with det Hessian < 0; None if there are infinitely many."""
    algebra = case.algebra()
    return None if algebra is None else (sum(algebra.real()), *algebra.real(determinant(case.hessian())))


def _check_morse(case: Penalised, law: Callable[[int, int, int], bool]) -> Verdict:
    counts = _real_counts(case)
    holds = counts is not None and law(*counts)
    return verdict(holds, detail="signatures of the trace forms with weights 1 and det Hessian")


def _nondegenerate(case: Penalised) -> bool:
    counts = _real_counts(case)
    return counts is not None and counts[1] + counts[2] == counts[0]


MORSE = Claim(
    id="regularised.morse_sum",
    title="Positive penalties: the Morse sum is 1",
    statement=r"If all $\Lambda_{i,ab} > 0$ and all real critical points are nondegenerate, then $\sum "
    r"(-1)^{\mathrm{ind}} = 1$: of $N_{\mathbb R}$ critical points $(N_{\mathbb R} + 1)/2$ have even index, "
    r"$(N_{\mathbb R} - 1)/2$ odd index. Checked for up to 4 weights.",
    source="own derivation",
    case_type=Penalised,
    cases=penalised((1, 1, 1), (1, 1, 2), m=2, data=(1, 2, 3, -1, 0), weights=(1, 2, 3, Fraction(1, 2))),
    law=lambda total, even, odd: even - odd == 1 and even + odd == total,
    check=_check_morse,
    hypotheses=(
        Hypothesis("positive", r"all $\Lambda_{i,ab} > 0$", all_positive),
        Hypothesis("nondegenerate", r"$\det \nabla^2 L \ne 0$ at finitely many real critical points", _nondegenerate),
    ),
    counterexamples=(
        Counterexample(
            "positive",
            Penalised((1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1), 1, 0)),
            "no penalty on the second layer: one saddle, and an infimum at infinity",
        ),
        Counterexample(
            "nondegenerate",
            Penalised((1, 1, 1, 1), ((1,),), ((4,),), isotropic((1, 1, 1, 1), 3, 3, 3)),
            "one minimum, and four points at which a minimum and a saddle meet",
        ),
    ),
    false_laws={
        "the sum is 0": lambda total, even, odd: even == odd,
        "no saddles": lambda total, even, odd: odd == 0,
        "one minimum for each saddle more": lambda total, even, odd: odd - even == 1,
    },
    examples=(
        Penalised((1, 1, 1), ((1,),), ((3,),), isotropic((1, 1, 1), 1, 2)),
        Penalised((1, 2, 1), ((1,),), ((3,),), (((1,), (2,)), ((1, 1),))),
        Penalised((1, 1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1, 1), *[Fraction(1, 10)] * 3)),
        Penalised((1, 1), ((1,),), ((3,),), isotropic((1, 1), 1)),
    ),
    deviations="The loss is coercive, so the sum is the Euler characteristic of the space of weights (Morse theory).",
)

# -- real critical points of scalar nets -------------------------------------------------------------------------------


def wall(case: Penalised) -> tuple[Any, Any]:
    """H^H (H-2)^{H-2} P^{2H-2} and (2H-2)^{2H-2} S^{H-2} prod Lambda, with S = X X^T, P = Y X^T."""
    H, X, Y = case.depth, rational(case.X)[0], rational(case.Y)[0]
    S, P, weights = X @ X, Y @ X, np.prod([rational(L)[0, 0] for L in case.Lambda])
    return H**H * (H - 2) ** (H - 2) * P ** (2 * H - 2), (2 * H - 2) ** (2 * H - 2) * S ** (H - 2) * weights


def _check_scalar(case: Penalised, law: Callable[[Penalised], int]) -> Verdict:
    algebra = case.algebra()
    return verdict(algebra is not None and sum(algebra.real()) == law(case), detail="signature of the trace form")


def scalar_count(case: Penalised) -> int:
    """1 + 2^{H-1} min(H - 1, 2) above the wall, else 1."""
    left, right = wall(case)
    return 1 + 2 ** (case.depth - 1) * min(case.depth - 1, 2) * (left > right)


SCALAR = Claim(
    id="regularised.scalar_real_count",
    title="Scalar nets: 1 or 3, 1 or 9, 1 or 17 real critical points",
    statement=r"The scalar net with $H \ge 2$ layers, $S = XX^T$, $P = YX^T$ and penalties $\lambda_i > 0$ has "
    r"$1 + 2^{H-1}\min(H - 1, 2)$ real critical points if $H^H(H-2)^{H-2}P^{2H-2} > (2H-2)^{2H-2}S^{H-2}\prod_i "
    r"\lambda_i$, and $1$ if $<$: $1$ or $3$ for two layers, $1$ or $9$ for three. Checked for $H \le 4$.",
    source="own derivation",
    case_type=Penalised,
    cases=scalar_chains(2, 3),
    law=scalar_count,
    check=_check_scalar,
    hypotheses=(
        Hypothesis("positive", r"all $\lambda_i > 0$", all_positive),
        Hypothesis("off the wall", "the two sides differ", lambda case: wall(case)[0] != wall(case)[1]),
    ),
    counterexamples=(
        Counterexample(
            "positive",
            Penalised((1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1), 1, 0)),
            "no penalty on the second layer: the origin alone, not 3 points",
        ),
        Counterexample(
            "off the wall",
            Penalised((1, 1, 1, 1), ((1,),), ((4,),), isotropic((1, 1, 1, 1), 3, 3, 3)),
            "on the wall: 5 real critical points, four of them degenerate",
        ),
    ),
    false_laws={
        "2^H of them are real": lambda case: scalar_count(case) - (scalar_count(case) > 1),
        "all complex ones are real": lambda case: 1 + 2**case.depth * (case.depth - 1),
        "one minimum for each sign pattern": lambda case: 1 + 2 ** (case.depth - 1) * (wall(case)[0] > wall(case)[1]),
    },
    examples=(
        Penalised((1, 1, 1), ((1,),), ((3,),), isotropic((1, 1, 1), 1, 2)),
        Penalised((1, 1, 1, 1), ((1, 1),), ((1, 2),), isotropic((1, 1, 1, 1), 1, Fraction(1, 8), 1)),
        Penalised((1,) * 5, ((1,),), ((2,),), isotropic((1,) * 5, *[Fraction(1, 8)] * 4)),
        Penalised((1,) * 5, ((1,),), ((1,),), isotropic((1,) * 5, 1, 1, 1, 1)),
    ),
    uses=("regularised.chain_count", "regularised.parity"),
)

CLAIMS = (BALANCED, PARITY, REAL_ERRATUM, MORSE, SCALAR)
