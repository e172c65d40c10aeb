// The difference between the document that is open and an earlier reading of the same: what `octavo compare` finds.

import { computed, signal } from "@preact/signals";

export type Step = ["kept" | "removed" | "added", string];

export interface Change {
  page: number; // from 1
  before: string[]; // kinds of the regions that the earlier reading had there
  after: string[]; // ids of those that are there now
  differences: string[]; // text, label, box, order, pieces ...
  steps: Step[]; // from the earlier text to this one
}

export const changes = signal<Change[] | null>(null); // null: nothing was compared
export const changed = computed(() => new Set((changes.value ?? []).flatMap((change) => change.after)));
