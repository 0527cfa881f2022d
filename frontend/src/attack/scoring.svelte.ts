/**
 * The live score. Each change of the text is scored after a short rest; a request that a newer one overtakes is
 * aborted, and an answer that comes all the same is dropped by its number. The old score stays until a new one
 * is there: it is stale, never blank.
 */

import { Refusal, Unreachable, api, isAbort, said } from "../core/api";
import type { Score } from "../core/wire";

export const REST_MS = 120;
const RECONNECT_MS = 2500;

export interface Pair {
  prompt: string;
  completion: string;
}

type Ask = (seq: number, text: Pair, signal: AbortSignal) => Promise<Score>;

export class Scoring {
  last = $state.raw<Score>();
  /** The text that `last` is of. */
  of = $state.raw<Pair>();
  /** A change has not been scored yet. */
  stale = $state(true);
  offline = $state(false);
  /** Why the text as it stands has no score, in the server's words. */
  problem = $state("");
  #seq: number;
  #text: Pair | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flight: AbortController | undefined;
  readonly #ask: Ask;
  readonly #scored: (text: Pair, score: Score) => void;

  constructor(nextSeq: number, ask: Ask, scored: (text: Pair, score: Score) => void) {
    this.#seq = nextSeq;
    this.#ask = ask;
    this.#scored = scored;
  }

  /** The score of a text as it stands is known already. */
  known(text: Pair, score: Score): void {
    this.#text = this.of = text;
    this.last = score;
    this.stale = false;
  }

  /** The text has changed; `rest` ms later it is scored, unless it changes again. */
  changed(text: Pair, rest = REST_MS): void {
    this.#text = text;
    this.stale = true;
    this.#later(rest);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#flight?.abort();
  }

  /** Ask again now, if something is left to ask. */
  retry(): void {
    if (this.stale && this.#text) this.#later(0);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#score(), ms);
  }

  async #score(): Promise<void> {
    const text = this.#text!;
    this.#flight?.abort();
    const flight = (this.#flight = new AbortController());
    const seq = this.#seq++;
    try {
      const score = await this.#ask(seq, text, flight.signal);
      if (flight.signal.aborted || score.superseded) return;
      this.offline = false;
      this.problem = "";
      this.last = score;
      this.of = text;
      this.stale = this.#text !== text;
      this.#scored(text, score);
    } catch (error) {
      if (isAbort(error) || flight.signal.aborted) return;
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (error instanceof Unreachable) {
      this.offline = true;
      this.#later(RECONNECT_MS);
    } else if (error instanceof Refusal && error.passing) {
      this.#later(error.retryMs);
    } else {
      this.problem = said(error);
    }
  }
}

/** The score of a session's text, through the contract. */
export function asking(session: number): Ask {
  return (seq, text, signal) =>
    api.post("/api/attack/sessions/{id}/score", { seq, ...text }, { at: { id: session }, signal });
}
