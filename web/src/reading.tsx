// The right side, as read: block by block, each linked to its place on the page. Pages are written when they come near.

import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import temml from "temml";
import { contentOf, correct, correctedOf, editing, inOrder, labelOf, move } from "./corrections";
import { elementOf, register } from "./lights";
import { Cutting } from "./pages";
import { choose, chosen, hits, pointed, query, step, tab, view, wanted } from "./state";
import { rowsOf } from "./tables";
import { isFigure, isLost, isTable, kindOf, type Page, pageOf, type Region, worstFirst, wordsOf } from "./view";

const LETTERS_A_LINE = 70; // how high a page's text will be is guessed from its letters, until it is written
const LINE = 26; // pixels
const SCROLLING = ["wheel", "touchmove", "pointerdown", "keydown"]; // by which a reader scrolls
const ENDED_BADLY = new Set(["error", "cancelled"]);

export function Reading() {
  const pane = useRef<HTMLDivElement>(null);
  useFound(pane);
  useSignalEffect(() => {
    const to = wanted.value;
    if (to && pane.current && tab.peek() === "read") return keepInSight(to.id, pane.current);
  });
  const open = view.value;
  if (!open) return null;
  return (
    <div
      ref={pane}
      class="text"
      onPointerOver={(event) => {
        pointed.value = blockAt(event.target);
      }}
      onPointerLeave={() => {
        pointed.value = null;
      }}
      onClick={(event) => {
        const id = blockAt(event.target);
        const busy = (event.target as Element).closest("button, a, input, textarea, select, [contenteditable]");
        if (id && !busy && !getSelection()?.toString()) choose(id);
      }}
      onFocusIn={(event) => {
        const id = blockAt(event.target);
        if (id && id === (event.target as HTMLElement).dataset.block) choose(id, { scroll: id !== chosen.peek() });
      }}
    >
      <Losses />
      {!open.pages.length && <p class="quiet">{ENDED_BADLY.has(open.status) ? "Nothing was read." : "Pages appear here as they are done."}</p>}
      {open.pages.map((page) => (
        <Section key={page.page} page={page} />
      ))}
    </div>
  );
}

function blockAt(target: EventTarget | null): string | null {
  return (target as Element).closest<HTMLElement>("[data-block]")?.dataset.block ?? null;
}

/** Bring a block into sight, and again while what stands above it is written and grows, until the reader scrolls. */
function keepInSight(id: string, text: HTMLElement): () => void {
  const panel = text.closest(".panel");
  const watch = new ResizeObserver(() => {
    const element = elementOf(id);
    if (!element || !panel) return document.getElementById(`page-${pageOf(id)}`)?.scrollIntoView();
    const pane = panel.getBoundingClientRect();
    const { top, bottom } = element.getBoundingClientRect();
    if (top < pane.top + 8 || bottom > pane.bottom - 8) element.scrollIntoView({ block: bottom - top > pane.height ? "start" : "center" });
  });
  const stop = () => {
    watch.disconnect();
    for (const sign of SCROLLING) panel?.removeEventListener(sign, stop);
  };
  for (const sign of SCROLLING) panel?.addEventListener(sign, stop, { passive: true });
  watch.observe(text); // tells at once, and whenever it grows
  return stop;
}

/** What is missing stands above everything else. */
function Losses() {
  const lost = worstFirst(view.value?.problems ?? []).filter((problem) => problem.severity === "lost");
  if (!lost.length) return null;
  return (
    <aside class="losses" aria-label="Not read">
      <p>
        <strong>{lost.length === 1 ? "One place was not read." : `${lost.length.toLocaleString()} places were not read.`}</strong>{" "}
        This document is incomplete.{" "}
        <button
          type="button"
          onClick={() => {
            tab.value = "problems";
          }}
        >
          Show {lost.length === 1 ? "it" : "them"}
        </button>
      </p>
    </aside>
  );
}

function Section({ page }: { page: Page }) {
  const place = useRef<HTMLElement>(null);
  const written = useSignal(page.page === 1);
  useEffect(() => {
    const watch = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        written.value = true;
        watch.disconnect();
      }
    }, { root: place.current?.closest(".panel") ?? null, rootMargin: "150% 0px" }); // prettier-ignore
    if (place.current) watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  useSignalEffect(() => {
    if (wanted.value && pageOf(wanted.value.id) === page.page) written.value = true;
  });
  const letters = page.regions.reduce((sum, region) => sum + wordsOf(region).length + LETTERS_A_LINE, 0);
  const guess = Math.ceil(letters / LETTERS_A_LINE) * LINE;
  return (
    <section id={`page-${page.page}`} ref={place} class="of-page" aria-label={`Page ${page.page}`} style={{ "--guess": `${guess}px` }}>
      <p class="page-number">Page {page.page.toLocaleString()}</p>
      {written.value ? inOrder(page).map((region) => <Block key={region.id} region={region} page={page} />) : <div class="unwritten" />}
      {written.value && !page.regions.length && <p class="quiet">Nothing stands on this page.</p>}
    </section>
  );
}

function Block({ region, page }: { region: Region; page: Page }) {
  const ref = useCallback((element: HTMLElement | null) => register(region.id, element), [region.id]);
  const isChosen = useComputed(() => chosen.value === region.id).value;
  const isEdited = useComputed(() => editing.value === region.id).value;
  const corrected = correctedOf(region.id);
  const first = view.value?.pages[0]?.regions[0]?.id === region.id;
  return (
    <div
      class={`block ${region.role === "body" ? "" : "aside"}`}
      data-block={region.id}
      id={region.id}
      ref={ref}
      role="group"
      aria-label={`${kindOf({ ...region, native_label: labelOf(region) })}, ${region.id}`}
      tabIndex={isChosen || (first && chosen.value === null) ? 0 : -1}
    >
      {corrected && <span class="badge">corrected</span>}
      {isEdited ? <Editor region={region} /> : <Content region={region} page={page} />}
      <Doubts region={region} />
      {isChosen && !isEdited && <Tools region={region} />}
    </div>
  );
}

function Content({ region, page }: { region: Region; page: Page }) {
  const corrected = correctedOf(region.id);
  if (corrected?.text !== undefined) return <div class="content plain" dir="auto">{corrected.text}</div>; // prettier-ignore
  if (isLost(region)) return <Lost region={region} page={page} />;
  const words = region.html ? <Html region={region} /> : region.content && <div class="content plain" dir="auto">{region.content}</div>; // prettier-ignore
  if (!isFigure(region)) return <>{words || <p class="quiet">(nothing is written here)</p>}</>;
  return (
    <figure>
      <Cutting page={page} box={region.bbox_2d} />
      {words && <figcaption>{words}</figcaption>}
    </figure>
  );
}

function Lost({ region, page }: { region: Region; page: Page }) {
  const problem = region.problems.find((each) => each.severity === "lost");
  return (
    <div class="loss">
      <p>
        <strong>Not read: {kindOf(region)}</strong>: {problem?.message} <code>{problem?.code}</code>
      </p>
      {problem?.saved_text && <p dir="auto">{problem.saved_text}</p>}
      {page.width > 0 && <Cutting page={page} box={region.bbox_2d} />}
    </div>
  );
}

/** Doubts that belong to what is shown. */
function Doubts({ region }: { region: Region }) {
  const doubts = region.problems.filter((problem) => problem.severity === "doubtful");
  if (!doubts.length) return null;
  return (
    <p class="doubt">
      <span aria-hidden="true">? </span>
      {doubts.map((doubt) => doubt.message).join("; ")}
    </p>
  );
}

/** The block's HTML as the server escaped it; formulas typeset, corrected cells in their places. */
function Html({ region }: { region: Region }) {
  const place = useRef<HTMLDivElement>(null);
  const cells = correctedOf(region.id)?.cells;
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    typeset(element);
    for (const wide of element.querySelectorAll<HTMLElement>("table, pre"))
      if (wide.scrollWidth > wide.clientWidth + 1) wide.tabIndex = 0; // what scrolls must be reached by keyboard
    const rows = element.querySelectorAll("tr");
    for (const [key, words] of cells ?? []) {
      const [row, column] = key.split(",").map(Number) as [number, number];
      const cell = rows[row]?.cells[column];
      if (cell) cell.textContent = words;
    }
  });
  return <div key={cells?.size ?? 0} ref={place} class="content" dir="auto" dangerouslySetInnerHTML={{ __html: region.html ?? "" }} />;
}

/** LaTeX as MathML; one that is none stays as it is written. */
function typeset(element: HTMLElement): void {
  for (const formula of element.querySelectorAll<HTMLElement>(".formula:not([data-latex])")) {
    const latex = formula.textContent ?? "";
    const display = formula.tagName === "PRE";
    formula.dataset.latex = latex;
    try {
      temml.render(display ? latex : latex.replace(/^\$|\$$/g, ""), formula, {
        displayMode: display,
        throwOnError: true,
        trust: false,
        maxExpand: 200,
        maxSize: [20, 100],
      });
    } catch {
      formula.textContent = latex;
    }
  }
}

// --- corrected --------------------------------------------------------------------------------------------------------

function Tools({ region }: { region: Region }) {
  return (
    <div class="tools" role="toolbar" aria-label="This block">
      <button
        type="button"
        onClick={() => {
          editing.value = region.id;
        }}
      >
        Correct
      </button>
      <button type="button" onClick={() => move(region, -1)} title="Read it earlier">
        Earlier
      </button>
      <button type="button" onClick={() => move(region, 1)} title="Read it later">
        Later
      </button>
      <button type="button" onClick={() => void navigator.clipboard?.writeText(contentOf(region) ?? "")}>
        Copy
      </button>
      <a href={`#${region.id}`}>{region.id}</a>
    </div>
  );
}

function Editor({ region }: { region: Region }) {
  const box = useRef<HTMLTextAreaElement>(null);
  const before = contentOf(region) ?? region.problems.find((problem) => problem.saved_text)?.saved_text ?? "";
  const labels = Object.keys(view.value?.colours ?? {});
  const was = labelOf(region);
  const label = useSignal(was);
  const done = () => {
    editing.value = null;
    requestAnimationFrame(() => elementOf(region.id)?.focus());
  };
  const keep = () => {
    if (box.current) correct({ id: region.id, field: "text", before: contentOf(region) ?? "", after: box.current.value });
    correct({ id: region.id, field: "label", before: was, after: label.value });
    done();
  };
  useEffect(() => (box.current ?? elementOf(region.id)?.querySelector<HTMLElement>("[contenteditable]"))?.focus(), []);
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") done();
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) keep();
      }}
    >
      {isTable(region) && correctedOf(region.id)?.text === undefined ? (
        <Cells region={region} />
      ) : (
        <label>
          What stands there, as Markdown
          <textarea ref={box} dir="auto" rows={Math.min(16, before.split("\n").length + Math.ceil(before.length / 80))}>
            {before}
          </textarea>
        </label>
      )}
      <label>
        What it is
        <select
          value={label.value}
          onChange={(event) => {
            label.value = event.currentTarget.value;
          }}
        >
          {labels.map((each) => (
            <option key={each} value={each}>
              {each.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Keep</button>
      <button type="button" onClick={done}>
        Leave as it was
      </button>
    </form>
  );
}

/** A table whose cells are written in; each is kept when it is left. */
function Cells({ region }: { region: Region }) {
  const rows = useRef(rowsOf(region)); // as it was when it was opened: who writes is not to be overwritten
  return (
    <table class="cells">
      <tbody>
        {rows.current.map((row, number) => (
          <tr key={number}>
            {row.map((cell, column) => (
              <td
                key={column}
                rowSpan={cell.rows}
                colSpan={cell.columns}
                contentEditable="plaintext-only"
                role="textbox"
                aria-label={`Row ${number + 1}, cell ${column + 1}`}
                onBlur={(event) => {
                  const after = event.currentTarget.innerText.trim();
                  correct({ id: region.id, field: "cell", row: number, column, before: cell.words, after });
                  cell.words = after;
                }}
              >
                {cell.words}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

// --- found ------------------------------------------------------------------------------------------------------------

/** Light the words that are searched for, without a change to the text. */
function useFound(pane: { current: HTMLElement | null }): void {
  useSignalEffect(() => {
    const words = query.value.trim().toLocaleLowerCase();
    void hits.value;
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete("found");
    if (words.length < 2 || !pane.current) return;
    const timer = setTimeout(() => {
      const ranges = hits.peek().slice(0, 2000).flatMap((id) => rangesIn(elementOf(id), words)); // prettier-ignore
      if (ranges.length) CSS.highlights.set("found", new Highlight(...ranges));
    }, 100);
    return () => clearTimeout(timer);
  });
}

function rangesIn(element: HTMLElement | undefined, words: string): Range[] {
  const ranges: Range[] = [];
  if (!element) return ranges;
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = (node.textContent ?? "").toLocaleLowerCase();
    for (let at = text.indexOf(words); at >= 0 && at + words.length <= (node.textContent ?? "").length; at = text.indexOf(words, at + words.length)) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + words.length);
      ranges.push(range);
    }
  }
  return ranges;
}

/** Blocks by keyboard: the next, the one before. */
export function nextBlock(by: 1 | -1): void {
  const ids = (view.value?.pages ?? []).flatMap((page) => inOrder(page).map((region) => region.id));
  const at = chosen.value === null ? -1 : ids.indexOf(chosen.value);
  const id = ids[Math.min(ids.length - 1, Math.max(0, at + by))];
  if (id) focusOn(id);
}

/** Places that were not read, or are doubtful. */
export function nextProblem(by: 1 | -1): void {
  step([...(view.value?.pages ?? [])].flatMap((page) => page.regions.filter((region) => region.problems.length).map((region) => region.id)), by); // prettier-ignore
}

function focusOn(id: string): void {
  choose(id);
  requestAnimationFrame(() => requestAnimationFrame(() => elementOf(id)?.focus({ preventScroll: true })));
}

