import { encodeEventTopics, type RpcLog } from "viem";
import { entryId } from "../../wire/entry.ts";
import type { EntryId, GroupId } from "../../wire/ids.ts";
import { commitLogAbi } from "../abi/commitLog.ts";
import { decodeLog } from "../layout/decodeLog.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/** An entry that is known to stand in this block. */
type Known = { readonly id: EntryId; readonly block: { readonly number: number } };

/**
 * Reads the payloads of a group's entries again, from the logs of their blocks. An entry's id covers its payload, so no
 * provider can give another one. Entries that are not found are left out. Throws `chain-unreachable`.
 */
export async function readPayloads(params: {
  chain: Chain;
  group: GroupId;
  /** In chain order. */
  entries: readonly Known[];
  /** The widest range of blocks that is asked for at once. */
  blocksPerPage: number;
}): Promise<Map<EntryId, Uint8Array>> {
  const { chain, group, entries, blocksPerPage } = params;
  const payloads = new Map<EntryId, Uint8Array>();
  for (let at = 0; at < entries.length; ) {
    const from = entries[at]?.block.number ?? 0;
    const next = entries.findIndex(({ block }, i) => i > at && block.number >= from + blocksPerPage);
    const run = entries.slice(at, next < 0 ? entries.length : next);
    const to = run.at(-1)?.block.number ?? from;
    for (const [id, payload] of await readRun({ chain, group, from, to })) payloads.set(id, payload);
    at += run.length;
  }
  return payloads;
}

async function readRun(params: {
  chain: Chain;
  group: GroupId;
  from: number;
  to: number;
}): Promise<[EntryId, Uint8Array][]> {
  const { chain, group, from, to } = params;
  const { client, network } = chain;
  const topics = encodeEventTopics({ abi: commitLogAbi, eventName: "Appended", args: { group } });
  const filter = {
    address: network.commitLog,
    topics,
    fromBlock: `0x${from.toString(16)}`,
    toBlock: `0x${to.toString(16)}`,
  } as const;
  const read = client.request({ method: "eth_getLogs", params: [filter] });
  const logs: readonly RpcLog[] = await readCall({ what: "entries of a group", read });
  return logs.flatMap((log) => {
    const record = decodeLog({ network, log });
    if (record?.kind !== "entry" || record.group !== group || entryId(record) !== record.id) return [];
    return [[record.id, record.payload]];
  });
}
