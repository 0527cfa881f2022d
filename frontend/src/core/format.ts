/** Numbers, times and names as people read them. A minus is a minus sign, so that columns line up. */

const MINUS = "\u2212";

/** A signed score with two decimals; nothing known: a dash. */
export function score(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(2);
  return (value < 0 ? MINUS : "+") + text;
}

/** Enough digits to tell rates apart, in per cent or, where tiny, as a power. */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0 %";
  if (value < 0.0001) return `${(value * 1e6).toPrecision(2).replace(/\.0$/, "")} in 1,000,000`;
  if (value < 0.01) return `${(value * 100).toPrecision(2)} %`;
  return `${(value * 100).toFixed(1)} %`;
}

/** Seconds as minutes and hours. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** Minutes and seconds of a running clock. */
export function ticking(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(whole % 60).padStart(2, "0")}`;
  return hours ? `${hours}:${rest}` : rest;
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** "1 find", "3 finds". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A moment of the server's, short and in local time. */
export function moment(at: string | null | undefined): string {
  if (!at) return "–";
  const date = new Date(at);
  return Number.isNaN(date.valueOf())
    ? "–"
    : date.toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** By how much this browser's clock is ahead of the server's, in ms: a wrong clock is common. */
export const clock = { ahead: 0 };

/** How long ago, in one unit. */
export function ago(at: string | null | undefined, now = Date.now() - clock.ahead): string {
  if (!at) return "–";
  const seconds = Math.max(0, (now - new Date(at).valueOf()) / 1000);
  if (seconds < 90) return "just now";
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** Which browser a session is in, from what it called itself. */
export function browser(agent: string): string {
  const name = /\b(Edg|OPR|Firefox|HeadlessChrome|Chrome|Safari)\/(\d+)/.exec(agent);
  const system = /Windows|Android|iPhone|iPad|Mac OS X|CrOS|Linux/.exec(agent);
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera", HeadlessChrome: "Chrome" };
  const found = name ? `${names[name[1]!] ?? name[1]} ${name[2]}` : agent.slice(0, 60);
  return [found, system?.[0]].filter(Boolean).join(", ") || "unknown browser";
}

/** "left_much" -> "Left much". */
export function words(code: string): string {
  const text = code.replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
