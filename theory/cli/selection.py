"""Which claims a sub-command is about: patterns, filters, and the claims of a user's file."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from theory.cli.output import Mistake, input_mistakes, one_line

if TYPE_CHECKING:
    from theory.claims.claim import Claim
    from theory.claims.registry import Registry
    from theory.claims.result import Result

GRADES = ("proof", "exact", "certified", "numeric", "statistical", "cited")
STATUSES = ("theorem", "erratum", "conjecture", "cited")


def add_filters(parser: argparse.ArgumentParser) -> None:
    """The arguments that ``verify`` and ``list`` share."""
    parser.add_argument("patterns", nargs="*", metavar="ID", help="ids or patterns, as 'deep_linear.*' (default: all)")
    parser.add_argument("--source", default="", help="only claims whose source contains this text")
    parser.add_argument("--status", default="", choices=STATUSES, help="only claims of this status")
    parser.add_argument("--grade", default="", choices=GRADES, help="only claims of this grade; runs them")
    add_from(parser)


def add_from(parser: argparse.ArgumentParser) -> None:
    """``--from FILE.py``."""
    parser.add_argument("--from", dest="file", metavar="FILE.py", help="a Python file with Claim objects of your own")


def add_run(parser: argparse.ArgumentParser) -> None:
    """How claims are run."""
    parser.add_argument("--max-examples", type=_count, metavar="N", help="drawn cases a claim (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="moves the seed of every claim (default: 0)")
    parser.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes, at most one a core")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"needs an integer of at least 1, got {text!r}")
    return int(text)


def registry_of(file: str | None) -> tuple[Registry, tuple[Claim, ...]]:
    """The book's claims together with those of the user's file, and the latter alone."""
    from theory.claims.registry import registry  # a defect of the book is no mistake of the user's

    with input_mistakes():
        own = user_claims(file) if file else ()
        return (registry.with_claims(own) if own else registry), own


def chosen(args: argparse.Namespace) -> list[Claim]:
    """The claims asked for, before the filter by grade: with ``--from`` and no patterns the user's own."""
    claims, own = registry_of(args.file)
    patterns = args.patterns or [claim.id for claim in own]
    with input_mistakes():
        found = claims.select(patterns, source=args.source, status=args.status)
    if not found:
        filters = ", ".join(f"--{name} {getattr(args, name)}" for name in ("source", "status") if getattr(args, name))
        raise Mistake(f"no claim matches {filters}; `landscapes list` shows them all")
    return found


def user_claims(file: str) -> tuple[Claim, ...]:
    """The Claim objects of a Python file, alone or in tuples or lists, each once."""
    from theory.claims.claim import Claim

    if not Path(file).is_file():
        raise Mistake(f"{file}: needs a Python file, got {'a directory' if Path(file).is_dir() else 'no such file'}")
    values = vars(_module(file)).values()
    found = [c for v in values for c in (v if isinstance(v, tuple | list) else (v,)) if isinstance(c, Claim)]
    if not found:
        raise Mistake(f"{file}: needs at least one Claim at its top level, got none; see CONTRIBUTING for an example")
    return tuple({id(claim): claim for claim in found}.values())


def _module(file: str) -> Any:
    name = f"claims_of_{Path(file).stem}"
    spec = importlib.util.spec_from_loader(name, importlib.machinery.SourceFileLoader(name, file))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise Mistake(f"{file}: cannot be imported, {type(error).__name__}: {one_line(error)}") from error
    return module


def run_all(claims: list[Claim], args: argparse.Namespace) -> Iterator[Result]:
    """The results of the claims in their order, one after the other or in ``--jobs`` processes."""
    from theory.claims.engine import share, verify

    options = {"max_examples": args.max_examples, "seed": args.seed, "alarm": share(*claims)}
    jobs = getattr(args, "jobs", 1)
    if jobs == 1 or len(claims) == 1:
        yield from (verify(claim, **options) for claim in claims)
        return
    from concurrent.futures import ProcessPoolExecutor
    from functools import partial

    with ProcessPoolExecutor(min(jobs, len(claims), os.cpu_count() or 1)) as pool:
        yield from pool.map(partial(_run_one, args.file, options), [c.id for c in claims])


def _run_one(file: str | None, options: dict[str, Any], claim_id: str) -> Result:
    """In a worker: claims do not pickle, so it loads them again."""
    from theory.claims.engine import verify

    return verify(registry_of(file)[0][claim_id], **options)
