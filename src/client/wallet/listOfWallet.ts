import { type InstallationList, listOf } from "../../reconciler/inboxes/installationList.ts";
import { MAX_SLOW_WORDS_PER_CALL } from "../../rpc/limits.ts";
import { networkMs } from "../nodes/chainTime.ts";
import { activeNodes } from "../nodes/nodeLinks.ts";
import { NO_WORDS, readAgreed } from "../witness/readAgreed.ts";
import { type OpenWallet, type WalletPlace, withWallet } from "./openWallet.ts";
import { readOwnHistory } from "./readOwnHistory.ts";

/** Lists the installations of a wallet's inbox: see `listInstallations`. */
export async function listOfWallet(place: WalletPlace): Promise<InstallationList> {
  return await withWallet(place, async (opened) => {
    const { inbox } = opened;
    const snapshot = await readOwnHistory(opened);
    const list = listOf({ inbox, snapshot, self: undefined, nowMs: networkMs(opened.links) });
    const blocks = list.installations.flatMap(({ addedBlock, revokedBlock }) =>
      [addedBlock, revokedBlock ?? []].flat(),
    );
    const times = await timesOf(opened, [...new Set(blocks)]);
    const installations = list.installations.map((one) => ({
      ...one,
      addedTime: times.get(one.addedBlock),
      revokedTime: one.revokedBlock === undefined ? undefined : times.get(one.revokedBlock),
    }));
    return { ...list, installations };
  });
}

/**
 * Reads the times of blocks (seconds since 1970), as two witnesses say, or one if no other answers; what they do not
 * agree on is left out.
 */
async function timesOf(opened: OpenWallet, blocks: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const { witnesses, links, signal } = opened;
  const times = new Map<number, number>();
  for (let at = 0; at < blocks.length; at += MAX_SLOW_WORDS_PER_CALL) {
    const list = { ...NO_WORDS, blocks: blocks.slice(at, at + MAX_SLOW_WORDS_PER_CALL) };
    const reading = await readAgreed({ witnesses, panel: activeNodes(links), list, signal });
    if (reading.kind === "none") continue;
    for (const block of reading.words.blocks) if (block) times.set(block.number, block.time);
  }
  return times;
}
