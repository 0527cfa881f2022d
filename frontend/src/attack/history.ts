/** The rail of scored versions: bursts of typing collapsed into their last version, the best always kept. */

import type { Step } from "../core/wire";

export interface Entry {
  step: Step;
  /** Versions that it stands for. */
  of: number;
  best: boolean;
}

/** Seconds without a new version that end a burst. */
export const BURST = 4;

/** Number of the step with the lowest score; undefined without any score. */
export function bestOf(steps: readonly Step[]): number | undefined {
  let best: Step | undefined;
  for (const step of steps) {
    if (step.score !== null && (best?.score == null || step.score < best.score)) best = step;
  }
  return best?.number;
}

/** Newest first. The first version is an entry of its own: it is where the session began. */
export function entries(steps: readonly Step[]): Entry[] {
  const best = bestOf(steps);
  const found: Entry[] = [];
  let size = 0;
  steps.forEach((step, i) => {
    size++;
    const next = steps[i + 1];
    const ends = next === undefined || i === 0 || next.seconds - step.seconds > BURST || step.number === best;
    if (ends) {
      found.push({ step, of: size, best: step.number === best });
      size = 0;
    }
  });
  return found.reverse();
}
