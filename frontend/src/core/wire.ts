/** Short names for what travels; the shapes are generated from openapi.json. */

import type { components } from "../api.gen";

type Schemas = components["schemas"];
export type Wire<Name extends keyof Schemas> = Schemas[Name];

export type Me = Wire<"Me">;
export type Problem = Wire<"Problem">;
export type Permission = Me["permissions"][number];
export type Role = Me["roles"][number];
export type Verdict = Wire<"Verdict">;
export type AttackState = Wire<"AttackState">;
export type Step = Wire<"Step">;
export type Score = Wire<"Score">;
export type MenuEdit = Wire<"MenuEdit">;
export type RankedMenu = Wire<"RankedMenu">;
export type ParentChoice = Wire<"ParentChoice">;
export type Submission = Wire<"Submission">;
export type Clock = Wire<"Clock">;
export type PageEvent = Wire<"PageEvent">;
export type EventKind = Wire<"EventKind">;
export type LabelItem = Wire<"LabelItem">;
export type LabelNext = Wire<"LabelNext">;
export type AnsweredItem = Wire<"AnsweredItem">;
export type RateOut = Wire<"RateOut">;
export type IntervalOut = Wire<"IntervalOut">;
export type Guidelines = Wire<"Guidelines">;
