import type { Role } from "../core/wire";

/** What a person can be; programs are made elsewhere. */
export const ROLES: readonly { role: Role; about: string }[] = [
  { role: "attacker", about: "attacks with live scores" },
  { role: "labeller", about: "labels, blind" },
  { role: "rater", about: "compares completions, blind" },
  { role: "lead", about: "adjudicates, writes guidelines, opens and closes rounds" },
  { role: "admin", about: "accounts and links" },
];
