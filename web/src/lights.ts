// Which blocks of the text are lit. Set on the elements themselves: ten thousand blocks that each listened to what is
// pointed at would all be asked again at every move of the mouse.

import { effect, type ReadonlySignal } from "@preact/signals";
import { changed } from "./changes";
import { chosen, hitSet, pointed } from "./state";

const shown = new Map<string, HTMLElement>();
const lights: [string, () => ReadonlySet<string>][] = [];

/** A block's element is there, or has gone. */
export function register(id: string, element: HTMLElement | null): void {
  if (!element) {
    shown.delete(id);
    return;
  }
  shown.set(id, element);
  for (const [name, lit] of lights) element.toggleAttribute(name, lit().has(id));
}

export function elementOf(id: string): HTMLElement | undefined {
  return shown.get(id);
}

export function elements(): IterableIterator<[string, HTMLElement]> {
  return shown.entries();
}

/** Keep an attribute on the blocks of a set, for as long as the page is open. */
export function light(name: string, ids: () => ReadonlySet<string>): void {
  let before: ReadonlySet<string> = new Set();
  lights.push([name, () => before]);
  effect(() => {
    const now = ids();
    for (const id of before) if (!now.has(id)) shown.get(id)?.removeAttribute(name);
    for (const id of now) if (!before.has(id)) shown.get(id)?.setAttribute(name, "");
    before = now;
  });
}

const one = (id: ReadonlySignal<string | null>) => () => new Set(id.value === null ? [] : [id.value]);

light("data-pointed", one(pointed));
light("data-chosen", one(chosen));
light("data-found", () => hitSet.value);
light("data-changed", () => changed.value);
