"""Options and overrides as the API tells and changes them: the webapp alone, on a real Redis."""
import concurrent.futures
import json
import time

import pytest
import requests

from conftest import PATIENCE_S, RAW_DAY
from webapp import start, web  # noqa: F401: fixtures


def test_options_tell_which_source_gave_each_value(start):
    web = start(more='detection: { consensus = 3; };\nrules = ( { match = "stats.*"; median = 6.0; } );')
    options = {o["name"]: o for o in web.json("/api/options", metric="stats.a")["options"]}
    assert (options["median"]["value"], options["median"]["source"]) == (6.0, "rule")
    assert options["median"]["origin"].startswith("rule stats.* (webapp-")
    assert (options["consensus"]["value"], options["consensus"]["source"]) == (3, "detection")
    assert options["score_to_open"]["source"] == "default" and options["close_after"]["type"] == "duration"
    for o in options.values():
        choice = o["type"] == "choice"
        assert o["value"] in o["choices"] if choice else o["min"] <= o["value"] <= o["max"] and not o["choices"]
        assert o["help"]
    web.save("stats.**", {"median": 7.5})
    answer = web.json("/api/options", metric="stats.a")
    options = {o["name"]: o for o in answer["options"]}
    assert (options["median"]["value"], options["median"]["origin"]) == (7.5, "override stats.**")
    assert [o["match"] for o in answer["overrides"]] == ["stats.**"]
    by_glob = {o["name"]: o for o in web.json("/api/options", match="stats.*")["options"]}
    assert by_glob["median"]["value"] == 7.5
    assert web.json("/api/options", metric="other")["overrides"] == []
    web.save("a.[xy]", {"median": 8})
    answer = web.json("/api/options", match="a.[xy]")
    assert {o["name"]: o["value"] for o in answer["options"]}["median"] == 8
    assert [o["match"] for o in answer["overrides"]] == ["a.[xy]"]


def test_overrides_merge_win_by_age_and_go_away(web, redis):
    assert web.json("/api/overrides") == {"version": 0, "overrides": []}
    web.save("a.*", {"median": 5, "consensus": 2})
    web.save("a.b", {"median": 6})
    began = int(time.time())  # each is later than the one before, and may be ahead of the clock
    answer = web.save("a.*", {"median": None, "score_to_open": 70.5})
    assert [(o["match"], o["options"]) for o in answer["overrides"]] == [
        ("a.*", {"consensus": 2}), ("a.b", {"median": 6}), ("a.*", {"score_to_open": 70.5})]
    assert answer["version"] == 3 and began <= answer["overrides"][2]["saved_at"] <= time.time() + 3
    assert {**web.json("/api/overrides"), "entry": answer["entry"]} == answer
    assert json.loads(redis.hget("ridgeline:overrides", "list")) == answer["overrides"]
    text = web.get("/api/overrides/export")
    assert text.headers["Content-Type"].startswith("text/plain")
    assert 'match = "a.*"' in text.text and "score_to_open = 70.5" in text.text

    assert [o["match"] for o in web.save("a.b", {"median": None})["overrides"]] == ["a.*", "a.*"]
    assert web.remove("a.*")["overrides"] == []
    web.remove("a.*", expect=404)
    assert web.json("/api/overrides") == {"version": 5, "overrides": []}


def test_an_old_option_does_not_come_back_over_a_later_one_when_another_is_saved(web, start):
    web.save("shop.a", {"median": 9})
    web.save("shop.*", {"median": 5})
    web.save("shop.a", {"consensus": 2})
    exported = web.get("/api/overrides/export").text

    def values(of):
        options = of.json("/api/options", metric="shop.a")["options"]
        return {o["name"]: o["value"] for o in options if o["name"] in ("median", "consensus")}

    assert values(web) == {"median": 5, "consensus": 2}
    web.remove("shop.a")
    web.remove("shop.*")
    assert values(start(more=exported)) == {"median": 5, "consensus": 2}


def test_exported_overrides_are_settings(start):
    web = start()
    web.save('odd"\\.{a,b}', {"median": 5.25, "close_after": 5400})
    exported = web.get("/api/overrides/export").text
    web.remove('odd"\\.{a,b}')
    other = start(more=exported)
    options = {o["name"]: o for o in other.json("/api/options", metric='odd"\\.a')["options"]}
    assert (options["median"]["value"], options["median"]["source"]) == (5.25, "rule")
    assert options["close_after"]["value"] == 5400


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"\xff", b'{"match":"a"}', b'{"match":"a","options":{}}', b'{"match":"a","options":[]}',
    b'{"match":"a[","options":{"median":5}}', b'{"match":"","options":{"median":5}}',
    b'{"match":"a","options":{"median":"5"}}', b'{"match":"a","options":{"median":0}}',
    b'{"match":"a","options":{"median":1e999}}', b'{"match":"a","options":{"consensus":1.5}}',
    b'{"match":"a","options":{"nope":5}}', b'{"match":"a","options":{"median":5},"more":1}',
    b'{"match":"a","match":"b","options":{"median":5}}', b'{"match":"a\\u0000b","options":{"median":5}}',
    b'{"match":"a\\nb","options":{"median":5}}', b'{"match":3,"options":{"median":5}}'])
def test_bad_overrides_are_refused_and_change_nothing(web, redis, body):
    web.save("kept", {"median": 5})
    before = redis.hgetall("ridgeline:overrides")
    status, _, answer = web.raw("POST", "/api/overrides", {"X-Ridgeline-Token": web.token()}, body)
    assert status == 400 and json.loads(answer)["error"], answer
    assert redis.hgetall("ridgeline:overrides") == before


def test_a_choice_is_saved_by_its_name(start):
    web = start(more=RAW_DAY)
    assert web.save("a.*", {"ensemble": "skyline"})["overrides"][0]["options"] == {"ensemble": "skyline"}
    options = {o["name"]: o for o in web.json("/api/options", metric="a.b")["options"]}
    assert options["ensemble"]["value"] == "skyline" and options["ensemble"]["choices"] == ["ridgeline", "skyline"]
    web.save("a.*", {"ensemble": "horoscope"}, expect=400)


@pytest.mark.parametrize("ensemble", ["skyline", 1])
def test_skyline_is_refused_where_less_than_its_day_is_kept(start, ensemble):
    web = start(more='retention = "10s:12h";')
    assert "needs a day" in web.save("a.*", {"ensemble": ensemble}, expect=400)["error"]
    web.save("a.*", {"ensemble": "ridgeline"})


def test_overrides_of_another_release_are_not_wiped_by_a_change(web, redis):
    text = json.dumps([{"match": "a", "saved_at": 1, "options": {"median": 5, "of_a_later_release": 1}}])
    redis.hset("ridgeline:overrides", mapping={"version": 7, "list": text})
    assert web.json("/api/overrides")["overrides"] == []
    web.save("b", {"median": 6}, expect=409)
    web.remove("a", expect=409)
    assert redis.hgetall("ridgeline:overrides") == {b"version": b"7", b"list": text.encode()}


def test_overrides_saved_at_once_all_get_in(web):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = [pool.submit(web.save, f"m{i}", {"consensus": 2}) for i in range(40)]
        # A change may be told to try again; none may be lost or said to be saved when it is not.
        saved = {f"m{i}" for i, d in enumerate(done) if not d.exception()}
    assert {o["match"] for o in web.json("/api/overrides")["overrides"]} == saved and len(saved) >= 30


# ---- the history, and taking a change back

def history(web):
    return web.json("/api/overrides/history")["entries"]


def undo(web, entry, expect=200):
    r = requests.post(web.page + "/api/overrides/undo", json={"entry": entry},
                      headers={"X-Ridgeline-Token": web.token()}, timeout=PATIENCE_S)
    assert r.status_code == expect, r.text
    return r.json()


def changes(web):
    """The history, newest first, as (match, options before, options after, undoable)."""
    def of(side):
        return {name: value for entry in side for name, value in entry["options"].items()} or None
    return [(e["match"], of(e["before"]), of(e["after"]), e["undoable"]) for e in history(web)]


def test_every_change_is_an_entry_of_the_history(web):
    assert history(web) == []
    saved = web.save("a.*", {"median": 5})
    web.save("b", {"consensus": 2})
    web.save("a.*", {"median": None, "score_to_open": 70.1})
    began = int(time.time())
    removed = web.remove("b")
    assert changes(web) == [("b", {"consensus": 2}, None, True), ("a.*", {"median": 5}, {"score_to_open": 70.1}, True),
                            ("b", None, {"consensus": 2}, False), ("a.*", None, {"median": 5}, False)]
    newest = history(web)[0]
    assert newest["id"] == removed["entry"] and began <= newest["at"] <= time.time()
    assert history(web)[-1]["id"] == saved["entry"]
    assert [e["id"] for e in web.json("/api/overrides/history", limit=1)["entries"]] == [removed["entry"]]
    web.get("/api/overrides/history", expect=400, limit=0)
    web.save("a.*", {"median": 0}, expect=400)
    web.remove("c", expect=404)
    assert len(history(web)) == 4


def test_undo_restores_what_was_there_and_where_it_stood(web):
    web.save("a.*", {"median": 5})
    web.save("b", {"consensus": 2})
    before = web.json("/api/overrides")["overrides"]
    changed = web.save("a.*", {"median": 9, "flat": 0})
    answer = undo(web, changed["entry"])
    assert answer["overrides"] == before and web.json("/api/overrides")["overrides"] == before
    # The undoing is a change like any other: it can be taken back itself.
    assert changes(web)[0] == ("a.*", {"median": 9, "flat": 0}, {"median": 5}, True)
    assert undo(web, answer["entry"])["overrides"] == changed["overrides"]
    removed = web.remove("b")
    assert undo(web, removed["entry"])["overrides"] == changed["overrides"]
    first = history(web)[-1]
    assert first["after"][0]["options"] == {"median": 5} and not first["undoable"]


def test_the_undoing_of_a_first_save_leaves_nothing(web):
    saved = web.save("a.*", {"median": 5})
    assert undo(web, saved["entry"])["overrides"] == []
    assert changes(web)[0] == ("a.*", {"median": 5}, None, True)


def test_what_has_changed_since_is_not_undone(web):
    first = web.save("a.*", {"median": 5})
    web.save("a.*", {"median": 6})
    present = web.json("/api/overrides")
    assert "changed since" in undo(web, first["entry"], expect=409)["error"]
    assert web.json("/api/overrides") == present and len(history(web)) == 2


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"entry":5}', b'{"entry":""}', b'{"entry":"-"}',
                                  b'{"entry":"+"}',
                                  b'{"entry":"1-"}', b'{"entry":"1"}', b'{"entry":"1-1 x"}',
                                  b'{"entry":"1-1","more":1}',
                                  b'{"entry":"1-1\\u0000"}', b'{"entry":"' + b"1" * 21 + b'-1"}'])
def test_a_bad_undo_is_refused_with_a_sentence(web, body):
    status, _, answer = web.raw("POST", "/api/overrides/undo", {"X-Ridgeline-Token": web.token()}, body)
    assert status == 400 and len(json.loads(answer)["error"]) > 10, answer


def test_an_undo_needs_the_token_and_an_entry(web):
    saved = web.save("a.*", {"median": 5})
    status, _, _ = web.raw("POST", "/api/overrides/undo", {}, json.dumps({"entry": saved["entry"]}).encode())
    assert status == 403 and len(web.json("/api/overrides")["overrides"]) == 1
    assert "no such entry" in undo(web, "1-1", expect=404)["error"]
    status, headers, _ = web.raw("GET", "/api/overrides/undo")
    assert (status, headers["Allow"]) == (405, "POST")


def test_entries_of_another_release_are_checked_before_they_are_in_force(web, redis):
    def entry(before, **more):
        return redis.xadd("ridgeline:overrides:history", {
            "json": json.dumps({"match": "a", "at": 1, "before": before, "after": None, **more})}).decode()
    bad = entry({"match": "a", "saved_at": 1, "options": {"of_a_later_release": 1}})
    other = entry({"match": "b", "saved_at": 1, "options": {"median": 5}})
    for junk in ({"json": "{"}, {"json": "[]"}, {"more": "1", "json": "{}"}, {"json": b"\xff"}):
        redis.xadd("ridgeline:overrides:history", junk)
    entry({"match": "a"}, match=5)
    for junk in ([None], [5], [{"match": "a", "saved_at": 1}], {"match": "a"}):
        entry(junk)
    assert [e["id"] for e in history(web)] == [other, bad]
    for one in (bad, other):
        assert "cannot be in force" in undo(web, one, expect=409)["error"]
    assert web.json("/api/overrides")["overrides"] == []


def test_the_history_is_capped(web, redis):
    for i in range(2500):
        redis.xadd("ridgeline:overrides:history", {"json": "{}"})
    web.save("a", {"median": 5})
    assert 1000 <= redis.xlen("ridgeline:overrides:history") < 1200
