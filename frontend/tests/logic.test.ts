import { STEPS, stepsOf } from "../src/dashboard/steps";
import { describe, expect, it, vi } from "vitest";
import { Activity } from "../src/core/activity.svelte";
import { Refusal, Unreachable } from "../src/core/api";
import { difference } from "../src/core/diff";
import { browser, rate, score, ticking } from "../src/core/format";
import { pointsIn, replacePoints, toPoints, toUnits } from "../src/core/offsets";
import { Outbox } from "../src/core/outbox.svelte";
import { heatOf, stretches } from "../src/core/words";
import { entries } from "../src/attack/history";
import { line, position } from "../src/attack/scale";
import { Scoring } from "../src/attack/scoring.svelte";
import type { Score, Step } from "../src/core/wire";

const TEXTS = ["", "plain", "a🎲b", "🎲", "e\u0301🇩🇪x", "\ud83d alone", "مرحبا 🙂 ok"];

describe("offsets", () => {
  it("go there and back at every code point", () => {
    for (const text of TEXTS) {
      const points = [...text];
      expect(pointsIn(text)).toBe(points.length);
      for (let n = 0; n <= points.length; n++) {
        const units = toUnits(text, n);
        expect(units).toBe(points.slice(0, n).join("").length);
        expect(toPoints(text, units)).toBe(n);
      }
    }
  });
  it("inside a pair count as before it, and beyond the end as the end", () => {
    expect(toPoints("a🎲b", 2)).toBe(1);
    expect(toUnits("a🎲", 99)).toBe(3);
  });
  it("replace what the server means", () => {
    expect(replacePoints("a🎲 cat", 3, 6, "dog")).toBe("a🎲 dog");
    expect(replacePoints("🎲🎲", 1, 1, "x")).toBe("🎲x🎲");
  });
});

describe("words", () => {
  it("join to the text, with their code points", () => {
    for (const text of [...TEXTS, "don't stop-gap, “no”_yes\n"]) {
      const parts = stretches(text);
      expect(parts.map((part) => part.text).join("")).toBe(text);
      for (const part of parts) expect([...text].slice(part.start, part.stop).join("")).toBe(part.text);
    }
    expect(
      stretches("don't _x_ e\u0301 y")
        .filter((one) => one.word)
        .map((one) => one.text),
    ).toEqual(["don't", "x", "e\u0301", "y"]);
  });
  it("take the mark of the word they overlap most, with its sign", () => {
    const map = [
      { side: "completion" as const, start: 0, stop: 3, value: 1 },
      { side: "completion" as const, start: 4, stop: 9, value: -0.5 },
      { side: "prompt" as const, start: 0, stop: 9, value: 1 },
    ];
    expect(heatOf(map, "completion", 0, 3)).toBe(8);
    expect(heatOf(map, "completion", 3, 9)).toBe(-4);
    expect(heatOf(map, "completion", 9, 12)).toBe(0);
  });
});

describe("difference", () => {
  it("reads as both texts", () => {
    const pairs = [
      ["", "new"],
      ["He died at once.", "He quietly died at once, alone."],
      ["a b c d", "d c b a"],
      ["same", "same"],
    ] as const;
    for (const [before, after] of pairs) {
      const pieces = difference(before, after);
      expect(
        pieces
          .filter((one) => one.kind !== "new")
          .map((one) => one.text)
          .join(""),
      ).toBe(before);
      expect(
        pieces
          .filter((one) => one.kind !== "gone")
          .map((one) => one.text)
          .join(""),
      ).toBe(after);
    }
    expect(difference("x", "x")).toEqual([{ text: "x", kind: "same" }]);
  });
});

describe("format", () => {
  it("has a sign, and no rate where none is known", () => {
    expect(score(-0.5)).toBe("\u22120.50");
    expect(score(null)).toBe("–");
    expect(rate(0.00002)).toBe("20 in 1,000,000");
    expect(rate(0.123)).toBe("12.3 %");
    expect(ticking(3725)).toBe("1:02:05");
    expect(browser("Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537.36")).toBe("Chrome 150, Linux");
  });
});

describe("scale", () => {
  it("has the threshold in the middle and keeps the order", () => {
    expect(position(0)).toBe(0.5);
    const at = [-100, -3, -0.1, 0.1, 3, 100].map(position);
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(line([1], 10, 10)).toBe("");
    expect(line([0, 0], 10, 10)).toBe("0.0,5.0 10.0,5.0");
  });
});

const step = (number: number, value: number, seconds: number): Step => ({
  number,
  score: value,
  seconds,
  prompt: "",
  completion: `${number}`,
  accepted: value < 0,
  queries: number,
});

describe("history", () => {
  it("collapses bursts, keeps the start and the best", () => {
    const list = entries([
      step(0, 3, 0),
      step(1, 2, 10),
      step(2, -1, 11),
      step(3, 1, 12),
      step(4, 1, 13),
      step(5, 2, 60),
    ]);
    expect(list.map((one) => [one.step.number, one.of, one.best])).toEqual([
      [5, 1, false],
      [4, 2, false],
      [2, 2, true],
      [0, 1, false],
    ]);
  });
});

describe("active time", () => {
  it("counts gaps up to the cap, not what is hidden or paused", () => {
    let now = 0;
    const clock = new Activity(60, () => now);
    clock.restart();
    const at = (seconds: number, kind: Parameters<Activity["note"]>[0]) => {
      now = seconds * 1000;
      clock.note(kind);
    };
    at(10, "key");
    at(20, "hidden");
    at(500, "focus");
    at(510, "pause");
    at(900, "key");
    at(1000, "resume");
    at(1005, "key");
    expect(clock.seconds).toBe(10 + 10 + 10 + 5);
    now = 1_105_000;
    clock.tick();
    expect(clock.idle).toBe(true);
    expect(clock.seconds).toBe(35 + 60);
    expect(clock.events.map((event) => event.number)).toEqual(clock.events.map((_, i) => i));
    expect(clock.events.map((event) => event.kind)).toEqual([
      "open",
      "key",
      "hidden",
      "focus",
      "pause",
      "resume",
      "key",
    ]);
  });
});

const text = (completion: string) => ({ prompt: "p", completion });
const answer = (seq: number, value: number): Score => ({
  seq,
  superseded: false,
  score: value,
  accepted: value < 0,
  number: seq,
  queries: seq + 1,
});

describe("live score", () => {
  it("waits for a rest, aborts what is overtaken and never goes back", async () => {
    vi.useFakeTimers();
    const asked: {
      seq: number;
      completion: string;
      aborted: () => boolean;
      done: (score: Score) => void;
    }[] = [];
    const scoring = new Scoring(
      5,
      (seq, of, signal) =>
        new Promise((done) =>
          asked.push({
            seq,
            completion: of.completion,
            aborted: () => signal.aborted,
            done,
          }),
        ),
      () => undefined,
    );
    scoring.changed(text("a"));
    scoring.changed(text("ab"));
    await vi.advanceTimersByTimeAsync(119);
    expect(asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.map((one) => [one.seq, one.completion])).toEqual([[5, "ab"]]);
    scoring.changed(text("abc"));
    await vi.advanceTimersByTimeAsync(120);
    expect(asked[0]!.aborted()).toBe(true);
    asked[1]!.done(answer(6, -1));
    asked[0]!.done(answer(5, 4));
    await vi.advanceTimersByTimeAsync(0);
    expect([scoring.last?.score, scoring.stale]).toEqual([-1, false]);
    scoring.changed(text("abcd"));
    expect([scoring.last?.score, scoring.stale]).toEqual([-1, true]);
    vi.useRealTimers();
  });
  it("keeps the old score while nobody answers, and asks again", async () => {
    vi.useFakeTimers();
    let fails = 2;
    const scoring = new Scoring(
      0,
      async (seq) => {
        if (fails-- > 0) throw new Unreachable();
        return answer(seq, 1);
      },
      () => undefined,
    );
    scoring.changed(text("a"));
    await vi.advanceTimersByTimeAsync(200);
    expect(scoring.offline).toBe(true);
    await vi.advanceTimersByTimeAsync(6000);
    expect([scoring.offline, scoring.stale, scoring.last?.score]).toEqual([false, false, 1]);
    vi.useRealTimers();
  });
});

const refusal = (status: number, retry_after: number | null = null) =>
  new Refusal(status, {
    error: "x",
    found: "no",
    expected: "",
    do: "",
    fields: [],
    retry_after,
  });

describe("outbox", () => {
  it("keeps order and ids through failures, and drops what is refused for good", async () => {
    vi.useFakeTimers();
    const sent: string[] = [];
    const fate: (Error | undefined)[] = [new Unreachable(), refusal(503), undefined, refusal(409), undefined];
    const box = new Outbox(async (_method, _path, body) => {
      sent.push((body as { client_id: string }).client_id);
      const error = fate.shift();
      if (error) throw error;
      return "ok";
    });
    box.own("me");
    const first = box.add("first", "/a", { n: 1 });
    const second = box.add("second", "/b", { n: 2 }).catch((error: Error) => error.message);
    const third = box.add("third", "/c", { n: 3 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await first).toBe("ok");
    expect(await second).toBe("no");
    expect(await third).toBe("ok");
    expect(new Set(sent.slice(0, 3)).size).toBe(1);
    expect(new Set(sent).size).toBe(3);
    expect(box.waiting).toEqual([]);
    expect(box.refused.map((one) => one.deed.name)).toEqual(["second"]);
    vi.useRealTimers();
  });
});

describe("a success curve", () => {
  const point = (seconds: number, unbroken: number) => ({
    seconds,
    unbroken,
    lower: unbroken / 2,
    upper: 1,
    at_risk: 1,
  });
  const curve = (points: ReturnType<typeof point>[]) => ({
    target: "baseline",
    arm: "tools" as const,
    points,
    successes: 1,
    spells: 2,
    median: null,
    confidence: 0.95,
    method: "",
  });

  it("holds each level until the next point, and marks what is censored", () => {
    const drawn = stepsOf(curve([point(50, 0.5), point(100, 0.5)]));
    const at = drawn.line.split(" ").map((pair) => pair.split(",").map(Number));
    const [left, right] = [STEPS.left, STEPS.width - STEPS.right];
    const middle = (left + right) / 2;
    expect(at.map(([x]) => x)).toEqual([left, middle, middle, right, right]);
    expect(at[0]![1]).toBe(STEPS.top);
    expect(at[1]![1]).toBe(STEPS.top);
    expect(at[2]![1]).toBe(at[4]![1]);
    expect(drawn.censored.map((mark) => mark.x)).toEqual([right]);
  });

  it("is drawn where nothing was found", () => {
    expect(stepsOf(curve([point(10, 1)])).censored).toHaveLength(1);
  });
});
