import { WeftError } from "../../errors.ts";
import { snapshotOf } from "../../reconciler/inboxes/inboxSnapshot.ts";
import type { InboxSnapshot } from "../../reconciler/records/records.ts";
import { EMPTY_WORD } from "../../wire/identityStep.ts";
import { askNodes } from "../nodes/askNodes.ts";
import { fetchHistories } from "../nodes/fetchHistories.ts";
import { activeNodes } from "../nodes/nodeLinks.ts";
import { hear } from "../witness/hear.ts";
import type { OpenWallet } from "./openWallet.ts";

/** Stands for no block: nobody has confirmed the history. */
const NEVER = -1;

/**
 * Reads the history of the wallet's inbox: served by one node, each signature checked, its word confirmed by another
 * operator; provisional if no other answers. Throws `no-node`, or what is wrong with the last node.
 */
export async function readOwnHistory(opened: OpenWallet): Promise<InboxSnapshot> {
  const { links, network, finalityBlocks, inbox, witnesses, signal } = opened;
  const ranked = activeNodes(links);
  const known = () => ({ history: undefined, keyWallets: [] });
  return await askNodes({
    ...{ links, ranked, signal },
    ask: async (api, serving) => {
      const asked = { network, finalityBlocks, api, inboxes: [inbox], known, block: 0, signal };
      for await (const { head, fetched } of fetchHistories(asked)) {
        const history = fetched[0]?.history;
        const facts = [{ kind: "history", inbox, word: history?.word ?? EMPTY_WORD } as const];
        const { kind } = await hear({ witnesses, ranked, serving, claim: { head, facts }, signal });
        const confirmedAsOf = kind === "agreed" ? head.number : NEVER;
        if (kind === "agreed" || kind === "silent") {
          return snapshotOf({ history, keyWallets: [], asOf: head.number, confirmedAsOf });
        }
        const message = `nobody confirms what the node ${serving} says of the inbox: ${kind}`;
        throw new WeftError({ code: "not-ready", message });
      }
      throw new WeftError({ code: "not-ready", message: `the node ${serving} tells nothing of the inbox` });
    },
  });
}
