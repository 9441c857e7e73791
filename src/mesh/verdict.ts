/** What becomes of a peer's batch. Only what is wrong for everyone, whatever they know, is rejected. */
export type Verdict =
  /** Stored, or stored before: forwarded. */
  | { readonly kind: "accept"; readonly stored: boolean }
  /** Not stored, not forwarded, nobody is blamed. */
  | { readonly kind: "ignore"; readonly reason: IgnoreReason }
  /** Not stored, and whoever sent it is blamed. */
  | { readonly kind: "reject"; readonly reason: RejectReason }
  /** Kept for a while in memory: the index may be behind, or the clock. */
  | { readonly kind: "park"; readonly reason: ParkReason };

export type FinalVerdict = Exclude<Verdict, { kind: "park" }>;

type IgnoreReason =
  /** The header's anchor block or time lies before its predecessor's. Whether that is held depends on the order. */
  | "anchor-went-back"
  | "time-went-back"
  /** Anchored after the block in which its node left or was disabled, or that is over and no checkpoint covers it. */
  | "originator-left"
  /** Of a generation that its node has left long ago, and no checkpoint covers it. */
  | "old-generation"
  /** Its node did not serve that shard around its anchor, as far as this node has read the chain. */
  | "unserved-shard"
  /** The node's own check found one that no honest node takes: its node's fault. Who forwarded it may not have looked. */
  | "bad-envelope"
  /** Its node has used up this minute's bytes; sync fetches it later. */
  | "over-budget"
  /** Older than what this node keeps. */
  | "pruned"
  /** Too much of this peer's is being checked; sync fetches it later. */
  | "overloaded"
  | "parked-too-long"
  /** There is hardly any room on this node's disk; sync fetches it later. */
  | "disk-low"
  /** The disk refused it. */
  | "not-stored";

export type RejectReason =
  | "malformed"
  | "too-large"
  | "wrong-network"
  /** One of its envelopes is of another shard's topic, or the network has no such shard. */
  | "wrong-shard"
  | "bad-signature"
  /** As above, and it came from the node that signed it. */
  | "bad-envelope";

type ParkReason = "unregistered-originator" | "unknown-generation" | "anchor-ahead" | "from-the-future";
