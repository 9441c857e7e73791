import type { Devnet } from "../devnet/startDevnet.ts";
import type { Client, DirectId, GroupId, Hex, MessageId, OpenClientParams } from "../index.ts";
import type { Address } from "../wire/ids.ts";
import type { PlayEvent } from "./playEvent.ts";

/** An installation of a person of the play: a database and a client; those of one person share wallet and inbox. */
export type Actor = {
  readonly name: string;
  /** Another one after a crash. */
  client: Client;
  readonly wallet: OpenClientParams["wallet"];
  readonly address: Address;
  /** Opens its database again, after a crash. */
  readonly reopen: (params: { online: boolean }) => Promise<Client>;
  online: boolean;
  /** Set while it is starting again. */
  restarting: Promise<void> | undefined;
};

/** What became of one intent of the play. */
export type IntentRecord = {
  readonly line: number;
  readonly do: string;
  readonly by: string;
  readonly group: string;
  readonly fails: string | undefined;
  readonly text: string | undefined;
  readonly messageId: MessageId | undefined;
  /** Undefined if the client refused it at once. */
  readonly intent: Hex | undefined;
  /** It waits while the chain stands still. */
  readonly ordered: boolean;
  /** A node has what it made, or it has ended. */
  acknowledged: boolean;
  /** Undefined while it is open. */
  outcome: { kind: "delivered" } | { kind: "failed"; reason: string } | undefined;
};

/** Everything that a play has in hand. Steps change it, the summary reads it. */
export type Stage = {
  readonly devnet: Devnet;
  /** Where the clients' databases go. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly report: (event: PlayEvent) => void;
  /** By name; a promise, since steps that start together may share a first use. */
  readonly actors: Map<string, Promise<Actor>>;
  readonly groups: Map<string, GroupId>;
  /** Direct conversations; each of their groups is in `groups`, too. */
  readonly directs: Map<string, DirectId>;
  /** By the name that a send gave. */
  readonly messages: Map<string, MessageId>;
  /** By the name that an export gave. */
  readonly archives: Map<string, Archive>;
  readonly intents: IntentRecord[];
  /** Open invitations by client and group: intents that may make the client a member. */
  readonly invitations: Invitation[];
  /** Preferences that were named before the group existed. */
  readonly preferences: { by: string; group: string; node: number }[];
  /** Faults in force; which nodes reach each other, the devnet knows. */
  readonly faults: { chainPaused: boolean; crashes: number };
  /** Whoever decides on requests in the play; everyone else is in wherever somebody invites. */
  readonly asking: ReadonlySet<string>;
  /** Everyone whom the play names. */
  readonly cast: readonly string[];
  readonly allowedGaps: { by: string; group: string; gaps: number }[];
  /** What did not hold, for people. */
  readonly unmet: { line: number; do: string; lacks: string[] }[];
};

/** What a client has exported, with the text that opens it. */
export type Archive = { readonly pieces: readonly Uint8Array[]; readonly recovery: string };

export type Invitation = { readonly client: string; readonly group: string; readonly line: number };
