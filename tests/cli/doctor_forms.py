"""The sentences of the deployment's doctor, as its code has them: what is to be known in another language."""

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
_MEANT = "(meant: {1}?)"


def forms() -> set[str]:
    """Return every sentence with `{1}`, `{2}` for what is filled in."""
    found = {form for name in SOURCES for form in _in(SHARED / name)}
    return {form for form in found - NOT_SAID if form.strip() != _MEANT} | BESIDE


def _in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    other = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    other |= {id(one) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for one in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "\0" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in other:
            text = node.value
        else:
            continue
        *first, last = re.split("\0+", text.removeprefix("; "))
        form = "".join(f"{piece}{{{number}}}" for number, piece in enumerate(first, 1)) + last
        if re.search("[a-z]{2}", form) and " " in form.strip():
            yield form
