// The server the page came from: its routes under /v1, and the key it wants.

import { signal } from "@preact/signals";

export const key = signal(sessionStorage.getItem("octavo:key") ?? ""); // of this tab alone, and gone with it
export const refused = signal(false); // whether the server wants another key

export interface Job {
  id: string;
  status: "queued" | "running" | "success" | "partial" | "error" | "cancelled";
  created_at: string;
  pages: { selected: number | null; done: number };
  cached: boolean;
  ahead: number | null;
  error_details: { code: string; message: string } | null;
}

export class Refusal extends Error {}

export function takeKey(value: string): void {
  key.value = value;
  refused.value = false;
  sessionStorage.setItem("octavo:key", value);
}

/** An answer, or the server's own words for why there is none. */
export async function ask(path: string, more: RequestInit = {}): Promise<Response> {
  const headers = new Headers(more.headers);
  if (key.value) headers.set("Authorization", `Bearer ${key.value}`);
  let answer: Response;
  try {
    answer = await fetch(path, { ...more, headers });
  } catch (broken) {
    if (more.signal?.aborted) throw broken;
    throw new Refusal("the server does not answer");
  }
  if (answer.status === 401) refused.value = true;
  if (!answer.ok) throw new Refusal(await wordsOf(answer));
  return answer;
}

async function wordsOf(answer: Response): Promise<string> {
  try {
    const said = (await answer.json()) as { error_details?: { message: string }; error?: string };
    return said.error_details?.message ?? said.error ?? `status ${answer.status}`;
  } catch {
    return `status ${answer.status}`;
  }
}

export async function json<T>(path: string, more: RequestInit = {}): Promise<T> {
  return (await (await ask(path, more)).json()) as T;
}

export interface Happened {
  kind: string;
  data: { page?: number; error_details?: { message: string } };
}

/** What happens to a job, until it has ended. A stream that breaks off is taken up where it was. */
export async function* events(job: string, stop: AbortSignal): AsyncGenerator<Happened> {
  let after = 0;
  for (let tries = 0; tries < 20; tries++) {
    try {
      const answer = await ask(`/v1/jobs/${job}/events?after=${after}`, { signal: stop });
      const lines = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let piece = await lines?.read(); piece && !piece.done; piece = await lines?.read()) {
        const whole = (text + piece.value).split("\n\n");
        text = whole.pop() ?? "";
        for (const event of whole) {
          const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(event)?.[1];
          const kind = field("event");
          if (kind === undefined) continue;
          after = Number(field("id"));
          tries = 0;
          yield { kind, data: JSON.parse(field("data") ?? "{}") as Happened["data"] };
          if (ENDS.has(kind)) return;
        }
      }
    } catch (error) {
      if (stop.aborted || error instanceof Refusal) throw error;
    }
    await new Promise((again) => setTimeout(again, 500 * (tries + 1)));
  }
  throw new Refusal("the server does not answer");
}

export const ENDS = new Set(["success", "partial", "error", "cancelled"]);
