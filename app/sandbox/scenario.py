"""The run of the demo: set the stage, play every story, say how each ended, verify the audit, leave it or end it."""

import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import httpx
from rich.console import Console

from app.sandbox.people import Colleague, DialNexa, Goody, Json, Stranger
from app.sandbox.scene import Cast, Scene, Story
from app.sandbox.stage import SEEDED_ORDERS, NeverHappenedError, Stage, StageError
from app.sandbox.stories import CONTACTS, STORIES
from app.sandbox.stories_of_trouble import STORIES_OF_TROUBLE
from app.sandbox.telling import Outcome, Teller

# Who uses Handoff here: under these names the audit shows them.
ROLES = {"you": "admin", "olive": "approver"}
INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


@dataclass(frozen=True, slots=True)
class Result:
    """How a story ended."""

    story: Story
    actual: Outcome

    @property
    def is_as_told(self) -> bool:
        return self.actual == self.story.expected

    def as_json(self) -> Json:
        return {
            "call_id": self.story.call_id,
            "story": self.story.title,
            "expected": dict(self.story.expected),
            "actual": dict(self.actual),
            "ok": self.is_as_told,
        }


def run_demo(home: Path, *, port: int, is_left_running: bool, json_file: Path | None) -> int:
    """The exit code: 0 only if every story ended as told and the audit is whole.

    Raises StageError when a process of the demo cannot be started or dies.
    """
    _let_signals_interrupt()
    _write(json_file, [])
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Unicode gets a story all the same
    teller = Teller(Console(highlight=False))
    code = INTERRUPTED
    try:
        with Stage(home, port=port) as stage:
            tokens = _open(stage, teller)
            code = 0 if _play_all(stage, teller, tokens, json_file) else 1
            if is_left_running:
                _invite(stage, teller, tokens["you"])
                stage.wait_until_something_ends()
    except KeyboardInterrupt:
        teller.say("Interrupted: everything is stopped." if code == INTERRUPTED else "Everything is stopped.")
    return code


def _let_signals_interrupt() -> None:
    """A terminal that is closed and a supervisor that says stop are the same to us as Ctrl-C."""

    def interrupt(_number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:  # which nohup, or a shell, may have asked for
            signal.signal(number, interrupt)


def _open(stage: Stage, teller: Teller) -> Mapping[str, str]:
    """Start everything; the token of each colleague by name."""
    started = time.monotonic()
    with teller.busy("Starting Postgres, the service, and stand-ins of Goody and DialNexa"):
        stage.open()
        tokens = stage.make_tokens(ROLES)
    if stage.has_other_port:
        teller.say(f"Port {stage.wanted_port} is taken, so the service got another one. HANDOFF_PORT chooses.")
    teller.say(f"The service runs at {stage.service_url}, {time.monotonic() - started:.1f} seconds after the start.")
    return tokens


@contextmanager
def _cast(stage: Stage, tokens: Mapping[str, str]) -> Iterator[Cast]:
    with ExitStack() as stack:
        colleagues = {name: Colleague(stage.service_url, name, token) for name, token in tokens.items()}
        cast = Cast(
            dialnexa=DialNexa(stage.dialnexa_url),
            goody=Goody(stage.goody_url, token=stage.goody_key),
            stranger=Stranger(stage.service_url),
            **colleagues,
        )
        for party in (cast.dialnexa, cast.goody, cast.stranger, *colleagues.values()):
            stack.callback(party.close)
        yield cast


def _play_all(stage: Stage, teller: Teller, tokens: Mapping[str, str], json_file: Path | None) -> bool:
    started = time.monotonic()
    results: list[Result] = []
    try:
        with _cast(stage, tokens) as cast:
            _prepare(stage, teller, cast)
            for number, story in enumerate((*STORIES, *STORIES_OF_TROUBLE), start=1):
                teller.title(number, story.title, story.wants)
                actual = _play(story, Scene(story.call_id, stage, cast, teller))
                results.append(Result(story, actual))
                teller.ending(story.expected, actual)
    finally:
        _write(json_file, results)
    teller.table((each.story.title, each.story.call_id, each.story.expected, each.actual) for each in results)
    good = sum(each.is_as_told for each in results)
    seconds = time.monotonic() - started
    are_good = good == len(results)
    teller.verdict(f"{good} of {len(results)} stories ended as told, in {seconds:.0f} seconds", is_good=are_good)
    return _verify_audit(stage, teller) and are_good


def _write(json_file: Path | None, results: Sequence[Result]) -> None:
    """Also before the first story: a file that cannot be written is better known at once."""
    if json_file is None:
        return
    try:
        json_file.write_text(json.dumps([each.as_json() for each in results], indent=2) + "\n")
    except OSError as error:
        raise StageError(f"--json {json_file} cannot be written: {error.strerror}") from None


def _prepare(stage: Stage, teller: Teller, cast: Cast) -> None:
    """The mirror is back-filled by itself; the directory of contacts is a merchant's to import."""
    number = stage.wait_for(
        lambda: found if (found := cast.you.count_orders()) >= SEEDED_ORDERS else None, "the mirror to be filled"
    )
    imported = cast.you.import_contacts(CONTACTS)
    teller.say(f"Its mirror holds {number} orders read from Goody; {imported} contacts were imported.")


def _play(story: Story, scene: Scene) -> Outcome:
    """How the story ended; one that could not be played to its end says why."""
    try:
        return story.play(scene)
    except (NeverHappenedError, httpx.HTTPError, LookupError) as error:
        scene.stage.check()  # a process that died says more than what followed from it
        seen: Outcome = {}
        with suppress(httpx.HTTPError):
            seen = scene.outcome(str(story.expected.get("kind", "none")))
        return {**seen, "problem": f"{type(error).__name__}: {error}"}
    finally:
        with suppress(httpx.HTTPError):
            scene.cast.goody.recover()


def _verify_audit(stage: Stage, teller: Teller) -> bool:
    """By the command itself, once the sealer has caught up with the last story."""

    def look() -> dict[str, Any] | None:
        report = stage.verify_audit()
        return report if report["unsealed"] == 0 or not report["ok"] else None

    with teller.busy("Verifying the audit chain (handoff audit verify)"):
        report = stage.wait_for(look, "the audit to be sealed")
    sealed = f"{report['entries']} entries, {report['sealed']} sealed"
    if report["ok"]:
        teller.verdict(f"the audit chain is whole: {sealed}, head {report['head_digest'][:16]}", is_good=True)
    else:
        problems = "; ".join(problem["says"] for problem in report["problems"])
        teller.verdict(f"the audit chain is broken: {sealed}. {problems}", is_good=False)
    return bool(report["ok"])


def _invite(stage: Stage, teller: Teller, token: str) -> None:
    """What to do with it now."""
    url = stage.service_url
    teller.say(f"\nThe service goes on at {url} (REST API: {url}/docs).")
    teller.say("Your token, of the role admin, and what waits for a decision:")
    teller.copyable(f"export TOKEN={token}")
    teller.copyable(f'curl -sH "Authorization: Bearer $TOKEN" "{url}/v1/reviews?status=open"')
    teller.say("Place a call of your own at DialNexa's stand-in, and read what became of it:")
    call = json.dumps({"id": "call_mine", "analysis": {"customer_name": "You", "availability_question": "Any tea?"}})
    teller.copyable(f"curl -sH 'content-type: application/json' {stage.dialnexa_url}/_twin/calls -d '{call}'")
    teller.copyable(f'curl -sH "Authorization: Bearer $TOKEN" {url}/v1/calls/call_mine')
    teller.say(f"Logs and data are in {stage.folder}.\nCtrl-C stops everything.")
