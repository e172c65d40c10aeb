// What the page shows of a document: the same shape as `octavo.renderers.view` writes it.

/** left, top, right, bottom in 0..1000 of the upright page */
export type Box = [number, number, number, number];

export interface Problem {
  code: string;
  severity: "lost" | "doubtful" | "left_out";
  message: string;
  page?: number | null; // from 1
  bbox_2d?: Box | null;
  label?: string | null;
  saved_text?: string | null;
}

export interface Region {
  id: string; // "p3b7": page 3, region 7
  index: number;
  label: string;
  native_label: string | null;
  bbox_2d: Box;
  polygon: [number, number][];
  content: string | null; // Markdown
  html?: string; // escaped by who wrote it: the only HTML the page ever shows
  text?: string; // the plain words
  image_path?: string;
  score: number;
  source: string;
  confidence: number | null;
  role: string;
  level: number | null;
  continues: boolean;
  problems: Problem[];
}

export interface Page {
  page: number; // from 1
  width: number; // pixels it was read at; 0 where it could not be drawn
  height: number;
  regions: Region[];
}

export interface View {
  version: number;
  name: string;
  kept_as?: string; // what its corrections are kept by, where that is not what it says: a job's
  status: string;
  page_count: number;
  seconds: number;
  engines: Record<string, string>;
  colours: Record<string, string>;
  problems: Problem[];
  markdown: string;
  pages: Page[];
}

export const VERSION = 1;

/** Where page pictures come from: an address that an image can show, or none. */
export type Pictures = (page: number) => Promise<string | null>;

const PAGE_OF = /^p(\d+)b\d+$/;

export function pageOf(id: string): number {
  return Number(PAGE_OF.exec(id)?.[1] ?? 0);
}

export function kindOf(region: Region): string {
  return (region.native_label ?? region.label).replaceAll("_", " ");
}

export function isLost(region: Region): boolean {
  return !region.content && region.problems.some((problem) => problem.severity === "lost");
}

export function isTable(region: Region): boolean {
  return region.html?.includes("<table") ?? false;
}

export function isFigure(region: Region): boolean {
  return region.image_path !== undefined || region.label === "image";
}

export function wordsOf(region: Region): string {
  return region.text ?? region.content ?? "";
}

/** The size to show a page at where its own is not known: A4. */
export function sizeOf(page: Page): [number, number] {
  return page.width && page.height ? [page.width, page.height] : [1240, 1754];
}

const SEVERITIES = ["lost", "doubtful", "left_out"];

/** Losses first, then doubts; by pages within. */
export function worstFirst(problems: Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || (a.page ?? 0) - (b.page ?? 0),
  );
}

/** The region a problem is about: the one of its page whose box is the same. */
export function regionOf(view: View, problem: Problem): Region | undefined {
  const page = view.pages.find((each) => each.page === problem.page);
  const box = problem.bbox_2d;
  if (!page || !box) return page?.regions.find((region) => region.problems.some((own) => own.code === problem.code));
  const near = (region: Region) => region.bbox_2d.every((edge, n) => Math.abs(edge - (box[n] ?? 0)) <= 1);
  return page.regions.find((region) => near(region) && region.problems.some((own) => own.code === problem.code));
}
