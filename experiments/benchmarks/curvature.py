"""How long do the extreme eigenvalues of the Hessian take on a plane of 51 x 51 points? One core, medians of CPU time.

    python -m experiments.benchmarks.curvature

Deep linear net (4, 4, 4, 4) with 50 samples, n = 48, and tanh net 5-20-1 with 200 samples, n = 141, beside JAX
(Hessian and eigenvalues in one compiled map, and its Hessians handed to NumPy), and beside the packages
hessian-eigenthings (Lanczos, each end) and PyHessian (power iteration, the largest modulus only) on a few of the
points. JAX and the packages are no dependencies: install them by hand to compare. Expected for n = 48: at least 2.5
times faster than JAX (nearly twice where NumPy takes the eigenvalues of JAX's Hessians) and 100 times faster than
Lanczos on products with vectors; for n = 141: at least 4 times faster than JAX. Last, both ends beside all
eigenvalues, by size.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from experiments.benchmarks.timing import Contestants, compare, cpu_medians, jax_maps
from theory.calculus.extreme_eigenvalues import extremes
from theory.models import DeepLinearNet, ShallowNet
from theory.slices.curvature import curvature_map

SPAN, ENDS = "-1:1:51", ("smallest", "largest")
TOOL_POINTS, LANCZOS_STEPS = 3, 40
SIZES, MATRICES = ((4, 4, 4, 4), (7, 7, 7, 7), (10, 10, 10, 10), (13, 13, 13, 13)), 400


class Case(NamedTuple):
    """A model, its loss for JAX from (jax.numpy, X, Y, theta), its torch modules, and how many points JAX gets."""

    name: str
    model: Any
    targets: np.ndarray
    loss: Callable[[Any, Any, Any, Any], Any]
    widths: tuple[int, ...]
    tanh: bool
    jax_points: int
    batches: tuple[int, ...]


def cases() -> tuple[Case, Case]:
    """The two nets on standard normal data."""
    rng = np.random.default_rng(0)
    linear = DeepLinearNet((4, 4, 4, 4), *rng.standard_normal((2, 4, 50)))
    tanh = ShallowNet(20, rng.standard_normal((5, 200)), rng.standard_normal(200))

    def squares(np: Any, X: Any, Y: Any, t: Any) -> Any:
        for i in range(3):
            X = t[16 * i : 16 * (i + 1)].reshape(4, 4) @ X
        return np.sum((Y - X) ** 2)

    def risk(np: Any, X: Any, y: Any, t: Any) -> Any:
        return np.mean((t[120:140] @ np.tanh(t[:100].reshape(20, 5) @ X + t[100:120, None]) + t[140] - y[0]) ** 2)

    return (
        Case("deep linear (4, 4, 4, 4)", linear, linear.Y, squares, (4, 4, 4, 4), False, 256, (4, 8, 16, 32)),
        Case("tanh 5-20-1", tanh, tanh.y[None], risk, (5, 20, 1), True, 32, (1, 2, 4, 8)),
    )


def ours(case: Case, frame: np.ndarray) -> Contestants:
    """Both ends, and everything that a map can hold."""
    count = 51 * 51
    return {
        "both ends": (lambda: curvature_map(case.model, *frame, SPAN, SPAN, quantities=ENDS), count),
        "all quantities": (lambda: curvature_map(case.model, *frame, SPAN, SPAN), count),
    }


def with_jax(case: Case, theta: np.ndarray, jax: Any, dtype: str) -> Contestants:
    """JAX's eigenvalues, and NumPy's of its Hessians, at the points theta."""
    X, Y = (jax.numpy.asarray(a, dtype) for a in (case.model.X, case.targets))
    hessian = jax.hessian(functools.partial(case.loss, jax.numpy, X, Y))
    H = case.model.hessian(theta)
    both = np.linalg.eigvalsh(H)[:, [0, -1]]

    def ends(t: Any) -> Any:
        return jax.numpy.linalg.eigvalsh(hessian(t))[jax.numpy.array([0, -1])]

    x = theta.astype(dtype)
    contestants = dict(jax_maps(jax, ends, x, both, case.batches))
    for size in case.batches:
        run = jax.jit(lambda t, size=size: jax.lax.map(hessian, t, batch_size=size))
        name = f"jax {dtype} + NumPy, batch {size}"
        contestants[name] = (lambda run=run: np.linalg.eigvalsh(np.asarray(run(x))), len(x))
    return contestants


def with_torch(case: Case, theta: np.ndarray) -> Contestants:
    """hessian-eigenthings and PyHessian at the points theta, in their default float32."""
    import hessian_eigenthings
    import pyhessian
    import torch

    torch.set_num_threads(1)
    layers: list[Any] = []
    for p, q in zip(case.widths[:-1], case.widths[1:], strict=True):
        layers += [torch.nn.Linear(p, q, bias=case.tanh), *([torch.nn.Tanh()] if case.tanh else [])]
    net = torch.nn.Sequential(*(layers[:-1] if case.tanh else layers))
    criterion = torch.nn.MSELoss(reduction="mean" if case.tanh else "sum")
    batch = tuple(torch.tensor(a.T, dtype=torch.float32) for a in (case.model.X, case.targets))

    def at(t: np.ndarray) -> None:
        torch.nn.utils.vector_to_parameters(torch.tensor(t, dtype=torch.float32), net.parameters())

    def lanczos(t: np.ndarray) -> list[float]:
        at(t)
        H = hessian_eigenthings.HessianOperator(net, [batch], lambda model, data: criterion(model(data[0]), data[1]))
        found = (
            hessian_eigenthings.lanczos(H, k=1, max_iter=LANCZOS_STEPS, which=which, seed=0) for which in ("SA", "LA")
        )
        return [float(f.eigenvalues[0]) for f in found]

    def power(t: np.ndarray) -> float:
        at(t)
        return pyhessian.hessian(net, criterion, data=batch, cuda=False).eigenvalues()[0][0]

    values = np.linalg.eigvalsh(case.model.hessian(theta))
    scale = np.abs(values).max(-1)
    errors = np.abs(np.array([lanczos(t) for t in theta]) - values[:, [0, -1]]) / scale[:, None]
    top = np.abs(np.abs([power(t) for t in theta]) - scale) / scale
    print(f"  errors relative to ||H||: hessian-eigenthings {errors.max():.1e}, PyHessian {top.max():.1e}")
    return {
        "hessian-eigenthings": (lambda: [lanczos(t) for t in theta], len(theta)),
        "PyHessian, largest modulus": (lambda: [power(t) for t in theta], len(theta)),
    }


def beside_tools(case: Case, frame: np.ndarray, theta: np.ndarray) -> None:
    """Print the times of the tools for PyTorch, where they are installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns of the graphs that PyHessian keeps
            tools = with_torch(case, theta)
            times = cpu_medians({**ours(case, frame), **tools}, rounds=3)
    except ImportError as error:
        print(f"  {error.name} is not installed: install it by hand to compare")
        return
    for name in tools:
        print(f"  {name:28} {times[name]:10.2f} us, / both ends: {times[name] / times['both ends']:.0f}")


def sizes() -> None:
    """Print the times for both ends of one of many matrices, beside all eigenvalues by LAPACK, by size."""
    rng = np.random.default_rng(1)
    print(f"both ends of one of {MATRICES} Hessians of deep linear nets, us")
    for widths in SIZES:
        net = DeepLinearNet(widths, *rng.standard_normal((2, widths[0], 50)))
        H = net.hessian(rng.standard_normal((MATRICES, net.dim)) / np.sqrt(widths[0]))
        runs = {
            "here": (functools.partial(extremes, H), MATRICES),
            "LAPACK": (functools.partial(np.linalg.eigvalsh, H), MATRICES),
        }
        times = cpu_medians(runs, rounds=3)
        print(f"  n = {net.dim:4}" + "".join(f"  {name} {value:9.0f}" for name, value in times.items()))


def main() -> None:
    """Measure and print."""
    for case in cases():
        frame = np.random.default_rng(2).standard_normal((3, case.model.dim))
        coordinates = np.random.default_rng(3).uniform(-1, 1, (case.jax_points, 2))
        theta = frame[0] + coordinates @ frame[1:]
        print(f"{case.name}, n = {case.model.dim}, us a point on {SPAN} squared")
        compare(ours(case, frame), functools.partial(with_jax, case, theta))
        beside_tools(case, frame, theta[:TOOL_POINTS])
    sizes()


if __name__ == "__main__":
    main()
