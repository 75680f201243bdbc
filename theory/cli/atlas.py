"""``landscapes atlas``: every critical value of a model, with the kinds of points that have it and their indices."""

from __future__ import annotations

import argparse
from typing import Any

from theory.cli.output import Mistake, input_mistakes, say, say_json, table, working

HELP = "list all critical values of the model in a problem file"


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
            known = "a model whose critical values are known (DeepLinearNet, LinearResNet)"
            raise Mistake(f"{args.file}: atlas needs {known}, got {_name(model)}")
        with working("enumerating"):
            found = survey(model)
    if args.json:
        say_json(atlas(model, found))
    else:
        _print(model, found)
    return 0


def _print(model: Any, found: Any) -> None:
    layers = ", ".join(f"{name} {shape}" for name, shape in model.layout)
    header = [
        ("model", f"{_name(model)}: {model.dim} parameters ({layers})"),
        ("loss", model.loss_normalisation),
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
