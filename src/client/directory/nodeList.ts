import type { NodeRecord } from "../../rpc/nodeApi.ts";
import type { NodeId } from "../../wire/ids.ts";

/** A list of nodes that one of them gives. */
export type NodeList = {
  /** Undefined if that is not known. */
  readonly by: NodeId | undefined;
  readonly records: readonly NodeRecord[];
  /** It was asked by an address that the app named. */
  readonly isNamed: boolean;
};
