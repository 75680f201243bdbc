"""How long do grids of losses take, 101^2 to 1024^2 points, beside JAX and the package loss-landscapes?

    python -m experiments.benchmarks.slices [--save] [--rounds N]

One core, contestants interleaved, medians of CPU time. JAX runs ``jit(lax.map)`` over the coordinates with the best of
several batch sizes, and, as it is mostly written, ``jit(vmap)`` over one row, with the dispatch of a call: here "vmap".
Contestants that would take minutes run on a part of the grid, and their times are scaled: marked with *. Values are
compared with JAX first. Nets have the usual random initial weights, directions are random and normalised by filters,
coordinates from -1 to 1. Expected: the factors of ``GOALS``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.timing import DTYPES, Contestants, best_of, cpu_medians, jax_on_one_core
from theory.models import DeepLinearNet, DeepNet, ReluNeuron, ShallowNet
from theory.slices.directions import random_frame
from theory.slices.slice import plane

GRIDS, BATCHES = (101, 256, 1024), (4, 16, 64, 256, 1024)
RESULTS = Path(__file__).parents[1] / "results"
LL = "loss-landscapes"
# (model, ours, peer, points on a side): how many times the peer's time, at least
GOALS = {
    ("deep linear", "exact", "jax float32", 1024): 10,
    ("deep linear", "exact", LL, 1024): 2000,
    ("deep linear", "plot", "jax float32", 1024): 150,
    ("deep linear", "plot", "write", 1024): 1 / 1.5,
    ("ReLU neuron", "exact", "jax float32", 1024): 3.5,
    ("tanh 5-20-1", "exact", "jax float64", 256): 1.2,
    ("tanh 5-20-1", "exact", "jax float64", 1024): 1.2,
    ("tanh 5-20-1", "tol=1e-10", "jax float32", 256): 2,
    ("tanh 5-20-1", "tol=1e-10", "jax float32", 1024): 50,
    ("tanh 5-10x7-1", "exact", "jax float64", 256): 1 / 1.5,
    ("tanh 5-10x7-1", "exact", "vmap float64", 256): 1 / 1.5,
}


@dataclass(frozen=True)
class Case:
    """A model, the ways to slice it, its loss in JAX, and how many points the exact way and a peer are timed on."""

    name: str
    model: Any
    center: np.ndarray
    ways: Mapping[str, Mapping[str, Any]]
    loss: Callable[[Any, Any, Any], Any]  # (jax.numpy, the layers of theta, the data) -> loss
    data: tuple[np.ndarray, np.ndarray]
    most: int
    peers_most: int


def initial(model: Any, rng: np.random.Generator) -> np.ndarray:
    """Weights N(0, 1 / inputs) and biases N(0, 1 / 10)."""
    scales = [(s[-1] if s and name[0] in "Wwa" else 10) ** -0.5 for name, s in model.layout]
    return model.pack(*(scale * rng.standard_normal(s) for scale, (_, s) in zip(scales, model.layout, strict=True)))


def cases() -> tuple[Case, ...]:
    """The four models with random data."""
    rng = np.random.default_rng(0)
    X4, Y4 = rng.standard_normal((2, 4, 50))
    X5, y5 = rng.standard_normal((5, 200)), rng.standard_normal(200)
    linear, exact = DeepLinearNet((4, 4, 4, 4), X4, Y4), {"exact": {}}
    neuron = ReluNeuron(X5[:2], y5, output_weight=True, bias=True, output_bias=True)
    shallow, deep = ShallowNet(20, X5, y5), DeepNet((5, *7 * (10,), 1), X5, y5[None])

    def chain(jnp: Any, layers: Any, data: Any) -> Any:
        A = data[0]
        for W in layers:
            A = W @ A
        return jnp.sum((A - data[1]) ** 2)

    def relu(jnp: Any, layers: Any, data: Any) -> Any:
        w, b, a, c = layers
        return jnp.mean((a * jnp.maximum(w @ data[0] + b, 0) + c - data[1]) ** 2)

    def one_layer(jnp: Any, layers: Any, data: Any) -> Any:
        W, b, a, c = layers
        return jnp.mean((a @ jnp.tanh(W @ data[0] + b[:, None]) + c - data[1]) ** 2)

    def layers(jnp: Any, layers: Any, data: Any) -> Any:
        A = data[0]
        for W, b in zip(layers[:-2:2], layers[1:-2:2], strict=True):
            A = jnp.tanh(W @ A + b[:, None])
        return jnp.mean((layers[-2] @ A + layers[-1][:, None] - data[1]) ** 2)

    def case(name: str, model: Any, ways: Any, loss: Any, data: Any, most: int, peers_most: int) -> Case:
        return Case(name, model, initial(model, rng), ways, loss, data, most, peers_most)

    all_, tol = 2**20, {"tol=1e-10": {"tol": 1e-10}}
    return (
        case("deep linear", linear, exact | {"plot": {"quality": "plot"}}, chain, (X4, Y4), all_, all_),
        case("ReLU neuron", neuron, exact, relu, (X5[:2], y5), all_, all_),
        case("tanh 5-20-1", shallow, exact | tol, one_layer, (X5, y5), 2**17, 2**15),
        case("tanh 5-10x7-1", deep, exact, layers, (X5, y5[None]), 2**14, 2**13),
    )


def ours(case: Case, frame: Any, x: np.ndarray) -> dict[str, tuple[Callable[[], Any], int]]:
    """Each way; what interpolates the grid does all of it."""
    contestants = {}
    for label, options in case.ways.items():
        rows = len(x) if options else max(2, min(len(x), case.most // len(x)))
        y, out = x[:rows], np.empty((rows, len(x)))

        def run(y: np.ndarray = y, out: np.ndarray = out, options: Any = options) -> Any:
            return plane(case.model, *frame, x, y, out=out, **options)

        contestants[label] = (run, rows * len(x))
    return contestants


def with_jax(jax: Any, case: Case, frame: Any, x: np.ndarray) -> dict[str, tuple[Callable[[], Any], int]]:
    """In each precision the batch size that is best on a small part, compared with our values; and a row at once."""
    contestants, layout = {}, case.model.layout
    rows = max(1, min(len(x), case.peers_most // len(x)))
    expected = plane(case.model, *frame, x, x[: max(rows, 2)]).values[:rows]
    for dtype in DTYPES:
        data, vectors = ([jax.numpy.asarray(v, dtype) for v in some] for some in (case.data, frame))

        def loss(at: Any, data: Any = data, vectors: Any = vectors) -> Any:
            theta, start, layers = vectors[0] + at[0] * vectors[1] + at[1] * vectors[2], 0, []
            for _, shape in layout:
                size = int(np.prod(shape))
                layers.append(theta[start : start + size].reshape(shape))
                start += size
            return case.loss(jax.numpy, layers, data)

        at = np.stack(np.meshgrid(x, x[:rows]), axis=-1).reshape(-1, 2)
        runs = {}
        for size in BATCHES:
            compiled = jax.jit(lambda points, size=size, loss=loss: jax.lax.map(loss, points, batch_size=size))
            few, all_ = (jax.numpy.asarray(points, dtype) for points in (at[: max(2 * size, 1024)], at))
            runs[size] = (compiled, few, all_)
        trial = {size: (lambda r=r: r[0](r[1]).block_until_ready(), len(r[1])) for size, r in runs.items()}
        compiled, _, points = runs[best_of(trial)]
        error = np.abs(np.asarray(compiled(points)).reshape(expected.shape) - expected).max() / expected.max()
        if error > 1e4 * np.finfo(dtype).eps:
            raise AssertionError(f"{case.name}, jax {dtype}: the values differ by {error:.1e}")
        contestants[f"jax {dtype}"] = (lambda c=compiled, p=points: c(p).block_until_ready(), len(points))
        row, all_at_once = points[: len(x)], jax.jit(jax.vmap(loss))
        contestants[f"vmap {dtype}"] = (lambda f=all_at_once, p=row: f(p).block_until_ready(), len(row))
    return contestants


def loss_landscapes(case: Case) -> dict[str, tuple[Callable[[], Any], int]]:
    """A random plane through the deep linear net, by the package of this name, if it and torch are installed."""
    try:
        import torch
        from loss_landscapes import metrics, random_plane
    except ImportError:
        return {}
    torch.set_num_threads(1)
    layers = [torch.nn.Linear(4, 4, bias=False) for _ in case.model.layout]
    X, Y = (torch.tensor(a.T, dtype=torch.float32) for a in case.data)
    metric, steps = metrics.Loss(torch.nn.MSELoss(reduction="sum"), X, Y), 20
    net = torch.nn.Sequential(*layers)
    return {LL: (lambda: random_plane(net, metric, distance=1, steps=steps, normalization="filter"), steps * steps)}


def measure(case: Case, n: int, rounds: int, jax: Any) -> dict[str, Any]:
    """Milliseconds for all points of the grid, and who was timed on a part of it."""
    x, frame = np.linspace(-1, 1, n), random_frame(case.model, case.center, normalise="filter", seed=1)
    contestants: dict[str, tuple[Callable[[], Any], int]] = ours(case, frame, x)
    if jax is not None:
        contestants |= with_jax(jax, case, frame, x)
    if case.name == "deep linear":
        contestants |= loss_landscapes(case)
        out = np.empty((n, n))
        contestants["write"] = (lambda: out.fill(1), n * n)
    times: Contestants = contestants
    medians = cpu_medians(times, rounds)
    return {
        "model": case.name,
        "points": n,
        "ways": {label: plane(case.model, *frame, x, x[: max(2, n // 8)], **o).way for label, o in case.ways.items()},
        "ms": {name: us * n * n / 1000 for name, us in medians.items()},
        "part": [name for name, (_, count) in contestants.items() if count < n * n],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """One line for each of our ways: its time, and how many times longer the peers take."""
    peers = [*(f"{how} {dtype}" for how in ("jax", "vmap") for dtype in DTYPES), LL, "write"]
    lines = [
        "| model | grid | way | ms | " + " | ".join(f"{p} / ours" for p in peers) + " |",
        "|---" * (4 + len(peers)) + "|",
    ]
    for row in rows:
        for label in row["ways"]:
            ms, cells = row["ms"][label], []
            for peer in peers:
                goal = GOALS.get((row["model"], label, peer, row["points"]))
                there = row["ms"].get(peer)
                cell = "" if there is None else f"{there / ms:.3g}" + "*" * (peer in row["part"])
                cells.append(cell + (f" (goal {goal:.3g})" if goal and cell else ""))
            star = "*" * (label in row["part"])
            lines.append(f"| {row['model']} | {row['points']}^2 | {label} | {ms:.3g}{star} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and save on request."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmarks.slices")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/benchmark_slices.json and .md")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="models whose name contains this")
    parser.add_argument("--grids", type=int, nargs="+", default=GRIDS)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    jax, rows = jax_on_one_core(), []
    for case in cases():
        for n in options.grids if options.only in case.name else ():
            rows.append(measure(case, n, options.rounds, jax))
            print(table(rows[-1:]), flush=True)
    if options.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "benchmark_slices.json").write_text(json.dumps(rows, indent=1) + "\n")
        note = (
            "`python -m experiments.benchmarks.slices --save`: one core, medians of CPU time; * scaled from a part.\n\n"
        )
        (RESULTS / "benchmark_slices.md").write_text(note + table(rows) + "\n")


if __name__ == "__main__":
    main()
