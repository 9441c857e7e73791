import type { LogHead, MeshLog } from "../mesh/meshLog.ts";
import { appendPeerBatch, holdsBatch } from "../store/node/appendBatch.ts";
import { branchesOf } from "../store/node/branchesOf.ts";
import { recordHole } from "../store/node/holes.ts";
import { type LogState, logRangeOf } from "../store/node/logState.ts";
import { type LogStore, logStateOf } from "../store/node/logStore.ts";
import { missingRanges } from "../store/node/missingRanges.ts";
import { headerEndingAt, readBatchByHeader, readLogRange } from "../store/node/readLogRange.ts";
import type { NodeId } from "../wire/ids.ts";

/**
 * Shows the log store to the mesh. While there is no room for a node's logs, none of their ranges counts as missing: no
 * peer is asked for what would be thrown away.
 */
export function bindMeshLog(store: LogStore, hasRoom: (originator: NodeId) => boolean = () => true): MeshLog {
  const headOf = (state: LogState): LogHead => ({ range: logRangeOf(state), highest: state.highest });
  return {
    heads: () => [...store.state.logs.values()].map(headOf),
    headOf: (log) => headOf(logStateOf(store.state, log)),
    branches: (log) => branchesOf({ store, log }),
    missing: async (log) => (hasRoom(log.node) ? await missingRanges({ store, log }) : []),
    holds: (batch) => holdsBatch({ store, batch }),
    headerEndingAt: (params) => headerEndingAt({ store, ...params }),
    append: (batch) => appendPeerBatch({ store, batch }),
    readRange: (params) => readLogRange({ store, ...params }),
    readBatch: (params) => readBatchByHeader({ store, ...params }),
    recordHole: (params) => recordHole({ store, ...params }),
  };
}
