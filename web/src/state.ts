// What a person has done to the page that is open: chosen, searched, zoomed. Signals, read by whoever shows them.

import { computed, signal } from "@preact/signals";
import { type Pictures, type Region, type View, wordsOf } from "./view";

export type Tab = "read" | "markdown" | "json" | "tables" | "figures" | "problems" | "changes";
export type Fit = "width" | "page";

export const view = signal<View | null>(null);
export const pictures = signal<Pictures>(async () => null);
export const tab = signal<Tab>("read");
export const chosen = signal<string | null>(null);
export const pointed = signal<string | null>(null);
export const fit = signal<Fit>("width");
export const zoom = signal(1); // on top of the fit
export const order = signal(false); // whether the reading order is shown
export const query = signal("");
export const side = signal<"page" | "text">("text"); // what a narrow screen shows
export const wanted = signal<{ id: string; nth: number } | null>(null); // what both sides are to scroll to
export const announced = signal(""); // said to screen readers

export const regions = computed(() => {
  const byId = new Map<string, Region>();
  for (const page of view.value?.pages ?? []) for (const region of page.regions) byId.set(region.id, region);
  return byId;
});

/** Ids in reading order. */
export const sequence = computed(() => [...regions.value.keys()]);

const folded = computed(
  () => new Map([...regions.value].map(([id, region]) => [id, wordsOf(region).toLocaleLowerCase()] as const)),
);

export const hits = computed(() => {
  const words = query.value.trim().toLocaleLowerCase();
  if (words.length < 2) return [];
  return sequence.value.filter((id) => folded.value.get(id)?.includes(words));
});
export const hitSet = computed(() => new Set(hits.value));

/** Show a document, from its beginning. */
export function open(document: View, pages: Pictures): void {
  chosen.value = pointed.value = wanted.value = null;
  query.value = "";
  pictures.value = pages;
  view.value = document;
}

let nth = 0;

/** Choose a region: it is lit on both sides, both scroll there, and the address names it. */
export function choose(id: string | null, { scroll = true } = {}): void {
  chosen.value = id;
  if (id === null) return;
  if (scroll) wanted.value = { id, nth: ++nth };
  history.replaceState(null, "", `#${id}`);
}

/** The next or previous of these ids after the chosen one, in the order of the document. */
export function step(ids: string[], by: 1 | -1): void {
  if (!ids.length) return;
  const places = new Map(sequence.value.map((id, place) => [id, place]));
  const at = chosen.value === null ? -1 : (places.get(chosen.value) ?? -1);
  const place = (id: string) => places.get(id) ?? 0;
  const next = by > 0 ? ids.find((id) => place(id) > at) : ids.findLast((id) => at < 0 || place(id) < at);
  choose(next ?? (by > 0 ? ids[0] : ids.at(-1)) ?? null);
}
