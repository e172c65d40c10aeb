// What stands in the page beside its script: data, which nothing runs.

function part(id: string): string | null {
  return document.getElementById(id)?.textContent ?? null;
}

/** A part that is JSON; null where the page has none of that name. */
export function json<T>(id: string): T | null {
  const text = part(id);
  return text === null ? null : (JSON.parse(text) as T);
}

/** A picture of a page that lies in the file. */
export async function picture(page: number): Promise<string | null> {
  const data = part(`picture-${page}`);
  return data === null ? null : `data:image/jpeg;base64,${data}`;
}
