/** Single keys: dead while somebody types, and while a modifier is held. */

export function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio])"))
  );
}

/** The key of a plain press outside text fields and open dialogs, in lower case; else nothing. */
export function plainKey(event: KeyboardEvent): string | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented)
    return undefined;
  if (typing(event.target) || document.querySelector("dialog[open]")) return undefined;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}
