import type { RpcBlock } from "viem";
import type { BlockRef } from "../../wire/blockRef.ts";
import { asId, type Hex } from "../../wire/ids.ts";
import type { Chain } from "./chain.ts";

/** A block's header; `logsBloom` is undefined if the RPC does not tell it. */
export type Header = BlockRef & { readonly parentHash: Hex; readonly logsBloom: Hex | undefined };

/** Reads a block's header once; undefined if the RPC has no such block (yet). Throws the RPC's error. */
export async function readHeader(params: {
  chain: Pick<Chain, "client">;
  block: number | "latest";
  signal?: AbortSignal | undefined;
}): Promise<Header | undefined> {
  const { block, signal } = params;
  const tag = block === "latest" ? block : (`0x${block.toString(16)}` as const);
  const header = await params.chain.client.request(
    { method: "eth_getBlockByNumber", params: [tag, false] },
    signal === undefined ? {} : { signal },
  );
  return headerOf(header);
}

/** Reads a header by the block's hash; the RPC may have a block that a reorganization took. Throws the RPC's error. */
export async function readHeaderOf(params: {
  chain: Pick<Chain, "client">;
  hash: Hex;
  signal?: AbortSignal | undefined;
}): Promise<Header | undefined> {
  const { chain, hash, signal } = params;
  const header = await chain.client.request(
    { method: "eth_getBlockByHash", params: [hash, false] },
    signal === undefined ? {} : { signal },
  );
  return headerOf(header);
}

function headerOf(header: RpcBlock | null): Header | undefined {
  if (header === null || header.number === null || header.hash === null) return undefined;
  return {
    number: Number(header.number),
    hash: asId(header.hash),
    time: Number(header.timestamp),
    parentHash: asId(header.parentHash),
    logsBloom: header.logsBloom ?? undefined,
  };
}

/** Drops all fields of a header but number, hash and time. */
export function blockRefOf({ number, hash, time }: BlockRef): BlockRef {
  return { number, hash, time };
}
