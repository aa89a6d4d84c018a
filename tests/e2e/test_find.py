"""Which metrics there are and how each is doing: by words, by state, and as a tree."""
import time

from conftest import wait_for
from test_states import noise, write
from webapp import roster, slot_of, start, web, write_points  # noqa: F401  (fixtures)

WARMING_UP, NORMAL, ANOMALOUS, STALE, FLAT, DROPOUT, DEGENERATE, GAP, RESET = range(9)


def tell_states(redis, states, stamp=None):
    """Writes the rosters of the slots of these names as workers do."""
    slots = {}
    for name, state in states.items():
        slots.setdefault(slot_of(name), {})[name] = state
    for slot, members in slots.items():
        redis.set(f"ridgeline:states:{slot}", roster(members, stamp or time.time_ns()))


def now():
    return int(time.time()) // 60 * 60


def add_names(redis, *names):
    redis.sadd("metrics.unique_metrics", *("metrics." + name for name in names))


def found(web, **parameters):
    return [m["name"] for m in web.json("/api/metrics", **parameters)["metrics"]]


def test_all_words_must_be_in_a_name_in_whatever_order(web, redis):
    add_names(redis, "servers.web1.cpu", "servers.web2.cpu", "servers.web1.disk", "cpu.web", "db.cpu")
    wait_for("the names", lambda: web.json("/api/metrics")["total"] == 5)
    wanted = ["cpu.web", "servers.web1.cpu", "servers.web2.cpu"]
    assert found(web, query="web cpu") == found(web, query="cpu  web") == wanted
    assert found(web, query="web1 cpu servers") == ["servers.web1.cpu"]
    assert found(web, query="web* cpu") == []
    assert "16 words" in web.get("/api/metrics", expect=400, query=" ".join("abcdefghijklmnopq")).json()["error"]


def test_metrics_are_listed_by_state_and_from_any_place_on(web, redis):
    names = [f"app.m{i:03}" for i in range(200)]
    states = {name: STALE if i % 2 else (ANOMALOUS, FLAT, DROPOUT, WARMING_UP, NORMAL)[i % 5]
              for i, name in enumerate(names)}
    states |= {"back": GAP, "anew": RESET}
    add_names(redis, *states, "app.unknown")
    tell_states(redis, states)
    wait_for("the states", lambda: web.json("/api/metrics", state="STALE")["total"] == 100)
    answer = web.json("/api/metrics", state="STALE", first=99, limit=50)
    assert [m["name"] for m in answer["metrics"]] == ["app.m197", "app.m199"] and answer["total"] == 100
    assert found(web, state="STALE", first=101) == []
    for state in ("ANOMALOUS", "FLAT", "DROPOUT", "WARMING_UP", "NORMAL"):
        assert web.json("/api/metrics", state=state)["total"] == 20
    assert (found(web, state="GAP"), found(web, state="RESET")) == (["back"], ["anew"])
    assert found(web, state="UNKNOWN") == ["app.unknown"]
    assert found(web, state="STALE", query="m00") == ["app.m001", "app.m003", "app.m005", "app.m007", "app.m009"]
    assert "one of" in web.get("/api/metrics", expect=400, state="BROKEN").json()["error"]
    web.get("/api/metrics", expect=400, first=0)


def test_a_changed_roster_is_taken_and_a_broken_one_hurts_no_other(web, redis):
    add_names(redis, "a", "b")
    assert slot_of("a") != slot_of("b")
    tell_states(redis, {"a": NORMAL, "b": NORMAL})
    wait_for("the states", lambda: web.json("/api/metrics", state="NORMAL")["total"] == 2)
    for broken in (b"\x02" + bytes(17), b"\x01\x02", bytes(100)):
        redis.set(f"ridgeline:states:{slot_of('b')}", broken)
        tell_states(redis, {"a": STALE})
        wait_for("the change", lambda: found(web, state="STALE") == ["a"])
        tell_states(redis, {"a": NORMAL})
        wait_for("the change back", lambda: found(web, state="STALE") == [])
    redis.delete(f"ridgeline:states:{slot_of('b')}")
    redis.hset(f"ridgeline:states:{slot_of('b')}", "no", "string")
    tell_states(redis, {"a": FLAT})
    wait_for("the change", lambda: found(web, state="FLAT") == ["a"])
    assert found(web, state="NORMAL") == ["b"]
    # One that Redis has lost, as an empty one has nothing to tell.
    redis.delete(f"ridgeline:states:{slot_of('b')}")
    wait_for("it is not known any more", lambda: found(web, state="UNKNOWN") == ["b"])


def test_the_tree_counts_what_is_below_each_part_by_state(web, redis):
    states = {"servers.web1.cpu": ANOMALOUS, "servers.web1.disk": STALE, "servers.web1": NORMAL,
              "servers.web2.cpu": FLAT, "servers.web-x.cpu": WARMING_UP, "app": GAP}
    add_names(redis, *states, "ridgeline.own")
    tell_states(redis, states)
    wait_for("the states", lambda: web.json("/api/metrics", state="UNKNOWN")["total"] == 1)

    def children(**parameters):
        return web.json("/api/tree", **parameters)["children"]

    def child(part, name, leaf, metrics, warming_up, anomalous, stale):
        return {"part": part, "name": name, "leaf": leaf, "metrics": metrics, "warming_up": warming_up,
                "anomalous": anomalous, "stale": stale}

    assert children() == [child("app", "app", True, 1, 0, 1, 0), child("ridgeline", "ridgeline", False, 1, 0, 0, 0),
                          child("servers", "servers", False, 5, 1, 2, 1)]
    assert children(prefix="servers") == [child("web-x", "servers.web-x", False, 1, 1, 0, 0),
                                          child("web1", "servers.web1", True, 3, 0, 1, 1),
                                          child("web2", "servers.web2", False, 1, 0, 1, 0)]
    assert children(prefix="servers.web1.cpu") == children(prefix="nothing") == []
    answer = web.json("/api/tree", limit=1)
    assert [c["part"] for c in answer["children"]] == ["app"] and answer["total"] == 3
    web.get("/api/tree", expect=400, limit=10_001)
    web.get("/api/tree", expect=400, prefix="")


def test_a_tree_of_thousands_of_children_is_whole(web, redis):
    add_names(redis, *(f"hosts.h{i}.load" for i in range(5000)))
    wait_for("the names", lambda: web.json("/api/metrics", limit=1)["total"] == 5000)
    answer = web.json("/api/tree", prefix="hosts", limit=10_000)
    assert answer["total"] == len(answer["children"]) == 5000
    assert [c["part"] for c in answer["children"]] == sorted(f"h{i}" for i in range(5000))


def test_workers_tell_the_states_of_all_their_metrics(start, daemons, redis):
    web = start(more='retention = "60s:3d"; analyzer: { workers = 2; };')
    write(redis, "app.well", noise("app.well"), end=now())
    write(redis, "app.silent", noise("app.silent"), end=now() - 3 * 3600)
    write(redis, "app.frozen", noise("app.frozen") + [100.0] * 45, end=now())
    write(redis, "app.high", noise("app.high") + [200.0] * 5, end=now())
    write(redis, "app.young", noise("app.young", 20), end=now())
    wanted = {"app.well": "NORMAL", "app.silent": "STALE", "app.frozen": "FLAT",
              "app.high": "ANOMALOUS", "app.young": "WARMING_UP"}
    analyzer = daemons("analyzer", web.daemon.settings)

    def states():
        return {m["name"]: m["state"] for m in web.json("/api/metrics", query="app")["metrics"]}

    wait_for("the states", lambda: states() == wanted)
    rosters = [redis.get(f"ridgeline:states:{slot}") for slot in range(64)]
    assert sum(len(r) - 9 for r in rosters) == 9 * len(wanted)
    time.sleep(6)
    unchanged = [redis.get(f"ridgeline:states:{slot}") for slot in range(64)]
    assert unchanged == rosters, "nothing changed: nothing is written"

    write(redis, "app.silent", [100.0], end=now())
    wait_for("what is silent no more", lambda: states()["app.silent"] != "STALE")  # asked once a minute
    analyzer.stop()
    redis.delete(*(f"ridgeline:states:{slot}" for slot in range(64)))
    analyzer.start()
    wait_for("all again", lambda: len(redis.keys("ridgeline:states:*")) == 64)
