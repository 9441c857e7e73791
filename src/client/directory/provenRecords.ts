import { nodeIdOf } from "../../chain/layout/nodeIdOf.ts";
import { nodeWord } from "../../chain/layout/nodeWord.ts";
import { isWeftError } from "../../errors.ts";
import type { NodeRecord } from "../../rpc/nodeApi.ts";
import { catchFault } from "../../wire/catchFault.ts";
import { fromHex } from "../../wire/ids.ts";
import type { NodeList } from "./nodeList.ts";

/**
 * Keeps the records whose id is the hash of their operator and key, so that nobody can list another key for a node; of
 * equal ones only one. Pure.
 */
export function provenRecords(lists: readonly NodeList[]): NodeRecord[] {
  const variants = new Map<string, NodeRecord>();
  for (const { records } of lists) {
    for (const record of records) {
      const { node, operator, signingKey } = record;
      const id = catchFault(() => nodeIdOf({ operator, signingKey: fromHex(signingKey) }));
      if (isWeftError(id) || id !== node) continue;
      const word = catchFault(() => nodeWord(record));
      if (!isWeftError(word)) variants.set(`${node}/${word}`, record);
    }
  }
  return [...variants.values()];
}
