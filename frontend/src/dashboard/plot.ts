/** Where a curve's points lie in a box: rates on a log scale, since what matters is in the small ones. */

import type { Wire } from "../core/wire";

export const BOX = { width: 640, height: 260, left: 64, right: 16, top: 12, bottom: 36 } as const;

export interface Plot {
  band: string;
  line: string;
  points: { x: number; y: number }[];
  x: { at: number; text: string }[];
  y: { at: number; text: string }[];
  now: number | undefined;
}

const text = (x: number, y: number) => `${x.toFixed(1)},${y.toFixed(1)}`;

/** Everything to draw, or nothing where fewer than two points have trials. */
export function plotOf(curve: Wire<"Curve">): Plot | undefined {
  const points = curve.points.filter((point) => point.failures.trials > 0);
  if (points.length < 2) return undefined;
  const shares = points.flatMap((point) => [
    point.failures.lower,
    point.failures.upper,
    point.failures.estimate ?? 0,
  ]);
  const smallest = Math.min(...shares.filter((share) => share > 0));
  const low = Math.max(-7, Math.floor(Math.log10(smallest)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...shares, smallest))));
  const thresholds = points.map((point) => point.threshold);
  const [from, to] = [Math.min(...thresholds), Math.max(...thresholds)];
  const x = (threshold: number) =>
    BOX.left + ((threshold - from) / (to - from || 1)) * (BOX.width - BOX.left - BOX.right);
  const y = (share: number) => {
    const at = (Math.log10(Math.max(share, 10 ** low)) - low) / (high - low);
    return BOX.height - BOX.bottom - at * (BOX.height - BOX.top - BOX.bottom);
  };
  const upper = points.map((point) => text(x(point.threshold), y(point.failures.upper)));
  const lower = points.map((point) => text(x(point.threshold), y(point.failures.lower)));
  const drawn = points
    .filter((point) => point.failures.estimate !== null)
    .map((point) => ({ x: x(point.threshold), y: y(point.failures.estimate!) }));
  const steps = 4;
  return {
    band: [...upper, ...lower.reverse()].join(" "),
    line: drawn.map((point) => text(point.x, point.y)).join(" "),
    points: drawn,
    x: Array.from({ length: steps + 1 }, (_, i) => from + ((to - from) * i) / steps).map((value) => ({
      at: x(value),
      text: value.toFixed(1),
    })),
    y: Array.from({ length: high - low + 1 }, (_, i) => low + i).map((power) => ({
      at: y(10 ** power),
      text: power >= -2 ? `${100 * 10 ** power} %` : `${Number((100 * 10 ** power).toPrecision(1))} %`,
    })),
    now: curve.current === null || curve.current < from || curve.current > to ? undefined : x(curve.current),
  };
}
