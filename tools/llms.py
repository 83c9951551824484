"""`python -m tools.llms` writes llms.txt: each document and its first sentence, for programs that read documents."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
GROUPS = {
    "Use": (
        "README",
        "docs/page-guide",
        "docs/api",
        "docs/cli",
        "docs/states",
        "docs/notifications",
        "docs/film-check",
    ),
    "Deploy and operate": (
        "docs/deploy",
        "docs/deploy-by-hand",
        "docs/settings",
        "docs/operations",
        "docs/capacity",
        "docs/costs",
    ),
    "Develop": ("CONTRIBUTING", "docs/local-cloud", "docs/storage", "docs/performance"),
    "Background": ("docs/guarantees", "docs/decisions", "SECURITY", "CHANGELOG"),
}
"""The documents in English, by what one reads them for."""


def text() -> str:
    """Return llms.txt: the project in a sentence, then title, link and first sentence of each document."""
    lines = ["# scf-webrecord", "", f"> {_summary((ROOT / 'README.md').read_text(encoding='utf-8'))}", ""]
    for group, names in GROUPS.items():
        lines += [f"## {group}", *(_row(f"{name}.md") for name in names)]
        if group == "Use":
            lines.append("- [OpenAPI](docs/openapi.json): The API as OpenAPI 3.1, with the notifications as webhooks.")
        lines.append("")
    return "\n".join(lines)


def _row(name: str) -> str:
    content = (ROOT / name).read_text(encoding="utf-8")
    return f"- [{content.partition(chr(10))[0].removeprefix('# ')}]({name}): {_summary(content)}"


def _summary(content: str) -> str:
    """Return the first sentence of the first paragraph; links become their texts."""
    paragraphs = [" ".join(part.split()) for part in content.split("\n\n")[1:]]
    first = next(part for part in paragraphs if re.match(r"[\w`]", part))
    plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", first)
    return re.split(r"(?<=\.) ", plain, maxsplit=1)[0]


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tools.llms", description="Write llms.txt from the documents.").parse_args()
    (ROOT / "llms.txt").write_text(text(), encoding="utf-8")
