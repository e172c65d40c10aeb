// What the page promises, each as a function that fails where it does not hold. `run.mjs` says which are run on what.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { opened } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Regions lie where they are on the picture: by the layout's own numbers and by the ink, which is black where a region
 * is and white around it. The document's pictures are drawn so. */
export async function drift(browser, address) {
  const { page, heard, context } = await opened(browser, address);
  await page.locator(".sheet img").first().waitFor();
  for (const change of ["", "+", "+", "-", "f", "w"]) {
    if (change) await page.keyboard.press(change);
    await page.waitForTimeout(100);
    const places = await page.evaluate(placesOf);
    assert.ok(places.length, "no region is shown");
    for (const place of places) assert.ok(place.off < 1, `${place.id} is ${place.off} pixels off after "${change}"`);
  }
  await page.keyboard.press("f");
  await page.waitForTimeout(300);
  await page.evaluate(() => Promise.all([...document.querySelectorAll(".sheet img")].map((image) => image.decode())));
  const places = await page.evaluate(placesOf);
  await page.evaluate(() => {
    for (const over of document.querySelectorAll(".overlay, .tags")) over.style.visibility = "hidden";
  });
  const shot = (await page.screenshot()).toString("base64");
  for (const { id, inside, around } of await page.evaluate(inkOf, { shot, places })) {
    assert.ok(inside < 60, `${id}: the ink is not where the region is (${inside} of 255)`);
    assert.ok(around > 200, `${id}: there is ink beside the region (${around} of 255)`);
  }
  assert.deepEqual(heard.errors, []);
  await context.close();
}

/** Of each region in sight: its rectangle on the screen, and how far that is from where its box says. */
function placesOf() {
  const regions = new Map(JSON.parse(document.getElementById("document").textContent).pages.flatMap((page) => page.regions.map((region) => [region.id, region]))); // prettier-ignore
  return [...document.querySelectorAll(".sheet")].flatMap((sheet) => {
    const picture = sheet.querySelector("img")?.getBoundingClientRect();
    if (!picture) return [];
    return [...sheet.querySelectorAll("[data-region]")].map((shape) => {
      const id = shape.dataset.region;
      const [left, top, right, bottom] = regions.get(id).bbox_2d;
      const box = shape.getBoundingClientRect();
      const wanted = [picture.left + (picture.width * left) / 1000, picture.top + (picture.height * top) / 1000, picture.left + (picture.width * right) / 1000, picture.top + (picture.height * bottom) / 1000]; // prettier-ignore
      const off = Math.max(...[box.left, box.top, box.right, box.bottom].map((edge, n) => Math.abs(edge - wanted[n])));
      return { id, off, box: [box.left, box.top, box.right, box.bottom] };
    });
  });
}

/** Mean light within each region, and of a frame four pixels around it, on a screenshot. */
async function inkOf({ shot, places }) {
  const image = await createImageBitmap(new Blob([Uint8Array.from(atob(shot), (letter) => letter.charCodeAt(0))]));
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const sum = (x, y, width, height) => {
    const data = canvas.getImageData(x, y, width, height).data;
    let total = 0;
    for (let at = 0; at < data.length; at += 4) total += data[at + 1];
    return [total, data.length / 4];
  };
  return places
    .filter(({ box }) => box[1] > 60 && box[3] < image.height - 10)
    .map(({ id, box }) => {
      const [left, top, right, bottom] = box.map(Math.round);
      const [ink, pixels] = sum(left + 2, top + 2, right - left - 4, bottom - top - 4);
      const [wide, most] = sum(left - 6, top - 6, right - left + 12, bottom - top + 12);
      const [near, fewer] = sum(left - 2, top - 2, right - left + 4, bottom - top + 4);
      return { id, inside: ink / pixels, around: (wide - near) / (most - fewer) };
    });
}

/** Pointing at one side lights the other; a link opens at its block. */
export async function linked(browser, address, id) {
  const { page, heard, context } = await opened(browser, `${address}#${id}`);
  const places = [`[data-region="${id}"]`, `[data-block="${id}"]`];
  const [shape, block] = places.map((place) => page.locator(place));
  await shape.and(page.locator(".chosen")).waitFor();
  await block.and(page.locator("[data-chosen]")).waitFor();
  for (const place of places) await inSight(page, place);
  await page.keyboard.press("Escape");
  await shape.hover();
  await block.and(page.locator("[data-pointed]")).waitFor();
  await page.locator("header h1").hover();
  await block.hover();
  await shape.and(page.locator(".pointed")).waitFor();
  await shape.click();
  assert.equal(new URL(page.url()).hash, `#${id}`);
  assert.deepEqual(heard.errors, []);
  await context.close();
}

/** Wait until it is where a person sees it: both sides scroll there, a frame or more later. It is looked up each time and by
 * the clock: an element may be drawn anew, and a browser without a screen may owe a page its frames. */
async function inSight(page, selector) {
  const seen = (where) => {
    const { top, bottom } = document.querySelector(where)?.getBoundingClientRect() ?? { top: 0, bottom: 0 };
    return bottom > 60 && top < innerHeight;
  };
  await page.waitForFunction(seen, selector, { polling: 200 }).catch(async (error) => {
    throw new Error(`${selector} is not in sight: ${JSON.stringify(await page.evaluate(whereIs, selector))}`, { cause: error });
  });
}

/** What to know of an element that was not where it should be. */
async function whereIs(selector) {
  const frame = await Promise.race([new Promise((done) => requestAnimationFrame(() => done("comes"))), new Promise((done) => setTimeout(done, 5000, "does not come"))]); // prettier-ignore
  const { top, bottom } = document.querySelector(selector)?.getBoundingClientRect() ?? {};
  const scrolled = [".pages", ".panel"].map((pane) => document.querySelector(pane)?.scrollTop);
  return { top, bottom, scrolled, height: innerHeight, visibility: document.visibilityState, frame };
}

/** Nothing a document says runs, is loaded, or becomes an element; its words are there as words. */
export async function harmless(browser, address, words) {
  const { page, heard, context } = await opened(browser, address);
  await page.locator("[data-block]").first().waitFor();
  for (const tab of ["read", "problems", "tables", "figures", "markdown", "json", "read"]) {
    await page.locator(`#tab-${tab}`).click();
    await page.waitForTimeout(50);
  }
  await page.locator("[data-block]").first().click();
  await page.keyboard.press("e");
  await page.waitForTimeout(100);
  const seen = await page.evaluate(() => ({
    broken: globalThis.broken,
    scripts: document.querySelectorAll("script:not([type])").length,
    strange: document.querySelectorAll("#app :is(script, iframe, object, embed, form[action], base, link, style, meta)").length,
    handlers: [...document.querySelectorAll("#app *")].flatMap((element) => element.getAttributeNames()).filter((name) => name.startsWith("on")),
    links: [...document.querySelectorAll("#app a")].map((link) => link.protocol).filter((way) => !["http:", "https:", "mailto:", "file:"].includes(way)),
    pictures: [...document.querySelectorAll("#app img, #app image")].map((picture) => picture.src ?? picture.href.baseVal).filter((source) => !/^(data|blob):/.test(source)),
  })); // prettier-ignore
  assert.deepEqual(seen, { broken: undefined, scripts: 1, strange: 0, handlers: [], links: [], pictures: [] });
  for (const word of words) assert.ok((await page.locator("#panel").innerText()).includes(word) || (await page.locator("textarea").inputValue()).includes(word), `the words ${word} are not shown`); // prettier-ignore
  assert.deepEqual(heard.errors, []);
  assert.deepEqual(heard.asked.filter((url) => url !== address && !/^(data|blob):/.test(url)), []);
  await context.close();
}

/** axe finds nothing: each tab, light and dark, wide and narrow. */
export async function accessible(browser, address, ways = [{}, { colorScheme: "dark" }, { viewport: { width: 390, height: 800 } }]) {
  for (const way of ways) {
    const { page, context } = await opened(browser, address, way);
    const tabs = await page.locator('[role="tab"]').evaluateAll((all) => all.map((tab) => tab.id));
    for (const tab of tabs.length ? tabs : [null]) {
      if (tab) await page.locator(`#${tab}`).click();
      await foundNothing(page, `${tab} ${JSON.stringify(way)}`);
    }
    if (tabs.length) {
      await page.locator("#tab-read").click();
      await page.keyboard.press("j");
      await page.keyboard.press("e");
      await foundNothing(page, "an editor");
      await page.getByRole("button", { name: "Keys" }).click();
      await foundNothing(page, "the keys");
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
    }
    await context.close();
  }
}

export async function foundNothing(page, where) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document)).violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).slice(0, 3).join(" | ")}`)); // prettier-ignore
  assert.deepEqual(found, [], where);
}

/** Corrections are shown, counted, kept over a reload, exported, and taken back. */
export async function corrected(browser, address, { text, table }) {
  const { page, heard, context } = await opened(browser, `${address}#${text}`);
  await page.locator(`[data-block="${text}"][data-chosen]`).waitFor();
  await page.keyboard.press("e");
  await page.locator("textarea").fill("What really stands <there> & here");
  await page.keyboard.press("Control+Enter");
  await page.locator(`[data-block="${text}"] .badge`).waitFor();
  await page.goto(`${address}#${table}`);
  await page.locator(`[data-block="${table}"][data-chosen]`).waitFor();
  await page.keyboard.press("e");
  await page.locator(".cells td").nth(1).fill("4.20 <b>");
  await page.locator(".editor button[type=submit]").click();
  await page.locator(`[data-block="${table}"] .badge`).waitFor();
  await page.getByRole("button", { name: "Earlier" }).click();
  await page.reload();
  await page.locator("summary .count").waitFor();
  assert.equal(await page.locator("summary .count").innerText(), "3");
  const markdown = await downloaded(page, "Markdown");
  assert.ok(markdown.includes("What really stands <there> & here"), markdown);
  assert.ok(markdown.includes("4.20 &lt;b&gt;"), markdown);
  const json = JSON.parse(await downloaded(page, "JSON"));
  const changed = json.flat().filter((region) => region.corrected_from);
  assert.ok(changed.some((region) => region.content === "What really stands <there> & here" && region.corrected_from.content));
  const lessons = (await downloaded(page, "JSONL for fine-tuning")).trim().split("\n").map((line) => JSON.parse(line)); // prettier-ignore
  assert.deepEqual(lessons.map((lesson) => lesson.messages[0].content), ["<image>Text Recognition:", "<image>Table Recognition:"]); // prettier-ignore
  for (const lesson of lessons) assert.ok(lesson.images[0].startsWith("data:image/jpeg;base64,"));
  const alone = JSON.parse(await downloaded(page, "Corrections alone"));
  assert.deepEqual(alone.map((each) => each.field), ["text", "cell", "order"]); // prettier-ignore
  await page.locator("summary", { hasText: "Export" }).press("Escape");
  for (let left = 3; left; left--) await page.keyboard.press("u");
  await page.locator("summary .count").waitFor({ state: "detached" });
  assert.equal(await page.locator(".badge").count(), 0);
  assert.deepEqual(heard.errors, []);
  await context.close();
}

export async function downloaded(page, name) {
  const menu = page.locator("details.menu", { has: page.locator("summary", { hasText: "Export" }) });
  if ((await menu.getAttribute("open")) === null) await menu.locator("summary").click();
  const [file] = await Promise.all([page.waitForEvent("download"), menu.getByRole("button", { name, exact: true }).click()]);
  return readFileSync(await file.path(), "utf8");
}

/** From the file to the export by keyboard alone, on a server's page. */
export async function byKeyboard(browser, address, file, { waits = 120_000 } = {}) {
  const { page, heard, context } = await opened(browser, address);
  const began = Date.now();
  const chosen = page.waitForEvent("filechooser"); // asked for early: a dialog that opens before that is never told
  await reach(page, () => document.activeElement?.matches("input[type=file]"));
  await page.keyboard.press("Space");
  await (await chosen).setFiles(file);
  await page.locator("[data-block]").first().waitFor({ timeout: waits });
  const first = Date.now() - began;
  await page.locator(".chip", { hasText: /complete|not read/ }).waitFor({ timeout: waits });
  const whole = Date.now() - began;
  await page.keyboard.press("j");
  await page.locator("[data-chosen]").waitFor();
  await reach(page, () => document.activeElement?.matches("summary") && document.activeElement.textContent.startsWith("Export"));
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const [saved] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.ok(saved.suggestedFilename().endsWith(".md"), saved.suggestedFilename());
  assert.deepEqual(heard.errors, []);
  assert.deepEqual(heard.asked.filter((url) => !url.startsWith(new URL(address).origin) && !/^(data|blob):/.test(url)), []); // prettier-ignore
  await context.close();
  return { first, whole };
}

/** Press Tab until something has the focus. */
async function reach(page, holds, most = 200) {
  for (let presses = 0; presses < most; presses++) {
    if (await page.evaluate(holds)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`not reached by ${most} presses of Tab: ${holds}`);
}

/** A long document: how long until its first page, how long each frame takes while it is scrolled from end to end. */
export async function scrolled(browser, address) {
  const { page, heard, context } = await opened(browser, address);
  await page.locator(".sheet img").first().waitFor();
  const first = await page.evaluate(() => Math.round(performance.now()));
  const frames = (pane, each) => page.evaluate(scroll, { selector: pane, each });
  const reading = await frames(".pages", 60);
  const pages = await frames(".pages");
  assert.ok((await page.locator(".sheet").count()) < 20, "pages that are out of sight are still there");
  const text = await frames("#panel");
  const began = await page.evaluate(() => performance.now());
  await page.locator("#search").fill("needle");
  await page.locator("output", { hasText: /\d/ }).waitFor();
  const search = Math.round((await page.evaluate(() => performance.now())) - began);
  const blocks = await page.evaluate(() => JSON.parse(document.getElementById("document").textContent).pages.reduce((sum, each) => sum + each.regions.length, 0)); // prettier-ignore
  assert.deepEqual(heard.errors, []);
  await context.close();
  return { blocks, first, reading, pages, text, search };
}

/** Milliseconds between 240 frames, in each of which a pane is scrolled by so many pixels, or by its 240th part. */
async function scroll({ selector, each }) {
  const pane = document.querySelector(selector);
  const took = [];
  const steps = 240;
  let before = await new Promise(requestAnimationFrame);
  for (let step = 1; step <= steps; step++) {
    pane.scrollTop = each ? each * step : ((pane.scrollHeight - pane.clientHeight) * step) / steps;
    const now = await new Promise(requestAnimationFrame);
    took.push(now - before);
    before = now;
  }
  took.sort((a, b) => a - b);
  const at = (share) => Math.round(took[Math.floor(share * (steps - 1))]);
  return { median: at(0.5), p95: at(0.95), longest: at(1) };
}

/** Several files dropped are listed by their names and end; one is cancelled; an address that is refused says why; what
 * was read is still listed after a reload, can be saved as one file, run again, and deleted. */
export async function given(browser, address, long, short) {
  const { page, heard, context } = await opened(browser, address);
  const files = [long, short].map((path) => ({ name: path.split("/").at(-1), data: readFileSync(path).toString("base64") })); // prettier-ignore
  await page.evaluate((all) => {
    const transfer = new DataTransfer();
    for (const { name, data } of all)
      transfer.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], name));
    dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
  }, files);
  const [first, second] = files.map(({ name }) => page.locator(".jobs li", { hasText: name }).first());
  await second.waitFor();
  await first.getByRole("button", { name: "Cancel" }).click();
  await first.locator(".chip", { hasText: "cancelled" }).waitFor();
  await second.locator(".chip", { hasText: "success" }).waitFor({ timeout: 120_000 });
  await page.evaluate(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", "http://127.0.0.1:1/private.pdf");
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  });
  await page.locator(".chip.lost", { hasText: "private" }).waitFor();
  await page.getByText("Nothing was read.").waitFor();
  await page.getByRole("button", { name: "← Documents" }).click();
  await second.getByRole("button", { name: "Run again" }).click();
  await page.locator("#tab-changes").waitFor({ timeout: 120_000 });
  assert.equal(await page.locator("#tab-changes .count").innerText(), "0", "the same options read otherwise");
  await page.locator("summary", { hasText: "Document" }).click();
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as one file" }).click()]);
  const file = `file://${await saved.path()}`;
  await page.goto(address);
  await page.locator(".jobs li", { hasText: files[1].name }).first().waitFor();
  const before = await page.locator(".jobs li").count();
  await page.getByRole("button", { name: /^Delete/ }).first().click();
  await page.waitForFunction((count) => document.querySelectorAll(".jobs li").length === count - 1, before);
  assert.deepEqual(heard.errors.filter((error) => !/422|Failed to load/.test(error)), []); // prettier-ignore
  assert.ok(readFileSync(file.slice(7), "utf8").includes('id="picture-1"'), "the saved file has no picture");
  await context.close();
}
