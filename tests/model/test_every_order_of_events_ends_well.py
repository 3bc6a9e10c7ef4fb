"""Events around an approval, in orders drawn at random and in every order there is (of which `make model` walks all)."""

from itertools import islice
from math import factorial

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.orders import EVENTS, all_walks, walk
from tests.model.protocol import WISHES, modelled


def test_whatever_happens_in_whatever_order_an_approved_act_happens_once(postgres, template_url):
    with modelled(postgres, template_url) as machine:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=15,
                stateful_step_count=20,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],  # each step costs a second or so: a shorter example is not worth an hour
                suppress_health_check=list(HealthCheck),
            ),
        )
        ends = {name.split()[1] for name in machine.visited}
        assert "done" in ends, machine.visited
        assert len(ends) >= 3, machine.visited  # else the events say nothing


def test_every_order_of_the_events_is_walked_for_each_wish_and_some_of_them_here(postgres, template_url):
    ways = list(all_walks())
    assert len({(way.wish, way.events) for way in ways}) == len(ways) == len(WISHES) * factorial(len(EVENTS))
    with modelled(postgres, template_url) as machine:
        for way in islice(ways, 0, None, 241):
            walk(machine, way)
        assert {name.split()[0] for name in machine.visited} >= {"cancel_order", "change_address"}, machine.visited
