import type { NodeConnection } from "../../src/rpc/connectNode.ts";
import type { RelayOutcome } from "../../src/wire/relayOutcome.ts";

/** A node that serves whatever is asked for and lets nothing of its client get to the chain. */
export function censoring(node: NodeConnection, onAsked: (what: string) => void = () => {}): NodeConnection {
  const refuse = (what: string) => async (): Promise<RelayOutcome> => {
    onAsked(what);
    return { kind: "refused", code: "limit-exceeded", hint: "not from you" };
  };
  return { ...node, relayAppend: refuse("append"), relayIdentity: refuse("identity") };
}
