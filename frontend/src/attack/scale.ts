/** Where a score stands on a bar: half is the threshold; equal steps near it, squeezed far from it. */

const SQUEEZE = 3;

/** 0 (surely accepted) to 1 (surely rejected); 0.5 at the threshold. */
export function position(score: number): number {
  return 0.5 + (0.5 * score) / (Math.abs(score) + SQUEEZE);
}

/** Points of a line through scores, in a box; an empty string for fewer than two. */
export function line(scores: readonly number[], width: number, height: number): string {
  if (scores.length < 2) return "";
  const step = width / (scores.length - 1);
  return scores
    .map((one, i) => `${(i * step).toFixed(1)},${((1 - position(one)) * height).toFixed(1)}`)
    .join(" ");
}
