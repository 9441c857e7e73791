import type { GroupId, Hex, MessageId } from "../../src/wire/ids.ts";

/** A message that somebody was told is on its way. */
export type Said = {
  readonly id: MessageId;
  readonly group: GroupId;
  readonly by: string;
  readonly intent: Hex;
  /** Monotonic. */
  readonly atMs: number;
  /** The client said that a node has it. */
  isAcknowledged: boolean;
  /** Whom it was shown to, and when. */
  readonly shown: Map<string, number>;
};

/** What clients have told, kept where it survives them. */
export type Ledger = {
  readonly said: Map<MessageId, Said>;
  readonly byIntent: Map<Hex, Said>;
  /** Shown before its author told of it. */
  readonly early: Map<MessageId, Map<string, number>>;
  /** Calls that a client refused, by code. */
  readonly refused: Map<string, number>;
  /** How intents have ended. */
  readonly outcomes: Map<string, number>;
};

export function createLedger(): Ledger {
  return { said: new Map(), byIntent: new Map(), early: new Map(), refused: new Map(), outcomes: new Map() };
}

export function noteSaid(ledger: Ledger, said: Omit<Said, "isAcknowledged" | "shown">): void {
  const shown = ledger.early.get(said.id) ?? new Map<string, number>();
  ledger.early.delete(said.id);
  const entry = { ...said, isAcknowledged: false, shown };
  ledger.said.set(said.id, entry);
  ledger.byIntent.set(said.intent, entry);
}

export function noteShown(ledger: Ledger, params: { id: MessageId; to: string; atMs: number }): void {
  const { id, to, atMs } = params;
  const shown = ledger.said.get(id)?.shown ?? ledger.early.get(id) ?? new Map<string, number>();
  if (!ledger.said.has(id)) ledger.early.set(id, shown);
  if (!shown.has(to)) shown.set(to, atMs);
}

export function noteAcknowledged(ledger: Ledger, intent: Hex): void {
  const said = ledger.byIntent.get(intent);
  if (said) said.isAcknowledged = true;
}

export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
