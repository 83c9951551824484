"""`python -m testing.films [--only WORD] [--write]`: make the corpus, check it, count misses and false alarms."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from local.film import check_file
from shared.domain.film.verdict import FilmCheck, Flaw
from testing.films.corpus import CASES, Case, damaged
from testing.films.make import write

DOC = Path("docs/film-check.md")
BEGIN, END = "<!-- corpus: written by make films -->", "<!-- end of corpus -->"


def made(name: str, case: Case, folder: Path) -> Path:
    """Make a case's film, unless it lies there; return its file."""
    # Those that differ by their damage alone are encoded once.
    whole = folder / "whole" / _name(next(other for other in CASES if CASES[other].film == case.film)) / case.film.name
    if not whole.exists():
        write(case.film, whole.parent)
    if not case.damage:
        return whole
    path = folder / _name(name) / case.film.name
    if not path.exists():
        shutil.copytree(whole.parent, path.parent)
        if case.damage == "segment":
            sorted(path.parent.glob("*.ts"))[1].unlink()
        else:
            path.write_bytes(damaged(path.read_bytes(), case.damage))
    return path


def _name(name: str) -> str:
    return "".join(one if one.isalnum() else "-" for one in name)


def codes(check: FilmCheck) -> frozenset[Flaw]:
    """Return what was found."""
    return frozenset(finding.code for finding in check.findings)


def main(argv: list[str]) -> int:
    """Print a row for each film, and the counts; 1 where a finding differs from the documented one."""
    parser = argparse.ArgumentParser(
        prog="python -m testing.films",
        description="Make the corpus of films, check each, count misses and false alarms.",
    )
    parser.add_argument("--only", default="", metavar="WORD", help="only films whose name contains this word")
    parser.add_argument("--folder", type=Path, help="keep the films in this folder, and use those that are there")
    parser.add_argument("--figures", action="store_true", help="also print the raw figures of each film")
    parser.add_argument("--write", action="store_true", help=f"write the table into {DOC}")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as kept:
        folder = options.folder or Path(kept)
        lines, counts = ["| Film | Verdict | Found |", "|---|---|---|"], Counter[tuple[Flaw, str]]()
        cases = {name: case for name, case in CASES.items() if options.only in name}
        for name, case in cases.items():
            begun = time.monotonic()
            path = made(name, case, folder)
            between, started = time.monotonic(), time.process_time()
            check = check_file(path)
            took = time.process_time() - started
            found = codes(check)
            for code in Flaw:
                kind = {(1, 1): "found", (1, 0): "missed", (0, 1): "false alarm", (0, 0): "rightly not"}
                counts[code, kind[code in case.wrong, code in found]] += 1
            said = [code.value + ("" if code in case.wrong else " (false alarm)") for code in Flaw if code in found]
            said += [f"{code.value} (missed)" for code in Flaw if code in case.wrong - found]
            lines.append(f"| {name} | {check.verdict.value} | {', '.join(said) or '-'} |")
            print(f"{lines[-1]}  made {between - begun:.1f} s, checked {took * 1000:.0f} ms", flush=True)
            if options.figures:
                print("   ", check.seconds, check.untold, check.why, check.figures)
        counted = ["| Finding | Found | Missed | False alarms | Films without |", "|---|---|---|---|---|"]
        for code in Flaw:
            row = [counts[code, kind] for kind in ("found", "missed", "false alarm", "rightly not")]
            if any(row[:3]):
                counted.append(f"| `{code.value}` | {' | '.join(map(str, row))} |")
        print(*counted, sep="\n")
    wrong = sum(number for (_, kind), number in counts.items() if kind in ("missed", "false alarm"))
    if options.write:
        text = DOC.read_text()
        head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
        table = "\n".join([f"{len(cases)} films.", "", *counted, "", *lines])
        DOC.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}")
    print(f"{len(cases)} films, {wrong} findings missed or false")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
