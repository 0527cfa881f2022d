/** Word differences between two texts, for the history: longest common subsequence over words and gaps. */

export interface Piece {
  text: string;
  kind: "same" | "gone" | "new";
}

const PARTS = /\s+|[\p{L}\p{N}\p{M}]+(?:['’-][\p{L}\p{N}\p{M}]+)*|[^\s]/gu;
/** Cells of the table at most; beyond it the whole middle counts as changed. */
const LIMIT = 4_000_000;

/** Pieces that read `before` without the new ones and `after` without the gone ones. */
export function difference(before: string, after: string): Piece[] {
  const a = before.match(PARTS) ?? [];
  const b = after.match(PARTS) ?? [];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const middleA = a.slice(head, a.length - tail);
  const middleB = b.slice(head, b.length - tail);
  return joined([
    { text: a.slice(0, head).join(""), kind: "same" },
    ...middle(middleA, middleB),
    { text: tail ? a.slice(-tail).join("") : "", kind: "same" },
  ]);
}

function middle(a: string[], b: string[]): Piece[] {
  if (a.length * b.length > LIMIT) {
    return [
      { text: a.join(""), kind: "gone" },
      { text: b.join(""), kind: "new" },
    ];
  }
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const pieces: Piece[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push({ text: a[i]!, kind: "same" });
      i++;
      j++;
    } else if (
      i < a.length &&
      (j >= b.length || longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)
    ) {
      pieces.push({ text: a[i++]!, kind: "gone" });
    } else {
      pieces.push({ text: b[j++]!, kind: "new" });
    }
  }
  return pieces;
}

function joined(pieces: Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (!piece.text) continue;
    if (last?.kind === piece.kind) last.text += piece.text;
    else result.push({ ...piece });
  }
  return result;
}
