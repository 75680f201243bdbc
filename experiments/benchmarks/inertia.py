"""How fast is the exact inertia? ``python -m experiments.benchmarks.inertia`` prints medians (ms) and ratios.

Matrices: integer Hessians of low-bit entries, B^T D B with generic B (full rank) or B of n/3 rows (singular), and
symmetric 14-bit integers. One BLAS thread, contestants interleaved, medians over rounds. Every answer is compared with
that of Descartes' rule on flint's characteristic polynomial.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import flint
import numpy as np
from sympy import ZZ
from sympy.polys.matrices import DomainMatrix
from threadpoolctl import threadpool_limits

from theory import inertia
from theory.calculus.exact_inertia import descartes

ROUNDS, SECONDS_EACH = 5, 0.05


def gram(n: int, rows: int, rng: np.random.Generator) -> np.ndarray:
    """B^T D B with B (rows, n) of entries up to 20 and D of weights -3..3: entries of 12 to 16 bits."""
    B = rng.integers(-20, 21, (rows, n))
    return (B.T * rng.choice([-3, -1, 1, 2, 3], rows)) @ B


def symmetric(n: int, rng: np.random.Generator) -> np.ndarray:
    """Symmetric integers of 14 bits."""
    A = rng.integers(-(2**13), 2**13, (n, n))
    return np.tril(A) + np.tril(A, -1).T


def medians(contestants: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU milliseconds of each contestant, all interleaved."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            run()
            end = time.perf_counter() + SECONDS_EACH
            while True:
                start = time.process_time_ns()
                run()
                times[name].append((time.process_time_ns() - start) / 1e6)
                if time.perf_counter() > end:
                    break
    return {name: statistics.median(t) for name, t in times.items()}


def measure(title: str, H: np.ndarray) -> None:
    """One row of the table."""
    N, A = flint.fmpz_mat(H.tolist()), H.astype(float)
    D = DomainMatrix(H.tolist(), H.shape, ZZ).convert_to(ZZ)
    if not tuple(inertia(H)) == tuple(inertia(N)) == descartes(N):
        raise SystemExit(f"{title}: the answers differ")
    t = medians({
        "int64": lambda: inertia(H),
        "fmpz_mat": lambda: inertia(N),
        "eigvalsh": lambda: np.linalg.eigvalsh(A),
        "flint charpoly": N.charpoly,
        "DomainMatrix": D.charpoly,
    })  # fmt: skip
    ratios = [t["DomainMatrix"] / t["int64"], t["flint charpoly"] / t["int64"], t["int64"] / t["eigvalsh"]]
    ratios += [t["DomainMatrix"] / t["fmpz_mat"], t["flint charpoly"] / t["fmpz_mat"], t["fmpz_mat"] / t["eigvalsh"]]
    print(f"{title:22}" + "".join(f"{x:9.3f}" for x in t.values()) + "  |" + "".join(f"{r:8.1f}" for r in ratios))


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    print(f"{'ms, one core':22}{'int64':>9}{'fmpz_mat':>9}{'eigvalsh':>9}{'charpoly':>9}{'Domain':>9}  |"
          f"{'int64: Domain/, charpoly/, /eigvalsh':^24}|{'fmpz_mat: same':^24}")  # fmt: skip
    with threadpool_limits(1):
        for n in (48, 96):
            measure(f"n={n} generic B^T D B", gram(n, n, rng))
            measure(f"n={n} generic 14 bits", symmetric(n, rng))
            measure(f"n={n} singular", gram(n, n // 3, rng))


if __name__ == "__main__":
    main()
