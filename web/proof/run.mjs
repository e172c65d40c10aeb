// node proof/run.mjs PLAN.json: the checks of a plan, a list of [name, ...arguments]; what each found goes to stdout.

import { readFileSync } from "node:fs";
import { launched } from "./browser.mjs";
import * as checks from "./checks.mjs";

const browser = await launched();
let failed = 0;
for (const [name, ...values] of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  try {
    const found = await checks[name](browser, ...values);
    console.log(`${name}: ${found ? JSON.stringify(found) : "holds"}`);
  } catch (error) {
    failed += 1;
    console.log(`${name} FAILED on ${values[0]}: ${error.message}\n${error.stack?.split("\n").slice(1, 4).join("\n")}`);
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
