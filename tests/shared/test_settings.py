"""Settings: each one missing or wrong gives one line that names it, and never its value."""

from __future__ import annotations

import base64
import os
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.doctor.run import FUNCTIONS
from shared.domain.errors import ConfigurationError
from shared.settings import (
    ENV_PREFIX,
    CallbackSettings,
    ReconcileSettings,
    RecordingsSettings,
    StoreSettings,
    load,
    role_credentials,
    variable,
)

REQUIRED = {"BUCKET": "ours-1250000000", "BUCKET_REGION": "ap-guangzhou", "SDK_APP_ID": "1400000001"}
TOKEN = "0123456789abcdef"
RIGHT = {f"{ENV_PREFIX}{name}": value for name, value in {**REQUIRED, "CALLBACK_KEYS": "k" * 32}.items()}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(ENV_PREFIX):
            monkeypatch.delenv(name)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(ENV_PREFIX + name, value)


def wrong(kind: type[StoreSettings]) -> str:
    """Return the line that says what is wrong."""
    with pytest.raises(ConfigurationError) as error:
        load(kind)
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("kind", [StoreSettings, RecordingsSettings])
def test_required_only(kind: type[StoreSettings]) -> None:
    """Three settings are enough; the rest has defaults."""
    settings = load(kind)
    assert ("ours-1250000000", "ap-guangzhou", "webrecord", None, (1_400_000_001,)) == (
        settings.bucket, settings.bucket_region, settings.prefix, settings.cos_endpoint, settings.sdk_app_id,
    )  # fmt: skip


def test_defaults() -> None:
    """What is not set: the mainland API, no keys, no tokens, any public host, callers' storage allowed, ten hours."""
    settings = load(RecordingsSettings)
    assert ("ap-guangzhou", None, None, None, {}, "jobs/", (), "allow", 86_400) == (
        settings.trtc_region, settings.trtc_endpoint, settings.storage_secret_id, settings.storage_secret_key,
        settings.api_tokens, settings.jobs_prefix, settings.allowed_hosts, settings.caller_storage,
        settings.max_duration_ceiling,
    )  # fmt: skip


@pytest.mark.parametrize("name", list(REQUIRED))
@pytest.mark.parametrize("empty", [True, False])
def test_required(name: str, empty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A required setting that is missing or empty is named."""
    if empty:
        monkeypatch.setenv(ENV_PREFIX + name, "")
    else:
        monkeypatch.delenv(ENV_PREFIX + name)
    assert wrong(StoreSettings).startswith(f"{ENV_PREFIX}{name}: is missing: write ")


def test_everything_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """All settings that are missing are told at once."""
    for name in REQUIRED:
        monkeypatch.delenv(ENV_PREFIX + name)
    expected = {f"{ENV_PREFIX}{name}: is missing" for name in (*REQUIRED, "CALLBACK_KEYS")}
    assert expected == {line.rpartition(": ")[0] for line in wrong(CallbackSettings).split("; ")}


SECRET = "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc="

VALUES: list[tuple[str, list[str], list[str]]] = [
    (
        "BUCKET",
        ["a-1", "my-bucket-1250000000"],
        [
            "bucket", "Bucket-12500", "bucket-12500/", "https://bucket-12500", "b-1\n",
            " b-1", '"b-1"', "my_bucket-1250000000",
            "my-bucket-1250000000.cos.ap-guangzhou.myqcloud.com", "my-bucket-", f"{'b' * 60}-1",
            "my-bucket-1250000000,", "", "my-bucket-１２５０００００００", "-my-bucket-1250000000",
        ],
    ),
    (
        "BUCKET_REGION",
        ["ap-guangzhou", "na-siliconvalley", "ap-beijing-1", "ap-shenzhen-fsi"],
        [
            "Guangzhou", "gz", "ap-guangzhou\n", "ap_guangzhou", "cos.ap-guangzhou.myqcloud.com",
            "ap-guangzhou.myqcloud.com",
            "AP-GUANGZHOU", "广州", "https://ap-guangzhou", "cn-north-1",
        ],
    ),
    (
        "PREFIX",
        ["a", "a/b-c_1"],
        ["/abc", "abc/", "a//b", "../secret", "a/../b", "a b", "录像录像", ".", "a" * 201, "a\\b"],
    ),
    (
        "COS_ENDPOINT",
        ["http://127.0.0.1:9002", "cos.example", "cos.ap-guangzhou.myqcloud.com", "https://localhost"],
        [
            "ftp://cos.example", "http://a/path", "http://a@b", "a b c", "https://cos.example/", "cos.example:99999",
            "cos.example:0", "https://", "cos..example", "//cos.example", "https://cos.example?x=1", "-cos.example",
            "ours-1250000000.cos.ap-guangzhou.myqcloud.com", "https://ours-1250000000.cos.ap-guangzhou.myqcloud.com",
            "cos.example:９００２",
        ],
    ),
    (
        "SDK_APP_ID",
        ["1", "1,2", "1400000001,", "+5", "4294967295"],
        [
            "zero", "0", "-5", "1400000001;1400000002", "1400000001,wrong", ",", "1.5", "4294967296",
            "1400000001，1400000002",
            "1" * 5000,
        ],
    ),
    (
        "TRTC_REGION",
        ["ap-beijing", "ap-guangzhou", "ap-shanghai"],
        ["ap-singapore", "ap-chengdu", "AP-BEIJING", "trtc.ap-guangzhou.tencentcloudapi.com"],
    ),
    (
        "TRTC_ENDPOINT",
        ["trtc.intl.tencentcloudapi.com", "http://127.0.0.1:9001"],
        ["https://trtc/path", "trtc example", "https://trtc.tencentcloudapi.com/"],
    ),
    (
        "API_TOKENS",
        [
            f"me:{TOKEN}", "anonymous", " anonymous ", f"me:{TOKEN},", f"me:{TOKEN},you:{TOKEN}2", f"http:{TOKEN}:x",
            f"后台:{TOKEN}",
        ],
        [
            "just-one-long-token",
            "me:tooshort",
            f":{TOKEN}",
            f" :{TOKEN}",
            "me:       tooshort",
            f"me:{TOKEN},you:tooshort",
            f"anonymous:{TOKEN}",
            f"anonymous,me:{TOKEN}",
            f"me:{TOKEN},me:{TOKEN}2",
            f"me:{TOKEN},you:{TOKEN}",
            f'"me:{TOKEN}"',
            f'me:"{TOKEN}"',
            f"me:{TOKEN[:8]} {TOKEN[8:]}",
            f"me:{TOKEN}密",
            f"m\x1be:{TOKEN}",
            f"me:{TOKEN}\u200b",
            "me:${env:A_TOKEN_OF_MINE}",
            "Anonymous",
            f"me:{TOKEN};you:{TOKEN}2",
            f"me:{TOKEN}|you:{TOKEN}2",
            "me:<the token of mine>",
            "me:<the-token-of-mine>",
        ],
    ),
    (
        "JOBS_PREFIX",
        ["jobs/", "webrecords/", "other", "任务/"],
        [
            "webrecord/", "webrecord", "/", "web", "webrecord/jobs/", "/webrecord/", "/jobs/", "jobs//",
            "../jobs/", "jobs/..",
            "./jobs/", "jobs/*", "my jobs/", "jobs/\n",
        ],
    ),
    ("CALLER_STORAGE", ["allow", "refuse"], ["Allow", "true", "refused", "allow,refuse"]),
    (
        "MAX_DURATION_CEILING",
        ["1800", "86400", " 36000 ", "36000.0"],
        ["1799", "86401", "10h", "36000.5", "36000s", "36000 s", "86,400", "1e4", "ten", "-1", "0x8000", "9" * 5000],
    ),
    ("MAX_ATTEMPTS", ["1", "100"], ["0", "101", "3 times", "inf"]),
    ("START_WITHIN", ["60", "31536000"], ["59", "1h", "31536001"]),
    (
        "ALLOWED_HOSTS",
        [
            "*", "example.com", "*.example.com,b.example", "[::1],127.0.0.1", "例子.中国", "*.例子.中国",
            "例*.中国", "xn--fsqu00a.xn--fiqs8s", "localhost", "a_b.example", "[ab].example.com", "?.example.com",
            "example.com.", "private", "PRIVATE",
        ],
        [
            "https://example.com", "example.com:8443", "例子.中国,https://example.com,example.com:8443", "http://",
            "example.com/room", "example.com/", "10.0.0.0/8", "user@example.com", ".b.example", "a..example.com",
            "::1",
            "[::1]:8443", "[::1", "exa mple.com", "example.com;b.example", "例子：8443", "example.com\u200b",
            "a.example，b.example", "*.example.com:*", "//example.com", "<your-host>", "'example.com'",
            "%65xample.com", "any", "True", "127.1", "0x7f.0.0.1", "2130706433", "xn--", "xn--zzzzzzzzz99999.com",
            "[", "a]b.example", "!a.example",
        ],
    ),
    (
        "CORS_ORIGINS",
        ["*", "https://app.example.com", "http://localhost:3000", "https://例子.中国", "https://[::1]:8443"],
        [
            "app.b.example", "https://app.example.com/", "https://app.example.com/path", "https://*.example.com",
            "ftp://a.example",
            "http://", "https://a@b.example", "https://app.example.com?x", "https://a.example:99999",
            "https://exa mple.com", "null",
        ],
    ),
    ("NOTIFY_HOSTS", ["hooks.example.com", "*.例子.中国"], ["https://hooks.example.com", "hooks.example.com:8443"]),
]  # fmt: skip
LEFT_OVER = [
    "undefined", "Undefined", "null", "None", "${env:WEBRECORD_X}", "${WEBRECORD_X}", "{{ value }}", "<value>",
    "\"value\"", "'value'", "“value”", "value\u200b", "\ufeffvalue", "val\nue", "val\tue", "value\x00", "\udcff",
    "$WEBRECORD_VALUE", "%WEBRECORD_VALUE%", "$(cat value)", "process.env.VALUE", "[object Object]",
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, good, _ in VALUES for value in good])
def test_right_value(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right value is taken."""
    monkeypatch.setenv(ENV_PREFIX + name, value)
    assert load(RecordingsSettings)


@pytest.mark.parametrize(("name", "bad"), [(name, bad) for name, _, bad in VALUES])
def test_wrong_value(name: str, bad: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value gives one line with the setting's name, and without the value, which may be a secret."""
    for value in bad:
        monkeypatch.setenv(ENV_PREFIX + name, value)
        line = wrong(RecordingsSettings)
        assert ENV_PREFIX + name in line, value
        for part in value.split(","):
            if len(part.strip(" :\n")) > 6 and part not in ("webrecord", "anonymous", "ap-singapore"):
                assert part not in line


@pytest.mark.parametrize("kind", FUNCTIONS.values())
@pytest.mark.parametrize("value", LEFT_OVER)
def test_what_a_tool_or_a_paste_leaves_is_refused(kind: type[StoreSettings], value: str) -> None:
    """By every setting, whatever else it would take: quotes, placeholders, characters that nobody sees."""
    for field in kind.model_fields:
        with pytest.raises(ConfigurationError, match=variable(field)) as refused:
            load(kind, {**RIGHT, variable(field): value})
        assert 1 == len(str(refused.value).splitlines())


@pytest.mark.parametrize(
    "value",
    [
        f"v1,whsec_{SECRET}", f" whsec_{SECRET}", f'"whsec_{SECRET}"', "whsec_my secret key!", "whsec_YWI=",
        SECRET, "whsec_", f"whsec_{SECRET[:-1]}", f"whsec_{SECRET}=", f"whsec_{'A' * 28}", f"whsec_{'A' * 88}",
        f"WHSEC_{SECRET}",
        f"whsec_{SECRET.replace('/', '_').replace('+', '-')}", f"whsec_{SECRET}\n", f"whsec_{SECRET},whsec_{SECRET}",
        "whsec_密钥",
    ],
)  # fmt: skip
def test_a_secret_that_signs_nothing_is_refused(value: str) -> None:
    """Receivers want `whsec_` and whole base64 of 24 to 64 bytes; what is wrong is said without the secret."""
    with pytest.raises(ConfigurationError, match=r"^WEBRECORD_NOTIFY_SECRET: ") as refused:
        load(ReconcileSettings, {**RIGHT, "WEBRECORD_NOTIFY_SECRET": value})
    assert not any(part in str(refused.value) for part in re.findall(r"\w{8,}", value))


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_that_signs(size: int) -> None:
    """From 24 to 64 bytes."""
    secret = f"whsec_{base64.b64encode(bytes(size)).decode()}"
    assert SecretStr(secret) == load(ReconcileSettings, {**RIGHT, "WEBRECORD_NOTIFY_SECRET": secret}).notify_secret


@pytest.mark.parametrize("name", ["WEBRECORD_STORAGE_SECRET_ID", "WEBRECORD_STORAGE_SECRET_KEY"])
@pytest.mark.parametrize(
    "value", [" AKIDEXAMPLE", "examplekey\n", "example key", "examplekey\t", "密钥", '"examplekey"']
)
def test_upload_keys_that_sign_nothing_are_refused(name: str, value: str) -> None:
    """A blank, a newline, quotes, what no key has: every upload would fail, at the end of a recording."""
    pair = {"WEBRECORD_STORAGE_SECRET_ID": "AKIDEXAMPLE", "WEBRECORD_STORAGE_SECRET_KEY": "examplekey"}
    assert load(RecordingsSettings, {**RIGHT, **pair})
    with pytest.raises(ConfigurationError, match=f"^{name}: ") as refused:
        load(RecordingsSettings, {**RIGHT, **pair, name: value})
    assert value.strip() not in str(refused.value)


@pytest.mark.parametrize(
    "key", ["x", "short123", "k" * 33, "with-a-hyphen-0123", "0123456789 abcdef", "密" * 16, "changeme"]
)
@pytest.mark.parametrize("form", ["{}", "{},0123456789abcdefgh", "0123456789abcdefgh, {}"])
def test_callback_keys_that_guard_nothing_are_refused(key: str, form: str) -> None:
    """TRTC's console takes 32 letters and digits at most; fewer than 16 are guessed."""
    with pytest.raises(ConfigurationError, match=r"^WEBRECORD_CALLBACK_KEYS: ") as refused:
        load(CallbackSettings, {**RIGHT, "WEBRECORD_CALLBACK_KEYS": form.format(key)})
    assert len(key) < 6 or key not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://APP.example.com:443", "https://app.example.com"),
        ("http://a.example:80", "http://a.example"),
        ("https://例子.中国:8443", "https://xn--fsqu00a.xn--fiqs8s:8443"),
        ("*", "*"),
    ],
)
def test_an_origin_is_what_a_browser_sends(written: str, expected: str) -> None:
    """Lower case, in ASCII, without the port that goes without saying."""
    assert (expected,) == load(RecordingsSettings, {**RIGHT, "WEBRECORD_CORS_ORIGINS": written}).cors_origins


def test_one_variable_in_two_cases_is_refused() -> None:
    """Which of the two would hold is nobody's to guess; the same value twice does no harm."""
    assert load(StoreSettings, {**RIGHT, "webrecord_bucket": RIGHT["WEBRECORD_BUCKET"]})
    with pytest.raises(ConfigurationError, match=r"^WEBRECORD_BUCKET: is set twice"):
        load(StoreSettings, {**RIGHT, "webrecord_bucket": "other-1250000000"})


@pytest.mark.parametrize("name", ["SECRETID", "SECRETKEY", "SESSIONTOKEN"])
@pytest.mark.parametrize("value", ["a key of mine", "keyofmine\n", "密钥"])
def test_credentials_of_a_shell_that_sign_nothing_are_refused(name: str, value: str) -> None:
    """They would fail in a header, far from here."""
    role = {f"TENCENTCLOUD_{each}": "k" for each in ("SECRETID", "SECRETKEY", "SESSIONTOKEN")}
    with pytest.raises(ConfigurationError, match="TENCENTCLOUD_SECRETID") as refused:
        role_credentials({**role, f"TENCENTCLOUD_{name}": value})
    assert value.strip() not in str(refused.value)


texts = st.text(max_size=40) | st.text(st.sampled_from("'\"`*?[]:/@.,-_{}$%= \n\u200b\ufeffa1例，\udcff"), max_size=40)
lures = st.sampled_from(["https://", "whsec_", "me:", "xn--", "[::", "anonymous", "ap-", "${env:", "1", ""])


@examples(deadline=None)
@given(st.sampled_from(sorted(FUNCTIONS)), st.data(), lures, texts)
def test_whatever_is_set_is_read_or_refused_in_words(function: str, data: st.DataObject, lure: str, text: str) -> None:
    """Any text for any setting: a value, or one line that names the variable and does not hold the text."""
    kind = FUNCTIONS[function]
    name = variable(data.draw(st.sampled_from(sorted(kind.model_fields))))
    try:
        load(kind, {**RIGHT, name: lure + text})
    except ConfigurationError as error:
        said = str(error)
        assert name in said
        assert 1 == len(said.splitlines())
        assert len(text.strip()) < 12 or "//" in text or text.strip() not in said
        assert not re.search("Value error|Input should|Field required|String should|pattern", said)


@pytest.mark.parametrize(
    ("prefix", "jobs", "fine"),
    [
        ("webrecord", "webrecord/jobs/", False),
        ("jobs/results", "jobs/", False),
        ("jobs/results", "jobs/results", False),
        ("jobs", "jobs", False),
        ("jobs-done", "jobs", False),
        ("jobs-done", "jobs/", True),
        ("jobs/results", "jobs/in/", True),
        ("a", "b/", True),
    ],
)
def test_jobs_and_results_never_overlap(prefix: str, jobs: str, fine: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results under the prefix of jobs would start jobs for ever, and so the other way round."""
    monkeypatch.setenv("WEBRECORD_PREFIX", prefix)
    monkeypatch.setenv("WEBRECORD_JOBS_PREFIX", jobs)
    if fine:
        assert jobs == load(RecordingsSettings).jobs_prefix
    else:
        assert "WEBRECORD_JOBS_PREFIX and WEBRECORD_PREFIX overlap" in wrong(RecordingsSettings)


@pytest.mark.parametrize("prefix", ["webrecord", "team/a"])
@pytest.mark.parametrize("wider", ["", "/", "wake", "wake/a", "open/", "x/wake/"])
def test_reconcile_is_woken_by_wakes_only(prefix: str, wider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its trigger has another prefix its own writes would invoke it: it refuses to run."""
    monkeypatch.setenv("WEBRECORD_PREFIX", prefix)
    monkeypatch.setenv("WEBRECORD_WAKE_PREFIX", f"{prefix}/wake/")
    assert f"{prefix}/wake/" == load(ReconcileSettings).wake_prefix
    monkeypatch.setenv("WEBRECORD_WAKE_PREFIX", f"{prefix}/{wider}")
    line = wrong(ReconcileSettings)
    assert f"write `{prefix}/wake/`" in line
    assert "WEBRECORD_WAKE_PREFIX" in line


def test_singapore_needs_the_international_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """ap-singapore exists on the international site only."""
    monkeypatch.setenv("WEBRECORD_TRTC_REGION", "ap-singapore")
    assert "WEBRECORD_TRTC_ENDPOINT" in wrong(RecordingsSettings)
    monkeypatch.setenv("WEBRECORD_TRTC_ENDPOINT", "trtc.intl.tencentcloudapi.com")
    assert "ap-singapore" == load(RecordingsSettings).trtc_region
    monkeypatch.setenv("WEBRECORD_TRTC_REGION", "ap-chengdu")
    assert "WEBRECORD_TRTC_REGION" in wrong(RecordingsSettings)


@pytest.mark.parametrize("half", ["ID", "KEY"])
def test_upload_keys_go_together(half: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a pair of upload keys is a mistake, told without the half."""
    monkeypatch.setenv(f"WEBRECORD_STORAGE_SECRET_{half}", "half-a-secret")
    line = wrong(RecordingsSettings)
    assert "WEBRECORD_STORAGE_SECRET_ID and WEBRECORD_STORAGE_SECRET_KEY go together" in line
    assert "half-a-secret" not in line


@pytest.mark.parametrize(
    "value", [",", " ", " , ", "a.example、b.example", "a.example，b.example", "a.example；b.example"]
)
@pytest.mark.parametrize("name", ["WEBRECORD_ALLOWED_HOSTS", "WEBRECORD_RELAY_HOSTS", "WEBRECORD_API_TOKENS"])
def test_a_list_without_a_value_is_refused_and_so_is_another_comma(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Commas alone would mean no limit at all; a comma of another script would make two hosts one that nobody has."""
    monkeypatch.setenv(name, value)
    assert name in wrong(RecordingsSettings)


@pytest.mark.parametrize("mark", [";", " ; ", " ", "|"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SDK_APP_ID", ["1400000001", "1400000002"]),
        ("API_TOKENS", [f"me:{TOKEN}", f"you:{TOKEN}2"]),
        ("ALLOWED_HOSTS", ["a.example", "*.b.example"]),
        ("CORS_ORIGINS", ["https://a.example", "https://b.example"]),
        ("FILM_IGNORE", ["still", "silent"]),
    ],
)
def test_another_mark_than_a_comma_is_told_as_what_it_is(
    name: str, values: list[str], mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tokens with a semicolon between would be one that nobody has, and both callers would be strangers."""
    monkeypatch.setenv(ENV_PREFIX + name, mark.join(values))
    assert f"{ENV_PREFIX}{name}: has `{mark}` between values: write a comma, `,`" == wrong(RecordingsSettings)


def test_two_receivers_in_one_setting_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would be a part of the first one's path; an address in a query is none."""
    monkeypatch.setenv("WEBRECORD_NOTIFY_HOSTS", "a.example")
    monkeypatch.setenv("WEBRECORD_NOTIFY_URL", "https://a.example/x,https://a.example/y")
    assert "WEBRECORD_NOTIFY_URL: holds several addresses: write one" == wrong(ReconcileSettings)
    monkeypatch.setenv("WEBRECORD_NOTIFY_URL", "https://a.example/x?for=1,https://b.example/")
    assert load(ReconcileSettings).notify_url


def test_comma_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are separated by commas, white space and empty parts do not count, order does."""
    monkeypatch.setenv("WEBRECORD_SDK_APP_ID", " 1400000002, 1400000001,")
    monkeypatch.setenv("WEBRECORD_ALLOWED_HOSTS", "*.a.example ,b.example,, ")
    monkeypatch.setenv("WEBRECORD_CALLBACK_KEYS", "newkey0123456789 , oldkey0123456789")
    assert (1_400_000_002, 1_400_000_001) == load(RecordingsSettings).sdk_app_id
    assert ("*.a.example", "b.example") == load(RecordingsSettings).allowed_hosts
    assert (SecretStr("newkey0123456789"), SecretStr("oldkey0123456789")) == load(CallbackSettings).callback_keys


@pytest.mark.parametrize("keys", [None, "", ",", " , "])
def test_callback_keys_are_required(keys: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A callback function without a key does not start: it could verify nothing."""
    if keys is not None:
        monkeypatch.setenv("WEBRECORD_CALLBACK_KEYS", keys)
    assert wrong(CallbackSettings).startswith("WEBRECORD_CALLBACK_KEYS: ")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"me:{TOKEN}", {"me": TOKEN}),
        (f" me : {TOKEN} , you:{TOKEN}:x", {"me": TOKEN, "you": f"{TOKEN}:x"}),
        ("anonymous", {"anonymous": ""}),
        ("", {}),
    ],
)
def test_tokens(value: str, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens have names; `anonymous` alone opens the API; none closes it."""
    monkeypatch.setenv("WEBRECORD_API_TOKENS", value)
    actual = {name: token.get_secret_value() for name, token in load(RecordingsSettings).api_tokens.items()}
    assert expected == actual


def test_tokens_given_as_a_mapping() -> None:
    """Tokens given in code stay what they are: never `anonymous`."""
    values: dict[str, Any] = {**{name.lower(): value for name, value in REQUIRED.items()}, "api_tokens": {"me": TOKEN}}
    assert {"me": SecretStr(TOKEN)} == RecordingsSettings(**values).api_tokens


def test_settings_hide_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of settings shows no secret."""
    monkeypatch.setenv("WEBRECORD_API_TOKENS", f"me:{TOKEN}")
    monkeypatch.setenv("WEBRECORD_STORAGE_SECRET_ID", "AKIDsecretid")
    monkeypatch.setenv("WEBRECORD_STORAGE_SECRET_KEY", "very-secret-key")
    monkeypatch.setenv("WEBRECORD_CALLBACK_KEYS", "callbackkey01234")
    text = repr(load(RecordingsSettings)) + str(load(CallbackSettings)) + load(RecordingsSettings).model_dump_json()
    for secret in (TOKEN, "AKIDsecretid", "very-secret-key", "callbackkey01234"):
        assert secret not in text


def test_role_credentials_are_read_afresh() -> None:
    """The role's keys rotate: what the environment holds at the call counts, not what it once held."""
    environ = {"TENCENTCLOUD_SECRETID": "id1", "TENCENTCLOUD_SECRETKEY": "key1", "TENCENTCLOUD_SESSIONTOKEN": "t1"}
    assert ("id1", "key1", "t1") == role_credentials(environ)
    environ.update(TENCENTCLOUD_SECRETID="id2", TENCENTCLOUD_SECRETKEY="key2", TENCENTCLOUD_SESSIONTOKEN="")
    assert ("id2", "key2", None) == role_credentials(environ)


def test_role_credentials_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the process's environment is read, each time."""
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "id1")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "key1")
    monkeypatch.delenv("TENCENTCLOUD_SESSIONTOKEN", raising=False)
    assert ("id1", "key1", None) == role_credentials()
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "id2")
    assert ("id2", "key1", None) == role_credentials()


@pytest.mark.parametrize("environ", [{}, {"TENCENTCLOUD_SECRETID": "id1"}, {"TENCENTCLOUD_SECRETKEY": "key1"}])
def test_no_role(environ: dict[str, str]) -> None:
    """A function without an execution role says so, without the half it has."""
    with pytest.raises(ConfigurationError, match="execution role") as error:
        role_credentials(environ)
    assert not any(value in str(error.value) for value in environ.values())


@pytest.mark.parametrize("token", [
        "<your-token-here>", "<16-or-more-characters>", "'0123456789abcdef'", "$WEBRECORD_TOKEN_A", "%WEBRECORD_TOKEN%",
        "$(cat/run/secrets/token)", "process.env.WEBRECORD_TOKEN",
    ],
)  # fmt: skip
def test_a_placeholder_is_no_token(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """Everybody knows what a guide shows; the line does not repeat it."""
    monkeypatch.setenv("WEBRECORD_API_TOKENS", f"me:{TOKEN},you:{token}")
    line = wrong(RecordingsSettings)
    assert "WEBRECORD_API_TOKENS: part 2 has a token that" in line
    assert token not in line


def test_what_the_role_signs_with_is_in_no_error() -> None:
    """Its keys change by the hour, and each is hidden as soon as it is read."""
    for hour in range(2):
        key, token = f"role-secret-key-{hour}", f"role-session-token-{hour}"
        environ = {
            "TENCENTCLOUD_SECRETID": "AKIDrole",
            "TENCENTCLOUD_SECRETKEY": key,
            "TENCENTCLOUD_SESSIONTOKEN": token,
        }
        assert ("AKIDrole", key, token) == role_credentials(environ)
        assert "[redacted] [redacted]" == str(ConfigurationError(f"{key} {token}"))


def test_relays_are_refused_or_allowed_and_not_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads `refuse` there takes relays to be off."""
    monkeypatch.setenv("WEBRECORD_RELAY_HOSTS", "refuse,live.example.com")
    assert "WEBRECORD_RELAY_HOSTS has `refuse` beside hosts" in wrong(ReconcileSettings)
