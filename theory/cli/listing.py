"""``landscapes list``: which claims there are; as a table, JSON, or the Markdown table of the README."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from theory.cli import selection
from theory.cli.output import Mistake, input_mistakes, say, say_json, table, tracked

if TYPE_CHECKING:
    from theory.claims.claim import Claim
    from theory.claims.result import Result

HELP = "list claims"
CLAIMS, IDEAL = "claims", "ideal result"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    selection.add_filters(parser)
    selection.add_run(parser)
    parser.add_argument("--json", action="store_true", help="plain JSON on stdout")
    parser.add_argument("--markdown", action="store_true", help="a Markdown table with evidence; runs the claims")
    parser.add_argument("--into", metavar="FILE", help="with --markdown: replace the table in this file")


def run(args: argparse.Namespace) -> int:
    if args.into and not args.markdown:
        raise Mistake("list: --into needs --markdown")
    claims = selection.chosen(args)
    results: dict[str, Result] = {}
    if args.grade or args.markdown:
        results = {r.id: r for r in tracked(selection.run_all(claims, args), len(claims), "verifying")}
    if args.grade:
        claims = [c for c in claims if results[c.id].grade == args.grade]
    if args.markdown:
        text = markdown(claims, results)
        with input_mistakes():
            _replace(Path(args.into), text) if args.into else say(text)
    elif args.json:
        say_json([_plain(c, results.get(c.id)) for c in claims])
    else:
        say(table(("claim", "status", "title", "source"), [(c.id, c.status, c.title, c.source) for c in claims]))
    return 0


def _plain(claim: Claim, result: Result | None) -> dict[str, Any]:
    out = {name: str(getattr(claim, name)) for name in ("id", "title", "status", "source")}
    return {**out, "uses": list(claim.uses), **({"evidence": result.evidence} if result else {})}


def evidence_kind(result: Result) -> str:
    """Grade and scope without numbers, which may change with the version of Hypothesis: "exact, sampled"."""
    words = result.evidence.split(" (")[0]
    return f"refuted as printed: {words}" if result.corrected_by and result.passed else words


def markdown(claims: list[Claim], results: dict[str, Result]) -> str:
    """The table of the README."""
    rows = [f"| `{c.id}` | {c.title} | {evidence_kind(results[c.id])} |".replace("\n", " ") for c in claims]
    return "\n".join(["| claim | title | evidence |", "|---|---|---|", *rows])


def replaced(document: str, text: str, name: str = CLAIMS) -> str:
    """The document with ``text`` between the two markers of this name."""
    first, last = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, begin, rest = document.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"--into: needs a file with the markers {first} and {last}; add them where the table belongs")
    return f"{before}{first}\n{text}\n{last}{after}"


def _replace(path: Path, text: str) -> None:
    """Put the claims between their markers, and the table of the ideal result where the file has markers for it."""
    from theory.claims import ideal_result

    document = replaced(path.read_text(encoding="utf-8"), text)
    if IDEAL in document:
        document = replaced(document, ideal_result.markdown(), IDEAL)
    path.write_text(document, encoding="utf-8")
