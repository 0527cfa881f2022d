/** Menus of edits, asked once for each place of a text: a word that is focused has its menu before it is opened. */

import { api } from "../core/api";
import type { MenuEdit } from "../core/wire";
import { spanOf, TABS, type Place, type Tab } from "./place";
import type { Pair } from "./scoring.svelte";

const LONGEST = 30;
const REMEMBERED = 60;
const known = new Map<string, MenuEdit[]>();

/** At most thirty edits, most useful first, with the exact score that each leads to. */
export async function menuFor(
  session: number,
  text: Pair,
  place: Pick<Place, "side" | "start" | "stop">,
  tab: Tab,
  signal: AbortSignal,
): Promise<MenuEdit[]> {
  const span = spanOf(tab, place);
  const key = JSON.stringify([session, text, place.side, span, tab]);
  const before = known.get(key);
  if (before) return before;
  const operations = [...TABS.find((one) => one.id === tab)!.operations];
  const menu = await api.post(
    "/api/attack/sessions/{id}/edits",
    { ...text, side: place.side, ...span, operations, n: LONGEST },
    { at: { id: session }, signal },
  );
  known.set(key, menu.edits);
  if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
  return menu.edits;
}
