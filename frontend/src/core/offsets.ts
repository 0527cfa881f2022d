/**
 * Offsets. The wire counts Unicode code points, strings of this language count UTF-16 units; every conversion
 * between the two is made here. A lone half of a surrogate pair counts as one of both.
 */

/** UTF-16 offset of the code point with number `points` (or the end, where the text is shorter). */
export function toUnits(text: string, points: number): number {
  let units = 0;
  for (let seen = 0; seen < points && units < text.length; seen++) {
    units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  }
  return units;
}

/** Number of code points before the UTF-16 offset `units`; inside a pair: those before the pair. */
export function toPoints(text: string, units: number): number {
  let points = 0;
  for (let at = 0; at < Math.min(units, text.length);) {
    const step = text.codePointAt(at)! > 0xffff ? 2 : 1;
    if (at + step > units) break;
    at += step;
    points++;
  }
  return points;
}

/** `text` with the code points [start, stop) replaced by `replacement`. */
export function replacePoints(text: string, start: number, stop: number, replacement: string): string {
  const from = toUnits(text, start);
  return text.slice(0, from) + replacement + text.slice(toUnits(text, stop));
}

/** Length in code points. */
export function pointsIn(text: string): number {
  return toPoints(text, text.length);
}
