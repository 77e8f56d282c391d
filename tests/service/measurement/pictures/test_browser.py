"""Every picture in a real browser, which measures with the fonts that it has."""

import shutil
from typing import Final

import pytest
from playwright.async_api import async_playwright

from tests.service.measurement.pictures.gallery import PICTURES

# Letters proper, without the room that a font keeps above and below them.
MEASURE: Final = """svg => {
  const sheet = svg.getBoundingClientRect();
  const lines = [...svg.querySelectorAll('text')].map(text => {
    const box = text.getBoundingClientRect(), spare = Math.min(box.width, box.height) * 0.16;
    const turned = box.height > box.width && text.getAttribute('transform').includes('rotate(-90');
    return {
      said: text.textContent,
      left: box.left + (turned ? spare : 0), right: box.right - (turned ? spare : 0),
      top: box.top + (turned ? 0 : spare), bottom: box.bottom - (turned ? 0 : spare),
    };
  });
  const cut = lines.filter(line => line.left < sheet.left || line.right > sheet.right
    || line.top < sheet.top || line.bottom > sheet.bottom).map(line => line.said);
  const overlaps = [];
  lines.forEach((one, place) => lines.slice(place + 1).forEach(other => {
    const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    if (across > 0.5 && down > 0.5) overlaps.push([one.said, other.said]);
  }));
  return {drawn: lines.length, cut, overlaps};
}"""


@pytest.mark.browser
async def test_no_words_overlap_and_none_are_cut_in_a_browser() -> None:
    chromium = shutil.which("chromium")
    assert chromium is not None, "the browser tests need Chromium: apt-get install chromium"
    found = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--disable-gpu"], chromium_sandbox=False
        )
        page = await browser.new_page()
        for name, draw in PICTURES.items():
            # Without the declarations that only a document of its own begins with.
            svg = draw().svg.decode().partition("<svg ")[2]
            await page.set_content(f"<!doctype html><svg {svg}")
            found[name] = await page.eval_on_selector("svg", MEASURE)
            assert await page.get_by_role("img").count() == 1
        await browser.close()
    assert {name for name, seen in found.items() if seen["drawn"] < 10} == set()
    assert {name: seen for name, seen in found.items() if seen["cut"] or seen["overlaps"]} == {}
