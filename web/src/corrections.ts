// What a person says against what was read: kept apart from it, one correction after the other, the last taken back first.

import { computed, effect, signal } from "@preact/signals";
import { announced, regions, view } from "./state";
import { kindOf, type Page, pageOf, type Region, type View } from "./view";

export interface Correction {
  id: string; // of the region
  field: "text" | "cell" | "label" | "order";
  row?: number; // of a cell, from 0 through all rows of the region
  column?: number; // its place among the row's cells
  before: string;
  after: string; // Markdown of a text, plain words of a cell, a class, ids of the page in order
  at: string; // when, ISO 8601
}

export const corrections = signal<Correction[]>([]);
export const editing = signal<string | null>(null); // the region that is being corrected

interface Corrected {
  text?: string;
  label?: string;
  cells: Map<string, string>; // "row,column"
}

const byRegion = computed(() => {
  const all = new Map<string, Corrected>();
  for (const each of corrections.value) {
    const one: Corrected = all.get(each.id) ?? { cells: new Map() };
    all.set(each.id, one);
    if (each.field === "text") one.text = each.after;
    if (each.field === "label") one.label = each.after;
    if (each.field === "cell") one.cells.set(`${each.row},${each.column}`, each.after);
  }
  return all;
});

const orders = computed(() => {
  const all = new Map<number, string[]>();
  for (const each of corrections.value) if (each.field === "order") all.set(pageOf(each.id), each.after.split(" "));
  return all;
});

export function correctedOf(id: string): Corrected | undefined {
  return byRegion.value.get(id);
}

export function labelOf(region: Region): string {
  return correctedOf(region.id)?.label ?? region.native_label ?? region.label;
}

/** The regions of a page in the order that holds. */
export function inOrder(page: Page): Region[] {
  const ids = orders.value.get(page.page);
  if (!ids) return page.regions;
  return ids.flatMap((id) => regions.value.get(id) ?? []);
}

const CELL = /<(t[dh])\b([^>]*)>([\s\S]*?)<\/\1>|<tr\b[^>]*>/g;

/** A region's Markdown as corrected. */
export function contentOf(region: Region): string | null {
  const corrected = correctedOf(region.id);
  if (corrected?.text !== undefined) return corrected.text;
  if (!corrected?.cells.size) return region.content;
  let [row, column] = [-1, 0];
  return (region.content ?? "").replace(CELL, (whole, tag: string | undefined, attributes: string) => {
    if (tag === undefined) {
      row += 1;
      column = 0;
      return whole;
    }
    const words = corrected.cells.get(`${row},${column++}`);
    return words === undefined ? whole : `<${tag}${attributes}>${escaped(words)}</${tag}>`;
  });
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// --- made and taken back ------------------------------------------------------------------------------------------

export function correct(made: Omit<Correction, "at">): void {
  if (made.before === made.after) return;
  corrections.value = [...corrections.value, { ...made, at: new Date().toISOString() }];
  const region = regions.value.get(made.id);
  announced.value = `Corrected: ${region ? kindOf(region) : "region"} on page ${pageOf(made.id)}`;
}

export function undo(): void {
  if (!corrections.value.length) return;
  corrections.value = corrections.value.slice(0, -1);
  announced.value = "The last correction is taken back";
}

/** Read a region earlier or later on its page. */
export function move(region: Region, by: 1 | -1): void {
  const page = view.value?.pages.find((each) => each.page === pageOf(region.id));
  if (!page) return;
  const ids = inOrder(page).map((each) => each.id);
  const [from, to] = [ids.indexOf(region.id), ids.indexOf(region.id) + by];
  if (to < 0 || to >= ids.length) return;
  const after = ids.toSpliced(from, 1).toSpliced(to, 0, region.id);
  correct({ id: region.id, field: "order", before: ids.join(" "), after: after.join(" ") });
}

// --- kept in the browser -------------------------------------------------------------------------------------------

/** Where the corrections of a document are kept: the same words under the same name are the same document. */
function keyOf(document: View): string {
  if (document.kept_as) return `octavo:corrections:${document.kept_as}`;
  let sum = 0x811c9dc5;
  for (const text of [document.name, document.markdown])
    for (let n = 0; n < text.length; n++) sum = Math.imul(sum ^ text.charCodeAt(n), 0x01000193) >>> 0;
  return `octavo:corrections:${sum.toString(16)}`;
}

const key = computed(() => view.value && keyOf(view.value));

/** Take up the corrections of the document that is open, and keep those that follow. */
export function keepCorrections(): void {
  effect(() => {
    corrections.value = key.value === null ? [] : kept(key.value);
    editing.value = null;
  });
  effect(() => {
    const made = corrections.value;
    const at = key.peek();
    if (at === null) return;
    try {
      if (made.length) localStorage.setItem(at, JSON.stringify(made));
      else localStorage.removeItem(at);
    } catch {
      announced.value = "This browser keeps nothing for the page: export corrections before you close it";
    }
  });
}

function kept(at: string): Correction[] {
  try {
    return JSON.parse(localStorage.getItem(at) ?? "[]") as Correction[];
  } catch {
    return [];
  }
}
