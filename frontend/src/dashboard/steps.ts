/** Where the steps of a success curve lie in a box, and where a spell was censored. */

import { duration } from "../core/format";
import type { Wire } from "../core/wire";

export const STEPS = { width: 420, height: 220, left: 44, right: 12, top: 10, bottom: 26 } as const;

export interface Steps {
  line: string;
  band: string;
  censored: { x: number; y: number }[];
  x: { at: number; text: string }[];
  y: { at: number; text: string }[];
}

interface At {
  seconds: number;
  share: number;
}

/** Points as stairs: a level holds until the next point. */
function stairs(points: readonly At[]): At[] {
  return points.flatMap((point, i) =>
    i === 0 ? [point] : [{ seconds: point.seconds, share: points[i - 1]!.share }, point],
  );
}

export function stepsOf(curve: Wire<"SuccessCurve">): Steps {
  const last = Math.max(curve.points.at(-1)?.seconds ?? 0, 1);
  const x = (seconds: number) => STEPS.left + (seconds / last) * (STEPS.width - STEPS.left - STEPS.right);
  const y = (share: number) => STEPS.top + (1 - share) * (STEPS.height - STEPS.top - STEPS.bottom);
  const begin = { seconds: 0, unbroken: 1, lower: 1, upper: 1 };
  const shown = [begin, ...curve.points];
  const path = (of: (point: typeof begin) => number) =>
    stairs(shown.map((point) => ({ seconds: point.seconds, share: of(point) }))).map(
      (at) => `${x(at.seconds).toFixed(1)},${y(at.share).toFixed(1)}`,
    );
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return {
    line: path((point) => point.unbroken).join(" "),
    band: [...path((point) => point.upper), ...path((point) => point.lower).reverse()].join(" "),
    censored: curve.points
      .filter((point, i) => point.unbroken === (shown[i]?.unbroken ?? 1))
      .map((point) => ({ x: x(point.seconds), y: y(point.unbroken) })),
    x: [0, 0.5, 1].map((share) => ({ at: x(share * last), text: share ? duration(share * last) : "0" })),
    y: ticks.map((share) => ({ at: y(share), text: `${Math.round(100 * share)} %` })),
  };
}
