"""What the server sends for the console: one page with a strict policy, and its few assets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import NotFound
from shared.domain.film.verdict import Flaw, Verdict
from shared.domain.reasons import Code
from shared.domain.words import words_of
from shared.http import console
from shared.http.console import LANGUAGES, SCRIPTS, origin_of, reply
from shared.http.replies import PROBLEMS

FOLDER = Path(console.__file__).parent
SOURCES = [FOLDER / "js" / f"{name}.js" for name in SCRIPTS]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_one_and_small(language: str) -> None:
    """Under 100 KB; it names no other address than the API's, which is beside it."""
    page = reply("", lang=language).body
    assert len(page.encode()) < 100_000
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert 1 == page.count("</script>")
    assert 1 == page.count("</style>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdicts_and_findings_of_films_have_words(language: str) -> None:
    """Each in both languages, a finding also with what to do."""
    messages = json.loads((FOLDER / f"messages.{language}.json").read_text("utf-8"))
    wanted = {f"film.{one.value}" for one in (*Verdict, *Flaw)} | {f"film.{one.value}.do" for one in Flaw}
    assert set() == wanted - set(messages)


def test_what_is_left_out_of_the_page_means_nothing() -> None:
    """Indentation and comments: no text of a script goes on over the end of a line."""
    for source in SOURCES:
        for line in source.read_text("utf-8").splitlines():
            assert 0 == line.count("`") % 2, f"{source.name}: {line}"
            assert not line.endswith("\\"), f"{source.name}: {line}"
    assert "a {\nb: c;\n}\n" == console.lean("// no\na {\n\n    b: c;\n  // no\n}\n")


def test_the_policy_names_what_is_in_the_page_and_nothing_else() -> None:
    """Scripts and styles by hash; no inline handlers, no frames, no forms, no evaluation."""
    sent = reply("")
    policy = dict(part.split(" ", 1) for part in sent.headers["Content-Security-Policy"].split("; "))
    script = re.search(r'<script type="module">(.*?)</script>', sent.body, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", sent.body, re.DOTALL)
    assert script
    assert style
    assert f"{digest(script[1])} 'self'" == policy["script-src"]
    assert digest(style[1]) == policy["style-src"]
    for name in ("default-src", "base-uri", "frame-ancestors", "form-action"):
        assert "'none'" == policy[name]
    assert "'script'" == policy["require-trusted-types-for"]
    assert "unsafe" not in str(policy)
    assert ("nosniff", "no-referrer", "no-cache") == tuple(
        sent.headers[name] for name in ("X-Content-Type-Options", "Referrer-Policy", "Cache-Control")
    )


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://b-1.cos.ap-guangzhou.myqcloud.com/x?sign=1", "https://b-1.cos.ap-guangzhou.myqcloud.com"),
        ("http://127.0.0.1:9002/x?sign=1", "http://127.0.0.1:9002"),
        ("https://cos.example.com:8443", "https://cos.example.com:8443"),
        ("https://a.example;script-src/x", ""),
        ("https://user@a.example/x", ""),
        ("https:///x", ""),
        ("*", ""),
    ],
)
def test_the_page_may_read_its_own_origin_and_the_buckets(url: str, origin: str) -> None:
    """No other host, whatever scheme; an address that is none adds nothing to the policy."""
    sent = reply("", files=origin_of(url))
    policy = dict(part.split(" ", 1) for part in sent.headers["Content-Security-Policy"].split("; "))
    assert ["'self'", *filter(None, [origin])] == policy["connect-src"].split()
    assert ["blob:", "'self'", *filter(None, [origin])] == policy["media-src"].split()
    assert f'<meta name="files" content="{origin}">' in sent.body


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_nothing_is_parsed_as_html_or_evaluated() -> None:
    """What comes from the API becomes text and attributes only."""
    bad = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc")
    assert [] == [(path.name, found[0]) for path in SOURCES if (found := bad.search(path.read_text()))]
    assert set(SOURCES) == set((FOLDER / "js").iterdir()), "every script is in the page"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh-TW;q=0.5", "zh"),
        ("zh;q=0, en;q=0.1", "en"),
        ("de", "en"),
        (";;q=x,,zh", "zh"),
    ],
)
def test_the_page_is_in_the_browsers_language(accepted: str, language: str) -> None:
    """The first wish that we speak; its ETag is its own."""
    sent = reply("", accepted)
    assert language == sent.headers["Content-Language"]
    assert f'<html lang="{language}">' in sent.body
    assert 1 == len({reply("", language).headers["ETag"], sent.headers["ETag"]})


@pytest.mark.parametrize(
    ("accepted", "lang", "language"),
    [
        ("zh-CN", "en", "en"),
        ("en-GB", "zh", "zh"),
        ("en-GB;q=7", "zh-CN", "zh"),
        ("zh", "", "zh"),
        ("zh", "fr", "zh"),
        ("zh", "<script>", "zh"),
        ("", "constructor", "en"),
    ],
)
def test_the_address_may_name_the_language(accepted: str, lang: str, language: str) -> None:
    """Before the browser's; one that we do not speak decides nothing."""
    sent = reply("", accepted, lang=lang)
    assert (language, "Accept-Language") == (sent.headers["Content-Language"], sent.headers["Vary"])


@pytest.mark.parametrize(("language", "other"), [LANGUAGES, LANGUAGES[::-1]])
def test_a_page_holds_one_language(language: str, other: str) -> None:
    """No message of the other is sent; each has its own ETag."""
    own, others = (json.loads((FOLDER / f"messages.{each}.json").read_text("utf-8")) for each in (language, other))
    sent = reply("", lang=language)
    messages = re.search(r"const GROUPS = (.*);", sent.body)
    assert messages
    said = {text for group in json.loads(messages[1]).values() for text in group.values()}
    assert set(own.values()) == said
    assert [] == [text for text in set(others.values()) - said if len(text) > 9 and text in sent.body]
    assert f"<noscript>{own['noscript']}</noscript>" in sent.body
    assert reply("", lang=other).headers["ETag"] != sent.headers["ETag"]


@given(st.text(max_size=60), st.text(max_size=10))
def test_any_accept_language_gets_a_page(accepted: str, lang: str) -> None:
    """Header and address are a stranger's."""
    assert reply("", accepted, lang=lang).status == 200


@pytest.mark.parametrize("asset", ["console.css", "../api.py", "hls.light.min.js", "js/main.js", "HLS.js", "hls.js/"])
def test_only_assets_are_served(asset: str) -> None:
    """No path leads into the folder."""
    with pytest.raises(NotFound):
        reply(asset)


def test_the_hls_player_comes_with_its_licence() -> None:
    """As text, cacheable, and as it was published."""
    player = reply("hls.js")
    assert player.headers["Content-Type"].startswith("text/javascript")
    assert "max-age=" in player.headers["Cache-Control"]
    assert "Hls" in player.body
    assert "Apache License" in reply("hls.LICENSE").body


def test_both_languages_say_the_same() -> None:
    """Every message that the scripts name is there, with the same values in it; none is left over."""
    tables = {language: json.loads((FOLDER / f"messages.{language}.json").read_text()) for language in LANGUAGES}
    english, chinese = (
        {key: text for key, text in tables[each].items() if not key.endswith(".one")} for each in LANGUAGES
    )
    # English advice, events, problems and wrongs of fields are the API's own.
    own = {f"{kind}.{code}" for kind in ("advice", "event", "field") for code in words_of(kind)}
    kinds = {f"problem.{name}" for _, name, _ in PROBLEMS.values()}
    assert set(english) | own == {key for key in chinese if key not in kinds}
    # What only a gateway, TRTC or a missing Content-Type brings about is no caller of the console's.
    assert {"method-not-allowed", "reply-too-large", "unsupported-media-type", "not-stored"} == {
        key.removeprefix("problem.") for key in kinds - set(chinese)
    }
    values = re.compile(r"\{\w+\}")
    assert [] == [key for key in english if set(values.findall(english[key])) != set(values.findall(chinese[key]))]
    api = {f"field.{code}": set(values.findall(words.replace("{{", ""))) for code, words in words_of("field").items()}
    assert [] == [key for key, named in api.items() if not set(values.findall(chinese[key])) <= named]
    code = "".join(path.read_text() for path in SOURCES) + (FOLDER / "console.html").read_text()
    named = set(re.findall(r"\bt\('([\w.]+)'", code)) | set(re.findall(r'data-(?:text|label)="([\w.]+)"', code))
    assert set() == named - set(english)
    assert {f"reason.{code.value}" for code in Code} <= set(english)
    assert [] == [
        key for key in chinese if key.startswith(("reason.", "advice.", "event.", "field.")) and chinese[key].isascii()
    ]
    built = (*re.findall(r"[`']([\w]+\.)\$\{", code), "problem.", "files.")
    dialogs = re.compile(r"\.(title|text|yes)$|^(stop|delete|cancel\.start)$")
    left = set(english) - named
    assert {"noscript"} == {key for key in left if not key.startswith(built) and not dialogs.search(key)}
