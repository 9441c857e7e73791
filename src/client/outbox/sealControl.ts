import { addressFromPrivateKey, generateSecp256k1PrivateKey } from "../../crypto/secp256k1.ts";
import { zero } from "../../crypto/zero.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { entryKeyOf } from "../../reconciler/branch/epochSecrets.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { HeadId, StagedRecord } from "../../reconciler/records/records.ts";
import type { ControlInstruction } from "../../wire/control.ts";
import { sealEntryPayload } from "../../wire/entry.ts";
import { type Address, asAddress } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/**
 * Builds a control as a child of `head`, signed and sealed like a commit, under an authority whose key nobody keeps.
 */
export function sealControl(params: {
  core: CoreParts<"network" | "self">;
  group: Group;
  intent: Intent;
  head: HeadId;
  /** The state of the head's epoch. */
  state: GroupState;
  registryBlock: number;
  instruction: ControlInstruction;
}): StagedRecord {
  const { core, group, intent, head, state, registryBlock, instruction } = params;
  const { key: installation, privateKey } = core.self.installation;
  const authority = randomAuthority();
  const payload = sealEntryPayload({
    ...{ group: group.id, parent: head, network: core.network, installationPrivateKey: privateKey },
    key: entryKeyOf({ state, parent: head }),
    body: { instruction: { case: "control", value: instruction }, authority, registryBlock, installation },
  });
  return { intent: intent.id, parent: head, authority, payload, registryBlock, welcome: undefined };
}

function randomAuthority(): Address {
  const key = generateSecp256k1PrivateKey();
  const authority = asAddress(addressFromPrivateKey(key));
  zero(key);
  return authority;
}
