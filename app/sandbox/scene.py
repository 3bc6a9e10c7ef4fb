"""What a story of the demo is, and what can happen in one: each step is done for real, and told as it happens."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.people import Colleague, DialNexa, Goody, Json, Stranger
from app.sandbox.stage import Stage
from app.sandbox.telling import Outcome, Teller


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who has a part. `you` is whoever watches; olive decides what waits for people."""

    dialnexa: DialNexa
    goody: Goody
    stranger: Stranger
    you: Colleague
    olive: Colleague


@dataclass(frozen=True, slots=True)
class Story:
    """`expected` is how it has to end, in the words of `Scene.outcome`; `play` acts it and says how it did end."""

    call_id: str
    title: str
    wants: str
    expected: Outcome
    play: Callable[["Scene"], Outcome]


@dataclass(slots=True)
class Scene:
    """One story under way."""

    call_id: str
    stage: Stage
    cast: Cast
    teller: Teller
    orders: list[str] = field(default_factory=list)  # ids at Goody
    _told: set[int] = field(default_factory=set)  # entries of the audit

    def gift(self, **fields: Any) -> Json:
        """An order at Goody, once its webhook has brought it into Handoff's mirror."""
        order = self.cast.goody.make_order(fields)
        self.orders.append(order["id"])
        self.mirrored(order, order["status"])
        giver, item = order["sender"], order["cart"]["items"][0]
        to = f"{order['recipient_first_name']} {order['recipient_last_name']}"
        what = f"{item['product']['name']} from {giver['first_name']} {giver['last_name']} to {to}"
        self.teller.line("goody", f"gift {order['reference_id']}: {what}, {order['status']}")
        return order

    def mirrored(self, order: Json, status: str) -> None:
        """Wait until Handoff's mirror shows the order in this status."""

        def shows_it() -> bool | None:
            row = self.cast.you.find_order(order["reference_id"])
            return (row is not None and row["status"] == status) or None

        self.stage.wait_for(shows_it, f"the mirror to show order {order['reference_id']} as {status}")

    def call(self, said: str, **placement: Any) -> None:
        """Somebody calls; DialNexa delivers what it documents of that, signed."""
        self.teller.line("caller", f"“{said}”")
        turns = [["agent", "Hello, how can I help?"], ["user", said]]
        log = self.cast.dialnexa.place(self.call_id, {"said": turns, "summary": said, **placement})
        events, answers = _counted(row["event"] for row in log), _counted(row["response_status"] for row in log)
        self.teller.line("dialnexa", f"delivers {events}; answered {answers}")

    def until(self, is_so: Callable[[Json], object], what: str) -> Json:
        """The call, as soon as `is_so` says so of it; meanwhile its audit is told."""
        call = self.tell_news()
        if call is not None and is_so(call):
            return call

        def look() -> Json | None:
            # Whatever happens to a call leaves an entry: without a new one there is nothing new to look at.
            news = self._news()
            call = self._tell(news) if news else None
            return call if call is not None and is_so(call) else None

        return self.stage.wait_for(look, f"{self.call_id}: {what}")

    def until_status(self, kind: str, *statuses: str) -> Json:
        """The action of this kind, once its status is one of these."""
        call = self.until(lambda call: action_of(call, kind).get("status") in statuses, f"{kind} to be {statuses}")
        return action_of(call, kind)

    def tell_news(self) -> Json | None:
        """Tell what the audit has got since the last look; the call as it is now, None while nobody knows it."""
        return self._tell(self._news())

    def _news(self) -> list[Json]:
        return [entry for entry in self.cast.you.list_entries(self.call_id) if entry["id"] not in self._told]

    def _tell(self, entries: list[Json]) -> Json | None:
        # Read after the entries, so that it shows at least what they tell.
        call = self.cast.you.find_call(self.call_id)
        for entry in entries if call is not None else ():
            self._told.add(entry["id"])
            self.teller.entry(entry, call or {})
        return call

    def review_of(self, kind: str) -> Json:
        """The last review of the action, as it reads now."""
        review_id = action_of(self.cast.olive.find_call(self.call_id), kind)["review_id"]
        return self.cast.olive.read_review(review_id)

    def decide(self, who: Colleague, review: Json, verb: str, reason_code: str, note: str) -> int:
        """Decide upon what was shown, under its version; the status of the answer."""
        answer = who.decide(review, verb, {"reason_code": reason_code, "note": note})
        self.tell_news()
        if not answer.is_success:
            self.teller.line(who.name, f"gets a {answer.status_code} for the {verb}: {answer.json()['detail']}")
        return answer.status_code

    def claim(self, who: Colleague, kind: str) -> Json:
        """Take the review; as it reads then."""
        review = self.review_of(kind)
        claimed: Json = who.decide(review, "claim").raise_for_status().json()
        self.tell_news()
        return claimed

    def show_summary(self, review: Json) -> None:
        """The prepared text of an assistance, as the person at the shop gets it."""
        for line in review["summary"].splitlines():
            self.teller.line("summary", line, style="dim")

    def writes(self) -> list[Json]:
        """What Goody's ledger shows of this story, told."""
        entries = self.cast.goody.list_writes(self.call_id, self.orders)
        for entry in entries:
            act, answer = entry["path"].rpartition("/")[2], entry["answered"] or "nothing: the connection was cut"
            self.teller.line("goody", f"ledger: {act} {entry['effect']}, answered {answer}")
        if not entries:
            self.teller.line("goody", "ledger: no write arrived")
        return entries

    def outcome(self, kind: str, **more: Any) -> Outcome:
        """How it ended, as Handoff and Goody's ledger say."""
        call = self.tell_news() or {}
        action = action_of(call, kind)
        return {
            "match": (call.get("match") or {}).get("outcome"),
            "kind": action.get("kind"),
            "verdict": action.get("verdict"),
            "status": action.get("status"),
            "attempts": [attempt["outcome"] for attempt in action.get("attempts", ())],
            "goody_acts": sum(entry["effect"] == "done" for entry in self.writes()),
            **more,
        }


def action_of(call: Json | None, kind: str) -> Json:
    """The call's action of this kind; empty where there is none yet."""
    actions: list[Json] = call.get("actions", []) if call else []
    return next((action for action in actions if action["kind"] == kind), {})


def _counted(things: Iterable[object]) -> str:
    """Each with how often it came, in the order of its first time."""
    return ", ".join(str(thing) if number == 1 else f"{number} x {thing}" for thing, number in Counter(things).items())
