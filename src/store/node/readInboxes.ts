import { type Address, asId, type InboxId, type InstallationKey } from "../../wire/ids.ts";
import { keyOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import type { ChainIndex } from "./chainIndex.ts";
import { parseJson } from "./chainIndexCodec.ts";
import type { IndexedInbox } from "./indexedRecords.ts";

/** Returns an inbox of the index; undefined if the index does not have it. */
export async function inboxOf(params: {
  index: ChainIndex;
  inbox: InboxId;
}): Promise<IndexedInbox | undefined> {
  const { index, inbox } = params;
  const bytes = await index.database.level.get(keyOf(nodeSchema.inbox, { inbox }));
  return bytes === undefined ? undefined : parseJson<IndexedInbox>(bytes);
}

/** Returns the inbox that a wallet is linked to now; undefined if it is in none. */
export async function inboxOfWallet(params: {
  index: ChainIndex;
  wallet: Address;
}): Promise<InboxId | undefined> {
  const { index, wallet } = params;
  const bytes = await index.database.level.get(keyOf(nodeSchema.wallet, { wallet }));
  return bytes === undefined ? undefined : asId(bytes);
}

/** True if an installation was added to the inbox and not revoked, up to the block that the index has read. */
export async function isActiveInstallation(params: {
  index: ChainIndex;
  inbox: InboxId;
  installation: InstallationKey;
}): Promise<boolean> {
  const record = await inboxOf(params);
  return (record?.installations ?? []).some(
    ({ installation, revokedBlock }) => installation === params.installation && revokedBlock === undefined,
  );
}
