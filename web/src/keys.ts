// Everything by keyboard. Letters count only where nobody writes.

import { signal } from "@preact/signals";
import { corrections, editing, undo } from "./corrections";
import { nextBlock, nextProblem } from "./reading";
import { chosen, fit, order, tab, view, zoom } from "./state";

export const help = signal(false);

export const KEYS: [string, string][] = [
  ["j, k", "next block, the one before"],
  ["n, Shift+n", "next place that is lost or doubtful, the one before"],
  ["e", "correct the block"],
  ["u", "take the last correction back"],
  ["/", "search"],
  ["+, -, 0", "larger, smaller, as it was"],
  ["w, f", "fit the width, fit the page"],
  ["o", "show the reading order"],
  ["Escape", "let go"],
  ["?", "this list"],
];

const STEP = 1.25;

export function zoomBy(by: 1 | -1): void {
  zoom.value = Math.min(8, Math.max(0.2, zoom.value * STEP ** by));
}

const DONE: Record<string, () => void> = {
  j: () => nextBlock(1),
  k: () => nextBlock(-1),
  n: () => nextProblem(1),
  N: () => nextProblem(-1),
  e: () => {
    tab.value = "read";
    editing.value = chosen.value;
  },
  u: () => corrections.value.length && undo(),
  "/": () => document.getElementById("search")?.focus(),
  "+": () => zoomBy(1),
  "=": () => zoomBy(1),
  "-": () => zoomBy(-1),
  0: () => {
    zoom.value = 1;
  },
  w: () => {
    [fit.value, zoom.value] = ["width", 1];
  },
  f: () => {
    [fit.value, zoom.value] = ["page", 1];
  },
  o: () => {
    order.value = !order.value;
  },
  Escape: () => {
    const menu = document.querySelector<HTMLDetailsElement>("details.menu[open]");
    if (!menu) chosen.value = null;
    else {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  },
  "?": () => {
    help.value = true;
  },
};

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    const writes = (event.target as Element).closest?.("input, textarea, select, [contenteditable]");
    const done = DONE[event.key];
    if (!view.value || help.value || !done || writes || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    done();
  });
}
