"""The command line speaks the language of the locale: every sentence, whole; JSON and exit statuses stay."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import webrecord
from local.__main__ import app as local_app
from local.check import words as check_words
from local.check.finding import VERDICTS, Level
from local.check.judge import judge
from local.check.rules import behaving, opening
from local.check.rules.common import Case
from local.check.show import lines
from tests.cli.calls import PAGE, Cli
from tests.cli.forms_of_functions import forms
from tests.deploy.account import Account
from tests.deploy.test_deployment import checkout, deploy
from tests.local.check.test_judge import FOUND
from webrecord import films, instants, pagecheck, seen, sheet, tables, usage, wire, words
from webrecord.deploy.deployment import Deployment
from webrecord.deploy.errors import ADVICE, AGAIN
from webrecord.errors import describe
from webrecord.helptext import HEADINGS
from webrecord.main import app
from webrecord.words import MESSAGES

FOLDER = Path(webrecord.__file__).parent
CHECK = FOLDER.parent / "local" / "check"
"""A process of its own, which is handed the same messages."""
DOCTOR = FOLDER.parent / "shared" / "doctor" / "__main__.py"
OWN: dict[str, str] = json.loads((FOLDER / "messages.zh.json").read_text("utf-8"))
CONSOLE = {
    language: json.loads((FOLDER.parent / f"shared/http/console/messages.{language}.json").read_text("utf-8"))
    for language in ("en", "zh")
}
CONSTANTS = [
    instants.FORMS,
    instants.FIXED,
    instants.DAYS,
    sheet.HOW,
    wire._ASK,  # noqa: SLF001 (a sentence that stands apart)
    films._NONE,  # noqa: SLF001
    usage.NEVER_TYPED,
    *pagecheck._NAMES.values(),  # noqa: SLF001
    *wire.SYSTEM,
    *(sentence for _, sentence in usage._TYPER),  # noqa: SLF001
    *HEADINGS,
    *(advice for _, advice in ADVICE),
    AGAIN,
    *(name for name in ("configuration", "settings", "transport", "proxy", "endpoint", "clock", "health", "token")),
    *VERDICTS.values(),
    *(level.value for level in Level),
    *(words for pair in opening._WHY.values() for words in pair),  # noqa: SLF001
    *behaving._PARTS.values(),  # noqa: SLF001
]
CHINESE = re.compile("[\u4e00-\u9fff]")


def in_code() -> Iterator[str]:
    """Yield every sentence that is given to `t`, and every name of a column."""
    for path in (*FOLDER.rglob("*.py"), *CHECK.rglob("*.py"), CHECK.parent / "commands" / "check.py", DOCTOR):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in ("t", "table_of"):
                given = node.args if name == "table_of" else node.args[:1]
                yield from (
                    one.value
                    for one in given
                    if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value
                )


def in_help() -> Iterator[str]:
    """Yield every text of a command, an option or an argument."""
    commands = [typer.main.get_command(app)]
    for command in commands:
        yield from (text for text in (command.help, command.short_help, command.epilog) if text)
        yield from (text for one in command.params if (text := getattr(one, "help", None)))
        commands += getattr(command, "commands", {}).values()


def values(sentence: str) -> set[tuple[str, str, str]]:
    """Return the values in a sentence, each with how it is written."""
    return {
        (name, spec or "", conversion or "") for _, name, spec, conversion in string.Formatter().parse(sentence) if name
    }


def test_each_sentence_is_there_in_chinese_with_the_same_values() -> None:
    """Of code and help, and none is left over; what has a code is the console's, and stands there alone."""
    helped = {text.replace("{", "{{").replace("}", "}}") for text in in_help() if not text.startswith("Example: ")}
    wanted = {*in_code(), *CONSTANTS, *helped, *(f"{seen.MARK}{form}" for form in forms())}
    assert set() == wanted - set(OWN), "no Chinese"
    assert set() == set(OWN) - wanted, "nobody says it"
    assert [] == [english for english in OWN if values(english) != values(OWN[english])]
    assert [] == [text for text in OWN.values() if not CHINESE.search(text) and re.search("[a-z]{2} [a-z]{2}", text)]
    assert set() == set(OWN) & set(CONSOLE["zh"]), "one place for a message"


@pytest.mark.parametrize(
    ("environ", "spoken"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LC_ALL": "zh_TW.UTF-8", "LANG": "C"}, "zh"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_CTYPE": "zh_CN.UTF-8"}, "en"),
        ({"WEBRECORD_LANG": "zh", "LC_ALL": "C"}, "zh"),
        ({"WEBRECORD_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zhx_AA"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_decides(environ: dict[str, str], spoken: str) -> None:
    """In the order of POSIX, and before it a variable of our own."""
    assert spoken == words.language(environ)


@pytest.mark.parametrize(("encoding", "spoken"), [("ascii", "en"), ("latin-1", "en"), ("gb18030", "zh"), ("no", "en")])
def test_what_a_terminal_can_not_show_is_not_said(encoding: str, spoken: str) -> None:
    """English in its place."""
    assert spoken == words.language({"LANG": "zh_CN"}, encoding)


@pytest.fixture
def chinese(cli: Cli) -> Cli:
    """The command line of a Chinese shell."""
    cli.env |= {"WEBRECORD_LANG": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}
    return cli


def test_states_tables_and_help_are_chinese(chinese: Cli) -> None:
    """What a recording went through, and what is kept of it; names and codes stay."""
    ran = chinese("start", PAGE, "--key", "cli-zh", "--seconds", "1", "--wait")
    assert 0 == ran.status, ran.err
    for said in ("：等待文件就绪，最多 30 h", "cli-zh 录制中", "cli-zh 已完成"):
        assert said in ran.err
    shown = chinese("show", "cli-zh").out
    for said in ("状态", "已完成", "创建时间", "开始录制", "已上传一个文件", "cli-zh"):
        assert said in shown
    listed = chinese("list").out
    assert {"创建时间", "网页", "已完成"} <= set(re.split(r"[ （\n]+", listed))
    for command in ([], ["start"], ["config", "set"], ["deploy", "plan"], ["batch"]):
        helped = chinese(*command, "--help").out
        assert re.match(r"\s*用法：\w", helped), helped
        assert not re.search(r"^(用法|选项|参数|命令):", helped, re.MULTILINE), helped
        assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", re.sub(r"(示例|用法).*", "", helped)), helped


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (
            ["start", "ftp://example.com", "--width", "1921"],
            6,
            "URL (RecordUrl): 须以 http:// 或 https:// 开头；--",
        ),
        (["show", "cli-zh-nobody"], 5, "未找到: there is no recording cli-zh-nobody"),
        (["stop", "cli-zh-nobody"], 5, "它可能已被删除，或属于另一个连接配置"),
        (["start"], 2, "缺少网页地址"),
        (["start", PAGE, "--at", "tomorow"], 2, "'tomorow' 不是时间"),
        (["start", PAGE, "--hls"], 2, "没有 --hls：请写 --format hls。"),
        (["list", "--state", "fialed"], 2, "是否想写 failed？"),
        (["nobody"], 2, "没有命令 nobody。"),
        (["deploy", "plan", "--env", "nowhere.env"], 2, "没有 nowhere.env：`webrecord init` 会询问所需内容并写入"),
        (["show"], 2, "缺少 "),
        (["show", "x", "y"], 2, "多余的参数：y。"),
    ],
)
def test_errors_are_chinese_and_statuses_the_same(chinese: Cli, arguments: list[str], status: int, says: str) -> None:
    """One line each, as in English."""
    ran = chinese(*arguments)
    (line,) = ran.err.splitlines()
    assert (status, "", "错误：") == (ran.status, ran.out, line[:3])
    assert says in line
    english = Cli({**chinese.env, "WEBRECORD_LANG": "en"})(*arguments)
    assert status == english.status
    assert not CHINESE.search(english.err)


def test_nobody_there_is_said_in_chinese(chinese: Cli) -> None:
    """The doctor asks once; other commands ask for a minute, with the same words."""
    ran = chinese("doctor", "--endpoint", "http://127.0.0.1:1")
    assert 3 == ran.status
    assert "没有应答：连接被拒绝；服务是否在运行" in ran.err
    assert "） 没有" not in ran.err


def test_the_page_check_speaks_as_its_reader_does(chinese: Cli) -> None:
    """A process of its own, with the same words; its JSON is English."""
    ran = chinese("check", "https://example.com/", "--size", "1280")
    assert (2, "") == (ran.status, ran.out)
    assert "错误：--size 1280：请写成 1280x720 的形式" in ran.err
    assert "write it as 1280x720" in chinese("check", "https://example.com/", "--size", "1280", "--json").err


@pytest.fixture
def findings() -> Iterator[None]:
    """The page check in Chinese, until the test ends."""
    check_words.speak(OWN)
    yield
    check_words.speak({})


@pytest.mark.usefixtures("findings")
@pytest.mark.parametrize(
    ("url", "chromium", "says"),
    [
        ("ftp://example.com", "", "错误：地址有误：须以 http:// 或 https:// 开头"),
        ("http://", "", "不是浏览器能打开的网址"),
        ("https://user:password@example.com/", "", "不能包含用户名或密码"),
        ("https://example.com/ x", "", "不能包含空格"),
        (f"https://example.com/{'x' * 8_000}", "", "超过 8000 个字符"),
        ("https://example.com/", "/no/browser", "错误：/no/browser 处没有浏览器：请将 CHROMIUM 设为可执行程序"),
    ],
    ids=lambda value: value[:30],
)
def test_what_the_page_check_can_not_use_is_said_in_chinese(url: str, chromium: str, says: str) -> None:
    """An address, a browser: no English sentence behind a Chinese beginning."""
    told = ["--seconds", "4", "--messages", str(MESSAGES), "--", url]
    ran = CliRunner().invoke(local_app, ["check", *told], env={"CHROMIUM": chromium} if chromium else {})
    assert 2 == ran.exit_code
    (line,) = [line for line in ran.stderr.splitlines() if line.startswith("错误：")]
    assert says in line
    assert not re.search("[a-z]{3,} [a-z]{3,} [a-z]{3,}", line)


@pytest.mark.usefixtures("findings")
@pytest.mark.parametrize("judged", FOUND)
def test_what_the_page_check_finds_is_chinese(judged: Case) -> None:
    """What was seen, and what to do; the sum of it, too. Codes stay."""
    found = judge(judged)
    assert found
    for finding in found:
        assert CHINESE.search(finding.seen), finding
        assert CHINESE.search(finding.advice), finding
    shown = list(lines(judged, found))
    assert not re.search(r"\b(fail|warn|note|the page|nothing|status)\b", shown[0] + shown[-1]), shown
    assert f" {found[0].check} " in shown[1]


@pytest.mark.usefixtures("spoken")
def test_a_plan_is_chinese(tmp_path: Path) -> None:
    """From an empty account, with drift, and what takes all of it away; names stay."""
    account, options = Account(), checkout(tmp_path)
    first = [change.line for change in Deployment(account, options).plan()]
    deploy(account, options)
    account.functions["scf-webrecord-callback"].update(MemorySize=64, Environment={})
    for row in account.triggers["scf-webrecord-reconcile"]:
        row["Enable"] = 0
    drift = [change.line for change in Deployment(account, options).plan()]
    gone = [change.line for one in Deployment(account, options).removals(logs=True) for change in one.changes()]
    assert "+ 函数 scf-webrecord-callback: 256 MB，5 秒, 5 个环境变量" in first
    assert "~ reconcile 的触发器 定时 tick：启用" in drift
    assert [] == [line for line in (*first, *drift, *gone) if not CHINESE.search(line)]
    assert [] == [line for line in (*first, *drift, *gone) if re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", line)]


def test_json_is_the_same_in_every_language(chinese: Cli) -> None:
    """Programs read it: also what is said beside it stays English."""
    english = Cli({**chinese.env, "WEBRECORD_LANG": "en"})
    chinese.ok("start", PAGE, "--key", "cli-zh-json", "--until", "+1h")
    for arguments in (["list"], ["show", "cli-zh-json"], ["events", "cli-zh-json"], ["doctor"], ["config", "show"]):
        ours, theirs = chinese(*arguments, "--json"), english(*arguments, "--json")
        assert (theirs.status, theirs.document.keys() if isinstance(theirs.document, dict) else None) == (
            ours.status,
            ours.document.keys() if isinstance(ours.document, dict) else None,
        )
        assert not CHINESE.search(ours.out + ours.err)
    chinese("stop", "cli-zh-json")


def test_a_process_in_a_chinese_shell(chinese: Cli) -> None:
    """By the environment alone; a terminal that has no Chinese letters gets English."""
    said = {}
    for encoding in ("utf-8", "gb18030", "ascii"):
        shell = Cli({**chinese.env, "PYTHONIOENCODING": encoding})
        process = shell.process("show", "cli-zh-nobody", encoding=encoding)
        said[encoding] = process.communicate(timeout=300)[1]
        assert 5 == process.returncode
    assert {"utf-8": True, "gb18030": True, "ascii": False} == {name: "未找到" in err for name, err in said.items()}
    assert "Not found" in said["ascii"]


@pytest.fixture
def spoken() -> Iterator[None]:
    """Chinese, until the test ends."""
    words.speak("zh")
    yield
    words.speak("en")


@pytest.mark.usefixtures("spoken")
@pytest.mark.parametrize(
    ("recording", "says"),
    [
        ({"state": "failed", "reason_code": "page_name", "reason": "x"}, "失败 (找不到网页的域名)"),
        ({"state": "completed", "reason_code": "page_slow", "reason": "x"}, "已完成 (只录到一部分。网页打开超时)"),
        ({"state": "completed", "reason_code": "ended_at_limit", "reason": "x"}, "已完成 (达到上限，已结束)"),
        ({"state": "queued", "reason_code": "page_slow", "reason": "x"}, "排队中 (将重新启动。网页打开超时)"),
        ({"state": "failed", "reason_code": "other", "reason": "TRTC's words"}, "失败 (TRTC's words)"),
        ({"state": "failed", "reason_code": "of_a_later_release", "reason": "words"}, "失败 (words)"),
        ({"state": "of_a_later_release"}, "of_a_later_release"),
        ({}, ""),
    ],
)
def test_a_state_and_its_reason_in_a_line(recording: dict[str, str], says: str) -> None:
    """By codes; what this release has no words for is said as the API says it."""
    assert says == tables.state_line(recording)


@pytest.mark.usefixtures("spoken")
@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"path": "A", "code": "at_least", "message": "m", "values": {"limit": "5"}}, "A: 不能小于 5"),
        (
            {"path": "A", "code": "at_least", "message": "m", "values": {"limit": "{limit}{0}"}},
            "A: 不能小于 {limit}{0}",
        ),
        ({"path": "A", "code": "at_least", "message": "m", "values": "no"}, "A: m"),
        ({"path": "A", "code": "at_least", "message": "m"}, "A: m"),
        ({"path": "A", "code": "of_a_later_release", "message": "m", "values": {}}, "A: m"),
        ({"path": "A", "message": "m"}, "A: m"),
    ],
)
def test_a_wrong_field_is_said_by_its_code(field: dict[str, object], says: str) -> None:
    """With the values that the API names; where one is missing, in the API's own words."""
    assert says == describe({"errors": [field]}, 422, {})
