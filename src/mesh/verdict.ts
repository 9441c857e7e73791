/** What becomes of a peer's batch. A batch is rejected only if it is wrong for every node, whatever the node knows. */
export type Verdict =
  /** The batch is on disk (`stored`: not before), and forwarded. */
  | { readonly kind: "accept"; readonly stored: boolean }
  /** The batch is neither stored nor forwarded; no peer is blamed. */
  | { readonly kind: "ignore"; readonly reason: IgnoreReason }
  /** The batch is not stored, and the peer that sent it is blamed. */
  | { readonly kind: "reject"; readonly reason: RejectReason }
  /** The batch is kept in memory for a while, because this node's index or clock may be behind. */
  | { readonly kind: "park"; readonly reason: ParkReason };

/** What becomes of a peer's batch once it is no longer parked. */
export type FinalVerdict = Exclude<Verdict, { kind: "park" }>;

type IgnoreReason =
  /** The anchor or the time (`time-went-back`) is before the predecessor's, which other nodes may not hold yet. */
  | "anchor-went-back"
  | "time-went-back"
  /** The batch is anchored after its node left or was disabled, or its node has ended and no checkpoint covers it. */
  | "originator-left"
  /** The batch is of a generation that its node left long ago, and no checkpoint covers it. */
  | "old-generation"
  /** The batch's node did not serve its shard around its anchor, as far as this node has read the chain. */
  | "unserved-shard"
  /** An envelope is one that no honest node takes; the peer that forwarded the batch may not have checked it. */
  | "bad-envelope"
  /** The batch's node has used up this minute's bytes; sync fetches the batch later. */
  | "over-budget"
  /** The batch is older than what this node keeps. */
  | "pruned"
  /** Too much of this peer's is being checked; sync fetches the batch later. */
  | "overloaded"
  | "parked-too-long"
  /** There is hardly any room on this node's disk; sync fetches the batch later. */
  | "disk-low"
  /** The batch could not be checked or written. */
  | "not-stored";

/** Why a peer's batch is wrong for every node. */
export type RejectReason =
  | "malformed"
  | "too-large"
  | "wrong-network"
  /** An envelope's topic is of another shard, or the network has no such shard. */
  | "wrong-shard"
  | "bad-signature"
  /** An envelope is one that no honest node takes, and the batch came from the node that signed it. */
  | "bad-envelope";

type ParkReason = "unregistered-originator" | "unknown-generation" | "anchor-ahead" | "from-the-future";
