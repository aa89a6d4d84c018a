"""Who was notified, and when a metric reaches its limit, in a real browser."""
import json
import time

from selenium.webdriver.common.by import By

from conftest import wait_for
from test_browser_overview import look, picture, visit  # noqa: F401
from incidents import alerter, alerters, heads, wait_heads  # noqa: F401
from test_outlook import line
from webapp import anomaly, start, tell, write_points  # noqa: F401

LONG = "shop.checkout.v2.region-eu-central-1.availability-zone-b.instance-i-0123456789abcdef0.http.request.duration.p99"

REASON = "HTTP 422: <img src=x onerror=alert(1)>"


def fits(driver):
    return driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_an_incident_shows_who_was_notified_and_what_was_seen(driver, redis, visit):
    now = int(time.time())
    write_points(redis, LONG, [(t, 10 if t < now - 60 else 100) for t in range(now - 7200, now, 10)])
    tell(redis, "open", anomaly(LONG, now - 60, now - 10))
    page = visit(more='rules = ( { match = "shop.**"; unit = "ms"; } );')
    (head,) = wait_heads(redis, 1)
    driver.get(page.web.page + "/#incident=" + head["id"])
    wait_for("nobody yet", lambda: "Nobody was notified." in driver.find_element(By.ID, "incident").text)
    assert "100 ms, where 5 to 15 ms was expected" in driver.find_element(By.ID, "incident").text
    receipt = {"id": "1", "at": now - 50, "alert": "all", "channel": "ops-mail", "kind": "open", "outcome": "delivered",
               "done_at": now - 48, "reason": ""}
    notified = [receipt, dict(receipt, id="2", channel="pager", outcome="queued", done_at=None),
                dict(receipt, id="3", kind="update", channel="chat", outcome="held back", done_at=None),
                dict(receipt, id="4", channel="hook", outcome="dead letter", reason=REASON),
                dict(receipt, id="5", outcome="told with", done_at=None, group="00000000000000aa")]
    redis.hset("ridgeline:incident:" + head["id"], "notified", json.dumps(notified))

    def rows():
        return [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")][1:]
                for row in driver.find_elements(By.CSS_SELECTOR, "table.notified tbody tr")]

    wait_for("they show by themselves", lambda: len(rows()) == 5)
    assert [row[:3] for row in rows()] == [["all", "ops-mail", "opening"], ["all", "pager", "opening"],
                                           ["all", "chat", "update"], ["all", "hook", "opening"],
                                           ["all", "ops-mail", "opening"]]
    outcomes = [row[3] for row in rows()]
    assert outcomes[0].startswith("delivered ") and outcomes[1:3] == ["queued", "held back"]
    assert outcomes[3].startswith("dead letter") and outcomes[3].endswith(f": {REASON}")
    assert outcomes[4] == "told with its group"
    link = driver.find_element(By.CSS_SELECTOR, "table.notified a")
    assert link.get_attribute("href").endswith("#incident=00000000000000aa")
    for width in (360, 800, 1400):
        look(driver, width, 900)
        picture(driver, f"incident-notified-{width}")
        assert fits(driver), f"at {width} pixels"


def test_a_metric_with_a_limit_says_when_it_will_be_there(driver, redis, visit):
    line(redis, "disk.db1.used", 80, 10)
    line(redis, "memory.used", 80, 10)
    page = visit(more='rules = ( { match = "disk.**"; limit = 100; unit = "%"; } );')

    def said():
        found = driver.find_elements(By.CSS_SELECTOR, "#metric .forecast")
        return found[0].text if found else None

    driver.get(page.web.page + "/#metric=disk.db1.used")
    wait_for("the forecast", lambda: (said() or "").startswith("Forecast: it reaches 100 % in "))
    assert "at this pace (earliest " in said() and "; now at " in said() and said().endswith(" a day.")
    look(driver, 1400, 900)
    picture(driver, "metric-forecast")
    driver.get(page.web.page + "/#metric=memory.used")
    view = driver.find_element(By.ID, "metric")
    wait_for("a verdict of the other", lambda: said() == "" and "memory.used" in view.text)
