import { randomBytes } from "#crypto";
import { signAppend } from "../../../src/chain/sign/signAppend.ts";
import { type Client, coreOf } from "../../../src/client/client.ts";
import { stageCommit } from "../../../src/mls/stageCommit.ts";
import { authorityKeyOf, authorityOf, entryKeyOf } from "../../../src/reconciler/branch/epochSecrets.ts";
import { viewOf } from "../../../src/reconciler/branch/epochView.ts";
import { inboxesGone } from "../../../src/reconciler/policy/inboxesGone.ts";
import { contextAfterRemove } from "../../../src/reconciler/policy/nextContext.ts";
import type { Append } from "../../../src/wire/append.ts";
import { sealEntryPayload } from "../../../src/wire/entry.ts";
import { writeGroupContext } from "../../../src/wire/groupContext.ts";
import { type EntryId, fromHex, type GroupId, type InboxId } from "../../../src/wire/ids.ts";
import { headState } from "../hostile.ts";

/**
 * A commit on the head, sealed and signed as it has to be: a rotation, or the removal of a victim. Where everybody is
 * lied to, the insider's own client is, too: then it sees what it did not write, as if its keys had been stolen.
 */
export async function sealInsidersCommit(params: {
  client: Client;
  group: GroupId;
  victim: InboxId | undefined;
}): Promise<Append | undefined> {
  const { client, group, victim } = params;
  const held = await headState(client, group);
  if (held?.status !== "member") return undefined;
  const { state } = held;
  const parent = held.head as EntryId;
  const { network, self, groups } = coreOf(client);
  const { key: installation, privateKey } = self.installation;
  const { members, context } = viewOf(state);
  const removed = members.filter(({ inbox }) => inbox === victim && inbox !== client.inbox);
  const after = contextAfterRemove({
    drawBytes: randomBytes,
    context,
    gone: inboxesGone({ members, removes: removed }),
  });
  const { commit, newState } = stageCommit({
    ...{ state, signatureKey: { publicKey: fromHex(installation), privateKey } },
    removes: removed.map(({ leafIndex }) => leafIndex),
    ...(removed.length > 0 ? { groupContextExtension: writeGroupContext(after) } : {}),
  });
  const authority = authorityOf(newState);
  const payload = sealEntryPayload({
    ...{ network, group, parent, installationPrivateKey: privateKey },
    key: entryKeyOf({ state, parent }),
    body: {
      instruction: { case: "commit", value: commit },
      ...{ authority, installation, registryBlock: groups.get(group)?.processed.number ?? 0 },
    },
  });
  const append = { group, parent, limit: 0, authority, payload };
  const signature = signAppend({ network, ...append, privateKey: authorityKeyOf(state) });
  return { ...append, signature };
}
