import { sha256 } from "#crypto";
import type { IndexableRecord } from "../../src/store/node/indexableRecord.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import { utf8 } from "../../src/wire/bytes.ts";
import { type Address, type InboxId, type InstallationKey, toHex } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import type { RelayOutcome } from "../../src/wire/relayOutcome.ts";
import { applyTransaction, type ChainState, EMPTY_CHAIN, type Transaction } from "./chainRules.ts";
import type { Random } from "./random.ts";

export type Block = {
  readonly ref: BlockRef;
  readonly transactions: readonly Transaction[];
  readonly records: readonly IndexableRecord[];
  readonly state: ChainState;
};

/** A chain without a machine behind it: blocks, what waits for the next one, and reorganizations. */
export type MemoryChain = {
  readonly network: Network;
  blocks: readonly Block[];
  waiting: readonly Transaction[];
  /** Blocks that were ever made: no two have one hash. */
  made: number;
  /** Installations that were ever on it, reorganized away or not. */
  readonly added: Set<InstallationKey>;
};

export function createMemoryChain(params: { network: Network; blocks?: readonly Block[] }): MemoryChain {
  const { network, blocks = [] } = params;
  const chain = { network, blocks, waiting: [], made: blocks.length, added: new Set<InstallationKey>() };
  for (const { records } of blocks) noteAdded(chain, records);
  return chain;
}

export function headOf(chain: MemoryChain): Block | undefined {
  return chain.blocks.at(-1);
}

export function blockNumbered(chain: MemoryChain, number: number): Block | undefined {
  return chain.blocks[number - chain.network.deployedBlock];
}

/** The wallet that an inbox belongs to: in the search each has one. */
export function walletOf(chain: MemoryChain, inbox: InboxId): Address | undefined {
  const wallets = headOf(chain)?.state.wallets ?? EMPTY_CHAIN.wallets;
  return [...wallets].find(([, one]) => one.inbox === inbox)?.[0];
}

/** Takes a transaction in, unless it can't land on top of what waits already: a lost race costs nothing. */
export function submit(params: { chain: MemoryChain; transaction: Transaction }): RelayOutcome {
  const { chain, transaction } = params;
  const { network } = chain;
  let state = headOf(chain)?.state ?? EMPTY_CHAIN;
  for (const one of chain.waiting) {
    const landing = applyTransaction({ network, state, transaction: one });
    if (landing.kind === "landed") state = landing.state;
  }
  const outcome = applyTransaction({ network, state, transaction });
  if (outcome.kind !== "landed") return outcome;
  chain.waiting = [...chain.waiting, transaction];
  return { kind: "submitted", transaction: chain.network.genesisHash };
}

/** Makes the next block of what waits, in an order of its own; what can't land any more is gone. */
export function mine(params: { chain: MemoryChain; timeMs: number; random: Random }): void {
  const { chain, timeMs, random } = params;
  const { network } = chain;
  const before = headOf(chain);
  const number = (before?.ref.number ?? network.deployedBlock - 1) + 1;
  const hash = toHex(sha256(utf8(`block ${number} of ${chain.made++}`)));
  const time = Math.max(Math.floor(timeMs / 1000), before?.ref.time ?? 0);
  const ref = { number, hash, time };
  const records: IndexableRecord[] = [];
  const transactions: Transaction[] = [];
  let state = before?.state ?? EMPTY_CHAIN;
  for (const transaction of random.shuffle(chain.waiting)) {
    const landing = applyTransaction({ network, state, transaction });
    if (landing.kind !== "landed") continue;
    state = landing.state;
    transactions.push(transaction);
    for (const body of landing.bodies) records.push({ ...body, block: ref, logIndex: records.length });
  }
  chain.waiting = [];
  noteAdded(chain, records);
  chain.blocks = [...chain.blocks, { ref, transactions, records, state }];
}

function noteAdded({ added }: Pick<MemoryChain, "added">, records: readonly IndexableRecord[]): void {
  for (const record of records) if (record.kind === "installation-added") added.add(record.installation);
}

/** Takes the last blocks away. Of their transactions some wait again, the others are lost for good. */
export function reorganize(params: {
  chain: MemoryChain;
  depth: number;
  keeps: (transaction: Transaction) => boolean;
}): void {
  const { chain, depth, keeps } = params;
  const kept = chain.blocks.slice(0, Math.max(1, chain.blocks.length - depth));
  const undone = chain.blocks.slice(kept.length).flatMap(({ transactions }) => transactions);
  chain.blocks = kept;
  chain.waiting = [...undone.filter(keeps), ...chain.waiting];
}
