"""Sentences of the functions without a code, as their source has them: the doctor's, and why a film was not checked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared"
SOURCES = (
    *("doctor/__init__.py", "doctor/checks.py", "doctor/run.py", "settings.py"),
    *("domain/forms.py", "domain/hosts.py", "adapters/probe.py", "adapters/cos.py", "adapters/cos_answers.py"),
    "adapters/wire.py",
)
NOT_SAID = {
    *("Bearer {1}", "bytes {1}-", "DELETE of many", "list {1}", "sign {1}"),
    *("the answer has no end", "the time is over"),  # an exception's, of which the kind alone is told
    "SdkAppId {1}: {2}: {3}",  # joined of what is known
}
"""What looks like a sentence and is none of the doctor's."""
BESIDE = {
    *("read", "list", "delete", "ahead of", "behind", "seconds", "{1} s {2} COS's", "{1} (meant: {2}?)"),
    *("part {1} {2}", "`allow` or `refuse`"),
    *("{1} is not set: notifications can't be signed", "{1} is not `whsec_` and base64"),  # of adapters/notify.py
}
"""Words that stand in sentences, and what the rule below does not see."""
FILMS = {"the files lie {1}", "in VOD", "in a place of the caller's", "not checked yet", "sound", "motion"}
"""What else says why a film was not checked, and what could not be told of one."""
_MEANT = "(meant: {1}?)"


def forms() -> set[str]:
    """Return every sentence with `{1}`, `{2}` for what is filled in."""
    found = {form for name in SOURCES for form in _in(SHARED / name)}
    return {form for form in found - NOT_SAID if form.strip() != _MEANT} | BESIDE | FILMS | _unchecked()


def _unchecked() -> set[str]:
    """Return why a film is not checked, or not to its end."""
    found = set[str]()
    for path in (*(SHARED / "domain" / "film").glob("*.py"), SHARED / "usecases" / "films.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ReadStopped":
                said = node.args[0].value if isinstance(node.args[0], ast.Subscript) else node.args[0]
                found.add(_form(said))
            if isinstance(node, ast.keyword) and node.arg == "why" and isinstance(node.value, ast.Constant):
                found.add(_form(node.value))
    return found


def _form(node: ast.expr) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(str(one.value) if isinstance(one, ast.Constant) else "\0" for one in parts)
    *first, last = re.split("\0+", text.removeprefix("; "))
    return "".join(f"{piece}{{{number}}}" for number, piece in enumerate(first, 1)) + last


def _in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    other = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    other |= {id(one) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for one in node.values}
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in other
        if not (text or isinstance(node, ast.JoinedStr)):
            continue
        form = _form(node)  # type: ignore[arg-type]  # it is one of both
        if re.search("[a-z]{2}", form) and " " in form.strip():
            yield form
