// node proof/shots.mjs PLAN.json: print HTML as a PDF, or open a page, do what is said and take its picture.

import { readFileSync } from "node:fs";
import { launched, opened } from "./browser.mjs";

const browser = await launched();
for (const { open, to, print, keys = [], click = [], type, narrow, dark, wait, files } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const viewport = narrow ? { width: 390, height: 800 } : { width: 1280, height: 800 };
  const { page, context } = await opened(browser, open, { viewport, colorScheme: dark ? "dark" : "light" });
  if (files) await page.locator("input[type=file]").setInputFiles(files);
  if (wait) await page.locator(wait).first().waitFor({ timeout: 120_000 });
  for (const selector of click) await page.locator(selector).first().click();
  for (const key of keys) await page.keyboard.press(key);
  if (type) await page.locator(type[0]).fill(type[1]);
  await page.waitForTimeout(700); // pictures are decoded, what scrolls has arrived
  if (print) await page.pdf({ path: to, format: "A4", printBackground: true });
  else await page.screenshot({ path: to });
  await context.close();
}
await browser.close();
