"""Horizon's accounting, as it saves it each second."""

REASONS = ("malformed", "too_long", "truncated", "forbidden", "bad_name", "not_a_number", "bad_time", "too_old",
           "in_future", "denied", "over_limit", "bad_type", "bad_rate", "negative", "bad_mark", "mark_limit")


def books(r, process="horizon"):
    """The counters of one moment; those of `process` where several share a Redis."""
    return {k.decode(): v.decode() for k, v in r.redis.hgetall(f"ridgeline:stats:{process}").items()}


def rejected(r, reason):
    return int(books(r).get(f"rejected|reason={reason}", 0))


def assert_reconciled(r, process="horizon"):
    b = books(r, process)
    n = lambda field: int(b[field])
    assert n("received") == n("accepted") + n("rejected")
    assert n("rejected") == sum(int(b[f"rejected|reason={reason}"]) for reason in REASONS)
    assert n("accepted") + n("taken_over") == n("stored") + n("queued") + n("spooled") + n("dropped")
