/** Jobs as they go on: events from the server, and after a refusal (a session that ended) the list once more. */

import { api } from "../core/api";
import type { Wire } from "../core/wire";

const AGAIN_MS = 4000;

export class Jobs {
  now = $state.raw<Wire<"JobsOut">>();
  live = $state(false);
  #stopped = false;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  follow(): () => void {
    this.#open();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
      this.#source?.close();
    };
  }

  #open(): void {
    const source = (this.#source = new EventSource("/api/jobs/stream"));
    source.addEventListener("open", () => (this.live = true));
    source.addEventListener("jobs", (event: MessageEvent<string>) => {
      this.live = true;
      this.now = JSON.parse(event.data) as Wire<"JobsOut">;
    });
    source.addEventListener("error", () => {
      this.live = false;
      if (source.readyState === EventSource.CLOSED && !this.#stopped) {
        this.#timer = setTimeout(() => void this.#again(), AGAIN_MS);
      }
    });
  }

  /** Asks plainly, which opens the sign-in where that is what is wrong. */
  async #again(): Promise<void> {
    try {
      this.now = await api.get("/api/jobs");
    } catch {
      // Tried again with the stream.
    }
    if (!this.#stopped) this.#open();
  }
}
