import type { BlockRef } from "../../wire/blockRef.ts";
import type { Address, EntryId, GroupId, Hex, InboxId, NodeId } from "../../wire/ids.ts";
import type { CheckpointPlace } from "../../wire/words.ts";

/** One thing that a node says about the chain at its newest block. */
export type Fact =
  | {
      readonly kind: "entry";
      readonly group: GroupId;
      /** The group id itself: the root, which has only children. */
      readonly id: EntryId | GroupId;
      readonly authority: Address;
      /** The number of the block that holds the entry. */
      readonly block: number;
      readonly index: number;
      /** How many children the entry has at the newest block; undefined: not compared. */
      readonly children: number | undefined;
    }
  /** The word of an inbox's whole history. */
  | { readonly kind: "history"; readonly inbox: InboxId; readonly word: Hex }
  /** The inbox that a wallet is linked to; undefined: none. */
  | { readonly kind: "wallet"; readonly wallet: Address; readonly inbox: InboxId | undefined }
  /** The word of a node's present fields; zero: there is no such node. */
  | { readonly kind: "node"; readonly node: NodeId; readonly word: Hex }
  | { readonly kind: "node-count"; readonly count: number }
  /** A checkpoint that names this header hash; undefined: the block has no such checkpoint. */
  | { readonly kind: "checkpoint"; readonly place: CheckpointPlace; readonly headerHash: Hex | undefined }
  /** A block before the newest one. */
  | { readonly kind: "block"; readonly block: BlockRef };

/**
 * What a node says: its newest block, to which a witness has to agree as well, and facts that hold at the end of that
 * block.
 */
export type Claim = { readonly head: BlockRef; readonly facts: readonly Fact[] };

export type FactOf<Kind extends Fact["kind"]> = Extract<Fact, { kind: Kind }>;

export function factsOf<Kind extends Fact["kind"]>(facts: readonly Fact[], kind: Kind): FactOf<Kind>[] {
  return facts.filter((fact): fact is FactOf<Kind> => fact.kind === kind);
}
