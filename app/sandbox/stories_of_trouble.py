"""The demo's stories about what goes wrong: forged and doubled deliveries, a world that moves, a shop that fails."""

from itertools import groupby

from app.sandbox.dialnexa_bodies import TwinCall, call_ended_body
from app.sandbox.people import Json
from app.sandbox.scene import Scene, Story, action_of
from app.sandbox.stories import ends, in_days, parcel, person, said_by
from app.sandbox.telling import Outcome

COPIES = 5


def spoofed(scene: Scene) -> Outcome:
    mallory = person("Mallory", "Gray", "example.net")
    gift = scene.gift(**parcel(person("Felix", "Noor"), person("Anja", "Berg", "example.org")))
    body = call_ended_body(TwinCall(id=scene.call_id, analysis=said_by(mallory, "cancel order", gift)))
    secrets_tried = {"with a guessed secret": "guessed", "with no signature at all": None}
    answers = []
    for how, secret in secrets_tried.items():
        answers.append(scene.cast.stranger.post_call(body, secret=secret))
        scene.teller.line("stranger", f"posts the call {how}: answered {answers[-1]}")
    you = scene.cast.you
    stored = you.count_deliveries(scene.call_id)
    is_known = you.find_call(scene.call_id) is not None
    scene.teller.line("intake", f"{stored} deliveries stored, {'a' if is_known else 'no'} call")
    acts = sum(entry["effect"] == "done" for entry in scene.writes())
    return {"answers": answers, "deliveries_stored": stored, "call_exists": is_known, "goody_acts": acts}


def delivered_again(scene: Scene) -> Outcome:
    zoe = person("Zoe", "Hartman")
    gift = scene.gift(**parcel(person("Ben", "Okoro"), zoe, expires_at=in_days(2)))
    said = said_by(zoe, "more time", gift)
    scene.call("Could I have more time?", analysis=said, faults={"duplicates": COPIES - 1})
    scene.until_status("extend_expiration", "done")
    call = scene.cast.you.find_call(scene.call_id) or {}
    stored = scene.cast.you.count_deliveries(scene.call_id)
    scene.teller.line("intake", f"{2 * COPIES} posts, {stored} deliveries stored, {len(call['actions'])} action")
    return scene.outcome("extend_expiration", deliveries_stored=stored, actions=len(call["actions"]))


def moves_under_review(scene: Scene) -> Outcome:
    simon, olive = person("Simon", "Achterberg"), scene.cast.olive
    gift = scene.gift(**parcel(simon, person("Maud", "Ferris", "example.org"), status="opened"))
    scene.call("Cancel my gift, please.", analysis=said_by(simon, "cancel my gift", gift))
    scene.until_status("cancel_order", "awaiting_review")
    seen = scene.claim(olive, "cancel_order")
    scene.teller.line("goody", "Maud accepts the gift while olive reads")
    scene.cast.goody.accept(gift["id"])
    scene.stage.wait_for(lambda: scene.review_of("cancel_order")["version"] > seen["version"] or None, "the renewal")
    scene.tell_news()
    answer = scene.decide(olive, seen, "approval", "sender_asks", "As it looked a minute ago.")
    renewed = scene.review_of("cancel_order")
    for change in renewed["difference"]:
        scene.teller.line("review", f"{change['name']}: {change['before']} → {change['after']}")
    scene.decide(olive, renewed, "rejection", "accepted_meanwhile", "Told Simon that Maud has it already.")
    scene.until_status("cancel_order", "rejected")
    return scene.outcome("cancel_order", approval_of_the_old_version=answer)


def goody_is_away(scene: Scene) -> Outcome:
    lucia = person("Lucia", "Marsh")
    gift = scene.gift(**parcel(person("Rolf", "Stein"), lucia, expires_at=in_days(1)))
    scene.cast.goody.break_down("close", path="^/v1/")
    scene.teller.line("goody", "is away: every connection is cut")
    scene.call("Can I have until the end of the month?", analysis=said_by(lucia, "extend the expiry", gift))
    scene.until(lambda call: _outcomes(call).count("failed") >= 2, "two attempts to fail")
    scene.cast.goody.recover()
    scene.teller.line("goody", "is back")
    call = scene.until(lambda call: action_of(call, "extend_expiration")["status"] == "done", "the extension")
    ending = scene.outcome("extend_expiration")
    # How often it fails depends on how fast this machine is; that it fails, and then works once, does not.
    return {**ending, "attempts": [outcome for outcome, _ in groupby(_outcomes(call))]}


def answer_is_lost(scene: Scene) -> Outcome:
    omar, olive = person("Omar", "Lyle"), scene.cast.olive
    gift = scene.gift(**parcel(omar, person("Fritz", "Anders", "example.org"), status="notified"))
    scene.call("Please cancel the gift to Fritz.", analysis=said_by(omar, "cancel gift", gift))
    scene.until_status("cancel_order", "awaiting_review")
    scene.cast.goody.break_down("answer_lost", method="POST", path=f"{gift['id']}/cancel$", times=1)
    scene.teller.line("goody", "will cancel, and cut the connection before it answers")
    review = scene.claim(olive, "cancel_order")
    scene.decide(olive, review, "approval", "sender_asks", "Omar ordered it.")
    scene.until_status("cancel_order", "done")
    status = scene.cast.goody.read_order(gift["id"])["status"]
    lost = any(entry["event"] == "action.lose_answer" for entry in scene.cast.you.list_entries(scene.call_id))
    return scene.outcome("cancel_order", outcome_was_unknown=lost, goody_status=status)


def _outcomes(call: Json) -> list[str]:
    attempts = action_of(call, "extend_expiration").get("attempts", [])
    return [attempt["outcome"] for attempt in attempts if attempt["outcome"]]


STORIES_OF_TROUBLE = (
    Story(
        "call_spoofed",
        "A forged delivery",
        "A stranger posts a call that was never made, to cancel somebody's gift.",
        {"answers": [401, 401], "deliveries_stored": 0, "call_exists": False, "goody_acts": 0},
        spoofed,
    ),
    Story(
        "call_delivered_again",
        "The same call, delivered five times",
        "Zoe wants more time, once.",
        ends(
            *("matched", "extend_expiration", "execute", "done", "succeeded"),
            goody_acts=1,
            deliveries_stored=2,
            actions=1,
        ),
        delivered_again,
    ),
    Story(
        "call_moves_under_review",
        "The gift moves while a person decides",
        "Simon wants to cancel; Maud accepts before olive has decided.",
        ends("matched", "cancel_order", "review", "rejected", approval_of_the_old_version=409),
        moves_under_review,
    ),
    Story(
        "call_goody_is_away",
        "Goody is away, and comes back",
        "Lucia wants more time while Goody cuts every connection.",
        ends("matched", "extend_expiration", "execute", "done", "failed", "succeeded", goody_acts=1),
        goody_is_away,
    ),
    Story(
        "call_answer_is_lost",
        "The answer to a cancellation is lost",
        "Omar's gift is cancelled, but Goody's answer never arrives: done once, not twice.",
        ends(
            *("matched", "cancel_order", "review", "done", "succeeded"),
            goody_acts=1,
            outcome_was_unknown=True,
            goody_status="failed",
        ),
        answer_is_lost,
    ),
)
