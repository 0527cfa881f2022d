/** The one door to the server: typed by the contract, with problems as one kind of error. */

import type { paths } from "../api.gen";
import { clock } from "./format";
import type { Problem } from "./wire";

type Method = "get" | "post" | "put" | "patch" | "delete";
type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P][M];
export type Answer<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: { 200: { content: { "application/json": infer R } } } } ? R : never;
export type Body<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;

export interface Options {
  /** Values for the names in braces of the path. */
  at?: Record<string, string | number>;
  query?: Record<string, string | number>;
  signal?: AbortSignal;
  /** Outlives the page: for the last events of a clock. */
  keepalive?: boolean;
  /** Whether a 401 may open the sign-in over the page and send again after it. */
  wait?: boolean;
}

/** The server said no, in its own words. */
export class Refusal extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(
      [problem.found, problem.expected && `expected ${problem.expected}`, problem.do]
        .filter(Boolean)
        .join("; "),
    );
    this.status = status;
    this.problem = problem;
  }

  /** Worth sending again later, as it is. */
  get passing(): boolean {
    return this.status === 429 || this.status >= 500;
  }

  get retryMs(): number {
    return 1000 * (this.problem.retry_after ?? 1);
  }
}

/** Nobody answered. */
export class Unreachable extends Error {
  constructor() {
    super("the server cannot be reached");
  }
}

/** Asks again as long as the server says that it is busy, in words that `told` hears. */
export async function patiently<T>(
  ask: () => Promise<T>,
  told: (words: string) => void,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refusal) || error.problem.error !== "busy") throw error;
      told(said(error));
      await new Promise((resolve) => setTimeout(resolve, error.retryMs));
      signal.throwIfAborted();
    }
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** What a person should read of any error. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

let signInAgain: (() => Promise<void>) | undefined;

/** Names what is done when a session has ended in mid-work: it resolves once somebody is signed in again. */
export function onSignedOut(handler: () => Promise<void>): void {
  signInAgain = handler;
}

function address(path: string, options: Options): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(options.at?.[name])),
  );
  const query = new URLSearchParams(
    Object.entries(options.query ?? {}).map(([name, value]) => [name, String(value)] as [string, string]),
  );
  return query.size ? `${filled}?${query}` : filled;
}

async function problemOf(response: Response): Promise<Problem> {
  const empty = { expected: "", do: "", fields: [], retry_after: null };
  try {
    const body = (await response.json()) as Partial<Problem>;
    if (typeof body.error === "string" && typeof body.found === "string") {
      return { ...empty, error: body.error, found: body.found, ...body };
    }
  } catch {
    // Not ours: something between here and the server answered.
  }
  return { ...empty, error: "failed", found: `the server answered ${response.status}` };
}

/** One request, untyped: what the outbox sends; pages use `api`. Raises Refusal, Unreachable or an abort. */
export async function send(
  method: Method,
  path: string,
  body: unknown,
  options: Options = {},
): Promise<unknown> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "get") headers["X-Holdfast"] = "1";
  if (method !== "get" && method !== "delete") headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(address(path, options), {
      method: method.toUpperCase(),
      headers,
      body: headers["Content-Type"] ? JSON.stringify(body ?? {}) : null,
      signal: options.signal ?? null,
      keepalive: options.keepalive ?? false,
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Unreachable();
  }
  const date = Date.parse(response.headers.get("date") ?? "");
  if (date) clock.ahead = Date.now() - date;
  if (response.ok) return (await response.json()) as unknown;
  const refusal = new Refusal(response.status, await problemOf(response));
  if (
    refusal.status === 401 &&
    refusal.problem.error === "signed_out" &&
    options.wait !== false &&
    signInAgain
  ) {
    await signInAgain();
    options.signal?.throwIfAborted();
    return send(method, path, body, { ...options, wait: false });
  }
  throw refusal;
}

export const api = {
  get: <P extends PathOf<"get">>(path: P, options?: Options) =>
    send("get", path, undefined, options) as Promise<Answer<P, "get">>,
  post: <P extends PathOf<"post">>(path: P, body: Body<P, "post">, options?: Options) =>
    send("post", path, body, options) as Promise<Answer<P, "post">>,
  put: <P extends PathOf<"put">>(path: P, body: Body<P, "put">, options?: Options) =>
    send("put", path, body, options) as Promise<Answer<P, "put">>,
  patch: <P extends PathOf<"patch">>(path: P, body: Body<P, "patch">, options?: Options) =>
    send("patch", path, body, options) as Promise<Answer<P, "patch">>,
  delete: <P extends PathOf<"delete">>(path: P, options?: Options) =>
    send("delete", path, undefined, options) as Promise<Answer<P, "delete">>,
};
