import type { Side } from "../core/words";

/** A word of the text, and what stands for it on the page. */
export interface Place {
  side: Side;
  /** Code points [start, stop). */
  start: number;
  stop: number;
  word: string;
  anchor: HTMLElement;
}

/** What can be done at a place, as a menu's tabs. */
export const TABS = [
  { id: "replace", name: "Replace", operations: ["substitute", "span"] },
  { id: "before", name: "Insert before", operations: ["insert"] },
  { id: "after", name: "Insert after", operations: ["insert"] },
  { id: "delete", name: "Delete", operations: ["delete"] },
] as const;

export type Tab = (typeof TABS)[number]["id"];

/** The code points that a tab's edits are asked for. */
export function spanOf(tab: Tab, place: { start: number; stop: number }): { start: number; stop: number } {
  if (tab === "before") return { start: place.start, stop: place.start };
  if (tab === "after") return { start: place.stop, stop: place.stop };
  return { start: place.start, stop: place.stop };
}
