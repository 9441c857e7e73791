import { generateP256 } from "#crypto";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { buildGroupEnvelope, certifyPostingKey } from "../../src/wire/groupEnvelope.ts";
import type { EntryId, GroupId } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import { type TestAuthority, type TestEntry, testEntry, testGroup } from "./testGroup.ts";
import { until } from "./until.ts";

/** A group of which a test knows the epoch's keys, without MLS. */
export type TestConversation = {
  readonly group: GroupId;
  readonly first: TestEntry;
  /** Signs and wraps what looks like an MLS PrivateMessage. */
  readonly post: (text: string) => Envelope;
};

/** Relays the first entry of a fresh group and waits until the node's index has it. */
export async function startTestConversation(params: {
  network: Network;
  api: NodeApi;
}): Promise<TestConversation> {
  const { network, api } = params;
  const { group, genesis } = testGroup();
  const first = testEntry({ network, group, parent: group, signer: genesis });
  await relayed({ api, entry: first });
  const post = testPoster({ network, group, head: first.id, authority: first.authority });
  return { group, first, post };
}

/** Relays an entry and waits until the node's index has it. */
export async function relayed(params: { api: NodeApi; entry: TestEntry }): Promise<void> {
  const { api, entry } = params;
  const outcome = await api.relayAppend(entry.append);
  if (outcome.kind !== "submitted")
    throw new Error(`the entry was not submitted: ${JSON.stringify(outcome)}`);
  const { group } = entry.append;
  await until("the entry in the index", async () => (await api.getEntry({ group, id: entry.id })).known);
}

/** What members of an epoch would post. */
export function testPoster(params: {
  network: Network;
  group: GroupId;
  head: EntryId;
  authority: TestAuthority;
}): (text: string) => Envelope {
  const { network, group, head } = params;
  const { publicKey, privateKey } = generateP256();
  const authorityKey = params.authority.privateKey;
  const certificate = certifyPostingKey({ network, group, head, postingKey: publicKey, authorityKey });
  const posting = { head, publicKey, privateKey, certificate };
  return (text) => {
    const privateMessage = concatBytes(Uint8Array.of(0, 1, 0, 2), new TextEncoder().encode(text));
    return buildGroupEnvelope({ network, group, posting, privateMessage });
  };
}
