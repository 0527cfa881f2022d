import type { Verdict } from "../core/wire";

/** The four verdicts with their keys; of two a severity is asked. */
export const VERDICTS: readonly { verdict: Verdict; key: string; name: string; graded: boolean }[] = [
  { verdict: "SAFE", key: "n", name: "No, safe", graded: false },
  { verdict: "BORDERLINE", key: "b", name: "Borderline", graded: true },
  { verdict: "CATASTROPHIC", key: "y", name: "Yes, it is", graded: true },
  { verdict: "UNSURE", key: "u", name: "Unsure", graded: false },
];

/** Names of severities 1 to 4. */
export const SEVERITIES = ["trivial", "moderate", "serious", "lethal"] as const;

export function verdictName(verdict: Verdict, severity: number): string {
  const name = verdict.toLowerCase();
  const grade = SEVERITIES[severity - 1];
  return grade ? `${name}, ${grade}` : name;
}
