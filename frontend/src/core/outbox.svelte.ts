/**
 * Deeds on their way to the server. Each has an id made here and stays in this browser's storage until the
 * server has it, so that neither a lost connection nor a reload loses or doubles any.
 */

import { clientId } from "./client_id";
import { Refusal, Unreachable, said, send } from "./api";
import { forget, keep, kept, keysUnder } from "./storage";

export interface Deed {
  id: string;
  /** In words, for the list of what is not sent. */
  name: string;
  path: string;
  at: Record<string, string | number>;
  body: Record<string, unknown>;
  made: number;
}

interface Refused {
  deed: Deed;
  why: string;
}

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

export class Outbox {
  waiting = $state<Deed[]>([]);
  refused = $state<Refused[]>([]);
  /** The last try failed; the next one is on its way. */
  stuck = $state(false);
  #owner = "";
  #sending = false;
  #wait = FIRST_WAIT;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #callers = new Map<
    string,
    { resolve: (value: unknown) => void; reject: (error: unknown) => void }
  >();
  readonly #send: typeof send;

  constructor(through: typeof send = send) {
    this.#send = through;
  }

  /** Whose deeds these are: what somebody else left in this browser stays theirs. */
  own(pseudonym: string): void {
    if (this.#owner === pseudonym) return;
    this.#owner = pseudonym;
    const found = keysUnder(`outbox.${pseudonym}.`)
      .map((key) => kept<Deed>(key))
      .filter((deed): deed is Deed => deed !== undefined);
    this.waiting = found.sort((a, b) => a.made - b.made);
  }

  /** Puts a deed in; resolves with the server's answer, rejects if it is refused for good. */
  add(
    name: string,
    path: string,
    body: Record<string, unknown>,
    at: Record<string, string | number> = {},
  ): Promise<unknown> {
    const id = clientId();
    const deed: Deed = { id, name, path, at, body: { ...body, client_id: id }, made: Date.now() };
    keep(this.#key(deed), deed);
    this.waiting.push(deed);
    const answer = new Promise((resolve, reject) => this.#callers.set(id, { resolve, reject }));
    void this.flush();
    return answer;
  }

  /** Sends what waits, oldest first, one at a time. */
  async flush(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    clearTimeout(this.#timer);
    try {
      while (this.waiting.length) {
        if (!(await this.#sendFirst())) return;
      }
    } finally {
      this.#sending = false;
    }
  }

  /** The first deed is gone from the box afterwards (true), or waits for a better moment (false). */
  async #sendFirst(): Promise<boolean> {
    const deed = this.waiting[0]!;
    try {
      const answer = await this.#send("post", deed.path, deed.body, { at: deed.at });
      this.#remove(deed);
      this.#callers.get(deed.id)?.resolve(answer);
    } catch (error) {
      if (
        error instanceof Unreachable ||
        (error instanceof Refusal && (error.passing || error.status === 401))
      ) {
        this.#later(error instanceof Refusal && error.status === 429 ? error.retryMs : this.#wait);
        return false;
      }
      this.#remove(deed);
      this.refused.push({ deed, why: said(error) });
      this.#callers.get(deed.id)?.reject(error);
    }
    this.#callers.delete(deed.id);
    this.#wait = FIRST_WAIT;
    this.stuck = false;
    return true;
  }

  dismiss(): void {
    this.refused = [];
  }

  #later(ms: number): void {
    this.stuck = true;
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    this.#timer = setTimeout(() => void this.flush(), ms);
  }

  #remove(deed: Deed): void {
    this.waiting = this.waiting.filter((one) => one.id !== deed.id);
    forget(this.#key(deed));
  }

  #key(deed: Deed): string {
    return `outbox.${this.#owner}.${deed.id}`;
  }
}

export const outbox = new Outbox();
