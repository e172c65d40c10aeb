// The viewer: the bar above, the pages on the left, what was read of them on the right.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { corrections, undo } from "./corrections";
import { json, lessons, markdown, save } from "./exports";
import { help, KEYS, zoomBy } from "./keys";
import { Pages, pageInSight } from "./pages";
import { announced, chosen, fit, hits, order, query, side, step, view, zoom } from "./state";
import { Tabs } from "./tabs";

/** `before` and `beside` are what the server's page has more. */
export function App({ before, beside }: { before?: ComponentChildren; beside?: ComponentChildren }) {
  const open = view.value;
  if (!open) return null;
  return (
    <div class={`viewer narrow-${side.value}`}>
      <header>
        {before}
        <h1 title={open.name}>{open.name}</h1>
        <State />
        {beside}
        <Search />
        <Look />
        <Exports />
      </header>
      <main>
        <div class="left">
          <Pages />
        </div>
        <Tabs />
      </main>
      <p class="said" role="status">
        {announced.value}
      </p>
      <Help />
    </div>
  );
}

function State() {
  const open = view.value;
  const lost = open?.problems.filter((problem) => problem.severity === "lost").length ?? 0;
  const doubtful = open?.problems.filter((problem) => problem.severity === "doubtful").length ?? 0;
  const whole = open?.status === "success";
  const words = lost ? `${lost.toLocaleString()} not read` : whole ? "complete" : open?.status;
  return (
    <p class="state">
      <span class={`chip ${lost ? "lost" : whole ? "well" : ""}`}>{words}</span>
      {doubtful > 0 && <span class="chip doubtful">{doubtful.toLocaleString()} doubtful</span>}
      {open && open.pages.length > 0 && (
        <span class="quiet">
          page {pageInSight.value.toLocaleString()} of {open.pages.length.toLocaleString()}
        </span>
      )}
    </p>
  );
}

function Search() {
  const found = hits.value;
  const at = chosen.value === null ? -1 : found.indexOf(chosen.value);
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        step(found, 1);
      }}
    >
      <input
        id="search"
        type="search"
        placeholder="Search"
        aria-label="Search in the document"
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
        }}
      />
      <output aria-label="Found">
        {query.value.trim().length > 1 ? `${at >= 0 ? `${(at + 1).toLocaleString()} of ` : ""}${found.length.toLocaleString()}` : ""}
      </output>
      <button type="button" aria-label="The one before" disabled={!found.length} onClick={() => step(found, -1)}>
        ↑
      </button>
      <button type="submit" aria-label="The next one" disabled={!found.length}>
        ↓
      </button>
    </form>
  );
}

/** How the pages are shown. */
function Look() {
  return (
    <div class="look" role="group" aria-label="Pages">
      <span class="of-pages look">
        <button type="button" aria-label="Smaller" onClick={() => zoomBy(-1)}>
          −
        </button>
        <button type="button" aria-label="Larger" onClick={() => zoomBy(1)}>
          +
        </button>
        <Switch
          on={fit.value === "page"}
          words="Whole page"
          flip={() => {
            fit.value = fit.value === "page" ? "width" : "page";
            zoom.value = 1;
          }}
        />
        <Switch
          on={order.value}
          words="Order"
          flip={() => {
            order.value = !order.value;
          }}
        />
      </span>
      <span class="only-narrow">
        <Switch
          on={side.value === "page"}
          words="Page"
          flip={() => {
            side.value = side.value === "page" ? "text" : "page";
          }}
        />
      </span>
      <button
        type="button"
        aria-label="Keys"
        onClick={() => {
          help.value = true;
        }}
      >
        ?
      </button>
    </div>
  );
}

function Switch({ on, words, flip }: { on: boolean; words: string; flip: () => void }) {
  return (
    <button type="button" aria-pressed={on} onClick={flip}>
      {words}
    </button>
  );
}

function Exports() {
  const name = view.value?.name ?? "document";
  const count = corrections.value.length;
  const as = count ? `${name}.corrected` : name;
  return (
    <details class="menu">
      <summary>Export{count > 0 && <span class="count">{count.toLocaleString()}</span>}</summary>
      <div>
        <button type="button" onClick={() => save(`${as}.md`, markdown(), "text/markdown")}>
          Markdown
        </button>
        <button type="button" onClick={() => save(`${as}.json`, json(), "application/json")}>
          JSON
        </button>
        {count > 0 && (
          <>
            <p class="quiet">{count === 1 ? "One correction." : `${count.toLocaleString()} corrections.`}</p>
            <button type="button" onClick={() => save(`${name}.corrections.json`, JSON.stringify(corrections.value, null, 2), "application/json")}>
              Corrections alone
            </button>
            <button type="button" onClick={() => void lessons().then((lines) => save(`${name}.lessons.jsonl`, lines, "application/jsonl"))}>
              JSONL for fine-tuning
            </button>
            <button type="button" onClick={undo}>
              Undo the last one
            </button>
          </>
        )}
      </div>
    </details>
  );
}

function Help() {
  return help.value ? <Keys /> : null;
}

function Keys() {
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => place.current?.showModal(), []);
  return (
    <dialog
      ref={place}
      class="help"
      aria-labelledby="keys"
      onClose={() => {
        help.value = false;
      }}
    >
      <h2 id="keys">Keys</h2>
      <dl>
        {KEYS.map(([keys, words]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => place.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
