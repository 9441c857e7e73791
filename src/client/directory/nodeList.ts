import type { NodeRecord } from "../../rpc/nodeApi.ts";
import type { NodeId } from "../../wire/ids.ts";

/** A list of nodes that one of them gives. */
export type NodeList = {
  /** The node that gave it; undefined if that is not known. */
  readonly by: NodeId | undefined;
  readonly records: readonly NodeRecord[];
  /** True if the node was reached by an address that the app named. */
  readonly isNamed: boolean;
};
