"""Readers see rollups and the raw tail as one series."""
import time

import pytest

from rollups import Rollup, encode, line, model, roomba, send, series, stored, traffic  # noqa: F401 (fixtures)
from storage import put


def one_series(sent, rollup):
    """Finest first: what each archive still has and no finer one does, up to a whole slot of the next coarser. Where
    one keeps means alone, the extremes are those of the slot around, of the finest that keeps any."""
    points, envelope, steps, until = [], [], [], rollup.until
    borrowed = next((k for k, (_, _, rings) in enumerate(rollup.archives) if len(rings) == 3), None)
    for k, (step, slots, rings) in enumerate(rollup.archives):
        begin = rollup.until // step * step - slots * step
        if k + 1 < len(rollup.archives):
            coarser = rollup.archives[k + 1][0]
            begin = -(-begin // coarser) * coarser
        kept = {t: s for t, s in sorted(model(sent, rollup, k).items()) if begin <= t < until}
        points = [[t, s[1]] for t, s in kept.items()] + points
        if len(rings) == 3:
            envelope = [[t, s[0], s[2]] for t, s in kept.items()] + envelope
        elif borrowed is not None:
            around, width = model(sent, rollup, borrowed), rollup.archives[borrowed][0]
            of = {t: around.get(t // width * width) for t in kept}
            envelope = [[t, s[0], s[2]] for t, s in of.items() if s] + envelope
        steps = [step] * bool(kept) + steps
        until = begin
    raw = {t: v for t, v in sent if t >= rollup.until}
    return points + sorted([t, v] for t, v in raw.items()), envelope, steps


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_readers_see_one_series_across_archives(redis, roomba, series, seed):
    now = int(time.time())
    sent = traffic(seed, now - 5 * 3600, now)
    r = roomba()
    send(redis, {"a": sent}, encode, 60)
    r.wait_counter("trimmed", 1)
    r.stop()
    points, envelope, steps = one_series(sent, Rollup(redis, "a"))
    got = series("a")

    def same(some, wanted):
        assert [row[0] for row in some] == [row[0] for row in wanted]
        for row, other in zip(some, wanted):
            assert row == pytest.approx(other, rel=1e-5, abs=1e-3)

    same(got["points"], points)
    same(got["envelope"], envelope)
    assert len(steps) > 1
    assert [s["step"] for s in got["stretches"]] == steps + [got["step"]]
    times = [t for t, _ in points]
    for stretch, next_one in zip(got["stretches"], got["stretches"][1:] + [{"from": 2**32}]):
        inside = [t for t in times if stretch["from"] <= t < next_one["from"]]
        assert (inside[0], inside[-1]) == (stretch["from"], stretch["until"])
    first, last = times[len(times) // 5], times[-5]
    part = series("a", **{"from": first, "until": last})
    same(part["points"], [p for p in points if first <= p[0] <= last])
    same(part["envelope"], [e for e in envelope if first <= e[0] <= last])


def test_raw_points_that_are_folded_but_not_yet_trimmed_are_shown_once(redis, roomba, series):
    now = int(time.time())
    sent = line(now - 3000, now)
    put(redis, "a", stored(sent))
    r = roomba()
    r.wait_counter("trimmed", 1)
    r.stop()
    before = series("a")
    redis.set("metrics.a", stored(sent))
    assert series("a")["points"] == before["points"]


def test_a_rollup_that_cannot_be_read_leaves_the_raw_points_to_be_seen(redis, series):
    now = int(time.time())
    put(redis, "junk", stored(line(now - 100, now)))
    put(redis, "list", stored(line(now - 100, now)))
    redis.set("rollup.junk", b"junk")
    redis.rpush("rollup.list", "a")
    for name in ("junk", "list"):
        answer = series(name)
        assert len(answer["points"]) == 100 and answer["envelope"] == []
