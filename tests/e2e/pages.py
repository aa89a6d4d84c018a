"""A page in the browser, what a reader does with it, and points for it to show, really sent to a real run."""
import contextlib
import random
import time

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from conftest import wait_for

STEP_S = 10
HISTORY_S = 2 * 3600  # twice what the engine warms up on
NARROW = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False}
HOSTILE = "<img/src=x/onerror=alert(1)>"
# No listener takes a blank, but other writers have access to Redis.
HOSTILE_WITH_BLANKS = "<img src=x onerror=alert(1)>"


class Page:
    """The page in a browser, and what a reader does with it."""

    def __init__(self, driver, url):
        self.driver, self.url = driver, url
        self.expected = ()

    def open(self, fragment=""):
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}/{fragment}")
        wait_for("live updates", lambda: self.one("#live").get_attribute("data-state") == "live")
        return self

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def press(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def names(self, where="#open"):
        """The listed metrics, read at one moment."""
        return self.run("return [...document.querySelectorAll(arguments[0] + ' .name')].map(n => n.textContent)", where)

    def found(self):
        """The metrics that the search has found, read at one moment: it may list others the next."""
        return self.run("return [...document.querySelectorAll('#found [data-name]')].map(o => o.dataset.name)")

    def wait_listed(self, *names):
        wait_for(f"{names} to be listed", lambda: set(names) <= set(self.names()))

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def focused(self):
        return self.run("return document.activeElement.textContent")

    def console(self):
        """The errors that nobody expects, since it was read last."""
        said = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [message for message in said if not any(words in message for words in self.expected)]

    def expect(self, *words):
        """Errors with one of these words are what was asked for; also those that come from now on, until the end."""
        self.expected += words
        assert self.console() == []

    def width(self):
        return self.run("return document.documentElement.scrollWidth")


def count_work(driver):
    """From now on work_s() counts."""
    driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})


def work_s(driver):
    """The processor's seconds that the page's main thread took: what else a busy machine does meanwhile costs none."""
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(m["value"] for m in metrics if m["name"] == "TaskDuration")


@contextlib.contextmanager
def visit(driver, ridgeline):
    """A Page whose console must be clean at the end."""
    page = Page(driver, ridgeline.page)
    yield page
    assert page.console() == []
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.get("about:blank")


@pytest.fixture
def page(driver, ridgeline):
    with visit(driver, ridgeline) as page:
        yield page


def present():
    """The step that is now."""
    return int(time.time()) // STEP_S * STEP_S


def calm(name, until, base=100.0):
    """(time, value) of a metric with nothing but noise, up to `until`."""
    noise = random.Random(name)
    return [(t, base + noise.gauss(0, 1)) for t in range(until - HISTORY_S, until, STEP_S)]


def send_history(ridgeline, *names):
    """Sends each metric's past and waits until all of it was judged. Returns the time of the next point."""
    until = present()
    before = judged(ridgeline)
    points = {name: calm(name, until) for name in names}
    ridgeline.send_lines(f"{name} {v!r} {t}" for name in names for t, v in points[name])
    wanted = before + sum(map(len, points.values()))
    wait_for("the history to be judged", lambda: judged(ridgeline) >= wanted)
    return until


def judged(ridgeline):
    return ridgeline.get("/api/health").json()["judged"]


def wait_in_force(ridgeline, overrides):
    """Until every worker judges by a list of so many overrides."""
    workers, told = len(ridgeline.pids("analyzer")) - 1, f"event=overrides_read overrides={overrides}"
    wait_for("the workers to read it", lambda: ridgeline.log.read_text().count(told) >= workers)


def send_point(ridgeline, name, t, value):
    ridgeline.send_lines([f"{name} {value} {t}"])


def open_section(page, name):
    """Opens the section of the tuning form that the option is in, as a reader does."""
    page.run("const details = document.querySelector(`.tune [name=${arguments[0]}]`).closest('details');"
             "if (!details.open) details.querySelector('summary').click()", name)


def origin_of(page, name):
    return page.run("return document.querySelector(`input[name=${arguments[0]}]`).closest('.field')"
                    ".querySelector('.origin').textContent", name)
