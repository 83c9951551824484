"""What the deployment's doctor says is Chinese for who reads Chinese: whole, and with its values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.doctor.__main__ import main
from tests.cli.calls import Cli
from tests.cli.forms_of_functions import forms
from tests.cli.scripted import Answer, scripted
from tests.deploy.served import Served
from tests.deploy.test_deployment import Clock
from webrecord import words
from webrecord.deploy.verify import verify
from webrecord.seen import told

CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")
NAMES = re.compile(r"docs/deploy-by-hand\.md|`[^`]*`|[A-Za-z]+ Webhooks|[\w.]+ \d+")
"""What stays as it is in any language."""


@pytest.fixture(autouse=True)
def reader() -> Iterator[None]:
    """A Chinese reader, for one test."""
    words.speak("zh")
    yield
    words.speak("en")


@pytest.mark.parametrize("form", sorted(forms()))
def test_every_sentence_is_chinese_with_its_values(form: str) -> None:
    """No English word is left but names, and no value is lost."""
    values = [f"V{number}" for number in range(1, 1 + len(re.findall(r"\{\d\}", form)))]
    said = told(re.sub(r"\{(\d)\}", lambda found: values[int(found[1]) - 1], form))
    assert CHINESE.search(said), said
    assert not ENGLISH.search(NAMES.sub("", said)), said
    assert all(value in said for value in values), said


POLICY, POLICY_ZH = "see the policies of docs/deploy-by-hand.md, step 3", "请对照 docs/deploy-by-hand.md 第 3 步的策略"
UPLOAD = "check the upload key's policy, and WEBRECORD_STORAGE_SECRET_ID and -KEY"
KEYS = "the credentials are not accepted: are they current, and of this site's account?"
MISSING = "WEBRECORD_BUCKET: is missing: write the bucket, `name-appid`"
FULL = "WEBRECORD_BUCKET: must be the bucket's full name, `name-appid`, in lower case"
FULL_ZH = "WEBRECORD_BUCKET：须为存储桶的完整名称 `name-appid`，小写"
NUMBER = "WEBRECORD_MAX_ATTEMPTS: must be a number of tasks, a whole number from 1 to 100, without a unit behind it"
UNSET = ": unset it, or name an http:// proxy"
SOCKS = f"names a SOCKS proxy, which this command does not speak{UNSET}"
JOINED = {
    "400 s behind COS's: calls are refused as expired; set it by NTP": (
        "比 COS 的时间慢 400 秒：调用会因过期被拒绝；请用 NTP 校时"
    ),
    f"COS PUT files/x: 403 AccessDenied: {UPLOAD}": (
        "COS PUT files/x: 403 AccessDenied：请检查上传密钥的策略，以及 WEBRECORD_STORAGE_SECRET_ID 和 -KEY"
    ),
    f"SdkAppId 14: AuthFailure: no: {KEYS}": (
        "SdkAppId 14: AuthFailure: no：密钥未被接受：请检查密钥是否仍然有效、是否属于该站点的账号"
    ),
    f"may read, list: TRTC gets this key with every start; {POLICY}": (
        f"可以读取，列出：每次启动录制都会把这个密钥交给 TRTC；{POLICY_ZH}"
    ),
    f"may write outside webrecord/: {POLICY}; delete x-1 by hand": (
        f"可以在 webrecord/ 以外写入：{POLICY_ZH}；请手动删除 x-1"
    ),
    f"{MISSING}; {NUMBER}": (
        "WEBRECORD_BUCKET：缺失：请填写存储桶，`name-appid`；"
        "WEBRECORD_MAX_ATTEMPTS：须为任务数，1 到 100 的整数，不带单位"
    ),
    "; ".join([FULL] * 9): "；".join([FULL_ZH] * 9),
    "read by nothing: WEBRECORD_BUKET (meant: WEBRECORD_BUCKET?)": (
        "没有任何程序读取：WEBRECORD_BUKET（是否想写 WEBRECORD_BUCKET？）"
    ),
    f"read by nothing: WEBRECORD_X; http_proxy {SOCKS}; https_proxy is not http://host:port{UNSET}": (
        "没有任何程序读取：WEBRECORD_X；http_proxy 指定了 SOCKS 代理，本命令不支持：请取消设置，或改用 http:// 代理；"
        "https_proxy 不是 http://host:port 的形式：请取消设置，或改用 http:// 代理"
    ),
    "WEBRECORD_FILM_CHECK: must be `on` or `off`": "WEBRECORD_FILM_CHECK：须为`on` 或 `off`",
    "ap-guangzhou": "ap-guangzhou",
    "something that a later release says": "something that a later release says",
}


@pytest.mark.parametrize("seen", JOINED)
def test_joined_sentences_are_known_one_by_one(seen: str) -> None:
    """An error with its advice, several settings, and what no release of ours said."""
    assert JOINED[seen] == told(seen)


@given(st.text(alphabet="abc ;:,{}1`\\()[]*\n密", max_size=60) | st.text())
def test_any_text_is_answered(text: str) -> None:
    """Whatever a function answers; what is not known stays."""
    assert isinstance(told(text), str)


def test_long_texts_cost_no_time() -> None:
    """They are left as they are."""
    assert "; a: b" * 9_999 == told("; a: b" * 9_999)


def test_a_deployment_is_verified_in_chinese() -> None:
    """What the function's doctor finds, and what to do."""

    class Ill(Served):
        def __init__(self) -> None:
            super().__init__()
            self.found = [
                {"check": "trtc", "level": "fail", "seen": "SdkAppId 7: A: b: the clock is wrong: set it by NTP"}
            ]

    found = list(verify(Ill(), "d-reconcile", {}, {}, sleep=Clock().sleep))
    assert ("部署检查：trtc", "SdkAppId 7: A: b：时钟不准：请用 NTP 校时") == (found[0].name, found[0].line)


def test_the_command_speaks_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names of checks and levels stay; JSON is English."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    for name in ("WEBRECORD_BUCKET", "TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WEBRECORD_LANG", "")
    assert 1 == main(["--function", "callback"])
    said = capsys.readouterr().out
    assert re.search("(?m)^fail  settings-callback .*WEBRECORD_BUCKET：缺失：请填写存储桶", said), said
    assert "没有检查：WEBRECORD_BUCKET" in said
    main(["--function", "callback", "--json"])
    assert not CHINESE.search(capsys.readouterr().out)


@pytest.mark.usefixtures("home")
def test_why_a_film_is_unchecked_is_chinese() -> None:
    """With the file's name, and with what could not be told; the state of its recording, too."""
    reason = "a.mp4: it needs more than 300 reads or 64 MiB"
    answer = {
        "recording_id": "x",
        "state": "completed",
        "film": "unchecked",
        "film_reason": reason,
        "untold": ["sound"],
    }
    with scripted(lambda _: Answer(200, answer)) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url, "WEBRECORD_LANG": "zh"})("inspect", "x")
        told = Cli({"WEBRECORD_ENDPOINT": server.url, "WEBRECORD_LANG": "zh"})("inspect", "x", "--json")
    assert "a.mp4：需要超过 300 次读取或 64 MiB" in ran.out, ran.out
    assert "已完成" in ran.out
    assert reason == json.loads(told.out)["film_reason"]
