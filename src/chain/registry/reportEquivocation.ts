import type { SignedHeader } from "../../wire/equivocation.ts";
import { toHex } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Proves with two conflicting headers that their node equivocated: the registry disables the node, pays the reporter a
 * share of its bond and burns the rest. `exists`: the node is disabled already. Throws as `submitCall` does.
 */
export async function reportEquivocation(params: {
  chain: Chain;
  relayer: Relayer;
  a: SignedHeader;
  b: SignedHeader;
}): Promise<RegistryOutcome> {
  const { chain, relayer, a, b } = params;
  const args = [toHex(a.header), toHex(a.signature), toHex(b.header), toHex(b.signature)] as const;
  return await callNodeRegistry({
    chain,
    relayer,
    call: { functionName: "reportEquivocation", args },
    doneBefore: "AlreadyDisabled",
  });
}
