#!/usr/bin/python3
"""Writes calendar.txt: random rules, with when their windows start as python3-dateutil and zoneinfo have it.

A line is ZONE|FROM|RRULE|START START ..., the starts as epochs; up to the last of them there are no others.
"""
import datetime
import random
from zoneinfo import ZoneInfo

from dateutil import rrule

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
STARTS = 30
BYTES = 60_000


def numbers(draw, least, most, n):
    return ",".join(str(x) for x in sorted(draw.sample(range(least, most + 1), n)))


def random_rule(draw):
    frequency = draw.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={frequency}"]
    if draw.random() < 0.4:
        parts.append(f"INTERVAL={draw.randint(1, 5)}")
    by_month = draw.random() < (0.6 if frequency == "YEARLY" else 0.15)
    if by_month:
        parts.append("BYMONTH=" + numbers(draw, 1, 12, draw.randint(1, 4)))
    ordinals = frequency == "MONTHLY" or (frequency == "YEARLY" and by_month)
    if draw.random() < 0.5:
        days = draw.sample(WEEKDAYS, draw.randint(1, 3))
        if ordinals and draw.random() < 0.6:
            days = [f"{draw.choice([1, 2, 3, 4, 5, -1, -2])}{day}" for day in days]
        parts.append("BYDAY=" + ",".join(days))
    elif frequency != "WEEKLY" and draw.random() < 0.5:
        days = draw.sample(list(range(1, 32)) + [-1, -2, -31], draw.randint(1, 3))
        parts.append("BYMONTHDAY=" + ",".join(map(str, days)))
    if draw.random() < 0.7:
        parts.append("BYHOUR=" + numbers(draw, 0, 3, draw.randint(1, 2)))
    if draw.random() < 0.7:
        parts.append("BYMINUTE=" + draw.choice(["0", "30", "0,30", "15,45", "59"]))
    if draw.random() < 0.2:
        parts.append(f"COUNT={draw.randint(1, 50)}")
    elif draw.random() < 0.2:
        parts.append(f"UNTIL=20{draw.randint(27, 30)}{draw.randint(1, 12):02}15" + draw.choice(["", "T120000"]))
    return ";".join(parts)


def starts_of(zone, first, rule):
    text = rule
    for part in rule.split(";"):  # a day alone means all of it, here as there
        if part.startswith("UNTIL=") and "T" not in part:
            text = rule.replace(part, part + "T235959")
    epochs = set()
    for i, start in enumerate(rrule.rrulestr(text, dtstart=first)):
        if i == STARTS or start.year > 2100:
            break
        epochs.add(int(start.replace(tzinfo=ZoneInfo(zone)).timestamp()))
    return sorted(epochs)


def main():
    draw = random.Random(7)
    with open("tests/data/calendar.txt", "w") as out:
        while out.tell() < BYTES:
            zone = draw.choice(ZONES)
            first = datetime.datetime(2026, draw.randint(1, 12), draw.randint(1, 28), draw.randint(0, 3),
                                      draw.choice([0, 30]))
            rule = random_rule(draw)
            epochs = starts_of(zone, first, rule)
            if epochs:
                out.write(f"{zone}|{first:%Y-%m-%dT%H:%M}|{rule}|{' '.join(map(str, epochs))}\n")


if __name__ == "__main__":
    main()
