"""Settings: each one missing or wrong gives one line that names it, and never its value."""

from __future__ import annotations

import os
from typing import Any

import pytest
from pydantic import SecretStr

from shared.domain.errors import ConfigurationError
from shared.settings import ENV_PREFIX, CallbackSettings, RecordingsSettings, StoreSettings, load, role_credentials

REQUIRED = {"BUCKET": "ours-1250000000", "BUCKET_REGION": "ap-guangzhou", "SDK_APP_ID": "1400000001"}
TOKEN = "0123456789abcdef"


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
    assert ("ap-guangzhou", None, None, None, {}, "jobs/", (), "allow", 36_000) == (
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
    assert f"{ENV_PREFIX}{name}: is missing" == wrong(StoreSettings)


def test_everything_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """All settings that are missing are told at once."""
    for name in REQUIRED:
        monkeypatch.delenv(ENV_PREFIX + name)
    expected = {f"{ENV_PREFIX}{name}: is missing" for name in (*REQUIRED, "CALLBACK_KEYS")}
    assert expected == set(wrong(CallbackSettings).split("; "))


VALUES: list[tuple[str, list[str], list[str]]] = [
    (
        "BUCKET",
        ["a-1", "my-bucket-1250000000"],
        ["bucket", "Bucket-12500", "bucket-12500/", "https://bucket-12500", "b-1\n"],
    ),
    ("BUCKET_REGION", ["ap-guangzhou", "na-siliconvalley"], ["Guangzhou", "gz", "ap-guangzhou\n", "ap_guangzhou"]),
    ("PREFIX", ["a", "a/b-c_1"], ["/abc", "abc/", "a//b", "../secret", "a b", "录像录像"]),
    (
        "COS_ENDPOINT",
        ["http://127.0.0.1:9002", "cos.example"],
        ["ftp://cos.example", "http://a/path", "http://a@b", "a b c"],
    ),
    ("SDK_APP_ID", ["1", "1,2"], ["zero", "0", "-5", "1400000001;1400000002", "1400000001,wrong", ",", "1.5"]),
    ("TRTC_REGION", ["ap-beijing", "ap-guangzhou", "ap-shanghai"], ["ap-singapore", "ap-chengdu", "AP-BEIJING"]),
    (
        "TRTC_ENDPOINT",
        ["trtc.intl.tencentcloudapi.com", "http://127.0.0.1:9001"],
        ["https://trtc/path", "trtc example"],
    ),
    (
        "API_TOKENS",
        [f"me:{TOKEN}", "anonymous", " anonymous "],
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
        ],
    ),
    (
        "JOBS_PREFIX",
        ["jobs/", "webrecords/", "other"],
        ["webrecord/", "webrecord", "/", "web", "webrecord/jobs/", "/webrecord/"],
    ),
    ("CALLER_STORAGE", ["allow", "refuse"], ["Allow", "true", "refused"]),
    ("MAX_DURATION_CEILING", ["1800", "86400"], ["1799", "86401", "10h", "36000.5"]),
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, good, _ in VALUES for value in good])
def test_right_value(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right value is taken."""
    monkeypatch.setenv(ENV_PREFIX + name, value)
    assert load(RecordingsSettings)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, _, bad in VALUES for value in bad])
def test_wrong_value(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value gives one line with the setting's name, and without the value, which may be a secret."""
    monkeypatch.setenv(ENV_PREFIX + name, value)
    line = wrong(RecordingsSettings)
    assert ENV_PREFIX + name in line
    for part in value.split(","):
        if len(part.strip(" :\n")) > 6 and part not in ("webrecord", "anonymous", "ap-singapore"):
            assert part not in line


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


def test_comma_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are separated by commas, white space and empty parts do not count, order does."""
    monkeypatch.setenv("WEBRECORD_SDK_APP_ID", " 1400000002, 1400000001,")
    monkeypatch.setenv("WEBRECORD_ALLOWED_HOSTS", "*.a.example ,b.example,, ")
    monkeypatch.setenv("WEBRECORD_CALLBACK_KEYS", "new-key , old-key")
    assert (1_400_000_002, 1_400_000_001) == load(RecordingsSettings).sdk_app_id
    assert ("*.a.example", "b.example") == load(RecordingsSettings).allowed_hosts
    assert (SecretStr("new-key"), SecretStr("old-key")) == load(CallbackSettings).callback_keys


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
        (",", {}),
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
    monkeypatch.setenv("WEBRECORD_CALLBACK_KEYS", "callback-key")
    text = repr(load(RecordingsSettings)) + str(load(CallbackSettings)) + load(RecordingsSettings).model_dump_json()
    for secret in (TOKEN, "AKIDsecretid", "very-secret-key", "callback-key"):
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
