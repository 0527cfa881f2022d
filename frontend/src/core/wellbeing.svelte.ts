/** The hide key: Esc twice blanks the page and stops the clocks, wherever one is. */

import { untrack } from "svelte";
import type { Activity } from "./activity.svelte";

const TWICE_MS = 600;

class Wellbeing {
  hidden = $state(false);
  #last = -Infinity;

  /** Hears every key of the page; true if it was the one that hides. */
  key(event: KeyboardEvent): boolean {
    if (event.key !== "Escape") return false;
    const twice = event.timeStamp - this.#last < TWICE_MS;
    this.#last = twice ? -Infinity : event.timeStamp;
    if (twice) this.hidden = true;
    return twice;
  }

  /** Stops a clock while the page is hidden; to be called in an effect. */
  stops(activity: Activity): (() => void) | undefined {
    if (!this.hidden) return undefined;
    untrack(() => activity.note("pause"));
    return () => activity.note("resume");
  }
}

export const wellbeing = new Wellbeing();
