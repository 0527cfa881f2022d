"""What a labeller is offered: what they hold, then the queue in its order, without reading all of it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import event, select

from holdfast.store import Store
from holdfast.store.labelling import Labelling
from holdfast.store.people import People
from holdfast.store.people_tables import queue
from holdfast.types.person import Account, Role
from tests.store.values import stored

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def desk(store, items):
    """A desk over a queue of so many items, a labeller `wren`, and the items' ids by place."""
    account = Account(
        worker="wren",
        login="wren",
        password="",
        roles=(Role.LABELLER,),
        active=True,
        bot=False,
        created=NOW,
        preferences={},
    )
    People(store).add_account(account)
    made = [stored(n) for n in range(items)]
    store.add_snippets(made)
    labelling = Labelling(store, clock=lambda: NOW)
    labelling.add([one.id for one in made])
    with store.reading() as connection:
        places = connection.execute(select(queue.c.snippet_id).order_by(queue.c.place))
        return labelling, list(places.scalars())


def offered(labelling, window=4):
    """The ids that somebody may choose from."""
    seen = []

    def choose(items):
        seen.extend(item.id for item in items)
        return seen[:1]

    labelling.claim("wren", choose, lambda id: f"handle {id}", ttl=60, window=window)
    return seen


def test_what_is_held_comes_first_and_nothing_comes_twice(store):
    labelling, ids = desk(store, 9)
    assert offered(labelling) == ids[:4]
    labelling.lend("wren", [ids[8], ids[6]], lambda id: f"lent {id}", purpose="label", ttl=60)
    assert offered(labelling) == [ids[0], ids[6], ids[8], ids[1]]
    assert offered(labelling, window=2) == [ids[0], ids[6]]
    labelling.renew("wren", [f"handle {ids[0]}", f"lent {ids[6]}"], ttl=0)
    assert offered(labelling) == [ids[8], *ids[:3]]


def test_the_queue_is_read_in_its_order_and_never_sorted(sqlite_url):
    with Store.open(sqlite_url, create=True) as store:
        labelling, _ = desk(store, 5)
        asked = []
        with store.writing() as connection:
            engine = connection.engine

        def note(_connection, _cursor, statement, parameters, *_):
            if "FROM queue" in statement and statement.startswith("SELECT queue.seq"):
                asked.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        offered(labelling)
        event.remove(engine, "before_cursor_execute", note)
        assert asked
        with store.reading() as connection:
            for statement, parameters in asked:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                steps = [row[-1] for row in plan]
                assert not [one for one in steps if "TEMP B-TREE" in one or "SCAN queue" in one], steps
