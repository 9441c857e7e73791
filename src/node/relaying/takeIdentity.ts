import { inboxOf } from "../../chain/layout/inboxIdOf.ts";
import { relayIdentity } from "../../chain/relay/relayIdentity.ts";
import type { RelayAnswer } from "../../rpc/nodeApi.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";
import type { RelayTicket } from "../../wire/relayTicket.ts";
import { demandWork } from "./demandWork.ts";
import { gasOfIdentity } from "./gasOfIdentity.ts";
import type { Relaying } from "./relaying.ts";
import { withinBudget } from "./withinBudget.ts";

/** Brings a signed identity record to the chain, or says why not. Throws what `relayIdentity` throws. */
export async function takeIdentity(params: {
  relaying: Relaying;
  action: IdentityAction & { readonly ticket?: RelayTicket };
  caller: string;
}): Promise<RelayAnswer> {
  const { relaying, action } = params;
  const { chain, relayer } = relaying;
  const subject = inboxOf(action);
  const isNewcomer = action.kind === "create-inbox";
  const demand = demandWork({ relaying, subject, isNewcomer, ticket: action.ticket });
  if (demand !== undefined) return { kind: "work-required", demand };
  return await withinBudget({
    ...params,
    subject,
    isNewcomer,
    gas: gasOfIdentity(action),
    send: (permit) => relayIdentity({ chain, relayer, action, permit }),
  });
}
