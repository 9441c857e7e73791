import { readContract } from "viem/actions";
import { asAddress, type EntryId, type GroupId } from "../../wire/ids.ts";
import type { EntryWord } from "../../wire/words.ts";
import { commitLogAbi } from "../abi/commitLog.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/**
 * Reads an entry as of the chain's newest block; `id` may be the group id, which is the first entry's parent. Undefined
 * if the contract does not know it. Throws `chain-unreachable`.
 */
export async function readEntry(params: {
  chain: Chain;
  group: GroupId;
  id: EntryId | GroupId;
}): Promise<EntryWord | undefined> {
  const { chain, group, id } = params;
  const entry = await readCall({
    what: "an entry",
    read: readContract(chain.client, {
      address: chain.network.commitLog,
      abi: commitLogAbi,
      functionName: "entries",
      args: [group, id],
    }),
  });
  const { blockNumber: block, index, children } = entry;
  if (block === 0 && children === 0) return undefined;
  return { authority: asAddress(entry.authority), block, index, children };
}
