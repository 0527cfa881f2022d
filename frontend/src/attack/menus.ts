/** Menus of edits, asked once for each place of a text. */

import { api, patiently } from "../core/api";
import type { MenuEdit } from "../core/wire";
import { spanOf, TABS, type Place, type Tab } from "./place";
import type { Pair } from "./scoring.svelte";

/** Each edit costs an exact score; sixteen keep most of what the best of two hundred would gain (docs/evidence.md). */
const LONGEST = 16;
const REMEMBERED = 60;
const known = new Map<string, MenuEdit[]>();

/** At most sixteen edits, most useful first, with the exact score that each leads to. */
export async function menuFor(
  session: number,
  text: Pair,
  place: Pick<Place, "side" | "start" | "stop">,
  tab: Tab,
  told: (words: string) => void,
  signal: AbortSignal,
): Promise<MenuEdit[]> {
  const span = spanOf(tab, place);
  const key = JSON.stringify([session, text, place.side, span, tab]);
  const before = known.get(key);
  if (before) return before;
  const operations = [...TABS.find((one) => one.id === tab)!.operations];
  const body = { ...text, side: place.side, ...span, operations, n: LONGEST };
  const ask = () => api.post("/api/attack/sessions/{id}/edits", body, { at: { id: session }, signal });
  const menu = await patiently(ask, told, signal);
  known.set(key, menu.edits);
  if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
  return menu.edits;
}
