"""The documents lead somewhere: links, titles, and the shape of docs/decisions.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import llms

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SECTIONS = {
    "docs/page-guide.md": ["Say when the page is ready"],
    "docs/notifications.md": ["Catch up after an outage", "Python", "Node", "Java", "Change the secret"],
    "docs/operations.md": ["What an outage of ten minutes does", "Fix a problem", "Set up queries and alarms"],
    "docs/deploy.md": ["Deploy in five steps", "Rotate keys", "Roll back", "Remove everything"],
    "docs/api.md": ["What a token may do", "Limits", "Send a request", "Repeat a request", "Reason codes", "Problems"],
    "docs/guarantees.md": ["Promises", "How a silent recording ends", "Not promised"],
    "docs/local-cloud.md": ["Test your backend and receiver", "Test your own StartWebRecord client", "Inject faults"],
    "docs/storage.md": ["Keep and expire"],
    "docs/states.md": ["It stays open for too long", "Reason codes"],
    "CONTRIBUTING.md": ["Set up and edit", "Add something"],
}
"""What readers looked for: each has a title, in a document that README links to."""
FIELDS = ["Context", "Decision", "Consequence", "Date"]


def anchors(path: Path) -> set[str]:
    """Return the names that GitHub gives to a document's titles."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_a_title(path: Path) -> None:
    """A link to a file of the repository finds it; one with `#…` finds a title in it."""
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    broken = []
    for link in local:
        name, _, anchor = link.partition("#")
        target = (path.parent / name) if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert [] == broken


def test_one_click_leads_from_the_readme_to_every_document() -> None:
    """README names each document of docs/, README.zh-CN the Chinese edition where there is one."""
    english = {path.name for path in (ROOT / "docs").glob("*.md") if ".zh-CN" not in path.name}
    chinese = {name.replace(".md", ".zh-CN.md") for name in english}
    chinese = {name if (ROOT / "docs" / name).exists() else name.replace(".zh-CN", "") for name in chinese}
    for readme, names in (("README.md", english), ("README.zh-CN.md", chinese)):
        linked = re.findall(r"\]\(docs/([^)#]+\.md)", (ROOT / readme).read_text(encoding="utf-8"))
        assert set() == names - set(linked), readme


def test_every_decision_has_context_decision_consequence_and_date() -> None:
    """In this order; the date is a day."""
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    entries = text.split("\n### ")[1:]
    assert len(entries) > 40
    for entry in entries:
        title = entry.partition("\n")[0]
        assert FIELDS == re.findall(r"^- \*\*(\w+)\.\*\* ", entry, re.MULTILINE), title
        assert re.search(r"^- \*\*Date\.\*\* 20\d\d-[01]\d-[0-3]\d$", entry, re.MULTILINE), title


def test_the_readme_is_short() -> None:
    """One screen of use and one of reasons."""
    assert len((ROOT / "README.md").read_bytes()) <= 6 * 1024


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/storage.md", "docs/decisions.md"])
def test_every_file_that_is_named_exists(name: str) -> None:
    """A path in backticks that begins with one of our folders is there."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`((?:shared|functions|local|webrecord|testing|tests|tools|docs)/[\w./-]*)`", text)
    assert [] == [path for path in named if not (ROOT / path).exists()]


def test_llms_txt_is_made_from_the_documents() -> None:
    """`make llms` would change nothing, and it lists each document in English."""
    assert llms.text() == (ROOT / "llms.txt").read_text(encoding="utf-8")
    english = [path for path in DOCUMENTS if ".zh-CN" not in path.name]
    assert [] == [path.name for path in english if f"({path.relative_to(ROOT).as_posix()})" not in llms.text()]


@pytest.mark.parametrize("name", SECTIONS)
def test_what_readers_look_for_is_one_click_away(name: str) -> None:
    """The README links to the document, and the document has the titles."""
    assert f"]({name})" in (ROOT / "README.md").read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert [] == [title for title in SECTIONS[name] if title not in titles]


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.zh-CN.md")), ids=lambda path: path.name)
def test_a_chinese_edition_and_the_english_one_say_the_same_and_lead_to_each_other(path: Path) -> None:
    """Each names the other at its top. Code in the Chinese edition is that of the English one; a diagram has words."""
    other = path.with_name(path.name.replace(".zh-CN", ""))
    chinese, english = path.read_text(encoding="utf-8"), other.read_text(encoding="utf-8")
    assert f"[English]({other.name})" in chinese.partition("\n## ")[0]
    assert f"[中文]({path.name})" in english.partition("\n## ")[0]
    blocks = re.findall(r"^```(?!mermaid)\w+\n.*?^```$", chinese, re.MULTILINE | re.DOTALL)
    assert [] == [block for block in blocks if block not in english]


def rows(path: Path, title: str) -> list[str]:
    """Return the names in the first cells of a section's tables, in order; without a title, of the head."""
    text = path.read_text(encoding="utf-8")
    section = (text.partition(f"\n## {title}\n")[2] if title else text).partition("\n## ")[0]
    return [
        name for line in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(.*?)`", line)
    ]


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("deploy", "Check the deployment", "检查部署"),
        ("deploy", "Deploy in five steps", "五步部署"),
        ("deploy", "When a call is refused", "调用被拒绝时"),
        ("api", "", ""),
        ("api", "Send a request", "提交录制"),
        ("api", "Read a recording", "查询录制"),
        ("api", "Problems", "错误"),
        ("notifications", "The request", "请求"),
        ("states", "Reason codes", "原因码"),
        ("operations", "Read the log fields", "日志字段"),
        ("page-guide", "All findings", "全部检查项"),
    ],
)
def test_the_tables_of_both_editions_have_the_same_rows(name: str, english: str, chinese: str) -> None:
    """A row that one of them gets is missing in the other otherwise."""
    docs = ROOT / "docs"
    told = rows(docs / f"{name}.md", english)
    assert told
    assert told == rows(docs / f"{name}.zh-CN.md", chinese)


def shape(path: Path) -> list[tuple[int, int]]:
    """Return the level of each section's title and the number of its tables' lines, in order."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    sections = re.split(r"^(?=#+ )", text, flags=re.MULTILINE)[1:]
    return [(len(one) - len(one.lstrip("#")), len(re.findall(r"^\|", one, re.MULTILINE))) for one in sections]


@pytest.mark.parametrize("name", ["api", "costs", "notifications", "operations"])
def test_a_whole_edition_has_every_section_and_row(name: str) -> None:
    """The Chinese edition has the English one's sections, in its order, and as many rows in the tables of each."""
    assert shape(ROOT / "docs" / f"{name}.md") == shape(ROOT / "docs" / f"{name}.zh-CN.md")
