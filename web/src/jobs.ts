// Documents that were given to the server: sent, watched, opened, compared.

import { signal } from "@preact/signals";
import { type Change, changes } from "./changes";
import { ask, ENDS, events, type Job, json, key, Refusal, refused } from "./server";
import { announced, choose, chosen, open as show, tab, view } from "./state";
import { type Page, type Pictures, type Problem, type Region, type View, VERSION } from "./view";

/** An option, as the settings spell it. */
export interface Knob {
  name: string;
  group: string; // what it is about: the first group is what most people ask for
  help: string;
  kind: "choice" | "switch" | "number" | "text";
  choices: string[];
  default: string;
}

/** What the server says of itself in the page. */
export interface DeskSaid {
  knobs: Knob[];
  colours: Record<string, string>;
}

export const desk = signal<DeskSaid>({ knobs: [], colours: {} });
export const jobs = signal<Job[]>([]);
export const opened = signal<string | null>(null); // the job whose document is shown
export const complaint = signal("");
export const options = signal<Record<string, string>>({}); // that differ from the defaults

type Source = { files: File[] } | { url: string };
interface Sent {
  name: string;
  source?: Source; // while this page is open: the server forgets it when the job ends
  options?: Record<string, string>;
  earlier?: string; // the job it is another reading of
}
const sent = new Map<string, Sent>();
const NAMES = "octavo:names";
const LISTED = 100;

export function nameOf(job: string): string {
  return sent.get(job)?.name ?? names()[job] ?? `document ${job.slice(0, 8)}`;
}

/** The same, without what says the kind of the file. */
export function titleOf(job: string): string {
  return nameOf(job).replace(/\.(pdf|png|jpe?g|webp|bmp|gif|tiff?)$/i, "");
}

export function optionsOf(job: string): Record<string, string> {
  return sent.get(job)?.options ?? {};
}

export function canRunAgain(job: string): boolean {
  return sent.get(job)?.source !== undefined;
}

function names(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(NAMES) ?? "{}") as Record<string, string>;
  } catch {
    return {};
  }
}

/** The server does not know what a document is called where the file came as bytes: the browser remembers. */
function remember(job: string, about: Sent): void {
  sent.set(job, about);
  const newest = Object.entries({ ...names(), [job]: about.name }).slice(-LISTED);
  try {
    localStorage.setItem(NAMES, JSON.stringify(Object.fromEntries(newest)));
  } catch {
    // without storage a job is called by its number in the next session
  }
}

// --- sent ----------------------------------------------------------------------------------------------------------

/** Files, each a document of its own, or all of them the pages of one. */
export async function sendFiles(files: File[], asOne: boolean): Promise<void> {
  const groups = asOne ? [files] : files.map((file) => [file]);
  for (const group of groups) {
    const job = await send({ name: group[0]?.name ?? "document", source: { files: group } });
    if (job && groups.length === 1) void open(job);
  }
}

export async function sendUrl(url: string): Promise<void> {
  const job = await send({ name: new URL(url).pathname.split("/").pop() || url, source: { url } });
  if (job) void open(job);
}

/** The job, where the server takes it. */
async function send(about: Sent): Promise<string | null> {
  if (!about.source) return null;
  const wanted = options.value;
  const form = new FormData();
  if ("files" in about.source) for (const file of about.source.files) form.append("file", file);
  else form.append("source_url", about.source.url);
  for (const [name, value] of Object.entries({ ...wanted, formats: "view" })) form.append(name, value);
  let taken: string | null = null;
  await saying(async () => {
    const job = await json<Job>("/v1/jobs", { method: "POST", body: form });
    remember(job.id, { ...about, options: wanted });
    put(job);
    void watch(job.id);
    taken = job.id;
  });
  return taken;
}

/** Read it once more, with the options that are chosen now. */
export async function runAgain(job: string): Promise<void> {
  const before = sent.get(job);
  if (!before?.source) return;
  const next = await send({ name: before.name, source: before.source, earlier: job });
  if (next) void open(next);
}

/** Do it, and show what the server says where it refuses. */
async function saying(work: () => Promise<void>): Promise<void> {
  try {
    complaint.value = "";
    await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    complaint.value = error.message;
  }
}

// --- watched -------------------------------------------------------------------------------------------------------

function put(job: Job): void {
  const others = jobs.value.filter((each) => each.id !== job.id);
  jobs.value = [job, ...others].sort((a, b) => b.created_at.localeCompare(a.created_at));
}

const watched = new Map<string, AbortController>();

/** Follow a job to its end; its pages appear as they are done. */
async function watch(job: string): Promise<void> {
  if (watched.has(job)) return;
  const stop = new AbortController();
  watched.set(job, stop);
  await saying(async () => {
    for await (const event of events(job, stop.signal)) {
      put(await json<Job>(`/v1/jobs/${job}`));
      const status = ENDS.has(event.kind) ? event.kind : "running";
      if (view.value && opened.value === job) view.value = { ...view.value, status };
      if (event.kind === "page" && event.data.page && opened.value === job) await addPage(job, event.data.page);
      if (ENDS.has(event.kind)) await ended(job, event.kind);
    }
  });
  watched.delete(job);
}

async function ended(job: string, status: string): Promise<void> {
  announced.value = `${nameOf(job)}: ${status}`;
  if (opened.value !== job || status === "cancelled" || status === "error") return;
  await showResult(job);
  const earlier = sent.get(job)?.earlier;
  if (earlier) await compare(job, earlier);
}

/** The newest jobs of the server, now and then. */
export async function list(): Promise<void> {
  if (refused.value) return;
  await saying(async () => {
    const found = await json<{ jobs: Job[] }>(`/v1/jobs?most=${LISTED}`);
    jobs.value = found.jobs;
    for (const job of found.jobs) if (!ENDS.has(job.status)) void watch(job.id);
  });
}

/** List them, and again when another key is given. */
export function keepListed(): () => void {
  return key.subscribe(() => void list());
}

export async function cancel(job: string): Promise<void> {
  await saying(async () => put(await json<Job>(`/v1/jobs/${job}/cancel`, { method: "POST" })));
}

export async function forget(job: string): Promise<void> {
  await saying(async () => {
    await ask(`/v1/jobs/${job}`, { method: "DELETE" });
    watched.get(job)?.abort();
    jobs.value = jobs.value.filter((each) => each.id !== job);
  });
}

// --- opened --------------------------------------------------------------------------------------------------------

export async function open(job: string): Promise<void> {
  opened.value = job;
  changes.value = null;
  tab.value = "read";
  const found = jobs.value.find((each) => each.id === job);
  if (found && ENDS.has(found.status) && found.status !== "error" && found.status !== "cancelled") {
    await saying(() => showResult(job));
    return;
  }
  show(emptyView(job, found?.status ?? "queued"), picturesOf(job));
  await saying(async () => {
    const { pages } = await json<{ pages: number[] }>(`/v1/jobs/${job}/pages`);
    for (const page of pages) await addPage(job, page);
  });
}

export function close(): void {
  opened.value = null;
  view.value = null;
  history.replaceState(null, "", location.pathname);
  void list();
}

function emptyView(job: string, status: string): View {
  const nothing = { engines: {}, colours: desk.value.colours, problems: [], pages: [], markdown: "" };
  return { version: VERSION, name: titleOf(job), kept_as: job, status, page_count: 0, seconds: 0, ...nothing };
}

async function showResult(job: string): Promise<void> {
  const found = await json<View>(`/v1/jobs/${job}/artifacts/document.view.json`);
  if (opened.value !== job) return;
  const at = chosen.peek();
  show({ ...found, name: titleOf(job), kept_as: job }, picturesOf(job));
  if (at !== null) choose(at);
}

interface PageSaid {
  page: number;
  problems: Problem[];
  json_result?: (Omit<Region, "id"> & { page_size: [number, number] })[];
  markdown_result?: string;
}

/** A page that is done while others are still read: its words, without the document's order and levels yet. */
async function addPage(job: string, number: number): Promise<void> {
  const said = await json<PageSaid>(`/v1/jobs/${job}/pages/${number}`);
  const open = view.value;
  if (!open || opened.value !== job || open.status === "success") return;
  const [width, height] = said.json_result?.[0]?.page_size ?? [0, 0];
  const regions = (said.json_result ?? []).map((region, place) => ({ ...region, id: `p${number}b${place}` }));
  const page: Page = { page: number, width, height, regions };
  view.value = {
    ...open,
    pages: [...open.pages.filter((each) => each.page !== number), page].sort((a, b) => a.page - b.page),
    problems: [...open.problems.filter((each) => each.page !== number), ...said.problems],
    markdown: `${open.markdown}${said.markdown_result ?? ""}\n`,
  };
}

/** Pictures of a job's pages, asked for with the key; kept while the document is open. */
function picturesOf(job: string): Pictures {
  const kept = new Map<number, Promise<string | null>>();
  return (page) => {
    const known = kept.get(page);
    if (known) return known;
    const made = ask(`/v1/jobs/${job}/artifacts/view/document_page${page - 1}.jpg`)
      .then((answer) => answer.blob())
      .then((data) => URL.createObjectURL(data))
      .catch(() => {
        kept.delete(page); // not there yet, or forgotten: asked for again
        return null;
      });
    kept.set(page, made);
    return made;
  };
}

/** The whole job as one file that opens without a server. */
export async function saveAsFile(job: string): Promise<Blob> {
  return (await ask(`/v1/jobs/${job}/page?name=${encodeURIComponent(titleOf(job).slice(0, 200))}`)).blob();
}

/** What is different from another reading of the same document. */
export async function compare(job: string, earlier: string): Promise<void> {
  await saying(async () => {
    const found = await json<{ changes: Change[] }>(`/v1/jobs/${job}/changes?since=${earlier}`);
    if (opened.value !== job) return;
    changes.value = found.changes;
    tab.value = "changes";
  });
}

