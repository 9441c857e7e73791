import type { Address, InboxId } from "../../wire/ids.ts";
import { askWallet } from "../nodes/askWallet.ts";
import { answeringFirst, type NodeLinks } from "../nodes/nodeLinks.ts";
import type { OwnRelay } from "../nodes/ownRelay.ts";
import { readInboxesOf } from "../witness/readInboxesOf.ts";
import type { Witnesses } from "../witness/witnesses.ts";

/**
 * Finds the inbox of a wallet, as two witnesses say. Where nobody confirms it, one node's word is enough: the contract
 * takes no installation into another's inbox.
 */
export async function inboxOfWallet(params: {
  links: NodeLinks;
  witnesses: Witnesses;
  ownRelay: OwnRelay | undefined;
  wallet: Address;
  signal: AbortSignal;
}): Promise<InboxId | undefined> {
  const { links, witnesses, wallet, signal } = params;
  const panel = answeringFirst(links);
  const linked = await readInboxesOf({ witnesses, panel, wallets: [wallet], signal });
  if (linked) return linked.get(wallet);
  return (await askWallet({ ...params, ranked: panel })).inbox;
}
