import { followChain } from "../../src/chain/follow/followChain.ts";
import type { Chain } from "../../src/chain/provider/chain.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import type { ChainRecord } from "../../src/wire/chainRecord.ts";

/** All records from a cursor to the head of the chain. */
export async function readRecords(params: {
  chain: Chain;
  cursor?: readonly BlockRef[];
}): Promise<ChainRecord[]> {
  const records: ChainRecord[] = [];
  const { chain, cursor = [] } = params;
  for await (const event of followChain({ chain, cursor })) {
    if (event.kind === "rollback") throw new Error("the chain was reorganised in between");
    records.push(...event.records);
    if (event.to.number === event.head.number) break;
  }
  return records;
}
