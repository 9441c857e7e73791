import type { Client, IntentHandle, MessageId } from "../index.ts";
import type { GroupId } from "../wire/ids.ts";
import type { Fields } from "./fields.ts";
import type { Stage } from "./stage.ts";
import type { StepOutcome } from "./stepOutcome.ts";

/** What a client does in a group: it catches up, acts, and the intent's outcome counts. */
export type Act = {
  kind: "act";
  by: string;
  /** Empty for what is for no group. */
  group: string;
  /** Every client that the step names; they are created on first use. */
  clients: readonly string[];
  /** Clients that become members if the intent is delivered. */
  invites: readonly string[];
  /** What the chain orders waits while the chain is paused. */
  ordered: boolean;
  /** Name of the message, for later steps. */
  as?: string;
  text?: string;
  action:
    | { kind: "found"; start: (params: { stage: Stage; client: Client }) => Promise<Founded> }
    | {
        kind: "change";
        start: (params: { stage: Stage; client: Client; group: GroupId }) => Promise<Started>;
      }
    /** For no group in particular. */
    | { kind: "identity"; start: (params: { stage: Stage; client: Client }) => Promise<Started> };
};

/** The durable intent that a client made of a step. */
export type Started = { intent: IntentHandle; messageId?: MessageId };
export type Founded = Started & { group: GroupId };

/** Everything that is no client's intent: faults, clients' settings, settle, expect. */
export type Move = {
  kind: "move";
  clients: readonly string[];
  nodes: readonly number[];
  /** The client that it makes. */
  installs?: string;
  /** The person who decides on requests by it. */
  asks?: string;
  /** The chain stands still from now on, or goes on. */
  pauses?: boolean;
  play: (stage: Stage) => Promise<StepOutcome>;
};

/** Steps that start at once. */
export type Together = { kind: "together"; steps: readonly Step[] };

export type Step = {
  line: number;
  do: string;
  /** One line for people. */
  title: string;
  /** The reason with which the intent must have failed by the end of the play. */
  fails?: string;
  body: Act | Move | Together;
};

/** What one step's file exports: how its fields become a step. */
export type StepReader = (fields: Fields, context: ReadContext) => { title: string; body: Step["body"] };

export type ReadContext = {
  /** Nodes of the devnet that will play: node numbers are checked against it. */
  nodes: number;
  /** How many installations each person has by now, if more than one. */
  installations: Map<string, number>;
  /** Reads a step that stands inside another one. */
  readStep: (value: unknown, where: string) => Step;
};
