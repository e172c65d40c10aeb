// Tables as rows of words, and those rows as files a spreadsheet opens.

import { correctedOf } from "./corrections";
import type { Region } from "./view";

export interface CellShown {
  words: string;
  header: boolean;
  rows: number; // it spans
  columns: number;
}

/** The rows of all tables of a region, corrected; a place that another cell spans has no cell of its own. */
export function rowsOf(region: Region): CellShown[][] {
  const parsed = new DOMParser().parseFromString(region.html ?? "", "text/html"); // runs nothing, loads nothing
  for (const broken of parsed.querySelectorAll("br")) broken.replaceWith("\n");
  const cells = correctedOf(region.id)?.cells;
  return [...parsed.querySelectorAll("tr")].map((row, number) =>
    [...row.cells].map((cell, column) => ({
      words: cells?.get(`${number},${column}`) ?? cell.textContent ?? "",
      header: cell.tagName === "TH",
      rows: cell.rowSpan,
      columns: cell.colSpan,
    })),
  );
}

/** A full grid: what a cell spans is empty beside it. */
export function gridOf(rows: CellShown[][]): string[][] {
  const grid: (string | undefined)[][] = rows.map(() => []);
  rows.forEach((row, number) => {
    let column = 0;
    for (const cell of row) {
      while (grid[number]?.[column] !== undefined) column += 1;
      for (let down = 0; down < cell.rows && number + down < grid.length; down++)
        for (let across = 0; across < cell.columns; across++)
          (grid[number + down] as (string | undefined)[])[column + across] = down || across ? "" : cell.words;
      column += cell.columns;
    }
  });
  const wide = Math.max(0, ...grid.map((row) => row.length));
  return grid.map((row) => Array.from({ length: wide }, (_, column) => row[column] ?? ""));
}

const NUMBER = /^[+-]?[\d.,'\s]+%?$/;

/** A cell as text of a spreadsheet: one that a document wrote as a formula must not become one. */
function harmless(words: string): string {
  return /^[=+\-@\t\r]/.test(words) && !NUMBER.test(words) ? `'${words}` : words;
}

export function csv(grid: string[][]): string {
  const quoted = (words: string) => (/[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words);
  return `\ufeff${grid.map((row) => row.map((words) => quoted(harmless(words))).join(",")).join("\r\n")}\r\n`;
}

/** To paste into a spreadsheet. */
export function tsv(grid: string[][]): string {
  return grid.map((row) => row.map((words) => harmless(words.replaceAll(/\s+/g, " "))).join("\t")).join("\n");
}

// --- XLSX: a ZIP of four small XML files, stored as they are -------------------------------------------------------

export function xlsx(sheets: string[][][]): Uint8Array<ArrayBuffer> {
  const numbers = sheets.map((_, n) => n + 1);
  const kinds = "http://schemas.openxmlformats.org";
  const main = `${kinds}/spreadsheetml/2006/main`;
  const relations = `${kinds}/officeDocument/2006/relationships`;
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const files: [string, string][] = [
    [
      "[Content_Types].xml",
      `<Types xmlns="${kinds}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/>${numbers.map((n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="${type}.worksheet+xml"/>`).join("")}</Types>`,
    ],
    [
      "_rels/.rels",
      `<Relationships xmlns="${kinds}/package/2006/relationships"><Relationship Id="r1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ],
    [
      "xl/workbook.xml",
      `<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>${numbers.map((n) => `<sheet name="Table ${n}" sheetId="${n}" r:id="r${n}"/>`).join("")}</sheets></workbook>`,
    ],
    [
      "xl/_rels/workbook.xml.rels",
      `<Relationships xmlns="${kinds}/package/2006/relationships">${numbers.map((n) => `<Relationship Id="r${n}" Type="${relations}/worksheet" Target="worksheets/sheet${n}.xml"/>`).join("")}</Relationships>`,
    ],
    ...sheets.map((grid, n): [string, string] => [`xl/worksheets/sheet${n + 1}.xml`, sheet(grid, main)]),
  ];
  const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
  return zip(files.map(([name, text]) => [name, new TextEncoder().encode(declaration + text)]));
}

function sheet(grid: string[][], main: string): string {
  const cell = (words: string) => {
    if (/^-?(0|[1-9]\d{0,14})(\.\d{1,14})?$/.test(words)) return `<c><v>${words}</v></c>`;
    return words ? `<c t="inlineStr"><is><t xml:space="preserve">${xml(words)}</t></is></c>` : "<c/>";
  };
  const rows = grid.map((row) => `<row>${row.map(cell).join("")}</row>`).join("");
  return `<worksheet xmlns="${main}"><sheetData>${rows}</sheetData></worksheet>`;
}

function xml(words: string): string {
  const allowed = words.replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
  return allowed.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function zip(files: [string, Uint8Array][]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const listed: Uint8Array[] = [];
  let at = 0;
  for (const [name, data] of files) {
    const called = new TextEncoder().encode(name);
    // version, flags (UTF-8), method (stored), time, date (1 January 1980), sum, sizes, lengths of name and extra
    const shared = [[20, 2], [0x800, 2], [0, 2], [0, 2], [0x21, 2], [crc(data), 4], [data.length, 4], [data.length, 4], [called.length, 2], [0, 2]] as [number, number][]; // prettier-ignore
    const head = numbers([[0x04034b50, 4], ...shared]);
    parts.push(head, called, data);
    listed.push(numbers([[0x02014b50, 4], [20, 2], ...shared, [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]), called);
    at += head.length + called.length + data.length;
  }
  const size = listed.reduce((sum, part) => sum + part.length, 0);
  const end = numbers([[0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [size, 4], [at, 4], [0, 2]]);
  const whole = new Uint8Array(at + size + end.length);
  let place = 0;
  for (const part of [...parts, ...listed, end]) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

function numbers(values: [number, number][]): Uint8Array {
  return Uint8Array.from(values.flatMap(([value, bytes]) => Array.from({ length: bytes }, (_, n) => (value >>> (8 * n)) & 255)));
}

function crc(data: Uint8Array): number {
  let sum = -1;
  for (const byte of data) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ -1) >>> 0;
}
