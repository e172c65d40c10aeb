// The server's page: documents go in here, their jobs are listed, one is opened in the viewer.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { App } from "./app";
import { save } from "./exports";
import {
  cancel,
  canRunAgain,
  close,
  compare,
  complaint,
  desk,
  forget,
  jobs,
  keepListed,
  type Knob,
  list,
  nameOf,
  open,
  opened,
  options,
  optionsOf,
  runAgain,
  saveAsFile,
  sendFiles,
  sendUrl,
  titleOf,
} from "./jobs";
import { ENDS, type Job, refused, takeKey } from "./server";
import { announced, view } from "./state";

export function Desk() {
  const over = useDropping();
  useEffect(keepListed, []);
  if (opened.value && view.value) return <App before={<Back />} beside={<Running job={opened.value} />} />;
  return (
    <div class={`desk ${over ? "over" : ""}`}>
      <header>
        <h1>Octavo</h1>
        <p class="quiet">PDFs and page images into structured documents. What could not be read is part of the result.</p>
      </header>
      <main>
        <KeyWanted />
        <Complaint />
        <Giving />
        <Options />
        <History />
      </main>
      <p class="said" role="status">
        {announced.value}
      </p>
    </div>
  );
}

function Back() {
  return (
    <button type="button" onClick={close}>
      ← Documents
    </button>
  );
}

function Complaint() {
  return complaint.value ? (
    <p class="loss" role="alert">
      {complaint.value}
    </p>
  ) : null;
}

function KeyWanted() {
  const field = useRef<HTMLInputElement>(null);
  if (!refused.value) return null;
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        takeKey(field.current?.value.trim() ?? "");
      }}
    >
      <label>
        This server wants a key <input ref={field} type="password" autocomplete="off" required />
      </label>
      <button type="submit">Use it</button>
    </form>
  );
}

// --- given ---------------------------------------------------------------------------------------------------------

const asOne = { pages: false };

/** Files dropped anywhere on the page, or pasted: pictures, files, an address. */
function useDropping(): boolean {
  const over = useSignal(false);
  useEffect(() => {
    const listeners: [string, (event: Event) => void][] = [
      [
        "dragover",
        (event) => {
          event.preventDefault();
          over.value = true;
        },
      ],
      [
        "dragleave",
        (event) => {
          if ((event as DragEvent).relatedTarget === null) over.value = false;
        },
      ],
      [
        "drop",
        (event) => {
          event.preventDefault();
          over.value = false;
          take((event as DragEvent).dataTransfer);
        },
      ],
      [
        "paste",
        (event) => {
          if (!(event.target as Element).closest?.("input, textarea, [contenteditable]")) take((event as ClipboardEvent).clipboardData);
        },
      ],
    ];
    for (const [name, listener] of listeners) addEventListener(name, listener);
    return () => {
      for (const [name, listener] of listeners) removeEventListener(name, listener);
    };
  }, []);
  return over.value;
}

function take(given: DataTransfer | null): void {
  const files = [...(given?.files ?? [])];
  const text = given?.getData("text/plain").trim() ?? "";
  if (files.length) void sendFiles(files, asOne.pages);
  else if (/^https?:\/\/\S+$/.test(text)) void sendUrl(text);
}

function Giving() {
  const files = useRef<HTMLInputElement>(null);
  const url = useRef<HTMLInputElement>(null);
  return (
    <section class="giving" aria-labelledby="give">
      <h2 id="give">Read a document</h2>
      <p>
        <label class="pick">
          Choose files
          <input
            ref={files}
            type="file"
            multiple
            accept="application/pdf,image/*"
            onChange={() => {
              void sendFiles([...(files.current?.files ?? [])], asOne.pages);
              if (files.current) files.current.value = "";
            }}
          />
        </label>{" "}
        or drop them here, or paste a picture or an address.
      </p>
      <p>
        <label>
          <input
            type="checkbox"
            onChange={(event) => {
              asOne.pages = event.currentTarget.checked;
            }}
          />{" "}
          Several files are the pages of one document
        </label>
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (url.current?.value) void sendUrl(url.current.value);
        }}
      >
        <label>
          Address <input ref={url} type="url" required placeholder="https://" />
        </label>
        <button type="submit">Read it</button>
      </form>
    </section>
  );
}

function Options({ within = "desk" }: { within?: string }) {
  const count = Object.keys(options.value).length;
  const groups = Map.groupBy(desk.value.knobs, (knob) => knob.group);
  const title = desk.value.knobs[0]?.group ?? "";
  const first = groups.get(title) ?? [];
  groups.delete(title);
  return (
    <details class="options">
      <summary>
        Options{count > 0 && <span class="count">{count.toLocaleString()}</span>}
      </summary>
      <form onSubmit={(event) => event.preventDefault()}>
        <Group knobs={first} within={within} />
        {[...groups].map(([title, of]) => (
          <details key={title}>
            <summary>{title}</summary>
            <Group knobs={of} within={within} />
          </details>
        ))}
      </form>
    </details>
  );
}

function Group({ knobs: shown, within }: { knobs: Knob[]; within: string }) {
  return (
    <dl>
      {shown.map((knob) => (
        <div key={knob.name}>
          <dt>
            <label for={`${within}-${knob.name}`}>{knob.name.replaceAll("_", " ")}</label>
            <Field knob={knob} within={within} />
          </dt>
          <dd id={`${within}-${knob.name}-help`}>{knob.help}</dd>
        </div>
      ))}
    </dl>
  );
}

function Field({ knob, within }: { knob: Knob; within: string }) {
  const set = (value: string) => {
    const { [knob.name]: _, ...others } = options.value;
    options.value = value === knob.default ? others : { ...others, [knob.name]: value };
  };
  const shared = { id: `${within}-${knob.name}`, "aria-describedby": `${within}-${knob.name}-help` };
  const value = options.value[knob.name] ?? knob.default;
  if (knob.kind === "choice" || knob.kind === "switch")
    return (
      <select {...shared} value={value} onChange={(event) => set(event.currentTarget.value)}>
        {knob.choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  const kind = knob.name === "password" ? "password" : knob.kind === "number" ? "number" : "text";
  return <input {...shared} type={kind as "text"} value={value} autocomplete="off" onChange={(event) => set(event.currentTarget.value)} />;
}

// --- jobs ----------------------------------------------------------------------------------------------------------

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function History() {
  return (
    <section aria-labelledby="jobs">
      <h2 id="jobs">
        Documents{" "}
        <button type="button" onClick={() => void list()}>
          Look again
        </button>
      </h2>
      {jobs.value.length ? (
        <ul class="jobs">
          {jobs.value.map((job) => (
            <Row key={job.id} job={job} />
          ))}
        </ul>
      ) : (
        <p class="quiet">None yet.</p>
      )}
    </section>
  );
}

function Row({ job }: { job: Job }) {
  const chosen = Object.entries(optionsOf(job.id)).map(([name, value]) => `${name} ${name === "password" ? "given" : value}`);
  const over = ENDS.has(job.status);
  return (
    <li class="card">
      <button type="button" class="link" onClick={() => void open(job.id)}>
        {nameOf(job.id)}
      </button>
      <span class={`chip ${{ success: "well", partial: "lost", error: "lost" }[job.status as string] ?? ""}`}>{job.status}</span>
      <Progress job={job} />
      <time dateTime={job.created_at}>{WHEN.format(new Date(job.created_at))}</time>
      {chosen.length > 0 && <span class="quiet">{chosen.join(", ")}</span>}
      <span class="buttons">
        {!over && <Stop job={job.id} />}
        {over && canRunAgain(job.id) && (
          <button type="button" onClick={() => void runAgain(job.id)}>
            Run again
          </button>
        )}
        <button type="button" aria-label={`Delete ${nameOf(job.id)}`} onClick={() => void forget(job.id)}>
          Delete
        </button>
      </span>
      {job.error_details && <p class="loss">{job.error_details.message}</p>}
    </li>
  );
}

function Stop({ job }: { job: string }) {
  return (
    <button type="button" onClick={() => void cancel(job)}>
      Cancel
    </button>
  );
}

function Progress({ job }: { job: Job }) {
  const { done, selected } = job.pages;
  const words = selected === null ? `${done.toLocaleString()} pages` : `${done.toLocaleString()} of ${selected.toLocaleString()} pages`;
  return (
    <span class="progress">
      {!ENDS.has(job.status) && <progress aria-label="Pages read" max={selected ?? 1} value={selected === null ? undefined : done} />}
      {job.ahead ? `${job.ahead.toLocaleString()} before it` : words}
    </span>
  );
}

/** In the viewer: how far the job is, and what may be done with it. */
function Running({ job }: { job: string }) {
  const found = jobs.value.find((each) => each.id === job);
  if (!found) return null;
  const over = ENDS.has(found.status);
  const others = jobs.value.filter((each) => each.id !== job && (each.status === "success" || each.status === "partial"));
  return (
    <>
      {!over && <Progress job={found} />}
      {!over && <Stop job={job} />}
      {complaint.value && <span class="chip lost" role="alert">{complaint.value}</span>}
      {found.error_details && <span class="chip lost">{found.error_details.message}</span>}
      {over && (
        <details class="menu">
          <summary>Document</summary>
          <div>
            <button type="button" onClick={() => void saveAsFile(job).then((page) => save(`${titleOf(job)}.page.html`, page, "text/html"))}>
              Save as one file
            </button>
            {canRunAgain(job) && (
              <>
                <Options within="again" />
                <button type="button" onClick={() => void runAgain(job)}>
                  Run again
                </button>
              </>
            )}
            {others.length > 0 && (
              <label>
                Compare with{" "}
                <select
                  onChange={(event) => {
                    if (event.currentTarget.value) void compare(job, event.currentTarget.value);
                  }}
                >
                  <option value="">…</option>
                  {others.map((each) => (
                    <option key={each.id} value={each.id}>
                      {nameOf(each.id)}, {WHEN.format(new Date(each.created_at))}
                    </option>
                  ))}
                </select>
              </label>
            )}
          </div>
        </details>
      )}
    </>
  );
}
