import { callRpc } from "../../src/devnet/callRpc.ts";
import { type Intercept, startRpcShim } from "./rpcShim.ts";

/** A provider that can be made to know of no block behind the newest one then; it answers on. */
export type StickyRpc = AsyncDisposable & {
  readonly rpcUrl: string;
  readonly stick: () => Promise<void>;
  readonly goOn: () => void;
};

export async function startStickyRpc(params: { rpcUrl: string }): Promise<StickyRpc> {
  const { rpcUrl } = params;
  let last: { readonly number: string } | undefined;
  const intercept: Intercept = ({ method, params: [first] }) => {
    if (last === undefined) return undefined;
    const isBehind =
      typeof first === "string" && first.startsWith("0x") && Number(first) > Number(last.number);
    if (method === "eth_blockNumber") return { result: last.number };
    if (method === "eth_getBlockByNumber" && first === "latest") return { result: last };
    return method === "eth_getBlockByNumber" && isBehind ? { result: null } : undefined;
  };
  const shim = await startRpcShim({ rpcUrl, intercept });
  return {
    ...shim,
    stick: async () => {
      last = await callRpc({ rpcUrl, method: "eth_getBlockByNumber", args: ["latest", false] });
    },
    goOn: () => {
      last = undefined;
    },
    [Symbol.asyncDispose]: () => shim[Symbol.asyncDispose](),
  };
}
