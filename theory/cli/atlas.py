"""``landscapes atlas``: every critical value of a linear net, or the minima, valleys and barriers of a ReLU neuron."""

from __future__ import annotations

import argparse
from typing import Any

from theory.cli.output import Mistake, input_mistakes, say, say_json, table, working

HELP = "list all critical values, or all minima and barriers, of a model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a problem file, JSON or .npz; - is standard input")
    parser.add_argument("--json", action="store_true", help="plain JSON on stdout")


def run(args: argparse.Namespace) -> int:
    with input_mistakes():
        from theory.critical.classify import theory_module
        from theory.io.problem import load
        from theory.io.results import atlas

        model = load(args.file).model
        survey = getattr(theory_module(model), "atlas", None)
        if survey is None:
            known = "a model whose critical values are known (DeepLinearNet, LinearResNet, ReluNeuron)"
            raise Mistake(f"{args.file}: atlas needs {known}, got {_name(model)}")
        with working("enumerating"):
            found = survey(model)
    if args.json:
        say_json(atlas(model, found))
    elif hasattr(found, "minima"):
        _print_minima(model, found)
    else:
        _print_values(model, found)
    return 0


def _about(model: Any) -> list[tuple[str, Any]]:
    layers = ", ".join(f"{name} {shape}" for name, shape in model.layout)
    return [("model", f"{_name(model)}: {model.dim} parameters ({layers})"), ("loss", model.loss_normalisation)]


def _print_minima(model: Any, found: Any) -> None:
    """The local minima of a neuron with the barriers between its valleys."""
    has = dict(model.layout)
    header = [
        *_about(model),
        ("best constant" if "c" in has else "zero network", _short(found.constant)),
        ("least loss", _short(found.global_value)),
        ("components of {loss <= c}", ", ".join(f"{n} from {_short(level)}" for level, n in found.counts)),
    ]
    say(table(("", ""), header))
    names = ("#", "local minima", "value", "dimension", "samples", f"a point ({', '.join(has)})")
    rows = [
        (
            i,
            _kind(f) + (", dead" if f.dead else ", strict" if f.dimension == 0 else ""),
            _short(f.value),
            f.dimension,
            "".join("-0+"[s + 1] for s in f.signs),
            ", ".join(map(_short, f.theta)),
        )
        for i, f in enumerate(found.minima)
    ]
    say("", table(names, rows, right=("#", "dimension")) if rows else "no local minima below the constant networks")
    if found.barriers:
        say("", table(("barrier", "height"), [(f"{b.i} - {b.j}", _short(b.height)) for b in found.barriers]))


def _kind(f: Any) -> str:
    """The bottom of a valley, or a plateau from which a path leads down at the end."""
    if f.floor:
        return "spurious valley" if f.spurious else "global minima"
    return "plateau in a spurious valley" if f.spurious else "plateau"


def _print_values(model: Any, found: Any) -> None:
    header = [
        *_about(model),
        ("sigma_q^2 of Y X^+ X, q = 0, 1, ...", ", ".join(map(_short, found.squares)) or "none: Y X^T = 0"),
        ("floor ||Y (I - X^+ X)||^2", _short(found.floor)),
        ("largest rank k", found.largest_rank),
    ]
    say(table(("", ""), header))
    names = ("value", "kept S", "rank", "index sets", "index", "kinds of its critical points")
    rows = [
        (
            _short(row.value),
            "{" + ", ".join(map(str, row.S)) + "}",
            row.rank,
            row.multiplicity,
            str(row.index[0]) if row.index[0] == row.index[1] else f"{row.index[0]}..{row.index[1]}",
            ", ".join(row.kinds),
        )
        for row in found.values
    ]
    say("", table(names, rows, right=("rank", "index sets", "index")))


def _name(model: Any) -> str:
    return type(model).__name__


def _short(x: Any) -> str:
    """A number that is exact where it is short; else with seven digits, and "..." where it goes on."""
    if hasattr(x, "mid"):
        return f"{float(x.mid()):.7g}..."
    text = str(x)
    return text if len(text) <= 12 else f"{int(x.p) / int(x.q):.7g}..."
