"""Checks of the triggers: all there and open, none that would loop, in one region."""

from __future__ import annotations

from collections import Counter

from tools.deploy_payloads import Deployment, Problems

TRIGGERS = Counter(
    [("http", "recordings"), ("http", "callback"), ("cos", "recordings"), ("cos", "reconcile"), ("timer", "reconcile")]
)
EVERY_MINUTE = ("0 */1 * * * * *", "0 * * * * * *")


def check_triggers(deployment: Deployment) -> Problems:
    """Every function has its triggers, on the default version, and all are open."""
    found = Counter((trigger["Type"], deployment.owner(trigger)) for trigger in deployment.triggers)
    for kind, function in list(TRIGGERS - found):
        yield f"{function} has no {kind} trigger"
    for kind, function in list(found - TRIGGERS):
        yield f"{function or 'an unknown function'} has a {kind} trigger too many"
    for trigger in deployment.triggers:
        if trigger["Enable"] != "OPEN":
            yield f"the {trigger['Type']} trigger of {trigger['FunctionName']} is closed"
        if trigger["Qualifier"] != "$DEFAULT":
            yield f"the {trigger['Type']} trigger of {trigger['FunctionName']} is bound to {trigger['Qualifier']}"


def check_http(deployment: Deployment) -> Problems:
    """Function URLs are public and without CAM: TRTC can't sign, the functions authenticate themselves."""
    for function, described in deployment.described("http"):
        if described["AuthType"] != "NONE":
            yield f"{function}: AuthType is {described['AuthType']}"
        if described["NetConfig"]["EnableExtranet"] is not True:
            yield f"{function}: not reachable from the internet"


def check_cos(deployment: Deployment) -> Problems:
    """Job objects trigger recordings, and wakes trigger reconcile; no other object triggers either."""
    for function, described in deployment.described("cos"):
        environment = deployment.environment(function) if function else {}
        jobs, results = environment.get("WEBRECORD_JOBS_PREFIX", ""), f"{environment.get('WEBRECORD_PREFIX', '')}/"
        prefix = described["filter"]["Prefix"]
        if described["event"] != "cos:ObjectCreated:*":
            yield f"its event is {described['event']}"
        if function == "reconcile":
            if prefix != f"{results}wake/" or described["filter"].get("Suffix"):
                own = f"{results}wake/, without a suffix" if results != "/" else "<WEBRECORD_PREFIX>/wake/"
                yield f"reconcile: its prefix is {prefix or 'empty'}, not {own}: it would be invoked by what it writes"
            if (told := environment.get("WEBRECORD_WAKE_PREFIX", "")) != prefix:
                yield f"reconcile: its prefix is {prefix or 'empty'}, WEBRECORD_WAKE_PREFIX is {told or 'empty'}"
            continue
        if prefix != jobs:
            yield f"its prefix is {prefix or 'empty'}, WEBRECORD_JOBS_PREFIX is {jobs or 'empty'}"
        if not prefix or prefix.startswith(results) or results.startswith(prefix):
            yield f"its prefix {prefix or '(empty)'} overlaps {results}: results would start jobs for ever"


def check_region(deployment: Deployment) -> Problems:
    """Bucket, trigger and functions are in one region."""
    region = deployment.inputs["region"]
    for key, function in deployment.inputs["functions"].items():
        given = {entry["key"]: entry["value"] for entry in function.get("environments", [])}
        if given.get("WEBRECORD_BUCKET_REGION") != region:
            yield f"{key}: WEBRECORD_BUCKET_REGION is not the functions' region"
    for trigger in deployment.triggers:
        function = deployment.owner(trigger)
        if trigger["Type"] == "cos" and function:
            environment = deployment.environment(function)
            bucket, where = environment.get("WEBRECORD_BUCKET"), environment.get("WEBRECORD_BUCKET_REGION")
            if trigger["TriggerName"] != f"{bucket}.cos.{where}.myqcloud.com":
                yield f"the cos trigger is of {trigger['TriggerName']}"


def check_timer(deployment: Deployment) -> Problems:
    """The timer ticks every minute."""
    for trigger in deployment.triggers:
        if trigger["Type"] == "timer" and trigger["TriggerDesc"] not in EVERY_MINUTE:
            yield f"it is {trigger['TriggerDesc']}"
