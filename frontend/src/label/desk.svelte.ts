/** The labelling desk: one item in front, some ready behind it, answers on their way. */

import { Activity } from "../core/activity.svelte";
import { Unreachable, api, said } from "../core/api";
import { outbox } from "../core/outbox.svelte";
import type { AnsweredItem, LabelItem, LabelNext, Verdict, Wire } from "../core/wire";

export const LABEL_CAP = 60;
const HEARTBEAT_MS = 5 * 60_000;
const RETRY_MS = 3000;
const READY = 3;

export interface Judgement {
  verdict: Verdict;
  severity: number;
  chips: string[];
  note: string;
}

export class Desk {
  items = $state.raw<LabelItem[]>([]);
  /** Of the item in front: the answer that stands, where it was opened again. */
  standing = $state.raw<AnsweredItem>();
  last = $state.raw<LabelNext>();
  problem = $state("");
  /** A sentence that passes: what was just done. */
  said = $state("");
  answered = $state(0);
  loading = $state(true);
  readonly activity = new Activity(LABEL_CAP);
  readonly #done = new Set<string>();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #asking: Promise<void> | undefined;

  get item(): LabelItem | undefined {
    return this.items[0];
  }

  /** Renews leases until what it gives back is called; then gives the items back. */
  open(): () => void {
    const stopListening = this.activity.listen();
    const timer = setInterval(() => void this.#heartbeat(), HEARTBEAT_MS);
    void this.more();
    return () => {
      stopListening();
      clearInterval(timer);
      clearTimeout(this.#retry);
      const ids = this.items.map((item) => item.id);
      // Best effort: a lease that is not given back runs out by itself.
      if (ids.length)
        void api.post("/api/label/release", { ids }, { keepalive: true, wait: false }).catch(() => undefined);
    };
  }

  more(): Promise<void> {
    this.#asking ??= this.#more().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #more(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      const next = await api.post("/api/label/next", {});
      this.problem = "";
      this.last = next;
      const here = new Set(this.items.map((item) => item.id));
      const fresh = next.items.filter((item) => !here.has(item.id) && !this.#done.has(item.id));
      this.#show([...this.items, ...fresh]);
    } catch (error) {
      this.problem = said(error);
      if (error instanceof Unreachable) this.#retry = setTimeout(() => void this.more(), RETRY_MS);
    } finally {
      this.loading = false;
    }
  }

  answer(judgement: Judgement): void {
    const item = this.item;
    if (!item || !this.last) return;
    this.activity.note("submit");
    const { verdict, severity, chips, note } = judgement;
    const body = {
      id: item.id,
      verdict,
      severity,
      chips,
      note,
      guidelines_version: this.last.guidelines_version,
      events: this.activity.events,
    };
    this.#pass("a label", "/api/label/answers", body);
    this.answered++;
    this.said = `Answered: ${verdict.toLowerCase()}. Z undoes it.`;
  }

  skip(reason: Wire<"Skip">["reason"], note = ""): void {
    const item = this.item;
    if (!item) return;
    this.#pass("a skip", "/api/label/skips", { id: item.id, reason, note });
    this.said = "Skipped: it goes to others.";
  }

  reportGap(note: string): void {
    const item = this.item;
    if (!item) return;
    void outbox
      .add("a gap in the guidelines", "/api/label/gaps", { id: item.id, note })
      .catch(() => undefined);
    this.said = "Reported: an adjudicator will see it. Your own answer is still wanted.";
  }

  /** Opens one of the last answers again; without an id the last. */
  async undo(id?: string): Promise<void> {
    await outbox.flush();
    if (outbox.waiting.length) {
      this.said = "Not sent yet: undo works once the connection is back.";
      return;
    }
    try {
      const { answered } = await api.post("/api/label/undo", { id: id ?? null });
      this.#done.delete(answered.item.id);
      this.standing = answered;
      this.#show([answered.item, ...this.items.filter((item) => item.id !== answered.item.id)]);
      this.said = `Open again. Until you answer anew, "${answered.verdict.toLowerCase()}" stands.`;
    } catch (error) {
      this.said = said(error);
    }
  }

  /** Leaves an answer that was opened again as it stands. */
  leaveStanding(): void {
    if (!this.standing) return;
    this.#done.add(this.standing.item.id);
    this.#show(this.items.slice(1));
    this.said = "Left as it was.";
    void this.more();
  }

  #pass(name: string, path: string, body: Record<string, unknown> & { id: string }): void {
    this.#done.add(body.id);
    const sent = outbox.add(name, path, body);
    this.#show(this.items.slice(1));
    if (this.items.length < READY) {
      sent.then(
        () => this.more(),
        () => this.more(),
      );
    }
  }

  #show(items: LabelItem[]): void {
    const before = this.item?.id;
    this.items = items;
    if (this.standing && this.standing.item.id !== this.item?.id) this.standing = undefined;
    if (this.item && this.item.id !== before) this.activity.restart(0);
  }

  async #heartbeat(): Promise<void> {
    const ids = this.items.map((item) => item.id);
    if (ids.length && !this.activity.idle && !this.activity.paused) {
      await api.post("/api/label/heartbeat", { ids }).catch(() => undefined);
    }
  }
}
