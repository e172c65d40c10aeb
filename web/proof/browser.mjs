// A real Chromium, which asks nobody for anything but what it is told to open.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The Chromium of this machine; null where there is none. `CHROMIUM` names another. */
export function program() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const named = process.env.CHROMIUM ? [process.env.CHROMIUM] : [];
  for (const path of [...named, ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))])
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not there
    }
  return null;
}

export async function launched() {
  const quiet = ["--disable-background-networking", "--disable-component-update", "--no-first-run"];
  return chromium.launch({ executablePath: program(), args: ["--no-sandbox", ...quiet] }); // documents here are ours
}

/** A page on an address, and what it complained of and asked for. */
export async function opened(browser, address, more = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, ...more });
  const page = await context.newPage();
  const heard = { errors: [], asked: [] };
  page.setDefaultTimeout(60_000); // on a busy machine a start takes its time; what fails, fails by what is seen
  page.on("pageerror", (error) => heard.errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && heard.errors.push(message.text()));
  page.on("dialog", (dialog) => {
    heard.errors.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => heard.asked.push(request.url()));
  await page.goto(address);
  await page.bringToFront(); // a page behind another is owed no frames, and scrolls by frames
  return { page, heard, context };
}
