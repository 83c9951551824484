"""`python -m local`: the local cloud's command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from local.client import RESULT_TIMEOUT_S, ClientError, is_http_address
from local.commands import callbacks, check, faults, inspect, join
from local.commands.common import Commands, StateDir, Valued, existing, mistakes_are_lines
from local.config import REGION, REGIONS, STATE_DIR, LocalConfig
from local.early import run
from local.faults import FaultFile
from local.kindness import Unknowns

Gentle = Annotated[
    bool, typer.Option("--gentle", help="Begin at once, list at once, one role key: not as the real service does.")
]

app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, help="A local cloud that really records web pages."
)

app.add_typer(callbacks.app, name="callbacks")
app.add_typer(faults.app, name="faults")
app.command()(check.check)
app.command()(inspect.inspect)
app.command("join", hidden=True)(join.join_parts)


@app.command()
def up(
    gateway_port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 9470,
    trtc_port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 9471,
    cos_port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 9472,
    state_dir: StateDir = STATE_DIR,
    from_packages: Annotated[bool, typer.Option("--from-packages", help="Run what `make package` built.")] = False,
    callback_url: Annotated[
        str | None, typer.Option(help="Send TRTC's callbacks to this address, not to our function.")
    ] = None,
    faults_file: Annotated[
        Path | None, typer.Option("--faults", help="A file of faults to inject from the beginning.")
    ] = None,
    gentle: Gentle = False,
    no_browser: Annotated[
        bool,
        typer.Option(
            "--no-browser", help="Pretend to record: needs no Chromium, writes small files that are no films."
        ),
    ] = False,
    tick_seconds: Annotated[
        float, typer.Option(min=0, max=86_400, help="The timer's period; 60 in production, 0 for no timer.")
    ] = 5.0,
    empty: Annotated[
        bool,
        typer.Option("--empty", help="Start with an empty account and its own key, to deploy into."),
    ] = False,
    region: Annotated[str, typer.Option(help="Region of the empty account's bucket and functions.")] = REGION,
    unknown: Annotated[
        list[str] | None,
        typer.Option("--unknown", help="Choose an undocumented behaviour, NAME=ANSWER; may be repeated."),
    ] = None,
    started_for: Annotated[
        str, typer.Option("--for", hidden=True, help="End with the last command that uses it.")
    ] = "",
) -> None:
    """Run the local cloud until Ctrl-C: TRTC, COS, callbacks and the gateway on 127.0.0.1."""
    from local.serve import serve

    rules = FaultFile()
    with mistakes_are_lines():
        if callback_url is not None and not is_http_address(callback_url):
            raise ClientError(f"--callback-url {callback_url}: write the whole address, http://127.0.0.1:8000/path")
        try:
            unknowns = Unknowns.of(unknown or [])
        except ValueError as error:
            raise ClientError(f"--unknown {error}") from None
        if region != REGION and not empty:
            raise ClientError("--region goes with --empty")
        if region not in REGIONS:
            raise ClientError(f"there is no region {region}: {', '.join(sorted(REGIONS))}")
        if faults_file is not None:
            rules = faults.read_file(faults_file)
        config = LocalConfig(
            state_dir,
            gateway_port,
            trtc_port,
            cos_port,
            from_packages=from_packages,
            callback_url=callback_url,
            faults=rules,
            timer_recorder=no_browser,
            gentle=gentle,
            tick_s=tick_seconds,
            empty=empty,
            region=region,
            unknowns=unknowns,
            command=f"{started_for}, by its own local cloud" if started_for else " ".join(["local", *sys.argv[1:]]),
        )
        raise typer.Exit(serve(config, for_users=bool(started_for)))


@app.command(cls=Valued)
def record(
    url: Annotated[str, typer.Argument(help="The page's address. Default: the bundled clock.")] = "",
    seconds: Annotated[float, typer.Option(min=0, help="Stop after this many seconds; 0: record until Ctrl-C.")] = 10,
    timeout: Annotated[
        float, typer.Option(min=1, help="Wait this many seconds for the beginning, and again for the file.")
    ] = RESULT_TIMEOUT_S,
    file_format: Annotated[Literal["mp4", "hls"], typer.Option("--format", help="Format of the file.")] = "mp4",
    size: Annotated[str, typer.Option(help="Width x height of the picture.")] = "1280x720",
    mobile: Annotated[Literal["none", "phone", "tablet"], typer.Option(help="Show the page as on a device.")] = "none",
    landscape: Annotated[bool, typer.Option("--landscape", help="Hold the device in landscape.")] = False,
    ready_timeout: Annotated[int, typer.Option(min=0, max=60, help="Wait this many seconds for notifyReady().")] = 0,
    gentle: Gentle = False,
    state_dir: StateDir = STATE_DIR,
) -> None:
    """Record a page, show its progress, and print the recording's document and file."""
    from local.record import RecordOptions, run

    options = RecordOptions(
        url, seconds, file_format, size, mobile, landscape, ready_timeout, state_dir, timeout, gentle
    )
    raise typer.Exit(run(options))


@app.command()
def replay(
    recording_ids: Annotated[list[str] | None, typer.Argument(help="Ids of recordings. Default: all.")] = None,
    state_dir: StateDir = STATE_DIR,
) -> None:
    """Rebuild recording documents from their facts with the running cloud's reconcile function."""
    from local.record import ask

    with mistakes_are_lines():
        existing(state_dir)
    answer, left = {"after": ""}, False
    while "after" in answer:  # there was no time for those behind it
        answer = ask(state_dir, "reconcile", {"replay": recording_ids or "all", "after": answer["after"]})
        print(f"{answer['recordings']} rebuilt, {len(answer['changed'])} changed")
        for kind in ("changed", "damaged", "unanswered", "absent"):
            for name in answer.get(kind, ()):
                print(f"{kind:10} {name}")
                left |= kind != "changed"
    raise typer.Exit(int(left))


if __name__ == "__main__":
    run(app)
