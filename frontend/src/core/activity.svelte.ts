/**
 * What the server counts active time from: numbered events without content. The same rule is followed here only
 * to show a running clock; what counts is the server's.
 */

import type { EventKind, PageEvent } from "./wire";

/** Of frequent kinds one event in so many milliseconds is enough: gaps are counted, not events. */
const SPARSE_MS = 2000;
const TICK_MS = 1000;

export class Activity {
  /** Seconds counted, with the running gap. */
  seconds = $state(0);
  /** No sign of work for as long as a gap may count. */
  idle = $state(false);
  /** Seconds since the last sign of work; runs on while idle. */
  gap = $state(0);
  paused = $state(false);
  events: PageEvent[] = [];
  next = 0;
  #away = false;
  #counted = 0;
  #last: number | undefined;
  readonly #cap: number;
  readonly #now: () => number;

  constructor(cap: number, now: () => number = () => performance.now()) {
    this.#cap = cap;
    this.#now = now;
  }

  /** Begins anew: events are numbered from `next`, `counted` seconds are there already. */
  restart(next = 0, counted = 0, paused = false): void {
    this.events = [];
    this.next = next;
    this.#counted = counted;
    this.#last = undefined;
    this.#away = false;
    this.idle = false;
    this.note("open");
    if (paused) this.note("pause");
  }

  note(kind: EventKind): void {
    if (this.idle && kind !== "pause" && kind !== "resume" && kind !== "hidden" && kind !== "open") return;
    if (this.paused && kind !== "resume" && kind !== "open" && kind !== "submit") return;
    const now = this.#now();
    const frequent = kind === "key" || kind === "scroll" || kind === "click" || kind === "score";
    const running = !this.#away && this.#last !== undefined;
    if (frequent && running && now - this.#last! < SPARSE_MS) return;
    if (running && !this.paused) this.#counted += Math.min((now - this.#last!) / 1000, this.#cap);
    if (kind === "pause") this.paused = true;
    if (kind === "resume" || kind === "open") this.paused = false;
    if (kind === "pause" || kind === "resume") this.idle = false;
    this.#away = kind === "hidden" || kind === "blur";
    this.#last = now;
    this.events.push({ number: this.next++, kind, at_ms: now });
    this.tick();
  }

  /** The running clock; called every second. */
  tick(): void {
    const running = this.#last !== undefined && !this.paused && !this.#away;
    this.gap = running ? (this.#now() - this.#last!) / 1000 : 0;
    if (running && this.gap >= this.#cap) this.idle = true;
    this.seconds = this.#counted + Math.min(this.gap, this.#cap);
  }

  /** Takes the server's count over: it has everything up to the last event. */
  correct(seconds: number): void {
    this.#counted = seconds;
    this.tick();
  }

  /** Listens to the page until the function that it gives back is called. */
  listen(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const on = (name: string, kind: EventKind) =>
      addEventListener(name, () => this.note(kind), { signal, passive: true, capture: true });
    on("keydown", "key");
    on("pointerdown", "click");
    on("scroll", "scroll");
    addEventListener("focus", (event) => event.target === window && this.note("focus"), { signal });
    on("pagehide", "hidden");
    document.addEventListener(
      "visibilitychange",
      () => this.note(document.visibilityState === "hidden" ? "hidden" : "focus"),
      { signal },
    );
    addEventListener("blur", (event) => event.target === window && this.note("blur"), { signal });
    const timer = setInterval(() => this.tick(), TICK_MS);
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }
}
