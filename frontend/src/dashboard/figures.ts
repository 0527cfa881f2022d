/** Rates and intervals in words: never a number without what it rests on. */

import { count, rate as rateText } from "../core/format";
import type { IntervalOut, RateOut } from "../core/wire";

/** Fewer events than this: counts and the bound, no rate. */
export const FEW = 5;

export function percent(confidence: number): string {
  return `${Number((100 * confidence).toPrecision(4))} %`;
}

/** "3 of 1,200". */
export function counts(one: RateOut): string {
  return `${count(one.count)} of ${count(one.trials)}`;
}

/** The rate, where there are enough events to say one. */
export function estimate(one: RateOut): string {
  return one.estimate === null || one.count < FEW ? "–" : rateText(one.estimate);
}

/** "0.1 % to 0.6 %". */
export function limits(one: RateOut): string {
  return one.trials ? `${rateText(one.lower)} to ${rateText(one.upper)}` : "–";
}

/** "at most 0.55 % (95 %)". */
export function bound(one: RateOut): string {
  return one.trials ? `at most ${rateText(one.bound)} (${percent(one.confidence)})` : "no trials";
}

/** What the number is, how it was made and of what. */
export function meaning(one: { method: string; population: string; confidence: number }): string {
  return [one.population, one.method, `${percent(one.confidence)} confidence`].filter(Boolean).join("; ");
}

/** "52.1 % (48.0 % to 56.3 %)", with `show` for its unit. */
export function interval(one: IntervalOut, show: (value: number | null) => string): string {
  if (one.estimate === null && one.lower === null && one.upper === null) return "–";
  const from = one.lower === null ? "0" : show(one.lower);
  const to = one.upper === null ? "no upper limit" : show(one.upper);
  return one.estimate === null ? `${from} to ${to}` : `${show(one.estimate)} (${from} to ${to})`;
}
