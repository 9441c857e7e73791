import { inboxIdOf } from "../../chain/inboxIdOf.ts";
import { relayIdentity } from "../../chain/relayIdentity.ts";
import type { IdentityAction, RelayOutcome } from "../../rpc/nodeApi.ts";
import type { InboxId } from "../../wire/ids.ts";
import { gasOfIdentity } from "./gasOf.ts";
import type { Relaying } from "./relaying.ts";
import { withinBudget } from "./withinBudget.ts";

/** Brings a signed identity record to the chain, or says why not. Throws as `relayIdentity`. */
export async function takeIdentity(params: {
  relaying: Relaying;
  action: IdentityAction;
  caller: string;
}): Promise<RelayOutcome> {
  const { relaying, action } = params;
  const { chain, relayer } = relaying;
  return await withinBudget({
    ...params,
    subject: inboxOf(action),
    isNewcomer: action.kind === "create-inbox",
    gas: gasOfIdentity(action),
    send: (permit) => relayIdentity({ chain, relayer, action, permit }),
  });
}

function inboxOf(action: IdentityAction): InboxId {
  if (action.kind !== "create-inbox") return action.inbox;
  return inboxIdOf({ wallet: action.wallet.signer, salt: action.salt });
}
