/** One session of attack as the page holds it: the text, its score, its map, its history and its clock. */

import { api, isAbort, said } from "../core/api";
import { Activity } from "../core/activity.svelte";
import { outbox } from "../core/outbox.svelte";
import { replacePoints } from "../core/offsets";
import { forget, keep, kept } from "../core/storage";
import type { AttackState, Clock, MenuEdit, Score, Step, Submission } from "../core/wire";
import type { Heat, Side } from "../core/words";
import { Scoring, asking, type Pair } from "./scoring.svelte";

const SALIENCY_REST_MS = 400;
const EVENTS_MS = 10_000;
const BATCH = 500;

export class Bench {
  readonly start: AttackState;
  prompt = $state("");
  completion = $state("");
  heat = $state.raw<Heat[]>([]);
  /** The text that the map is of. */
  heatOf = $state.raw<Pair>();
  showHeat = $state(true);
  steps = $state.raw<Step[]>([]);
  /** An edit shown in place before it is chosen. */
  preview = $state.raw<MenuEdit>();
  problem = $state("");
  claimed = $state(0);
  readonly scoring: Scoring;
  readonly activity: Activity;
  #mapTimer: ReturnType<typeof setTimeout> | undefined;
  #mapFlight: AbortController | undefined;
  #sendingEvents: Promise<void> | undefined;
  readonly #draftKey: string;

  constructor(state: AttackState, owner: string) {
    this.start = state;
    this.#draftKey = `draft.${owner}.${state.id}`;
    const text = kept<Pair>(this.#draftKey) ?? state.last ?? state;
    this.prompt = text.prompt;
    this.completion = text.completion;
    this.scoring = new Scoring(state.next_seq, asking(state.id), (of, score) => this.#scored(of, score));
    this.activity = new Activity(state.clock.cap_seconds);
    this.activity.restart(state.clock.next_number, state.clock.active_seconds);
    this.claimed = state.clock.claimed_seconds;
    void this.#loadHistory();
    const { last } = state;
    if (last && same(last, this.text)) {
      this.scoring.known(this.text, { ...last, seq: state.next_seq - 1, superseded: false });
      this.#mapLater(0);
    } else {
      this.scoring.changed(this.text, 0);
    }
  }

  get id(): number {
    return this.start.id;
  }

  get text(): Pair {
    return { prompt: this.prompt, completion: this.completion };
  }

  /** As it is shown: with the edit that is looked at. */
  readonly shown: Pair = $derived(this.preview ? edited(this.text, this.preview) : this.text);

  /** Listens to the page; what it gives back ends that. */
  listen(): () => void {
    const stopListening = this.activity.listen();
    const timer = setInterval(() => void this.sendEvents(), EVENTS_MS);
    const hidden = () => {
      if (document.visibilityState === "hidden") void this.sendEvents(true);
    };
    const back = () => this.scoring.retry();
    document.addEventListener("visibilitychange", hidden);
    addEventListener("online", back);
    return () => {
      stopListening();
      clearInterval(timer);
      clearTimeout(this.#mapTimer);
      document.removeEventListener("visibilitychange", hidden);
      removeEventListener("online", back);
      this.scoring.stop();
      this.#mapFlight?.abort();
      this.activity.note("hidden");
      void this.sendEvents(true);
    };
  }

  /** The person changed the text. */
  set(text: Pair, rest?: number): void {
    this.preview = undefined;
    if (same(text, this.text)) return;
    this.prompt = text.prompt;
    this.completion = text.completion;
    keep(this.#draftKey, text);
    this.scoring.changed(text, rest);
  }

  apply(edit: MenuEdit): void {
    this.activity.note("click");
    this.set(edited(this.text, edit), 0);
  }

  toggleHeat(): void {
    this.showHeat = !this.showHeat;
    if (this.showHeat) this.#mapLater(0);
  }

  #scored(of: Pair, score: Score): void {
    this.activity.note("score");
    this.#mapLater(SALIENCY_REST_MS);
    if (score.number < 0 || this.steps.some((step) => step.number === score.number)) return;
    const { number, accepted, queries } = score;
    this.steps = [
      ...this.steps,
      { number, ...of, score: score.score, accepted, queries, seconds: this.activity.seconds },
    ];
  }

  #mapLater(ms: number): void {
    clearTimeout(this.#mapTimer);
    this.#mapFlight?.abort();
    if (!this.start.tools || !this.showHeat) return;
    this.#mapTimer = setTimeout(() => void this.#map(), ms);
  }

  async #map(): Promise<void> {
    const text = this.text;
    const flight = (this.#mapFlight = new AbortController());
    try {
      const answer = await api.post(
        "/api/attack/sessions/{id}/saliency",
        { ...text, method: null },
        { at: { id: this.id }, signal: flight.signal },
      );
      this.heat = answer.words;
      this.heatOf = text;
    } catch (error) {
      // The map is a help: without it work goes on, and the next rest asks again.
      if (!isAbort(error)) this.heatOf = undefined;
    }
  }

  async #loadHistory(): Promise<void> {
    try {
      const found = await api.get("/api/attack/sessions/{id}/history", { at: { id: this.id } });
      const known = new Set(found.map((step) => step.number));
      this.steps = [...found, ...this.steps.filter((step) => !known.has(step.number))];
    } catch (error) {
      this.problem = `history: ${said(error)}`;
    }
  }

  /** Sends the clock's events; those that do not arrive go with the next batch. */
  sendEvents(leaving = false): Promise<void> {
    this.#sendingEvents ??= this.#sendEvents(leaving).finally(() => (this.#sendingEvents = undefined));
    return this.#sendingEvents;
  }

  async #sendEvents(leaving: boolean): Promise<void> {
    const batch = this.activity.events.slice(0, BATCH);
    if (!batch.length) return;
    try {
      const clock = await api.post(
        "/api/attack/sessions/{id}/events",
        { events: batch },
        { at: { id: this.id }, keepalive: leaving, wait: !leaving },
      );
      const last = batch.at(-1)!.number;
      this.activity.events = this.activity.events.filter((event) => event.number > last);
      this.#clock(clock);
    } catch {
      // Kept; sent again in ten seconds.
    }
  }

  #clock(clock: Clock): void {
    this.claimed = clock.claimed_seconds;
    if (!this.activity.events.length) this.activity.correct(clock.active_seconds);
  }

  async claim(seconds: number): Promise<void> {
    await this.sendEvents();
    const clock = (await outbox.add(
      "claimed thinking time",
      "/api/attack/sessions/{id}/claim",
      { seconds },
      { id: this.id },
    )) as Clock;
    this.#clock(clock);
  }

  /** Hands the find in; the session is over when this resolves. */
  async submit(note: string, strategies: string[]): Promise<Submission> {
    this.activity.note("submit");
    await this.sendEvents();
    const body = { ...this.text, confirmed: true, note, strategies };
    const found = await outbox.add("a find", "/api/attack/sessions/{id}/submit", body, { id: this.id });
    forget(this.#draftKey);
    return found as Submission;
  }

  async giveUp(): Promise<void> {
    this.activity.note("submit");
    await this.sendEvents();
    await outbox.add("end of a session", "/api/attack/sessions/{id}/end", {}, { id: this.id });
    forget(this.#draftKey);
  }
}

function same(a: Pair, b: Pair): boolean {
  return a.prompt === b.prompt && a.completion === b.completion;
}

export function edited(text: Pair, edit: { side: Side; start: number; stop: number; new: string }): Pair {
  return { ...text, [edit.side]: replacePoints(text[edit.side], edit.start, edit.stop, edit.new) };
}
