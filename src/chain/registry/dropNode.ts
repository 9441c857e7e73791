import type { NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Frees the registry of a node that was disabled, or has left and taken its bond. Anybody may. `exists`: it was done
 * before. Throws as `submitCall`.
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
