// The document as files: as read, as corrected, and what a model can learn from the corrections.

import { contentOf, correctedOf, corrections, inOrder, labelOf } from "./corrections";
import { pictures, regions, view } from "./state";
import { isLost, isTable, type Page, pageOf, type Region } from "./view";

export function save(name: string, content: BlobPart, kind = "text/plain"): void {
  const address = URL.createObjectURL(new Blob([content], { type: kind }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** As read to the letter where nothing was corrected; else put together anew from the regions. */
export function markdown(): string {
  const open = view.value;
  if (!open) return "";
  if (!corrections.value.length) return open.markdown;
  const parts: string[] = [];
  for (const page of open.pages)
    for (const region of inOrder(page)) {
      if (region.role !== "body") continue;
      const text = shown(region);
      const before = parts.at(-1);
      if (region.continues && before !== undefined && !isTable(region)) parts[parts.length - 1] = `${before} ${text}`;
      else if (text) parts.push(text);
    }
  return `${parts.join("\n\n")}\n`;
}

function shown(region: Region): string {
  if (correctedOf(region.id)?.text === undefined && isLost(region)) {
    const problem = region.problems.find((each) => each.severity === "lost");
    return `> **Not read: ${problem?.message} [${problem?.code}]**`;
  }
  const content = contentOf(region) ?? "";
  const picture = region.image_path ? `![${region.label}](${region.image_path})` : "";
  const heading = /^#{1,6} /;
  const label = correctedOf(region.id)?.label;
  if (label === undefined) return [picture, content].filter(Boolean).join("\n\n");
  const bare = content.replace(heading, "");
  const level = { doc_title: 1, paragraph_title: region.level ?? 2 }[label];
  return level ? `${"#".repeat(level)} ${bare}` : bare;
}

/** Pages of regions, as `octavo parse` writes them; what was corrected says what stood there before. */
export function json(only?: Page): string {
  const pages = (only ? [only] : (view.value?.pages ?? [])).map((page) => inOrder(page).map(entry));
  return JSON.stringify(only ? pages[0] : pages, null, 2);
}

function entry(region: Region, place: number): object {
  const { id: _, html: __, text: ___, ...rest } = region;
  const [content, label] = [contentOf(region), labelOf(region)];
  const before = {
    ...(content !== region.content && { content: region.content }),
    ...(label !== (region.native_label ?? region.label) && { native_label: region.native_label }),
    ...(place !== region.index && { index: region.index }),
  };
  if (!Object.keys(before).length) return rest;
  return { ...rest, index: place, content, native_label: label, corrected_from: before };
}

const PROMPTS = { table: "Table Recognition:", formula: "Formula Recognition:" } as Record<string, string>;

/** One line for each region whose words were corrected: its picture, what it was asked as, and what is right. */
export async function lessons(): Promise<string> {
  const lines: string[] = [];
  for (const id of new Set(corrections.value.map((each) => each.id))) {
    const region = regions.value.get(id);
    const content = region && contentOf(region);
    if (!region || content === region.content || !content) continue;
    const prompt = PROMPTS[region.label] ?? "Text Recognition:";
    const lesson = {
      messages: [
        { role: "user", content: `<image>${prompt}` },
        { role: "assistant", content },
      ],
      images: [await cutting(region)],
      document: view.value?.name,
      page: pageOf(id),
      bbox_2d: region.bbox_2d,
      native_label: labelOf(region),
      read: region.content,
    };
    lines.push(JSON.stringify(lesson));
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** A region's picture, as a data URL; null where its page has none. */
export async function cutting(region: Region): Promise<string | null> {
  const page = view.value?.pages.find((each) => each.page === pageOf(region.id));
  const source = page && (await pictures.value(page.page));
  if (!source) return null;
  const image = new Image();
  image.src = source;
  await image.decode();
  const [left, top, right, bottom] = region.bbox_2d;
  const scale = image.naturalWidth / 1000;
  const down = image.naturalHeight / 1000;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round((right - left) * scale));
  canvas.height = Math.max(1, Math.round((bottom - top) * down));
  canvas.getContext("2d")?.drawImage(image, -left * scale, -top * down);
  return canvas.toDataURL("image/jpeg", 0.92);
}

