// The right side's other ways to look: the Markdown, the JSON, tables, figures, problems, what changed.

import { computed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { type Change, changes } from "./changes";
import { corrections } from "./corrections";
import { cutting, json, markdown, save } from "./exports";
import { Cutting, pageInSight } from "./pages";
import { Reading } from "./reading";
import { announced, choose, chosen, regions, type Tab, tab, view } from "./state";
import { csv, gridOf, rowsOf, tsv, xlsx } from "./tables";
import { type Box, isFigure, isTable, kindOf, type Page, pageOf, type Problem, type Region, regionOf, worstFirst } from "./view";

const tables = computed(() => [...regions.value.values()].filter(isTable));
const figures = computed(() => [...regions.value.values()].filter(isFigure));

const TABS: [Tab, string, () => number | null][] = [
  ["read", "Read", () => null],
  ["problems", "Problems", () => view.value?.problems.length ?? 0],
  ["tables", "Tables", () => tables.value.length],
  ["figures", "Figures", () => figures.value.length],
  ["markdown", "Markdown", () => null],
  ["json", "JSON", () => null],
  ["changes", "Changes", () => changes.value?.length ?? null],
];

export function Tabs() {
  const shown = TABS.filter(([name]) => name !== "changes" || changes.value !== null);
  const move = (by: number) => {
    const at = shown.findIndex(([name]) => name === tab.value);
    const next = shown[(at + by + shown.length) % shown.length];
    if (!next) return;
    tab.value = next[0];
    document.getElementById(`tab-${next[0]}`)?.focus();
  };
  return (
    <div class="right">
      <div
        role="tablist"
        aria-label="What was read"
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") move(1);
          if (event.key === "ArrowLeft") move(-1);
        }}
      >
        {shown.map(([name, words, count]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={tab.value === name}
            aria-controls="panel"
            tabIndex={tab.value === name ? 0 : -1}
            onClick={() => {
              tab.value = name;
            }}
          >
            {words}
            {count() !== null && <span class={`count ${name}`}>{count()?.toLocaleString()}</span>}
          </button>
        ))}
      </div>
      <div class="panel" role="tabpanel" id="panel" aria-labelledby={`tab-${tab.value}`} tabIndex={0}>
        <Panel />
      </div>
    </div>
  );
}

function Panel() {
  switch (tab.value) {
    case "read":
      return <Reading />;
    case "problems":
      return <Problems />;
    case "tables":
      return <Tables />;
    case "figures":
      return <Figures />;
    case "markdown":
      return <Source text={markdown()} />;
    case "json":
      return <Json />;
    case "changes":
      return <Changes />;
  }
}

function Nothing({ children }: { children: ComponentChildren }) {
  return <p class="quiet">{children}</p>;
}

/** A place in the document, to go to. */
function Place({ id, page, children }: { id: string | undefined; page: number; children?: ComponentChildren }) {
  const to = id ?? view.value?.pages.find((each) => each.page === page)?.regions[0]?.id;
  if (!to) return <span>Page {page.toLocaleString()}</span>;
  return (
    <button
      type="button"
      class="link"
      onClick={() => {
        tab.value = "read";
        choose(to);
      }}
    >
      {children ?? `Page ${page.toLocaleString()}`}
    </button>
  );
}

function Problems() {
  const open = view.value;
  if (!open?.problems.length) return <Nothing>Nothing was lost and nothing is doubtful.</Nothing>;
  return (
    <ol class="cards">
      {worstFirst(open.problems).map((problem, number) => (
        <ProblemCard key={number} problem={problem} />
      ))}
    </ol>
  );
}

const MEANING = { lost: "not in the result", doubtful: "may be wrong", left_out: "left out, as the options say" };

function ProblemCard({ problem }: { problem: Problem }) {
  const open = view.value;
  const page = open?.pages.find((each) => each.page === problem.page);
  const region = open ? regionOf(open, problem) : undefined;
  const box: Box | null | undefined = problem.bbox_2d ?? region?.bbox_2d;
  return (
    <li class={`card ${problem.severity}`}>
      <h2>
        {problem.severity.replace("_", " ")}: {problem.label?.replaceAll("_", " ") ?? "page"}
        {problem.page && <Place id={region?.id} page={problem.page} />}
      </h2>
      <p>
        {problem.message} <code>{problem.code}</code> <span class="quiet">({MEANING[problem.severity]})</span>
      </p>
      {problem.saved_text && <p dir="auto">{problem.saved_text}</p>}
      {page && box && page.width > 0 && <Cutting page={page} box={box} />}
    </li>
  );
}

function Tables() {
  if (!tables.value.length) return <Nothing>There is no table in this document.</Nothing>;
  const name = view.value?.name ?? "tables";
  return (
    <>
      <p class="buttons">
        <button type="button" onClick={() => save(`${name}.xlsx`, xlsx(tables.value.map((each) => gridOf(rowsOf(each)))), XLSX)}>
          All as XLSX
        </button>
      </p>
      <ol class="cards">
        {tables.value.map((region, number) => (
          <TableCard key={region.id} region={region} name={`${name}-table-${number + 1}`} />
        ))}
      </ol>
    </>
  );
}

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

function TableCard({ region, name }: { region: Region; name: string }) {
  const rows = rowsOf(region);
  const grid = gridOf(rows);
  const copy = async () => {
    await navigator.clipboard?.writeText(tsv(grid));
    announced.value = "The table is copied: paste it into a spreadsheet";
  };
  return (
    <li class="card">
      <h2>
        {grid.length.toLocaleString()} × {(grid[0]?.length ?? 0).toLocaleString()}
        <Place id={region.id} page={pageOf(region.id)} />
      </h2>
      <p class="buttons">
        <button type="button" onClick={() => void copy()}>
          Copy
        </button>
        <button type="button" onClick={() => save(`${name}.csv`, csv(grid), "text/csv")}>
          CSV
        </button>
        <button type="button" onClick={() => save(`${name}.xlsx`, xlsx([grid]), XLSX)}>
          XLSX
        </button>
      </p>
      <div class="wide" tabIndex={0} role="region" aria-label={`Table ${region.id}`}>
        <table>
          <tbody>
            {rows.map((row, number) => (
              <tr key={number}>
                {row.map((cell, column) => {
                  const Cell = cell.header ? "th" : "td";
                  return (
                    <Cell key={column} rowSpan={cell.rows} colSpan={cell.columns} dir="auto">
                      {cell.words}
                    </Cell>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </li>
  );
}

function Figures() {
  if (!figures.value.length) return <Nothing>There is no figure in this document.</Nothing>;
  return (
    <ol class="cards">
      {figures.value.map((region) => (
        <FigureCard key={region.id} region={region} />
      ))}
    </ol>
  );
}

function FigureCard({ region }: { region: Region }) {
  const page = view.value?.pages.find((each) => each.page === pageOf(region.id));
  const keep = async () => {
    const data = await cutting(region);
    if (data) save(`${view.value?.name}-${region.id}.jpg`, await bytesOf(data), "image/jpeg");
  };
  return (
    <li class="card">
      <h2>
        {kindOf(region)}
        <Place id={region.id} page={pageOf(region.id)} />
      </h2>
      <p class="buttons">
        <button type="button" onClick={() => void keep()}>
          Save the picture
        </button>
      </p>
      {page && <Cutting page={page} box={region.bbox_2d} />}
      {region.text && <p dir="auto">{region.text}</p>}
    </li>
  );
}

async function bytesOf(data: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(atob(data.slice(data.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
}

const CHUNK = 200; // lines that are laid out together

/** A long text, whose parts out of sight cost nothing. */
function Source({ text }: { text: string }) {
  const lines = text.split("\n");
  const chunks = Array.from({ length: Math.ceil(lines.length / CHUNK) }, (_, n) => lines.slice(n * CHUNK, (n + 1) * CHUNK));
  return (
    <>
      <p class="buttons">
        <button type="button" onClick={() => void navigator.clipboard?.writeText(text)}>
          Copy
        </button>
      </p>
      <div class="source" dir="auto">
        {chunks.map((chunk, number) => (
          <pre key={number}>{chunk.join("\n")}</pre>
        ))}
      </div>
    </>
  );
}

function Json() {
  const number = useSignal(chosen.peek() ? pageOf(chosen.peek() ?? "") : pageInSight.peek());
  const pages = view.value?.pages ?? [];
  const page: Page | undefined = pages.find((each) => each.page === number.value) ?? pages[0];
  void corrections.value;
  return (
    <>
      <p class="buttons">
        <label>
          Page{" "}
          <select
            value={page?.page}
            onChange={(event) => {
              number.value = Number(event.currentTarget.value);
            }}
          >
            {pages.map((each) => (
              <option key={each.page} value={each.page}>
                {each.page}
              </option>
            ))}
          </select>
        </label>
      </p>
      {page && <Source text={json(page)} />}
    </>
  );
}

function Changes() {
  const found = changes.value ?? [];
  if (!found.length) return <Nothing>Both readings are the same.</Nothing>;
  return (
    <ol class="cards">
      {found.map((change, number) => (
        <ChangeCard key={number} change={change} />
      ))}
    </ol>
  );
}

function ChangeCard({ change }: { change: Change }) {
  const now = change.after.map((id) => regions.value.get(id)).filter((region) => region !== undefined);
  const marks = { kept: "span", removed: "del", added: "ins" } as const;
  return (
    <li class="card">
      <h2>
        {change.differences.join(", ")}: {[...new Set([...change.before, ...now.map(kindOf)])].join(", ").replaceAll("_", " ")}
        <Place id={change.after[0]} page={change.page} />
      </h2>
      <p class="plain" dir="auto">
        {change.steps.map(([kind, text], number) => {
          const Mark = marks[kind];
          return <Mark key={number}>{text}</Mark>;
        })}
      </p>
    </li>
  );
}
