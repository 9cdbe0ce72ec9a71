"""The gallery with 11,506 entries in a real browser: until it can be used, and how it scrolls."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from tests.data.galleries import write_output
from xtalker_addon.batch.gallery import write_gallery

ENTRIES = 11_506
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_SCROLL = """(step) => new Promise((done) => {
    const times = [], last = document.documentElement.scrollHeight - innerHeight;
    let count = 0, before = performance.now();
    scrollTo(0, 0);
    requestAnimationFrame(function draw(now) {
        times.push(now - before); before = now;
        if (count++ < 240) { scrollTo(0, Math.min(last, scrollY + step)); requestAnimationFrame(draw); }
        else done(times.slice(2).sort((a, b) => a - b));
    });
})"""


def main() -> None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("playwright is not installed (pip install playwright)")
        return
    if CHROMIUM is None:
        print("there is no Chromium on this machine")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        output = write_output(Path(folder, "out"), ENTRIES)
        started = time.perf_counter()
        write_gallery(output)
        written = time.perf_counter() - started
        size = (output / "index.html").stat().st_size / 1e6
        print(f"{ENTRIES:,} entries: the page is written in {written:.2f} s, {size:.1f} MB")
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        started = time.perf_counter()
        page.goto((output / "index.html").as_uri(), wait_until="commit")
        page.wait_for_selector(".card")
        loaded = time.perf_counter() - started
        search = "(() => { const at = performance.now(); want({search: 'm001'}); return performance.now() - at })()"
        print(f"shown after {loaded:.2f} s; a search takes {page.evaluate(search):.0f} ms")
        page.evaluate("want({ search: '' })")
        everything = page.evaluate("document.documentElement.scrollHeight")
        for what, step in (("by wheel, 120 pixels a step", 120), ("by the bar, through all of it", everything / 240)):
            times = page.evaluate(_SCROLL, step)
            middle, late = times[len(times) // 2], times[int(len(times) * 0.99)]
            print(f"scrolling {what}: a picture every {middle:.1f} ms, 99 % within {late:.1f} ms")
        print(f"cards in the page: {page.locator('.card').count()}")
        browser.close()
