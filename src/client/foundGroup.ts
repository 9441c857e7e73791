import { addressFromPrivateKey, generateSecp256k1PrivateKey } from "../crypto/secp256k1.ts";
import { credentialOf } from "../identity/credential.ts";
import { createGroup as createMlsGroup } from "../mls/createGroup.ts";
import { createKeyPackage } from "../mls/createKeyPackage.ts";
import type { GroupState } from "../mls/groupState.ts";
import { WEFT_GROUP_CONTEXT } from "../mls/limits.ts";
import { closedKindOf } from "../reconciler/policy/closed.ts";
import type { Invitee } from "../reconciler/records/intent.ts";
import type { GroupRecord } from "../reconciler/records/records.ts";
import { emptyGroupView } from "../reconciler/view/viewOfGroup.ts";
import { groupIdOf } from "../wire/entry.ts";
import { type GroupContext, writeGroupContext } from "../wire/groupContext.ts";
import { asAddress, fromHex, type GroupId } from "../wire/ids.ts";
import { groupTopic } from "../wire/topic.ts";
import { nodesOfTopic } from "./asking/nodesOfTopic.ts";
import { addGroup } from "./group/addGroup.ts";
import type { ChangingCore, CoreParts } from "./group/core.ts";
import { createGroupHandle, NO_BLOCK } from "./group/group.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { networkMs, shownMs } from "./nodes/chainTime.ts";
import { activeNodes } from "./nodes/nodeLinks.ts";
import { addIntent } from "./outbox/addIntent.ts";

/** How many groups are drawn: most networks have a node in each shard, so one does; so many find one of 256. */
const MAX_DRAWS = 2_048;

/**
 * Founds a group under this context, and takes in the members, in one intent. Resolves at once, offline too; the group
 * is there for others when its first entry is on chain. Throws `too-large` for a name beyond MAX_GROUP_NAME_BYTES.
 */
export async function foundGroup(params: {
  core: ChangingCore & CoreParts<"groups" | "network" | "online" | "recovery">;
  context: GroupContext;
  members: readonly Invitee[];
}): Promise<{ group: GroupId; intent: IntentHandle }> {
  const { core, context, members } = params;
  const { name } = context;
  const { genesisKey, id } = drawGroup(core);
  const state = makeEpoch0({ core, id, context });
  const record: GroupRecord = {
    group: id,
    genesisKey,
    status: "creating",
    reason: undefined,
    head: id,
    epoch: 0,
    start: { head: id, epoch: 0 },
    name,
    members: [core.self.inbox],
    closed: closedKindOf(context),
    createdAtMs: shownMs(core.links),
  };
  const group = createGroupHandle({ id, view: emptyGroupView(record), processed: NO_BLOCK });
  const intent = await addIntent({
    core,
    group,
    action: { kind: "create", name, members },
    change: { record, epochs: [{ head: id, epoch: { kind: "open", state }, isNew: true }] },
  });
  addGroup(core, group);
  return { group: id, intent };
}

/** Draws a group in a shard that some node serves, unless no node is known. */
function drawGroup(core: CoreParts<"links" | "network">): { genesisKey: Uint8Array; id: GroupId } {
  const isAnyKnown = activeNodes(core.links).length > 0;
  for (let draws = 1; ; draws++) {
    const genesisKey = generateSecp256k1PrivateKey();
    const id = groupIdOf(asAddress(addressFromPrivateKey(genesisKey)));
    const isServed = nodesOfTopic(core, groupTopic(id)).length > 0;
    if (isServed || !isAnyKnown || draws === MAX_DRAWS) return { genesisKey, id };
  }
}

/** Makes epoch 0, which only its founder knows. The leaf is that of a key package made for this and never published. */
function makeEpoch0(params: {
  core: CoreParts<"links" | "self">;
  id: GroupId;
  context: GroupContext;
}): GroupState {
  const { core, id, context } = params;
  const { inbox, installation } = core.self;
  const { keyPackage, secrets } = createKeyPackage({
    identity: credentialOf(inbox),
    signatureKey: { publicKey: fromHex(installation.key), privateKey: installation.privateKey },
    capabilitiesExtensions: [WEFT_GROUP_CONTEXT],
    lifetime: { notBefore: 0, notAfter: Math.floor(networkMs(core.links) / 1000) },
  });
  return createMlsGroup({
    groupId: fromHex(id),
    keyPackage,
    keyPackageSecrets: secrets,
    groupContextExtension: writeGroupContext(context),
  });
}
