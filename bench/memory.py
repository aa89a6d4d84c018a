"""Bytes per metric, measured: `ridgeline run` with METRICS metrics and 23 hours of raw history at
10 s, a retention that keeps a day raw, its workers' resident memory, and what Redis holds for each."""
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))
from conftest import Ridgeline, wait_for  # noqa: E402
from senders import line_payload, send_tcp  # noqa: E402

METRICS, STEP, POINTS = 400, 10, 23 * 360
KEYS_SAMPLED = 50


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


def main():
    with tempfile.TemporaryDirectory() as directory:
        r = Ridgeline(pathlib.Path(directory), max_age="1410m")
        try:
            workers = r.pids("analyzer")[1:]
            empty = sum(resident_bytes(p) for p in workers)
            names = [f"bench.metric{i:04d}" for i in range(METRICS)]
            start = int(time.time()) // STEP * STEP - POINTS * STEP
            for k in range(0, POINTS, 360):
                send_tcp(r.line, line_payload([(n, start + t * STEP, round(random.gauss(100, 5), 3))
                                               for t in range(k, k + 360) for n in names]))
            judged = lambda: sum(r.counter(f"analyzer.{w}", "judged") for w in range(len(workers)))
            wait_for("all points to be judged", lambda: judged() >= METRICS * POINTS, patience_s=300)
            full = sum(resident_bytes(p) for p in workers)
            usage = lambda kind: sum(r.redis.memory_usage(kind + n, samples=0) or 0
                                     for n in names[:KEYS_SAMPLED]) / KEYS_SAMPLED
            tail = usage("metrics.")
            r.stop()  # saves every record
            r.start()
            wait_for("Redis", r.redis.ping)
            print(f"memory.worker_bytes_per_metric {(full - empty) / METRICS:.0f}")
            print(f"memory.redis_tail_bytes_per_metric {tail:.0f} ({POINTS} points)")
            print(f"memory.redis_record_bytes_per_metric {usage('ridgeline:record:'):.0f}")
        finally:
            r.stop()


main()
