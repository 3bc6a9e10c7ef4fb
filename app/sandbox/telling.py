"""How the demo is told in a terminal: who did what, line by line, and the table of how every story ended.

Works without colours, without a terminal and in 80 columns. What happened is read from the audit, so that nothing is
told that was not recorded.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

Json = dict[str, Any]
Outcome = Mapping[str, Any]

LONGEST_LINE = 100  # longer ones tire the eye, however wide the terminal is
INDENT = 4
LABEL_WIDTH = 10
MOST_EVIDENCE = 4  # the heaviest lines decide; all are in the call
VERDICT_STYLES = {"execute": "green", "review": "yellow", "assist": "magenta", "hand_off": "blue", "refuse": "red"}
REVIEW_VERBS = {
    "review.claimed": "takes the review",
    "review.released": "gives it back",
    "review.approved": "approves",
    "review.rejected": "rejects",
    "review.assisted": "has done it at the shop by hand",
}


# For a terminal without Unicode: signs of one column each, so that nothing moves.
PLAIN_SIGNS = str.maketrans("“”→·…", '"">-.')


class Teller:
    """Writes to one console. The name of who acts is shown where it changes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._console.width = min(console.width, LONGEST_LINE)
        self._last_label = ""
        self._can_draw = "utf" in (console.encoding or "").lower()

    def busy(self, what: str) -> AbstractContextManager[object]:
        """While something takes its time: a spinner in a terminal, a line elsewhere."""
        if self._console.is_terminal:
            return self._console.status(f"[dim]{what} …")
        self.say(f"{what} ...")
        return nullcontext()

    def say(self, text: str, *, style: str = "") -> None:
        self._console.print(Text(self._signs(text), style=style))

    def copyable(self, text: str) -> None:
        """A line that is to be copied: never wrapped, so that no blank gets into it."""
        self._console.print(Text(f"    {text}"), soft_wrap=True)

    def title(self, number: int, title: str, wants: str) -> None:
        self._last_label = ""
        self._console.print()
        self._console.print(Text.assemble((f"{number:>2}  ", "dim"), (title, "bold")))
        self._print(Text(wants, style="italic"))

    def line(self, who: str, what: str | Text, *, style: str = "", hang: int = 0) -> None:
        """`hang` indents what does not fit on the first line, under a bullet or a figure."""
        label = "" if who == self._last_label else who
        self._last_label = who
        text = what if isinstance(what, Text) else Text(what, style=style)
        self._print(text, Text(label.ljust(LABEL_WIDTH), style="cyan"), hang=hang)

    def entry(self, entry: Json, call: Json) -> None:
        """One line of the audit, in words; of what only repeats another one, nothing."""
        event, data = entry["event"], entry["data"]
        who = entry["actor"].removeprefix("system:")
        if event in {"call.matched", "call.ambiguous", "call.unmatched"}:
            self._match(who, call)
        elif event == "call.not_connected":
            self.line(who, "The call never connected: it is counted, and no task is made.")
        elif event == "action.decided":
            self._decision(who, data, call)
        elif event == "handoff.written":
            self._handoff(who, entry, call)
        elif event == "attempt.confirmed":
            self.line(who, f"Goody's webhook {data['event']} confirms the attempt.")
        elif event in REVIEW_VERBS:
            reason = f" ({data['reason_code']})" if data["reason_code"] else ""
            note = f": “{data['note']}”" if data["note"] else ""
            self.line(who, f"{REVIEW_VERBS[event]}{reason}{note}")
        elif event == "action.renew":
            self.line(who, f"shows people the case again, since it moved: {', '.join(data['moved'])}")
        elif event.startswith("action.") and data["from"] != data["to"] and event != "action.start":
            self._move(who, data)

    def ending(self, expected: Outcome, actual: Outcome) -> None:
        if expected == actual:
            self._print(
                Text.assemble((f"{self._mark(is_good=True)} ", "bold green"), (as_words(actual), "green")), hang=2
            )
            return
        mark = self._mark(is_good=False)
        self._print(Text.assemble((f"{mark} expected  ", "bold red"), as_words(expected)), hang=12)
        self._print(Text.assemble(("  actual    ", "bold red"), as_words(actual)), hang=12)

    def table(self, rows: Iterable[tuple[str, str, Outcome, Outcome]]) -> None:
        """How all ended: title, call id, expected, actual."""
        table = Table(box=box.SIMPLE_HEAD if self._can_draw else box.ASCII2, padding=(0, 1, 0, 0), expand=True)
        table.add_column("", width=1)
        table.add_column("story and call", width=30, overflow="fold")
        table.add_column("expected", ratio=3, overflow="fold")
        table.add_column("actual", min_width=11, ratio=1, overflow="fold")
        for title, call_id, expected, actual in rows:
            is_good = expected == actual
            mark = Text(self._mark(is_good=is_good), style="green" if is_good else "bold red")
            shown = Text("as expected", style="green") if is_good else Text(as_words(actual), style="red")
            table.add_row(mark, Group(Text(title), Text(call_id, style="dim")), Text(as_words(expected)), shown)
        self._console.print()
        self._console.print(table)

    def verdict(self, text: str, *, is_good: bool) -> None:
        style = "bold green" if is_good else "bold red"
        self._console.print(Text(f"{self._mark(is_good=is_good)} {self._signs(text)}", style=style))

    def _print(self, text: Text, label: Text | None = None, *, hang: int = 0) -> None:
        """The text beside its label, wrapped by us: a table would fill every line with blanks up to the margin."""
        margin = Text(" " * INDENT)
        text.plain = self._signs(text.plain)
        label = Text() if label is None else label
        width = self._console.width - INDENT - len(label)
        first, *others = text.wrap(self._console, width - 1) or [Text()]
        lines = [Text.assemble(margin, label, first)]
        rest = Text(" ").join(others)
        lines += [
            Text.assemble(margin, " " * (len(label) + hang), line)
            for line in rest.wrap(self._console, width - hang - 1)
        ]
        for line in lines if others else lines[:1]:
            line.rstrip()
            self._console.print(line, soft_wrap=True)  # it is as wide as it may be already

    def _signs(self, text: str) -> str:
        return text if self._can_draw else text.translate(PLAIN_SIGNS)

    def _mark(self, *, is_good: bool) -> str:
        return ("✔" if is_good else "✘") if self._can_draw else ("+" if is_good else "x")

    def _match(self, who: str, call: Json) -> None:
        match, identity = call["match"], call["identity"]
        if match["outcome"] == "matched":
            reference = match["reference_id"]
            self.line(who, f"matched with order {reference}, probability {match['probability']:.4f}")
            self._evidence(who, match["evidence"])
            self.line(who, f"The caller is the {identity['role']}, {identity['confidence']:.1%} sure.")
            return
        self.line(who, f"{match['outcome']}: {len(match['candidates']) or 'no'} candidates")
        for candidate in match["candidates"]:
            self.line(who, f"  order {candidate['reference_id']}, probability {candidate['probability']:.4f}")
        if match["candidates"]:
            self._evidence(who, match["candidates"][0]["evidence"])

    def _evidence(self, who: str, evidence: Sequence[Json]) -> None:
        telling = sorted((line for line in evidence if line["bits"]), key=lambda line: -abs(line["bits"]))
        for line in telling[:MOST_EVIDENCE]:
            self.line(who, f"{line['bits']:+5.1f} bits  {line['says']}", style="dim", hang=12)

    def _decision(self, who: str, data: Json, call: Json) -> None:
        verdict = data["verdict"]
        kind = Text.assemble(f"{data['kind']}: ", (verdict.replace("_", " "), VERDICT_STYLES.get(verdict, "")))
        self.line(who, kind)
        action = next((each for each in call["actions"] if each["kind"] == data["kind"]), None)
        for finding in action["findings"] if action else ():
            if finding["rule"] in data["fired"]:
                self.line(who, f"· {sentence_of(finding)}", style="dim", hang=2)

    def _handoff(self, who: str, entry: Json, call: Json) -> None:
        handoff = next((each for each in call["handoffs"] if each["action_id"] == entry["action_id"]), None)
        self.line(who, f"handed to {entry['data']['team']}, urgency {entry['data']['urgency']}")
        body = handoff["body"] if handoff else {}
        for name in ("answer", "next_step"):
            if body.get(name):
                self.line(who, f"· {body[name]}", style="dim", hang=2)

    def _move(self, who: str, data: Json) -> None:
        attempt = f"attempt {data['attempt']} {data['outcome']}, " if "attempt" in data else ""
        moved = Text.assemble(attempt, (f"{data['from']} → {data['to']}", "bold"))
        if data.get("why"):
            moved.append(f": {data['why']}", "dim")
        elif data.get("event"):
            moved.append(f": Goody's webhook {data['event']}", "dim")
        self.line(who, moved)


def sentence_of(finding: Json) -> str:
    """What a finding says, without the figures in brackets behind it."""
    says: str = finding["says"]
    return says.rpartition(" (")[0] or says


def as_words(outcome: Outcome) -> str:
    """A compact outcome, as one may read it aloud."""
    return ", ".join(_words(name, value) for name, value in outcome.items() if value is not None) or "nothing"


def _words(name: str, value: object) -> str:
    match name, value:
        case (("match" | "kind" | "verdict" | "status"), str()):
            return value.replace("_", " ") if name == "verdict" else value
        case "attempts", list():
            return "attempts: " + " then ".join(value) if value else "no attempt"
        case "goody_acts", int():
            return f"{value or 'no'} act{'' if value in {0, 1} else 's'} at Goody"
        case _, True:
            return name.replace("_", " ")
        case _:
            return f"{name.replace('_', ' ')}: {_plain(value)}"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
