"""The page's view of alerts and mutes, in a real browser."""
import json
import os
import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conftest import wait_for
from pages import HOSTILE, NARROW, Page
from test_learned_limits import load, pool
from webapp import start, write_points  # noqa: F401

SETTINGS = """
    channels = ( { name = "hook"; type = "webhook"; url = "https://example.org/x"; } );
    alerts = ( { name = "shop-alert"; match = "shop.**"; channels = "hook"; min_duration = "2m"; } );
    mutes = ( { name = "nights"; match = "batch.**"; what = "learn"; rrule = "FREQ=DAILY;BYHOUR=2;BYMINUTE=0";
                duration = "90m"; timezone = "Europe/Berlin"; } );
"""


@pytest.fixture
def page(driver, start):  # noqa: F811
    web = start(more=SETTINGS)
    page = Page(driver, web.page)
    yield page
    assert page.console() == []
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.get("about:blank")


def shoot(page, name):
    os.makedirs("build/screenshots", exist_ok=True)
    page.driver.save_screenshot(f"build/screenshots/{name}.png")


def rows(page):
    return page.run("return [...document.querySelectorAll('#alerts table')].map(t => [...t.tBodies[0].rows]"
                    ".map(r => [...r.cells].map(c => c.textContent)))")


def test_mutes_are_listed_set_and_taken_away(page):
    page.driver.get(page.url + "/#alerts=" + "shop.**")
    wait_for("three tables", lambda: len(rows(page)) == 3)
    mutes, alerts, channels = rows(page)
    assert [mutes[0][0], *mutes[0][2:]] == [
        "batch.**", "FREQ=DAILY;BYHOUR=2;BYMINUTE=0, for 90m, Europe/Berlin", "nights", "settings.conf"]
    assert mutes[0][1] in ("is not learnt from", "is not learnt from, now")
    assert alerts == [[
        "shop-alert", "hook", "shop.**", "anomalous, flat, dropout, stale, forecast, gap, reset", "as it surfaces", "2m",
        "each incident"]]
    assert channels == [["hook", "webhook", "30/hour"]]
    field = page.one("#alerts [name=match]")
    assert field.get_attribute("value") == "shop.**"
    field.clear()
    field.send_keys(HOSTILE + Keys.ENTER)
    wait_for("the mute", lambda: len(rows(page)[0]) == 2)
    mute = rows(page)[0][1]
    assert mute[0] == HOSTILE and mute[1] == "sends no message, now" and mute[4] == "Remove"
    assert "Muted until" in page.text("#alerts form [role=status]")
    shoot(page, "alerts")
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", NARROW)
    assert page.width() <= NARROW["width"]
    shoot(page, "alerts-narrow")
    page.one("#alerts td button").send_keys(Keys.ENTER)
    wait_for("its end", lambda: len(rows(page)[0]) == 1)


def test_what_cannot_be_muted_is_said(page):
    page.driver.get(page.url + "/#alerts=")
    wait_for("the form", lambda: page.all("#alerts form"))
    page.one("#alerts [name=match]").send_keys("[" + Keys.ENTER)
    wait_for("the reason", lambda: "is no glob" in page.text("#alerts form [role=status]"))
    page.one("#alerts [name=lasts]").send_keys("x")
    page.one("#alerts form button").send_keys(Keys.ENTER)
    wait_for("the reason", lambda: "For how long?" in page.text("#alerts form [role=status]"))
    page.driver.get_log("browser")  # the refused request is told there
    assert page.driver.find_elements(By.CSS_SELECTOR, "#alerts table") != []


def test_a_metric_shows_its_deploys_its_limit_and_whom_to_ask(driver, start, redis):  # noqa: F811
    web = start(more='rules = ( { match = "shop.*"; unit = "orders"; limit = 106; owner = "Ann"; '
                     'runbook = "https://example.org/run"; } );')
    now = int(time.time())
    write_points(redis, "shop.orders", [(now - 3600 + 10 * i, 100.0 + i % 5) for i in range(360)])
    mark = {"id": "1", "at": now - 1800, "text": "deploy <b>1234</b>", "match": "shop.**"}
    redis.zadd("ridgeline:marks", {json.dumps(mark): mark["at"]})
    page = Page(driver, web.page)
    page.driver.get(page.url + "/#metric=shop.orders")
    wait_for("the mark", lambda: "deploy <b>1234</b>" in page.text("#metric .context"))
    assert "in orders; limit 106; owner: Ann" in page.text("#metric .context")
    assert page.one("#metric .context a").get_attribute("href") == "https://example.org/run"
    time.sleep(1)
    shoot(page, "metric-marks")
    assert page.console() == []


@pytest.mark.parametrize("width", [360, 1280])
def test_a_learned_limit_is_on_the_chart_and_does_not_look_given(driver, start, redis, tmp_path, width):  # noqa: F811
    load(redis, tmp_path, pool_db=pool())
    since = int(time.time()) - 13 * 86400
    redis.hset("ridgeline:limits", "pool.db", json.dumps({"kind": "stood", "limit": 200, "floor": False, "times": 5,
                                                          "since": since}))
    web = start(more='rules = ( { match = "pool.*"; unit = "connections"; } );')
    page = Page(driver, web.page)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    driver.get(page.url + "/#metric=pool.db&from=-1209600")
    day = time.strftime("%Y-%m-%d", time.gmtime(since))
    reached = f"learned limit 200 (reached 5 times since {day})"
    wait_for("the limit", lambda: f"in connections; {reached}" in page.text("#metric .context"))
    told = page.text("#metric .forecast")
    assert told.startswith(f"Forecast: it reaches its {reached.replace('200', '200 connections')} in 1d")
    assert " connections, changing by " in told and told.endswith(" connections a day.")
    assert page.run("return document.documentElement.scrollWidth") <= width
    page.run("document.querySelector('#metric canvas').scrollIntoView({block: 'center'})")
    time.sleep(1)
    shoot(page, f"metric-learned-limit-{width}")
    assert page.console() == []
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_alerts_the_view_says_what_to_write_and_a_narrow_one_removes_mutes(driver, start):  # noqa: F811
    page = Page(driver, start().page)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", NARROW)
    page.open("#alerts=shop.**")
    wait_for("what to write", lambda: 'alerts = ( { name = "all"; channels = "ops"; } );' in page.text("#alerts pre"))
    page.one("#alerts form.mute button").click()
    remove = wait_for("the mute", lambda: page.all("#alerts .mutes button"))[0]
    box = page.run("const {left, right} = arguments[0].getBoundingClientRect(); return [left, right]", remove)
    assert box[0] >= 0 and box[1] <= 360, box
    colour = page.run("return getComputedStyle(document.querySelector('#alerts form.mute label')).color")
    assert colour == page.run("return getComputedStyle(document.body).color")
    remove.click()
    wait_for("no mute", lambda: "Nothing is muted." in page.text("#alerts"))
    assert page.console() == []
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
