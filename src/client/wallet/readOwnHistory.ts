import { WeftError } from "../../errors.ts";
import type { InboxHistory } from "../../identity/inboxHistory.ts";
import { snapshotOf } from "../../reconciler/inboxes/inboxSnapshot.ts";
import type { InboxSnapshot } from "../../reconciler/records/records.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import { EMPTY_WORD } from "../../wire/identityStep.ts";
import type { NodeId } from "../../wire/ids.ts";
import { askNodes } from "../nodes/askNodes.ts";
import { fetchHistories } from "../nodes/fetchHistories.ts";
import { activeNodes } from "../nodes/nodeLinks.ts";
import { blockToReach } from "../witness/blockToReach.ts";
import { hear } from "../witness/hear.ts";
import type { OpenWallet } from "./openWallet.ts";

/** Stands for no block: nobody has confirmed the history. */
const NEVER = -1;

/**
 * Reads the history of the wallet's inbox: served by one node, each signature checked, its word confirmed by another
 * operator; provisional if no other answers. A node that names an old block, which hides what came since, is passed
 * over. Throws `no-node`, or what is wrong with the last node.
 */
export async function readOwnHistory(opened: OpenWallet): Promise<InboxSnapshot> {
  const { links, inbox, witnesses, signal } = opened;
  const ranked = activeNodes(links);
  return await askNodes({
    ...{ links, ranked, signal },
    ask: async (api, serving) => {
      const asked = { witnesses, serving, signal };
      let least: number | undefined;
      for (;;) {
        const { head, history } = await readWhole({ opened, api, serving, block: least ?? 0 });
        const facts = [{ kind: "history", inbox, word: history?.word ?? EMPTY_WORD } as const];
        const testimony = await hear({ ...asked, ranked, claim: { head, facts } });
        const { kind } = testimony;
        if (kind === "agreed" && least === undefined) {
          least = await blockToReach({ ...asked, claimed: head, newest: testimony.newest });
          if (least !== undefined) continue;
        }
        const confirmedAsOf = kind === "agreed" ? head.number : NEVER;
        if (kind === "agreed" || kind === "silent") {
          return snapshotOf({ history, keyWallets: [], asOf: head.number, confirmedAsOf });
        }
        const message = `nobody confirms what the node ${serving} says of the inbox: ${kind}`;
        throw new WeftError({ code: "not-ready", message });
      }
    },
  });
}

/** Reads the whole history by way of one node. Throws `not-ready` if the node has not read the chain up to `block`. */
async function readWhole(params: {
  opened: OpenWallet;
  api: NodeApi;
  serving: NodeId;
  block: number;
}): Promise<{ readonly head: BlockRef; readonly history: InboxHistory | undefined }> {
  const { opened, api, serving, block } = params;
  const { network, finalityBlocks, inbox, signal } = opened;
  const known = () => ({ history: undefined, keyWallets: [] });
  const asked = { network, finalityBlocks, api, inboxes: [inbox], known, block, signal };
  for await (const { head, fetched } of fetchHistories(asked)) return { head, history: fetched[0]?.history };
  throw new WeftError({ code: "not-ready", message: `the node ${serving} tells nothing of the inbox` });
}
