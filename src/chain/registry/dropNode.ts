import type { NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Drops the registry's record of a node that was disabled, or that has left and got its bond back; any account may.
 * `exists`: the registry has no such record. Throws as `submitCall` does.
 */
export async function dropNode(params: {
  chain: Chain;
  relayer: Relayer;
  node: NodeId;
}): Promise<RegistryOutcome> {
  const { chain, relayer, node } = params;
  const call = { functionName: "drop", args: [node] } as const;
  return await callNodeRegistry({ chain, relayer, call, doneBefore: "UnknownNode" });
}
