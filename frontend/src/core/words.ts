/** Words as the server counts them: letters, digits and marks, with inner apostrophes and hyphens. */

const WORD = /[\p{L}\p{N}\p{M}]+(?:['’-][\p{L}\p{N}\p{M}]+)*/gu;

export type Side = "prompt" | "completion";

/** A stretch of a text: a word that can be acted on, or what stands between words. */
export interface Stretch {
  text: string;
  word: boolean;
  /** Its number among the words; -1 between them. */
  number: number;
  /** Code points [start, stop). */
  start: number;
  stop: number;
}

const pointsOf = (text: string) => [...text].length;

/** The whole text in stretches, in order. */
export function stretches(text: string): Stretch[] {
  const found: Stretch[] = [];
  let units = 0;
  let points = 0;
  let words = 0;
  const add = (part: string, word: boolean) => {
    if (!part) return;
    const size = pointsOf(part);
    found.push({ text: part, word, number: word ? words++ : -1, start: points, stop: points + size });
    points += size;
    units += part.length;
  };
  for (const match of text.matchAll(WORD)) {
    add(text.slice(units, match.index), false);
    add(match[0], true);
  }
  add(text.slice(units), false);
  return found;
}

export interface Heat {
  side: Side;
  start: number;
  stop: number;
  value: number;
}

export const LEVELS = 8;

/** Strength of a word's mark, 0 to LEVELS, from the map's value where it overlaps most; sign kept. */
export function heatOf(map: readonly Heat[], side: Side, start: number, stop: number): number {
  let most = 0;
  let value = 0;
  for (const one of map) {
    if (one.side !== side) continue;
    const shared = Math.min(one.stop, stop) - Math.max(one.start, start);
    if (shared > most) {
      most = shared;
      value = one.value;
    }
  }
  const level = Math.round(Math.min(1, Math.abs(value)) * LEVELS);
  return value < 0 ? -level : level;
}

/** Newlines and odd blanks as something that can be seen. */
export function visible(gap: string): string {
  return gap
    .replace(/\n/g, "↵\n")
    .replace(/\t/g, "⇥\t")
    .replace(/\u00a0/g, "⍽");
}
