import { randomBytes } from "#crypto";
import { signAppend } from "../../src/chain/sign/signAppend.ts";
import { type Client, coreOf } from "../../src/client/client.ts";
import { authorityKeyOf, entryKeyOf } from "../../src/reconciler/branch/epochSecrets.ts";
import { sealEntryPayload } from "../../src/wire/entry.ts";
import { asAddress, type EntryId, type GroupId } from "../../src/wire/ids.ts";
import { headState } from "./hostile.ts";
import { submit } from "./memoryChain.ts";
import type { World } from "./world.ts";

/**
 * A removed member asks, past its client, to be "removed and added again", as one does who can't follow: about its own
 * removal, or about an entry before that.
 */
export async function askToReturn(params: {
  world: World;
  group: GroupId;
  client: Client;
  aboutRemoval: boolean;
}): Promise<void> {
  const { world, group, client, aboutRemoval } = params;
  const held = await headState(client, group);
  if (held?.status !== "removed" || !held.end) return;
  const { network, self, groups } = coreOf(client);
  const { key: installation, privateKey } = self.installation;
  const parent = held.head as EntryId;
  const authority = asAddress(randomBytes(20));
  const entry = aboutRemoval ? held.end.id : parent;
  const payload = sealEntryPayload({
    ...{ network, group, parent, installationPrivateKey: privateKey },
    key: entryKeyOf({ state: held.state, parent }),
    body: {
      instruction: { case: "control", value: { kind: "request", entry } },
      ...{ authority, installation, registryBlock: groups.get(group)?.processed.number ?? 0 },
    },
  });
  const append = { group, parent, limit: 2 ** 24 - 1, authority, payload };
  const signature = signAppend({ network, ...append, privateKey: authorityKeyOf(held.state) });
  submit({ chain: world.chain, transaction: { kind: "append", append: { ...append, signature } } });
}
